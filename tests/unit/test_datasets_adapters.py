"""Every adapter on a dataset drawn in its layout, then with something missing."""

from __future__ import annotations

import pickle
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.io import savemat

import drawing
from vadflow.datasets import avenue, folder, shanghaitech, ucsd
from vadflow.errors import VadflowError
from vadflow.types import ClipSource, is_name


def listed(adapter: ModuleType, path: Path, **more: Any) -> tuple[Any, list[ClipSource]]:
    name = adapter.__name__.rsplit(".", 1)[1]
    fps = {} if adapter is avenue else {"fps": 10}
    params = adapter.Params(adapter=name, path=str(path), **{"official": False, **fps, **more})
    return params, adapter.clips(params, "")


LAYOUTS = [
    (ucsd, drawing.ucsd_official, ["train/01", "train/02", "test/01"], [0, 0, 1, 1, 0, 0]),
    (ucsd, drawing.ucsd_community, ["train/01", "train/02", "test/01"], [0, 0, 1, 1, 0, 0]),
    (avenue, drawing.avenue, ["train/01", "test/01", "test/02"], [0, 0, 0, 0, 1, 1, 0, 0]),
    (shanghaitech, drawing.shanghaitech, ["train/01_001", "test/01_0014"], [0, 1, 1, 1, 0, 0, 0]),
]


@pytest.mark.parametrize(("adapter", "draw", "names", "labels"), LAYOUTS)
def test_clips_and_truth(tmp_path: Path, adapter: ModuleType, draw: Any, names: list[str], labels: list[int]) -> None:
    params, sources = listed(adapter, draw(tmp_path))
    assert [f"{source.split}/{source.name}" for source in sources] == names
    assert all(is_name(source.name) and source.path.exists() for source in sources)
    truth = adapter.truth(params, sources[-1], len(labels))
    assert truth.labels.tolist() == labels and truth.labels.dtype == np.uint8 and truth.has_masks
    masks = list(adapter.masks(params, sources[-1]))
    assert [int(mask.any()) for mask in masks] == labels
    assert all(mask.dtype == bool and mask.shape == (48, 64) for mask in masks)
    start = labels.index(1)
    assert [(track, frame) for track, frame, *_ in truth.regions] == [(0, start + t) for t in range(sum(labels))]
    assert truth.regions[0][2:] == (2.0 * start, 10.0, 2.0 * start + 12, 22.0)


@pytest.mark.parametrize(("adapter", "draw", "names", "labels"), LAYOUTS)
def test_labels_off_by_two(tmp_path: Path, adapter: ModuleType, draw: Any, names: list[str], labels: list[int]) -> None:
    params, sources = listed(adapter, draw(tmp_path))
    n = len(labels)
    with pytest.raises(VadflowError, match=rf"clip {names[-1]} \(.*\): {n} (labels|masks) for {n + 2} frames"):
        adapter.truth(params, sources[-1], n + 2)


@pytest.mark.parametrize(("adapter", "draw", "names", "labels"), LAYOUTS)
def test_missing_folders_and_labels(
    tmp_path: Path, adapter: ModuleType, draw: Any, names: list[str], labels: list[int]
) -> None:
    with pytest.raises(VadflowError, match="no such folder"):
        listed(adapter, tmp_path / "none")
    with pytest.raises(VadflowError, match="expected the folders"):
        listed(adapter, tmp_path)
    base = draw(tmp_path)
    for path in [*base.rglob("*_gt"), *base.rglob("masks"), *base.rglob("*label_mask"), *base.rglob("*_frame_mask")]:
        shutil.rmtree(path)
    params, sources = listed(adapter, base)
    assert sources[-1].labels is None
    with pytest.raises(VadflowError, match=rf"clip {names[-1]} .*expected .*found none.*Copy"):
        adapter.truth(params, sources[-1], len(labels))


@pytest.mark.parametrize(("adapter", "key"), [(ucsd, "ped2"), (avenue, "avenue"), (shanghaitech, "shanghaitech")])
def test_only_the_whole_dataset_is_the_benchmark(adapter: ModuleType, key: str) -> None:
    fields = {"adapter": adapter.__name__.rsplit(".", 1)[1], "path": ".", "fps": 10}
    fields = {name: value for name, value in fields.items() if name in adapter.Params.model_fields}
    assert adapter.benchmark(adapter.Params(**fields, official=True)) == key
    assert adapter.benchmark(adapter.Params(**fields, official=False)) is None


def test_ucsd_is_found_one_folder_higher(tmp_path: Path) -> None:
    drawing.ucsd_official(tmp_path)
    assert listed(ucsd, tmp_path)[1] == listed(ucsd, tmp_path / "UCSDped2")[1]


