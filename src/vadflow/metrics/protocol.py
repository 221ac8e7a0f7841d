"""The frame numbers of one system on one dataset with one seed: evaluation.md section 1, definition by definition."""

from __future__ import annotations

from typing import Literal

import numpy as np

from vadflow.metrics.inputs import Judged, Labels, Scores, Smoother, judged, min_max, one_class
from vadflow.metrics.roc import average_precision, equal_error_rate, has_both, roc_auc

Aggregate = Literal["micro", "macro"]
FRAME_NUMBERS = (
    "auc_micro",
    "auc_micro_raw",
    "auc_macro_skip",
    "n_macro",
    "auc_macro_padded",
    "ap",
    "prevalence",
    "eer",
    "auc_legacy",
    "auc_paper",
)


def frame_metrics(
    scores: Scores,
    labels: Labels,
    *,
    smooth: Smoother,
    crop: tuple[int, int] = (0, 0),
    aggregate: Aggregate = "micro",
    where: str = "",
) -> dict[str, float | int | None]:
    """Compute every frame number of the table.

    Args:
        scores: clip -> frame, raw, calibrated, smoothed, paper. `smoothed` is the calibrated score through the fixed
            smoother.
        labels: clip -> (T,) uint8; empty for a dataset without labels.
        smooth: the same fixed smoother, for `auc_legacy`.
        crop: frames the paper drops at the start and end of each clip, for `auc_paper`.
        aggregate: how the paper pools, for `auc_paper`.
        where: dataset and system, for messages.

    Returns:
        FRAME_NUMBERS -> value. Without labels all None; with one class only the prevalence and `n_macro` = 0 are left.

    Raises:
        VadflowError: scores and labels of a clip do not fit, or a score is not finite.
    """
    empty: dict[str, float | int | None] = dict.fromkeys(FRAME_NUMBERS)
    smoothed = judged(scores, labels, "smoothed", where)
    all_labels, pooled = smoothed.pooled()
    if len(all_labels) == 0:
        return empty
    if one_class(smoothed.labels):
        return empty | {"prevalence": float(all_labels.mean()), "n_macro": 0}
    skip, n_macro = macro_skip(smoothed)
    return {
        "auc_micro": roc_auc(all_labels, pooled),
        "auc_micro_raw": micro(judged(scores, labels, "calibrated", where)),
        "auc_macro_skip": skip,
        "n_macro": n_macro,
        "auc_macro_padded": macro_padded(smoothed),
        "ap": average_precision(all_labels, pooled),
        "prevalence": float(all_labels.mean()),
        "eer": equal_error_rate(all_labels, pooled),
        "auc_legacy": legacy(judged(scores, labels, "raw", where), smooth),
        "auc_paper": paper(scores, labels, crop, aggregate),
    }


def micro(pool: Judged) -> float | None:
    """AUC over all frames of the dataset in one pool."""
    return roc_auc(*pool.pooled())


def macro_skip(pool: Judged) -> tuple[float | None, int]:
    """Return the mean AUC over the clips that have both classes, and how many they are."""
    pairs = zip(pool.labels, pool.scores, strict=True)
    values = [auc for y, s in pairs if has_both(y) and (auc := roc_auc(y, s)) is not None]
    return (float(np.mean(values)) if values else None), len(values)


def macro_padded(pool: Judged) -> float | None:
    """Return the mean per-clip AUC after the convention of several papers: two fake, perfectly scored frames a clip.

    A clip of one class then has an AUC close to 1, which is why this number flatters. In a constant clip the fake
    anomalous frame stands above the rest, as it does in the papers' code, where scores are first stretched to [0, 1]
    and the fakes are exactly 0 and 1: that is the 0.504 of the constant floor in evaluation.md.

    Returns:
        mean over the clips with at least one frame; None when there is none.
    """
    values = []
    for labels, scores in zip(pool.labels, pool.scores, strict=True):
        if len(scores) == 0:
            continue
        low, high = scores.min(), scores.max()
        ends = [low, high if high > low else low + 1.0]
        values.append(roc_auc(np.append(labels, [0, 1]), np.append(scores, ends)))
    return float(np.mean([v for v in values if v is not None])) if values else None


def legacy(raw: Judged, smooth: Smoother) -> float | None:
    """Return the AUC of our raw score under the literature's min-max over each *test* clip, then our smoother."""
    return micro(raw.map(min_max).smoothed(smooth))


def paper(scores: Scores, labels: Labels, crop: tuple[int, int], aggregate: Aggregate) -> float | None:
    """Return the published frame score under the paper's protocol: its crop, per-clip min-max, no smoothing.

    Frames for which the paper defines no score (NaN) are not judged, as in its code. A macro paper pads
    (`macro_padded`), as the released evaluation code of the object-level papers does.

    Returns:
        AUC in [0, 1]; None for a system without a published score.
    """
    clips, kept_labels, kept_scores = tuple(sorted(labels)), [], []
    for clip in clips:
        stop = len(labels[clip]) - crop[1]
        column = scores[clip].get("paper")
        if column is None:
            return None
        values = column.to_numpy(dtype=np.float64, na_value=np.nan)[crop[0] : max(stop, crop[0])]
        defined = np.isfinite(values)
        kept_scores.append(min_max(values[defined]))
        kept_labels.append(np.asarray(labels[clip], np.uint8)[crop[0] : max(stop, crop[0])][defined])
    pool = Judged(clips, tuple(kept_labels), tuple(kept_scores))
    if one_class(pool.labels):
        return None
    return micro(pool) if aggregate == "micro" else macro_padded(pool)
