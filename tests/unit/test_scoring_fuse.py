"""The row `fusion`: what is averaged, that nobody outshouts the others, and that members must fit together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vadflow.errors import VadflowError
from vadflow.scoring.calibrate import Calibration
from vadflow.scoring.fuse import fuse_heldout, fuse_scores


def scores(*calibrated: float) -> pd.DataFrame:
    return pd.DataFrame({"frame": np.arange(len(calibrated)), "calibrated": calibrated})


def test_a_frame_is_the_mean_of_signed_logarithms() -> None:
    found = fuse_scores({"one": scores(0.0, 3.0, -1.0), "two": scores(0.0, 1.0, 99.0)}, where="clip a")
    np.testing.assert_allclose(found.raw, [0, (np.log(4) + np.log(2)) / 2, (-np.log(2) + np.log(100)) / 2])
    np.testing.assert_allclose(found.term_one, [0, np.log(4), -np.log(2)])
    np.testing.assert_allclose(found.raw, (found.term_one + found.term_two) / 2)
    assert found.paper.isna().all() and found.frame.tolist() == [0, 1, 2]


def test_one_loud_member_does_not_outshout_two() -> None:
    """Frame 0: one member is beside itself; frame 1: both are alarmed. In a mean of plain scores frame 0 would be first."""
    found = fuse_scores({"loud": scores(300.0, 40.0), "quiet": scores(0.0, 8.0)}, where="clip a")
    assert found.raw[1] > found.raw[0]


def test_held_out_video_takes_the_same_road() -> None:
    calibration = Calibration(median=1.0, scale=0.5, method="", frames=2, clips=1)
    table = pd.DataFrame({"clip": ["a", "a"], "frame": [1, 0], "raw": [3.0, 1.0]})
    other = pd.DataFrame({"clip": ["a", "a"], "frame": [0, 1], "raw": [0.5, 1.5]})
    found = fuse_heldout({"one": (table, calibration), "two": (other, calibration)}, where="plaza")
    assert found.frame.tolist() == [0, 1]
    np.testing.assert_allclose(found.raw, [(0 - np.log(2)) / 2, (np.log(5) + np.log(2)) / 2])


def test_members_with_other_frames_are_refused() -> None:
    with pytest.raises(VadflowError, match="one 2, two 3"):
        fuse_scores({"one": scores(0, 1), "two": scores(0, 1, 2)}, where="clip a")
    calibration = Calibration(median=0.0, scale=1.0, method="", frames=1, clips=1)
    first, second = (pd.DataFrame({"clip": ["a"], "frame": [t], "raw": [0.0]}) for t in (0, 1))
    with pytest.raises(VadflowError, match="held out different frames"):
        fuse_heldout({"one": (first, calibration), "two": (second, calibration)}, where="plaza")