def test_official_ucsd_clips_carry_their_official_length(tmp_path: Path) -> None:
    _, sources = listed(ucsd, drawing.ucsd_community(tmp_path), official=True)
    assert [source.expected_frames for source in sources] == [120, 150, 180]
    assert {split: sum(counts) for split, counts in ucsd._FRAMES.items()} == {"train": 2550, "test": 2010}


def test_an_empty_clip_folder_is_named(tmp_path: Path) -> None:
    base = drawing.ucsd_community(tmp_path)
    (base / "testing" / "frames" / "02").mkdir()
    with pytest.raises(VadflowError, match=r"clip folder .*02: expected images, found none"):
        listed(ucsd, base)


def test_a_broken_mask_is_named(tmp_path: Path) -> None:
    base = drawing.ucsd_community(tmp_path)
    (base / "testing" / "masks" / "01" / "003.png").write_bytes(b"no image")
    params, sources = listed(ucsd, base)
    with pytest.raises(VadflowError, match=r"clip test/01 .*003.png.*does not decode"):
        ucsd.truth(params, sources[-1], 6)


def test_avenue_volumes(tmp_path: Path) -> None:
    params, sources = listed(avenue, drawing.avenue(tmp_path))
    path = tmp_path / "testing_label_mask" / "2_label.mat"
    savemat(
        path, {"volLabel": np.stack([drawing.mask(t, (4, 5)) for t in range(8)], axis=2)}
    )  # a plain volume, as some copies
    assert avenue.truth(params, sources[-1], 8).labels.tolist() == [0, 0, 0, 0, 1, 1, 0, 0]
    savemat(path, {"other": np.zeros(3)})
    with pytest.raises(VadflowError, match="key volLabel"):
        avenue.truth(params, sources[-1], 8)
    path.write_bytes(b"not a mat file at all")
    with pytest.raises(VadflowError, match=r"not a readable .mat"):
        avenue.truth(params, sources[-1], 8)


def test_avenue_masks_may_lie_in_the_ground_truth_archive(tmp_path: Path) -> None:
    base = drawing.avenue(tmp_path)
    (base / "ground_truth_demo").mkdir()
    (base / "testing_label_mask").rename(base / "ground_truth_demo" / "testing_label_mask")
    params, sources = listed(avenue, base)
    assert avenue.truth(params, sources[-1], 8).labels.sum() == 2


def test_shanghaitech_without_pixel_masks_has_labels_only(tmp_path: Path) -> None:
    base = drawing.shanghaitech(tmp_path)
    shutil.rmtree(base / "testing" / "test_pixel_mask")
    params, sources = listed(shanghaitech, base)
    truth = shanghaitech.truth(params, sources[-1], 7)
    assert truth.labels.sum() == 3 and truth.regions == [] and not truth.has_masks
    assert list(shanghaitech.masks(params, sources[-1])) == []


@pytest.mark.parametrize("kind", ["pickle", "object array", "npz", "text"])
def test_pickled_labels_are_refused_by_content(tmp_path: Path, kind: str) -> None:
    base = drawing.shanghaitech(tmp_path)
    path = base / "testing" / "test_frame_mask" / "01_0014.npy"
    if kind == "pickle":
        path.write_bytes(pickle.dumps([0, 1]))
    elif kind == "object array":
        np.save(path, np.array([[0], [1, 2]], dtype=object), allow_pickle=True)
    elif kind == "npz":
        with path.open("wb") as file:
            np.savez(file, a=np.zeros(7))
    else:
        path.write_text("0\n1\n")
    params, sources = listed(shanghaitech, base)
    expected = "pickle" if kind in ("pickle", "object array") else "no .npy array"
    with pytest.raises(VadflowError, match=expected):
        shanghaitech.truth(params, sources[-1], 7)


def own(tmp_path: Path, **more: Any) -> folder.Params:
    fields = {"adapter": "folder", "labels": None, "fps": 5} | more
    return folder.Params(path_train=str(tmp_path / "normal"), path_test=str(tmp_path / "watch"), **fields)


def test_own_video_of_any_name_and_kind(tmp_path: Path) -> None:
    drawing.video(tmp_path / "normal" / "Été 1.mp4", 4, fourcc="mp4v")
    drawing.images(tmp_path / "normal" / "day 2", 4)
    drawing.video(tmp_path / "watch" / "监控.avi", 4)
    (tmp_path / "watch" / "notes.txt").write_text("not a clip")
    sources = folder.clips(own(tmp_path), "")
    assert [source.name for source in sources[:2]] == ["day-2", folder.clip_name("Été 1")]
    assert len(sources) == 3 and all(is_name(source.name) for source in sources)
    assert folder.truth(own(tmp_path), sources[-1], 4).labels is None
    assert list(folder.masks(own(tmp_path), sources[-1])) == []
    assert folder.benchmark(own(tmp_path)) is None


