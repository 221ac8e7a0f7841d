"""Every kind of fault in params.yaml names the key, the value and what is allowed, in one line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from vadflow import params
from vadflow.errors import VadflowError

ROOT = Path(__file__).parents[2] / "params.yaml"


def raw() -> dict[str, Any]:
    return dict(yaml.safe_load(ROOT.read_text(encoding="utf-8")))


def load(tmp_path: Path, edit: Callable[[dict[str, Any]], Any]) -> params.Params:
    values = raw()
    edit(values)
    path = tmp_path / "params.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False), encoding="utf-8")
    return params.load(path)


FAULTS: dict[str, tuple[Callable[[dict[str, Any]], Any], list[str]]] = {
    "unknown section": (lambda p: p.update(scores={}), ["scores: unknown key"]),
    "unknown key": (lambda p: p["frames"].update(heigth=64), ["frames.heigth: unknown key", "64"]),
    "missing key": (lambda p: p["frames"].pop("height"), ["frames.height: Field required"]),
    "too large": (lambda p: p["frames"].update(height=2000), ["frames.height", "less than or equal to 1080", "2000"]),
    "not a multiple": (lambda p: p["frames"].update(width=100), ["frames.width", "multiple of 8", "100"]),
    "not a choice": (lambda p: p["frames"].update(colour="grey"), ["frames.colour", "'gray' or 'rgb'", "grey"]),
    "not a number": (lambda p: p["scoring"].update(sigma_s=".nan"), ["scoring.sigma_s", "number", "nan"]),
    "infinite": (lambda p: p["scoring"].update(sigma_s=float("inf")), ["scoring.sigma_s", "finite", "inf"]),
    "equal seeds": (lambda p: p["training"].update(seeds=[1, 1]), ["training.seeds", "differ", "[1, 1]"]),
    "no seed": (lambda p: p["training"].update(seeds=[]), ["training.seeds", "at least 1 item"]),
    "no such system": (lambda p: p["systems"]["names"].append("stdd"), ["systems", "'stdd'", "src/vadflow/systems"]),
    "a system outside": (lambda p: p["systems"]["names"].append("../x"), ["systems.names", "'../x'"]),
    "no section": (lambda p: p["systems"].pop("std"), ["systems", "expected a section 'std'"]),
    "in a system": (
        lambda p: p["systems"]["std"]["train"].update(batch=0),
        ["systems.std.train.batch", "greater than or equal to 1", "0"],
    ),
    "a look without eyes": (
        lambda p: p["systems"]["attributes"].update(attributes=["fast", "look"]),
        ["systems.attributes", "expected a path in `look.weights`"],
    ),
    "in a detector": (
        lambda p: p["objects"]["yolo"].update(confidence=2),
        ["objects.yolo.confidence", "less than 1", "2"],
    ),
    "in a dataset": (
        lambda p: p["datasets"]["plaza"].update(train_clips=0),
        ["datasets.plaza.train_clips", "greater than or equal to 1", "0"],
    ),
    "no such detector": (lambda p: p["objects"].update(detector="yol"), ["objects", "'yol'"]),
    "no adapter": (lambda p: p["datasets"]["plaza"].pop("adapter"), ["datasets", "plaza", "adapter"]),
    "no such adapter": (lambda p: p["datasets"]["plaza"].update(adapter="plazza"), ["datasets", "'plazza'"]),
    "no dataset": (lambda p: p.update(datasets={}), ["datasets", "at least 1 item"]),
    "datasets as a list": (lambda p: p.update(datasets=["plaza"]), ["datasets", "one section per dataset"]),
    "a dataset outside": (lambda p: p["datasets"].update({"../x": p["datasets"]["plaza"]}), ["datasets", "../x"]),
    "a dataset called report": (lambda p: p["datasets"].update(report=p["datasets"]["plaza"]), ["results/report"]),
    "a member that does not run": (
        lambda p: p["systems"].update(names=["std", "attributes"]),
        ["fusion.systems: ", "must be among systems.names (std, attributes)"],
    ),
    "datasets alike": (lambda p: p["datasets"].update(Plaza=p["datasets"]["plaza"]), ["'plaza'", "'Plaza'", "rename"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_in_one_line(tmp_path: Path, fault: str) -> None:
    edit, said = FAULTS[fault]
    with pytest.raises(VadflowError) as caught:
        load(tmp_path, edit)
    text = str(caught.value)
    assert [words for words in said if words not in text] == [], text
    assert "\n" not in text and len(text) < 500
    assert "': {" not in text, "a piece of the file says nothing about the fault"


def test_files_that_are_no_parameters(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    with pytest.raises(VadflowError, match="no such file"):
        params.load(path)
    for text, said in (("a: [", "not valid YAML"), ("", "params"), ("- 1\n", "params")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(VadflowError, match=said):
            params.load(path)


def test_a_section_is_the_same_string_whatever_the_order(tmp_path: Path) -> None:
    loaded = params.load(ROOT)
    turned = load(tmp_path, lambda p: p.update(frames=dict(reversed(p["frames"].items()))))
    assert loaded.section("frames", "systems.std") == turned.section("frames", "systems.std")
    assert json.loads(loaded.section("datasets.plaza"))["datasets.plaza"]["adapter"] == "plaza"
    back = params.parse(params.FramesParams, loaded.section("frames"), "frames")
    assert back == loaded.frames and back.channels == 3


def test_pages_and_tracking_are_no_part_of_the_digest(tmp_path: Path) -> None:
    loaded = params.load(ROOT)
    assert load(tmp_path, lambda p: p["report"].update(points=100)).digest() == loaded.digest()
    assert load(tmp_path, lambda p: p["metrics"].update(seed=5)).digest() != loaded.digest()
