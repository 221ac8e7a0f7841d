"""The built-in scene as a dataset: files, names, counts, errors."""

import hashlib

import cv2
import numpy as np
import pytest
from pydantic import ValidationError

from vadflow.datasets import plaza
from vadflow.errors import VadflowError

TINY = {
    "adapter": "plaza", "camera": "far", "seed": 3, "train_clips": 1, "test_clips": 2,
    "normal_test_clips": 1, "min_frames": 8, "max_frames": 12, "fps": 10.0,
}  # fmt: skip


def params(**changes):
    return plaza.Params.model_validate({**TINY, **changes})


def digest(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def scene(tmp_path_factory):
    sources = plaza.clips(params(), str(tmp_path_factory.mktemp("scene")))
    for source in sources:
        plaza.render(params(), source)
    return sources


def test_clips_are_listed_from_the_parameters_alone():
    sources = plaza.clips(params(), "nowhere")
    assert [(s.split, s.name) for s in sources] == [("train", "01"), ("test", "01"), ("test", "02")]
    assert sources[2].path.as_posix() == "nowhere/test/02.avi" and sources[2].labels.name == "02.npz"


def test_names_of_thousands_sort_as_numbers():
    names = [s.name for s in plaza.clips(params(train_clips=1200), "x") if s.split == "train"]
    assert names == sorted(names) and names[0] == "0001" and len(set(names)) == 1200


def test_the_video_decodes_to_as_many_frames_as_there_are_labels(scene):
    for source in scene:
        capture, count = cv2.VideoCapture(str(source.path)), 0
        while capture.read()[0]:
            count += 1
        assert 8 <= count <= 12
        truth = plaza.truth(params(), source, count)
        masks = list(plaza.masks(params(), source))
        assert len(masks) == count and masks[0].shape == (240, 320) and masks[0].dtype == bool
        assert np.array_equal(truth.labels, [mask.any() for mask in masks]) and truth.has_masks
        assert {region[1] for region in truth.regions} == set(np.flatnonzero(truth.labels))


def test_only_the_last_clip_has_an_event(scene):
    labels = [plaza.read_truth(source.labels)["labels"] for source in scene]
    assert [bool(part.any()) for part in labels] == [False, False, True]


def test_the_video_shows_what_was_drawn(scene):
    from vadflow.plaza.render import frames

    ok, decoded = cv2.VideoCapture(str(scene[2].path)).read()
    drawn = next(frames(plaza.plan(params(), scene[2]))).image
    assert ok and np.abs(decoded[:, :, ::-1].astype(int) - drawn).mean() < 4


def test_the_same_seed_gives_the_same_bytes_and_another_one_does_not(scene, tmp_path):
    for seed, equal in ((3, True), (4, False)):
        again = plaza.clips(params(seed=seed), str(tmp_path / str(seed)))[2]
        plaza.render(params(seed=seed), again)
        assert (digest(again.path) == digest(scene[2].path)) is equal
        assert (digest(again.labels) == digest(scene[2].labels)) is equal


def test_a_clip_does_not_depend_on_how_many_others_there_are(scene, tmp_path):
    many = params(train_clips=3, test_clips=7)
    source = next(s for s in plaza.clips(many, str(tmp_path)) if (s.split, s.name) == ("test", "02"))
    plaza.render(many, source)
    assert digest(source.path) == digest(scene[2].path) and digest(source.labels) == digest(scene[2].labels)


def test_wrong_length_and_missing_truth_are_told_in_one_line(scene, tmp_path):
    with pytest.raises(VadflowError, match=r"clip test/02 .*labels for 3 frames"):
        plaza.truth(params(), scene[2], 3)
    with pytest.raises(VadflowError, match="cannot be read"):
        plaza.truth(params(), plaza.clips(params(), str(tmp_path))[1], 8)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"camera": "moon"}, "far"),
        ({"min_frames": 20}, "at most max_frames"),
        ({"normal_test_clips": 3}, "at most test_clips"),
        ({"colour": 1}, "colour"),
    ],
)
def test_wrong_parameters_are_named(change, message):
    with pytest.raises(ValidationError, match=message):
        params(**change)


def test_one_frame_is_a_clip_too(tmp_path):
    single = params(min_frames=1, max_frames=1)
    source = plaza.clips(single, str(tmp_path))[2]
    plaza.render(single, source)
    assert len(plaza.truth(single, source, 1).labels) == 1
