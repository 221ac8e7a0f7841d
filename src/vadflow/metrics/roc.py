"""ROC AUC, average precision and equal error rate of one pool of frames; equal scores are always one step.

Direction is a fact of the project: higher score = more anomalous. Every function returns None where the number is not
defined, so that an undefined number can never be averaged or printed as 0.
"""

from __future__ import annotations

import numpy as np


def threshold_counts(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count what lies at or above each distinct score, from the highest down.

    Args:
        labels: (T,) 0 or 1, 1 = anomalous.
        scores: (T,) finite, higher = more anomalous.

    Returns:
        true positives (K + 1,) and false positives (K + 1,) int64 for K distinct scores; both start at 0.
    """
    if len(scores) == 0:
        return np.zeros(1, np.int64), np.zeros(1, np.int64)
    order = np.argsort(-scores, kind="stable")
    ranked, positive = scores[order], labels[order].astype(bool)
    last_of_tie = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    hits = np.cumsum(positive, dtype=np.int64)[last_of_tie]
    return np.append(0, hits), np.append(0, last_of_tie + 1 - hits)


def roc_auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Return the chance that an anomalous frame outscores a normal one, ties counting half.

    Args:
        labels: (T,) 0 or 1.
        scores: (T,) higher = more anomalous.

    Returns:
        AUC in [0, 1]; None when a class is missing.

    >>> roc_auc(np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 2.0, 3.0]))
    0.625
    """
    hits, alarms = threshold_counts(labels, scores)
    if hits[-1] == 0 or alarms[-1] == 0:
        return None
    twice_area = np.sum(np.diff(alarms) * (hits[1:] + hits[:-1]), dtype=np.int64)  # exact: integers up to here
    return float(twice_area) / (2.0 * float(hits[-1]) * float(alarms[-1]))


def average_precision(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Return precision averaged over recall, without interpolation (scikit-learn's definition).

    Args:
        labels: (T,) 0 or 1.
        scores: (T,) higher = more anomalous.

    Returns:
        AP in (0, 1]; it is the prevalence for a constant score. None when a class is missing.
    """
    hits, alarms = threshold_counts(labels, scores)
    if hits[-1] == 0 or alarms[-1] == 0:
        return None
    precision = hits[1:] / (hits[1:] + alarms[1:])
    return float(np.sum(np.diff(hits) / hits[-1] * precision))


def equal_error_rate(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Return the error rate where the ROC curve has as many misses as false alarms (both as rates).

    Args:
        labels: (T,) 0 or 1.
        scores: (T,) higher = more anomalous.

    Returns:
        EER in [0, 1], lower = better; None when a class is missing.
    """
    curve = roc_curve(labels, scores)
    if curve is None:
        return None
    false_rate, true_rate = curve
    excess = false_rate + true_rate - 1.0  # false alarms minus misses: rises from -1 to 1
    after = int(np.searchsorted(excess, 0.0))
    before = max(after - 1, 0)
    step = excess[after] - excess[before]
    share = -excess[before] / step if step > 0 else 0.0
    return float(false_rate[before] + share * (false_rate[after] - false_rate[before]))


def roc_curve(labels: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Return the corners of the ROC curve.

    Args:
        labels: (T,) 0 or 1.
        scores: (T,) higher = more anomalous.

    Returns:
        false positive rate (K + 1,) and true positive rate (K + 1,), both rising from 0 to 1; None when a class is
        missing.
    """
    hits, alarms = threshold_counts(labels, scores)
    if hits[-1] == 0 or alarms[-1] == 0:
        return None
    return alarms / alarms[-1], hits / hits[-1]


def has_both(labels: np.ndarray) -> bool:
    """Tell whether frames of both classes are there, so that an AUC is defined."""
    return len(labels) > 0 and bool(labels.min() != labels.max())
