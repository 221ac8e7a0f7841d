"""Every counted number against a slow, independent way of computing it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.metrics import roc_curve as sklearn_curve

from vadflow.metrics.bootstrap import clip_pairs, draws
from vadflow.metrics.inputs import Judged
from vadflow.metrics.localise import localisation
from vadflow.metrics.pixels import PixelCounts
from vadflow.metrics.protocol import macro_padded, macro_skip, micro
from vadflow.metrics.roc import average_precision, equal_error_rate, roc_auc


def pairwise_auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """The definition, pair by pair: O(n^2)."""
    high, low = scores[labels == 1], scores[labels == 0]
    if not len(high) or not len(low):
        return None
    won = sum(float(h > n) + 0.5 * float(h == n) for h in high for n in low)
    return won / (len(high) * len(low))


def threshold_ap(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Precision at each distinct threshold, weighted by the recall it adds."""
    if labels.sum() in (0, len(labels)):
        return None
    area, recall = 0.0, 0.0
    for threshold in sorted(set(scores.tolist()), reverse=True):
        above = scores >= threshold
        now = labels[above].sum() / labels.sum()
        area += (now - recall) * labels[above].sum() / above.sum()
        recall = now
    return float(area)


def scanned_eer(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Walk scikit-learn's curve and solve each segment for false alarms = misses."""
    if labels.sum() in (0, len(labels)):
        return None
    fpr, tpr, _ = sklearn_curve(labels, scores, drop_intermediate=False)
    for k in range(1, len(fpr)):
        before, after = fpr[k - 1] - (1 - tpr[k - 1]), fpr[k] - (1 - tpr[k])
        if before < 0 <= after:
            return float(fpr[k - 1] + (fpr[k] - fpr[k - 1]) * (-before) / (after - before))
    raise AssertionError("the curve never crosses the diagonal")


def random_clips(generator: np.random.Generator) -> Judged:
    """0 to 5 clips of 0 to 14 frames, few distinct scores (ties), some clips of one class."""
    labels, scores = [], []
    for _ in range(generator.integers(0, 6)):
        n = int(generator.integers(0, 15))
        share = generator.choice([0.0, 0.2, 0.5, 1.0])
        labels.append((generator.random(n) < share).astype(np.uint8))
        scores.append(generator.integers(0, generator.choice([1, 3, 6, 1000]), n) / 4.0)
    return Judged(tuple(f"c{k}" for k in range(len(labels))), tuple(labels), tuple(scores))


def same(ours: float | None, slow: float | None) -> bool:
    return ours is slow if ours is None or slow is None else abs(ours - slow) < 1e-12


def test_frame_metrics_equal_slow_recounts_on_1300_random_datasets():
    generator, defined = np.random.default_rng(0), 0
    for _ in range(1300):
        pool = random_clips(generator)
        labels, scores = pool.pooled()
        defined += (expected := pairwise_auc(labels, scores)) is not None
        assert same(micro(pool), expected)
        assert same(average_precision(labels, scores), threshold_ap(labels, scores))
        assert same(equal_error_rate(labels, scores), scanned_eer(labels, scores))
        clips = [auc for y, s in zip(pool.labels, pool.scores, strict=True) if (auc := pairwise_auc(y, s)) is not None]
        assert same(macro_skip(pool)[0], float(np.mean(clips)) if clips else None)
        assert macro_skip(pool)[1] == len(clips)
        assert same(macro_padded(pool), slow_padded(pool))
    assert defined > 700


def slow_padded(pool: Judged) -> float | None:
    values = []
    for labels, scores in zip(pool.labels, pool.scores, strict=True):
        if len(labels):
            top = max(scores) + (1.0 if max(scores) == min(scores) else 0.0)
            values.append(pairwise_auc(np.array([*labels, 0, 1]), np.array([*scores, min(scores), top])))
    return float(np.mean(values)) if values else None


def test_auc_ap_and_eer_equal_scikit_learn():
    generator = np.random.default_rng(1)
    for _ in range(220):
        n = int(generator.integers(2, 400))
        labels = (generator.random(n) < generator.uniform(0.1, 0.9)).astype(np.uint8)
        scores = np.round(generator.normal(size=n) + labels, int(generator.integers(0, 4)))
        if 0 < labels.sum() < n:
            assert roc_auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
            assert average_precision(labels, scores) == pytest.approx(
                average_precision_score(labels, scores), abs=1e-12
            )
            assert equal_error_rate(labels, scores) == pytest.approx(scanned_eer(labels, scores), abs=1e-12)


def test_bootstrap_equals_recomputing_every_resample():
    generator = np.random.default_rng(2)
    for case in range(60):
        pool = random_clips(generator)
        if not pool.clips:
            continue
        times = draws(len(pool.clips), 10, case)
        for fast, row in zip(clip_pairs(pool).auc(times), times, strict=True):
            labels = np.concatenate([np.tile(y, k) for y, k in zip(pool.labels, row, strict=True)])
            scores = np.concatenate([np.tile(s, k) for s, k in zip(pool.scores, row, strict=True)])
            slow = pairwise_auc(labels, scores)
            assert np.isnan(fast) if slow is None else fast == pytest.approx(slow, abs=1e-12)


def replayed(tracks: pd.DataFrame, detections: pd.DataFrame, n_frames: int) -> dict[str, float | None]:
    """RBDC and TBDC as the paper tells them: one score after the other, everything recounted each time."""
    if not len(tracks):
        return {"rbdc": None, "tbdc": None}
    regions = [(*row, False) for row in tracks.itertuples(index=False, name=None)]
    found, false = [False] * len(regions), 0
    curve = [(0.0, 0.0, 0.0)]
    for score in sorted(set(detections["score"]), reverse=True):
        for clip, frame, *box, value in detections.itertuples(index=False, name=None):
            if value != score:
                continue
            hit = [k for k, r in enumerate(regions) if r[0] == clip and r[2] == frame and slow_iou(box, r[3:7]) >= 0.1]
            for k in hit:
                found[k] = True
            false += not hit
        names = {(r[0], r[1]) for r in regions}
        done = 0
        for name in names:
            of_track = [found[k] for k, r in enumerate(regions) if (r[0], r[1]) == name]
            done += 10 * sum(of_track) >= len(of_track)
        curve.append((false / n_frames, sum(found) / len(found), done / len(names)))
    return {"rbdc": slow_area([(x, r) for x, r, _ in curve]), "tbdc": slow_area([(x, t) for x, _, t in curve])}


def slow_iou(a, b) -> float:
    wide, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(wide, 0) * max(tall, 0)
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared
    return shared / union if union else 0.0


def slow_area(curve: list[tuple[float, float]]) -> float:
    area = 0.0
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x0 >= 1.0 or x1 == x0:
            continue
        end = min(x1, 1.0)
        y_end = y0 + (y1 - y0) * (end - x0) / (x1 - x0)
        area += (end - x0) * (y0 + y_end) / 2
    return area + max(1.0 - curve[-1][0], 0.0) * curve[-1][1]


def random_scene(generator: np.random.Generator) -> tuple[pd.DataFrame, pd.DataFrame, int]:
    """A few clips on a coarse grid, so that boxes overlap, touch and tie."""
    n_frames = int(generator.integers(2, 7))

    def boxes(n: int) -> pd.DataFrame:
        corner, size = generator.integers(0, 4, (n, 2)), generator.integers(0, 6, (n, 2))
        return pd.DataFrame(np.hstack([corner, corner + size]).astype(float), columns=["x1", "y1", "x2", "y2"])

    tracks, detections = boxes(int(generator.integers(0, 14))), boxes(int(generator.integers(0, 25)))
    for table in (tracks, detections):
        table.insert(0, "clip", generator.choice(["a", "b"], len(table)))
    tracks.insert(1, "track", generator.integers(0, 3, len(tracks)))
    tracks.insert(2, "frame", generator.integers(0, n_frames, len(tracks)))
    detections.insert(1, "frame", generator.integers(0, n_frames, len(detections)))
    detections["score"] = generator.integers(0, generator.choice([2, 5, 50]), len(detections)) / 2.0
    return tracks, detections, 2 * n_frames


def test_rbdc_and_tbdc_equal_a_replay_on_220_random_scenes():
    generator, interesting = np.random.default_rng(3), 0
    for _ in range(220):
        scene = random_scene(generator)
        ours, slow = localisation(*scene), replayed(*scene)
        interesting += bool(slow["rbdc"])
        assert same(ours["rbdc"], slow["rbdc"]) and same(ours["tbdc"], slow["tbdc"])
    assert interesting > 110


def test_pixel_auc_equals_pooling_every_pixel():
    generator = np.random.default_rng(4)
    for _ in range(40):
        (h, w), (H, W) = generator.integers(1, 6, 2), generator.integers(6, 20, 2)
        maps = np.round(generator.normal(size=(3, h, w)), 1).astype(np.float16)
        masks = generator.random((3, H, W)) < 0.3
        counts = PixelCounts()
        for heat, mask in zip(maps, masks, strict=True):
            counts.add(heat, mask)
        rows, columns = np.arange(H) * h // H, np.arange(W) * w // W
        large = maps[:, rows[:, None], columns[None, :]].astype(np.float64)
        assert counts.auc() == pytest.approx(roc_auc_score(masks.ravel(), large.ravel()), abs=1e-12)
