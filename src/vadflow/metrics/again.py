"""`vadflow evaluate`: all systems of a score bank under another protocol, beside our headline. No torch, no training, seconds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from vadflow.metrics.bank import Bank
from vadflow.metrics.bootstrap import clip_pairs, interval, mean_pairs
from vadflow.metrics.inputs import Judged, Labels, Scores, Smoother, judged, min_max, one_class
from vadflow.metrics.protocol import macro_padded, micro, paper
from vadflow.metrics.table import KINDS, PROTOCOL


@dataclass(frozen=True)
class Protocol:
    """One way to make a number of scores.

    Attributes:
        meaning: in one line, for a person.
        pool: the frame scores it judges, or None where it is no function of one pool.
        number: its number of one run.
    """

    meaning: str
    number: Callable[[Scores, Labels, Smoother, Mapping[str, Any]], float | None]
    pool: Callable[[Scores, Labels, Smoother], Judged] | None = None


def _smoothed(scores: Scores, labels: Labels, smooth: Smoother) -> Judged:
    """Calibrated scores, smoothed here and now, so that the smoother asked for is the one that runs."""
    return judged(scores, labels, "calibrated").smoothed(smooth)


def _unsmoothed(scores: Scores, labels: Labels, smooth: Smoother) -> Judged:
    return judged(scores, labels, "calibrated")


def _legacy(scores: Scores, labels: Labels, smooth: Smoother) -> Judged:
    return judged(scores, labels, "raw").map(min_max).smoothed(smooth)


def _micro(pool: Callable[[Scores, Labels, Smoother], Judged]) -> Callable[..., float | None]:
    return lambda scores, labels, smooth, about: micro(pool(scores, labels, smooth))


def _padded(scores: Scores, labels: Labels, smooth: Smoother, about: Mapping[str, Any]) -> float | None:
    return macro_padded(_smoothed(scores, labels, smooth))


def _paper(scores: Scores, labels: Labels, smooth: Smoother, about: Mapping[str, Any]) -> float | None:
    first, last = about.get("crop") or (0, 0)
    return paper(scores, labels, (first, last), about.get("aggregate") or "micro")


PROTOCOLS = {
    PROTOCOL: Protocol("micro AUC, one scale, no per-clip statistic, the one smoother", _micro(_smoothed), _smoothed),
    "raw": Protocol("the same without any smoothing", _micro(_unsmoothed), _unsmoothed),
    "legacy": Protocol(
        "every test clip stretched to [0, 1] by its own extremes, then smoothed", _micro(_legacy), _legacy
    ),
    "padded": Protocol("mean over clips after adding two perfectly scored frames to each", _padded),
    "paper": Protocol("the published score with the paper's own crop, normalisation and pooling", _paper),
}


def evaluate_again(bank: Bank, protocol: str, smooth: Smoother, *, resamples: int, seed: int) -> pd.DataFrame:
    """Judge every system of a bank.

    Args:
        bank: scores and labels.
        protocol: a key of PROTOCOLS.
        smooth: the fixed smoother.
        resamples: of the clip bootstrap.
        seed: of the clip bootstrap.

    Returns:
        system, kind, seeds, auc (mean over seeds), ci_low, ci_high (over clips; empty where the protocol is no pooled AUC), headline
        (the same system under vadflow-1), points (100 x (auc - headline)); floors first, then by falling auc. Undefined is NaN.
    """
    rows = [_row(bank, system, protocol, smooth, resamples, seed) for system in bank.systems]
    table = pd.DataFrame(rows).astype(dict.fromkeys(("auc", "ci_low", "ci_high", "headline"), "float64"))
    table["points"] = 100 * (table["auc"] - table["headline"])
    order = table["kind"].map(KINDS.index)
    return (
        table.assign(order=order)
        .sort_values(["order", "auc", "system"], ascending=[True, False, True])
        .drop(columns="order")
    )


def _row(bank: Bank, system: str, protocol: str, smooth: Smoother, resamples: int, seed: int) -> dict[str, Any]:
    about, seeds, way = bank.about.get(system, {}), bank.seeds(system), PROTOCOLS[protocol]
    low, high = _interval(bank, seeds, way, smooth, resamples, seed)
    return {
        "system": system,
        "kind": about.get("kind") or "system",
        "seeds": len(seeds),
        "auc": _mean([_number(way, scores, bank.labels, smooth, about) for scores in seeds]),
        "ci_low": low,
        "ci_high": high,
        "headline": _mean([_number(PROTOCOLS[PROTOCOL], s, bank.labels, smooth, about) for s in seeds]),
    }


def _number(way: Protocol, scores: Scores, labels: Labels, smooth: Smoother, about: Mapping[str, Any]) -> float | None:
    if one_class(labels.values()):
        return None
    return way.number(scores, labels, smooth, about)


def _interval(
    bank: Bank, seeds: list[Scores], way: Protocol, smooth: Smoother, resamples: int, seed: int
) -> tuple[float | None, float | None]:
    if way.pool is None or one_class(bank.labels.values()):
        return None, None
    return interval(mean_pairs([clip_pairs(way.pool(s, bank.labels, smooth)) for s in seeds]), resamples, seed)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if len(known) == len(values) else None
