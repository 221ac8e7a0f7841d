"""The kit passes what conforms, and names what does not."""

from __future__ import annotations

import sys
from types import ModuleType

import numpy as np
import pytest
import yaml

from vadflow import plugins
from vadflow.cli import main
from vadflow.conformance.checks import Subject, run_checks
from vadflow.params import Section, load
from vadflow.systems import base


class Params(Section):
    """None."""


class Good(base.System):
    """Mean of a frame, plus a number drawn in the fit."""

    def fit(self, video, loop):
        self.number = loop.generator.normal(size=2)

    def score(self, clip):
        for frame, picture in enumerate(clip.frames):
            yield base.FrameScore(frame, float(np.mean(picture)) + float(self.number[0]))

    def state(self):
        return {"number": self.number}

    def load(self, state):
        self.number = state["number"]


class Forgetful(Good):
    """Keeps nothing it learned."""

    def state(self):
        return {}

    def load(self, state):
        self.number = np.random.default_rng().normal(size=2)


class Remembering(Good):
    """Its scores depend on what it has seen."""

    seen = 0

    def score(self, clip):
        for score in super().score(clip):
            self.seen += 1
            yield base.FrameScore(score.frame, score.score + self.seen)


class Thief(Good):
    """Opens a file of its own choice while it learns."""

    def fit(self, video, loop):
        folder = video.fit[0].clip.frames_path.parent
        np.load(folder.parent / "differences" / "n0.npy")


class Silent(Good):
    """Gives no score for short clips."""

    def score(self, clip):
        return (score for score in super().score(clip) if len(clip) > 3)


class Fixed(Good):
    """Says it is stochastic and is not."""

    def fit(self, video, loop):
        self.number = np.zeros(2)


class Outside(Good):
    """Boxes beyond the picture."""

    localises = True

    def score(self, clip):
        for score in super().score(clip):
            yield base.FrameScore(score.frame, score.score, regions=[base.Region(0, 0, 10_000, 5, 1.0)])


@pytest.fixture
def faults(tmp_path, monkeypatch, request):
    def run(system: type) -> dict[str, str]:
        module = ModuleType("vadflow.systems.candidate")
        module.Params, module.System = Params, system
        monkeypatch.setitem(sys.modules, module.__name__, module)
        assert plugins.load("systems", "candidate", (), "test") is module
        workspace = load(request.config.rootpath / "params.yaml")
        small = workspace.model_copy(
            update={"frames": workspace.frames.model_copy(update={"height": 32, "width": 48, "colour": "gray"})}
        )
        return {check: fault for check, fault in run_checks(Subject("candidate", Params(), small, tmp_path)) if fault}

    return run


def test_a_good_system_passes(faults):
    assert faults(Good) == {}


@pytest.mark.parametrize(
    ("system", "check", "words"),
    [
        (Forgetful, "loads what it saved", "depend on what was scored before"),
        (Remembering, "loads what it saved", "depend on what was scored before"),
        (Thief, "fits behind the fence", "differences/n0.npy"),
        (Silent, "scores every length", "expected scores for 1 frames"),
        (Fixed, "tells whether it is stochastic", "gives the same weights"),
        (Outside, "scores in order", "outside the picture"),
    ],
)
def test_each_fault_is_named(faults, system, check, words):
    assert words in faults(system)[check]


def test_the_command_says_what_was_checked(tmp_path, request, capsys):
    params = yaml.safe_load((request.config.rootpath / "params.yaml").read_text())
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    assert main(["conform", "frame_index", "--workspace", str(tmp_path)]) == 0
    assert "frame_index conforms" in capsys.readouterr().out
    params["systems"].pop("frame_index"), params["systems"]["names"].remove("frame_index")
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    assert main(["conform", "frame_index", "--workspace", str(tmp_path)]) == 1
