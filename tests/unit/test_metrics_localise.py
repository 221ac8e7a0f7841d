"""RBDC and TBDC by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from vadflow.metrics.localise import iou, localisation
from vadflow.metrics.pixels import PixelCounts, pixel_auc

BOX = (0.0, 0.0, 10.0, 10.0)
FAR = (50.0, 50.0, 60.0, 60.0)


def tracks(*rows) -> pd.DataFrame:
    return pd.DataFrame(
        [(c, k, t, *b) for c, k, t, b in rows], columns=["clip", "track", "frame", "x1", "y1", "x2", "y2"]
    )


def detections(*rows) -> pd.DataFrame:
    table = pd.DataFrame(
        [(c, t, *b, s) for c, t, b, s in rows], columns=["clip", "frame", "x1", "y1", "x2", "y2", "score"]
    )
    return table.astype({"frame": int, "score": float})


TWO = tracks(("a", 0, 0, BOX), ("a", 0, 1, BOX))

CASES = {
    "nothing detected": (TWO, detections(), 2, (0.0, 0.0)),
    "all found, no false box": (TWO, detections(("a", 0, BOX, 2), ("a", 1, BOX, 1)), 2, (1.0, 1.0)),
    # one false box above everything: rates are 0 until FPR = 1/2, then 1
    "false box first": (TWO, detections(("a", 0, FAR, 3), ("a", 0, BOX, 2), ("a", 1, BOX, 1)), 2, (0.5, 0.5)),
    # found 1 of 2 at FPR 0, the rest at FPR 1/2: 0.5 * 0.5 + 0.5 * 1; the track is found at once
    "false box between": (TWO, detections(("a", 0, BOX, 3), ("b", 0, BOX, 2), ("a", 1, BOX, 1)), 2, (0.75, 1.0)),
    # hit and false box at one score are one slanted step from (0, 0) to (1/2, 1/2), then flat
    "a tie is one step": (TWO, detections(("a", 0, BOX, 1), ("a", 1, FAR, 1)), 2, (0.125 + 0.25, 0.25 + 0.5)),
    # a second box on a found region is neither hit nor false
    "duplicates are free": (TWO, detections(("a", 0, BOX, 3), ("a", 0, BOX, 2), ("a", 1, BOX, 1)), 2, (1.0, 1.0)),
    # four false boxes in two frames reach FPR 2: what is found after FPR 1 does not count
    "beyond FPR 1": (TWO, detections(*[("a", 0, FAR, 9)] * 4, ("a", 0, BOX, 1)), 2, (0.0, 0.0)),
    # one box over two regions of its frame finds both
    "one box, two regions": (
        tracks(("a", 0, 0, BOX), ("a", 1, 0, (5, 0, 15, 10))),
        detections(("a", 0, BOX, 1)),
        1,
        (1.0, 1.0),
    ),
    # same numbers in another clip are another place
    "clips are apart": (tracks(("a", 0, 0, BOX), ("b", 0, 0, BOX)), detections(("b", 0, BOX, 1)), 2, (0.5, 0.5)),
}


@pytest.mark.parametrize("name", CASES)
def test_by_hand(name):
    truth, found, n_frames, expected = CASES[name]
    result = localisation(truth, found, n_frames)
    assert (result["rbdc"], result["tbdc"]) == pytest.approx(expected)


@pytest.mark.parametrize(("regions", "needed"), [(10, 1), (11, 2), (30, 3), (31, 4), (1, 1)])
def test_a_track_is_found_by_a_tenth_of_its_regions(regions, needed):
    truth = tracks(*[("a", 0, t, BOX) for t in range(regions)])
    for found, expected in ((needed - 1, 0.0), (needed, 1.0)):
        boxes = detections(*[("a", t, BOX, 1) for t in range(found)])
        assert localisation(truth, boxes, regions)["tbdc"] == expected


def test_no_truth_is_none_and_iou_of_empty_boxes_is_zero():
    assert localisation(tracks(), detections(("a", 0, BOX, 1)), 2) == {"rbdc": None, "tbdc": None}
    untyped = pd.DataFrame(columns=["clip", "frame", "x1", "y1", "x2", "y2", "score"])
    assert localisation(TWO, untyped, 2) == {"rbdc": 0.0, "tbdc": 0.0}
    a, b = np.array([[0, 0, 0, 0], [0, 0, 2, 2]], float), np.array([[0, 0, 0, 0], [1, 0, 3, 2]], float)
    assert iou(a, b).tolist() == [0.0, pytest.approx(1 / 3)]


def test_pixel_auc_by_hand_and_without_masks():
    heat = np.array([[1.0, 0.0]])
    mask = np.array([[1, 1, 0, 0], [1, 0, 0, 0]])
    # cell 1.0 holds 3 anomalous and 1 normal pixel, cell 0.0 four normal: (3 * 4 + 3 * 1 / 2) / (3 * 5)
    assert pixel_auc([(heat[None], [mask])]) == pytest.approx(13.5 / 15)
    assert pixel_auc([]) is None and PixelCounts().auc() is None
    with pytest.raises(ValueError, match="shorter"):
        pixel_auc([(np.stack([heat, heat]), [mask])])
