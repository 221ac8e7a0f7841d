"""`score.every`: the network judges every k-th frame; errors in between are interpolated and weighed with each frame's own flow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from systems_data import PARAMS, SHAPE, draw_clip

from vadflow.systems import base
from vadflow.systems.between import Judged, fill_between
from vadflow.systems.cells import flow_energy

LENGTH = 14
OWN_ERROR = {"std": "motion", "msnnet": "prediction"}
"""The error that each system weighs with flow."""


def scored(name: str, folder: Path, every: int) -> dict[int, base.FrameScore]:
    import torch

    torch.manual_seed(0)  # the same random weights for every k
    module, section = base.load_module(name), PARAMS[name]
    params = module.Params.model_validate(section | {"score": section["score"] | {"every": every}})
    clip = draw_clip(folder, "a", LENGTH)
    found = list(module.System(params, SHAPE).score(clip))
    assert len(found) == len({one.frame for one in found}), "no frame twice"
    return {one.frame: one for one in found}


def test_maps_and_scores_go_linearly_and_hold_after_the_last() -> None:
    judged = [
        (4, {"error": np.array([[0.0, 8.0]], np.float32)}, 1.0),
        (8, {"error": np.array([[4.0, 0.0]], np.float32)}, 3.0),
    ]
    found = list(fill_between(judged, 11))
    assert [frame for frame, _, _ in found] == [4, 5, 6, 7, 8, 9, 10]
    np.testing.assert_allclose([maps["error"][0] for _, maps, _ in found[:5]], [[0, 8], [1, 6], [2, 4], [3, 2], [4, 0]])
    assert [score for _, _, score in found] == pytest.approx([1, 1.5, 2, 2.5, 3, 3, 3])
    assert list(fill_between([], 5)) == []


def test_memory_is_that_of_two_judged_frames() -> None:
    """A frame is given out before the one after the next is asked for."""
    asked: list[int] = []

    def judged() -> Iterator[Judged]:
        for frame in range(0, 100, 2):
            asked.append(frame)
            yield frame, {}, 0.0

    for frame, _, _ in fill_between(judged(), 100):
        assert asked[-1] <= frame + 2


@pytest.mark.parametrize("name", sorted(OWN_ERROR))
@pytest.mark.parametrize("every", [2, 3])
def test_frames_in_between_are_interpolated_and_use_their_own_flow(name: str, every: int, tmp_path: Path) -> None:
    """Frames 4, 4 + k, .. end a window: there all is as with k = 1."""
    dense, sparse = scored(name, tmp_path, 1), scored(name, tmp_path, every)
    assert sorted(sparse) == sorted(dense) == list(range(4, LENGTH))
    clip, error = draw_clip(tmp_path, "a", LENGTH), f"{OWN_ERROR[name]}_mean"
    last = LENGTH - 1 - (LENGTH - 1 - 4) % every
    for frame, one in sparse.items():
        before = frame - (frame - 4) % every
        after, share = min(before + every, last), (frame - before) / every
        for value in (lambda s: s.terms[error], lambda s: s.paper):
            assert value(one) == pytest.approx(
                (1 - share) * value(dense[before]) + share * value(dense[after]), rel=1e-4
            )
        if frame == before:
            assert one.score == pytest.approx(dense[frame].score, rel=1e-5)
        elif frame > last and not np.array_equal(flow_energy(clip, frame), flow_energy(clip, last)):
            assert one.terms["moving_mean"] != pytest.approx(dense[last].terms["moving_mean"], rel=1e-6)


@pytest.mark.parametrize("name", sorted(OWN_ERROR))
def test_a_clip_shorter_than_a_window_is_still_scored(name: str, tmp_path: Path) -> None:
    module, section = base.load_module(name), PARAMS[name]
    params = module.Params.model_validate(section | {"score": section["score"] | {"every": 4}})
    found = list(module.System(params, SHAPE).score(draw_clip(tmp_path, "short", 3)))
    assert [one.frame for one in found] == [2]
