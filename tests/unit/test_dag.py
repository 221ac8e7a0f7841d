"""The plan: chunks that never mix splits, names, and what each system's jobs may read."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

import drawing
from vadflow import params
from vadflow.dag import Plan, alternatives
from vadflow.errors import VadflowError

ROOT = Path(__file__).parents[2] / "params.yaml"


def plan(tmp_path: Path, clips_per_job: int = 3, **edits: Any) -> Plan:
    """The plan of the root parameters; `systems_std={...}` edits inside a section."""
    values = yaml.safe_load(ROOT.read_text(encoding="utf-8"))
    values["fusion"] = {"systems": []}
    for key, edit in edits.items():
        section = values
        for part in key.split("__"):
            section = section[part]
        section.update(edit)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return Plan(params.load(path), clips_per_job)


@pytest.mark.parametrize("clips_per_job", [1, 3, 8, 100])
def test_chunks_never_mix_splits_and_lose_no_clip(tmp_path: Path, clips_per_job: int) -> None:
    found = plan(tmp_path, clips_per_job, datasets__plaza={"train_clips": 7, "test_clips": 4})
    for split in ("train", "test"):
        chunks = found.chunks("plaza", split)
        assert [clip for chunk in chunks for clip in chunk.clips] == found.clips("plaza", split)
        assert all(source.split == split for chunk in chunks for source in chunk.sources)
        assert all(len(chunk.clips) <= clips_per_job for chunk in chunks)
        assert all(f"/{split}/" in path for chunk in chunks for path in chunk.outputs("frames"))
    keys = [chunk.key for chunk in found.chunks()]
    assert len(set(keys)) == len(keys) and all(key.isidentifier() for key in keys)


def test_a_chunk_notices_another_image_in_its_folder(tmp_path: Path) -> None:
    section = {"adapter": "ucsd", "path": str(drawing.ucsd_community(tmp_path)), "fps": 10, "official": False}
    edit = {"datasets": {"ped2": section}}
    before = [chunk.fingerprint for chunk in plan(tmp_path, datasets=edit["datasets"]).chunks("ped2", "train")]
    next(tmp_path.rglob("training/frames/01/000.jpg")).write_bytes(b"other")
    after = [chunk.fingerprint for chunk in plan(tmp_path, datasets=edit["datasets"]).chunks("ped2", "train")]
    assert before != after


def test_two_clips_of_one_name_are_refused(tmp_path: Path) -> None:
    drawing.video(tmp_path / "normal" / "a.avi")
    drawing.video(tmp_path / "normal" / "a.mp4", fourcc="mp4v")
    drawing.video(tmp_path / "watch" / "b.avi")
    section = {"adapter": "folder", "path_train": str(tmp_path / "normal"), "path_test": str(tmp_path / "watch")}
    with pytest.raises(VadflowError, match=r"a\.avi and a\.mp4"):
        plan(tmp_path, datasets={"camera": section | {"labels": None, "fps": 25}})


def test_what_needs_no_seed_runs_once(tmp_path: Path) -> None:
    found = plan(tmp_path, training={"seeds": [0, 1]}, systems={"names": ["constant", "std"]})
    assert found.runs() == [("constant", 0), ("std", 0), ("std", 1)]
    assert found.is_network("std") and not found.is_network("constant")
    assert found.localising() + found.only_scoring() == ["std", "constant"]


def test_a_row_is_hashed_by_what_is_behind_it_only(tmp_path: Path) -> None:
    names = {"names": ["constant", "flow_energy", "std"]}

    def digests(**edits: Any) -> list[str]:
        found = plan(tmp_path, systems=names, **edits)
        return [found.digest("plaza", system) for system in names["names"]]

    before = digests()
    assert len(set(before)) == 3
    assert digests(training={"seeds": [0, 1]}, report={"points": 100}) == before
    assert digests(objects__yolo={"confidence": 0.3}) == before
    one = digests(systems__std__train={"batch": 4})
    assert one[:2] == before[:2] and one[2] != before[2]
    for edit in ({"scoring": {"sigma_s": 0.5}}, {"frames": {"height": 64}}, {"differences": {"cell": 4}}):
        assert not set(digests(**edit)) & set(before)


def test_the_video_itself_is_an_input_only_where_somebody_looks_at_it(tmp_path: Path) -> None:
    seen = plan(tmp_path)
    assert "source" not in seen.needs("attributes") and "source" in seen.needs("ssmtl")
    looking = {"attributes": ["fast", "look"], "look": {"weights": "any", "every": 2, "min_side": 24}}
    assert "source" in plan(tmp_path, systems__attributes=looking).needs("attributes")
    assert "frames" in seen.needs("attributes"), "the ground is looked at by default"
    assert "frames" not in plan(tmp_path, systems__attributes={"attributes": ["fast"]}).needs("attributes")


def test_a_made_row_is_hashed_by_its_members_or_its_source(tmp_path: Path) -> None:
    made = {
        "fusion": {"systems": ["constant", "flow_energy"]},
        "external": {"theirs": {"dataset": "plaza", "note": "by mail"}},
    }
    rows = ["fusion", "theirs"]

    def digests(**edits: Any) -> list[str]:
        found = plan(tmp_path, **made | edits)
        assert found.made_for("plaza") == rows and found.rows("plaza")[-2:] == [("fusion", 0), ("theirs", 0)]
        return [found.digest("plaza", row) for row in rows]

    before = digests()
    assert digests(systems__std__train={"batch": 4}) == before
    one = digests(systems__flow_energy__aggregate={"regions": 1})
    assert one[0] != before[0] and one[1] == before[1]
    assert digests(external={"theirs": {"dataset": "plaza", "note": "by post"}})[1] != before[1]


def test_fusion_has_a_run_a_seed_where_a_member_has(tmp_path: Path) -> None:
    found = plan(tmp_path, training={"seeds": [3, 4]}, fusion={"systems": ["flow_energy", "std"]})
    assert [run for run in found.rows("plaza") if run[0] == "fusion"] == [("fusion", 3), ("fusion", 4)]
    assert found.member_runs("4") == [("flow_energy", 3), ("std", 4)]
    still = plan(tmp_path, training={"seeds": [3, 4]}, fusion={"systems": ["flow_energy"]})
    assert [run for run in still.rows("plaza") if run[0] == "fusion"] == [("fusion", 3)]


def test_alternatives_match_these_names_only() -> None:
    pattern = re.compile(alternatives(["std", "a.b"]))
    assert pattern.fullmatch("std") and pattern.fullmatch("a.b") and not pattern.fullmatch("aXb")
    assert not re.fullmatch(alternatives([]), "")


def test_flow_by_people_looks_at_training_clips_and_changes_what_stands_behind_flow(tmp_path: Path) -> None:
    fixed = plan(tmp_path, datasets__plaza={"train_clips": 7})
    by_people = plan(tmp_path, datasets__plaza={"train_clips": 7}, differences={"flow_person_px": 48})
    assert (fixed.sizing(), by_people.sizing()) == (False, True)
    few = by_people.few("plaza", 3)
    assert few.clips == by_people.clips("plaza", "train")[::3] and {s.split for s in few.sources} == {"train"}
    lower = {"objects__yolo": {"confidence": 0.9}, "datasets__plaza": {"train_clips": 7}}
    other = plan(tmp_path, differences={"flow_person_px": 48}, **lower)
    assert other.digest("plaza", "flow_energy") != by_people.digest("plaza", "flow_energy")
    unmoved = plan(tmp_path, **lower)
    assert unmoved.digest("plaza", "flow_energy") == fixed.digest("plaza", "flow_energy")