@pytest.mark.parametrize(("first", "second"), [("a.avi", "a.mp4"), ("a b.avi", "a-b.avi"), ("A.avi", "a.avi")])
def test_two_files_with_one_clip_name_are_refused(tmp_path: Path, first: str, second: str) -> None:
    drawing.video(tmp_path / "watch" / "w.avi", 2)
    for name in (first, second):
        drawing.video(tmp_path / "normal" / name, 2, fourcc="mp4v" if name.endswith("mp4") else "MJPG")
    with pytest.raises(VadflowError, match="both give the clip name"):
        folder.clips(own(tmp_path), "")


def test_the_same_clip_in_both_splits_is_refused(tmp_path: Path) -> None:
    drawing.video(tmp_path / "normal" / "a.avi", 2)
    (tmp_path / "watch").symlink_to(tmp_path / "normal")
    with pytest.raises(VadflowError, match=r"a.avi is in path_train and in path_test"):
        folder.clips(own(tmp_path), "")


def test_loose_images_and_empty_folders_are_told(tmp_path: Path) -> None:
    drawing.images(tmp_path / "normal", 3)
    with pytest.raises(VadflowError, match="folder of its own"):
        folder.clips(own(tmp_path), "")
    shutil.rmtree(tmp_path / "normal")
    (tmp_path / "normal").mkdir()
    with pytest.raises(VadflowError, match="expected video files or folders of images, found none"):
        folder.clips(own(tmp_path), "")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("w.txt", "0\n1\n1\n"),
        ("w.csv", "frame,label\n0,0\n1,1\n2,1\n"),
        ("w.csv", "\ufefflabel\r\n0\r\n1\r\n1\r\n"),
        ("w.csv", "0;0.0\n1;1.0\n2;1\n"),
    ],
)
def test_own_labels(tmp_path: Path, name: str, text: str) -> None:
    drawing.video(tmp_path / "normal" / "n.avi", 3)
    drawing.video(tmp_path / "watch" / "w.avi", 3)
    (tmp_path / "labels").mkdir()
    (tmp_path / "labels" / name).write_text(text, encoding="utf-8")
    params = own(tmp_path, labels=str(tmp_path / "labels"))
    clip = folder.clips(params, "")[-1]
    assert folder.truth(params, clip, 3).labels.tolist() == [0, 1, 1]
    with pytest.raises(VadflowError, match="3 labels for 5 frames"):
        folder.truth(params, clip, 5)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("0\n2\n", "other values"),
        ("0\nyes\n", "expected a number"),
        ("0,0\n5,1\n", "expected frame 1, found 5"),
        ("nan\n", "other values"),
    ],
)
def test_wrong_own_labels(tmp_path: Path, text: str, told: str) -> None:
    drawing.video(tmp_path / "normal" / "n.avi", 2)
    drawing.video(tmp_path / "watch" / "w.avi", 2)
    (tmp_path / "w.txt").write_text(text)
    params = own(tmp_path, labels=str(tmp_path))
    with pytest.raises(VadflowError, match=told):
        folder.truth(params, folder.clips(params, "")[-1], 2)


def test_a_missing_own_label_file_is_named(tmp_path: Path) -> None:
    drawing.video(tmp_path / "normal" / "n.avi", 2)
    drawing.video(tmp_path / "watch" / "w.avi", 2)
    with pytest.raises(VadflowError, match=r"clip test/w .*expected one label file w.csv, .txt or .npy, found none"):
        folder.clips(own(tmp_path, labels=str(tmp_path)), "")


@pytest.mark.real
def test_real_ped2(shared: Path) -> None:
    params, sources = listed(ucsd, shared / "data", official=True)
    tests = [source for source in sources if source.split == "test"]
    assert (len(sources) - len(tests), len(tests)) == (16, 12)
    truths = [ucsd.truth(params, source, source.expected_frames or 0) for source in tests]
    assert sum(int(np.sum(truth.labels)) for truth in truths) == 1648
    assert sum(len(truth.regions) for truth in truths) == 2411
    assert sum(len({region[0] for region in truth.regions}) for truth in truths) == 21
    assert [source.name for source, truth in zip(tests, truths, strict=True) if np.all(truth.labels)] == [
        "08",
        "09",
        "10",
        "11",
    ]
