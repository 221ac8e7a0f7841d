"""Which normal video is held out."""

from __future__ import annotations

from pathlib import Path

import pytest
from systems_data import draw_clip

from vadflow.errors import VadflowError
from vadflow.training.split import split_normal


def test_whole_clips_evenly_spaced(tmp_path: Path) -> None:
    clips = [draw_clip(tmp_path, f"{i:02d}", 6) for i in range(16)]
    fit, held = split_normal(clips[::-1], 0.2)
    assert [s.clip.name for s in held] == ["02", "06", "10", "14"]
    assert len(fit) == 12
    assert {s.clip.name for s in fit}.isdisjoint(s.clip.name for s in held)


def test_few_clips_give_their_ends(tmp_path: Path) -> None:
    fit, held = split_normal([draw_clip(tmp_path, "a", 10), draw_clip(tmp_path, "b", 1)], 0.25)
    assert [(s.clip.name, s.start, s.stop) for s in fit] == [("a", 0, 7), ("b", 0, 1)]
    assert [(s.clip.name, s.start, s.stop) for s in held] == [("a", 7, 10)]


def test_four_clips_keep_one_at_least(tmp_path: Path) -> None:
    fit, held = split_normal([draw_clip(tmp_path, f"{i}", 3) for i in range(4)], 0.89)
    assert (len(fit), len(held)) == (1, 3)


def test_empty_clips_are_left_out(tmp_path: Path) -> None:
    with pytest.raises(VadflowError, match="normal clips with frames"):
        split_normal([draw_clip(tmp_path, "a", 0)], 0.2)
