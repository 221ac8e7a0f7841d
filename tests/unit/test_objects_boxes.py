"""Letterbox, decoding, suppression, and boxes between shown frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vadflow.objects.base import Boxes
from vadflow.objects.between import fill
from vadflow.objects.decode import Head, decode, iou, suppress
from vadflow.objects.letterbox import fit, snug

CORNERS, CENTRED = Head(corners=True, one_each=True), Head(corners=False, one_each=False)


def boxes(*rows: tuple[float, float, float, float], confidence: float = 0.9, kind: int = 0) -> Boxes:
    n = len(rows)
    return Boxes(
        np.array(rows, np.float32).reshape(n, 4),
        np.full(n, confidence, np.float32),
        np.full(n, kind, np.int16),
        np.tile(np.array([[confidence, 0.1]], np.float32), (n, 1)),
    )


def select(raw: np.ndarray, scores: np.ndarray, head: Head, **changes: object) -> Boxes:
    chosen = {"confidence": 0.25, "nms_iou": 0.5, "classes": None, "max_objects": 10, **changes}
    return decode(np.array(raw, np.float32), np.array(scores, np.float32), head, **chosen)  # type: ignore[arg-type]


@settings(max_examples=60)
@given(st.tuples(st.integers(4, 500), st.integers(4, 500)), st.tuples(st.integers(1, 20), st.integers(1, 20)))
def test_a_frame_fits_its_input_and_comes_back(frame: tuple[int, int], cells: tuple[int, int]) -> None:
    limit = (32 * cells[0], 32 * cells[1])
    size = snug(frame, limit, 32)
    box = fit(frame, size)
    assert size[0] <= limit[0] and size[1] <= limit[1] and not size[0] % 32 and not size[1] % 32
    shown = [min(s / f for s, f in zip(input_size, frame, strict=True)) for input_size in (size, limit)]
    assert shown[0] > 0.98 * shown[1]  # as large as in the full input, but for half a pixel
    assert 0 <= box.top <= size[0] - box.inner[0] and 0 <= box.left <= size[1] - box.inner[1]
    inside = np.array([[box.left, box.top, box.left + box.inner[1], box.top + box.inner[0]]])
    assert np.abs(box.undo(inside) - [[0, 0, frame[1], frame[0]]]).max() < 1e-2


def test_the_image_lies_where_the_fit_says() -> None:
    box = fit((30, 60), (64, 64))
    image = box.image(np.full((30, 60, 3), 200, np.uint8))
    assert image.shape == (64, 64, 3) and (image[box.top : box.top + box.inner[0]] == 200).all()
    assert (image[: box.top] == 114).all() and (image[box.top + box.inner[0] :] == 114).all()


def test_one_anchor_gives_one_box_with_every_class() -> None:
    found = select([[0, 5], [0, 5], [4, 9], [4, 9]], [[0.8, 0.1], [0.6, 0.2]], CORNERS)
    assert len(found) == 1 and found.class_id.tolist() == [0]
    assert found.probabilities[0].tolist() == pytest.approx([0.8, 0.6])


def test_nothing_above_the_confidence() -> None:
    found = select(np.zeros((4, 3)), np.zeros((2, 3)), CORNERS)
    assert len(found) == 0 and found.probabilities.shape == (0, 2) and found.xyxy.shape == (0, 4)


def test_centre_boxes_are_suppressed_within_their_class() -> None:
    raw = np.array([[10, 10, 4, 4], [10.5, 10, 4, 4], [10, 10, 4, 4], [30, 30, 4, 4]]).T
    scores = [[0.9, 0.8, 0.1, 0.7], [0.1, 0.1, 0.6, 0.1]]
    found = select(raw, scores, CENTRED)
    assert found.confidence.tolist() == pytest.approx([0.9, 0.7, 0.6])
    assert found.xyxy[0].tolist() == [8, 8, 12, 12]


def test_classes_and_count_are_limited() -> None:
    raw, scores = np.tile([[0], [0], [4], [4]], 3), [[0.9, 0.3, 0.4], [0.1, 0.8, 0.1]]
    assert select(raw, scores, CORNERS, classes=np.array([0])).confidence.tolist() == pytest.approx([0.9, 0.4])
    assert select(raw, scores, CORNERS, max_objects=1).confidence.tolist() == pytest.approx([0.9])


@settings(max_examples=30)
@given(st.integers(0, 2**32 - 1), st.integers(0, 40))
def test_suppression_is_ultralytics_own(seed: int, n: int) -> None:
    torch = pytest.importorskip("torch")
    from vadflow.objects.yolo import offline_ultralytics

    offline_ultralytics()
    from ultralytics.utils.nms import TorchNMS

    rng = np.random.default_rng(seed)
    low = rng.uniform(0, 20, (n, 2))
    xyxy = np.concatenate([low, low + rng.uniform(1, 15, (n, 2))], 1).astype(np.float32)
    score = np.sort(rng.uniform(0, 1, n).astype(np.float32))[::-1].copy()
    found = Boxes(xyxy, score, np.zeros(n, np.int16), np.zeros((n, 0), np.float32))
    theirs = TorchNMS.nms(torch.from_numpy(xyxy), torch.from_numpy(score), 0.4).tolist()
    assert suppress(found, 0.4).tolist() == sorted(theirs)


def test_boxes_are_clipped_and_slivers_dropped() -> None:
    found = boxes((-3, -3, 5, 5), (19.5, 0, 30, 5), (40, 0, 50, 5)).within(10, 20)
    assert found.xyxy.tolist() == [[0, 0, 5, 5]]


def test_iou_of_nothing() -> None:
    assert iou(np.zeros((0, 4), np.float32), np.zeros((2, 4), np.float32)).shape == (0, 2)
    assert iou(np.zeros((1, 4), np.float32), np.zeros((1, 4), np.float32)).tolist() == [[0]]


def test_linked_boxes_move_linearly_and_lone_ones_are_held() -> None:
    first = boxes((0, 0, 8, 8), (100, 0, 108, 8))
    second = boxes((4, 0, 12, 8), confidence=0.5)
    found = list(fill([first, second], 4, 6))
    assert [len(item) for item in found] == [2, 2, 1, 1, 1, 1]
    assert [item.xyxy[item.xyxy[:, 0] < 50][0, 0] for item in found] == [0, 1, 2, 3, 4, 4]
    assert found[2].confidence.tolist() == pytest.approx([0.7])


@settings(max_examples=100)
@given(st.integers(0, 30), st.integers(1, 7), st.integers(0, 2**32 - 1))
def test_every_frame_gets_its_boxes_in_order(n_frames: int, every: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shown = []
    for _ in range(-(-n_frames // every)):
        low = rng.uniform(0, 30, (int(rng.integers(0, 4)), 2))
        shown.append(boxes(*np.concatenate([low, low + 10], 1)))
    found = list(fill(shown, every, n_frames))
    assert len(found) == n_frames
    assert all(found[i * every] is item for i, item in enumerate(shown))
    assert all((np.diff(item.confidence) <= 0).all() for item in found)
