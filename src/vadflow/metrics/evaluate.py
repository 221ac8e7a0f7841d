"""The one call a metrics job makes: scores and labels in, one mapping for `metrics/<system>/<seed>.json` out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vadflow.metrics.alarms import ALARM_NUMBERS
from vadflow.metrics.bootstrap import clip_pairs, interval
from vadflow.metrics.inputs import Labels, Scores, Smoother, judged
from vadflow.metrics.protocol import Aggregate, frame_metrics
from vadflow.metrics.sins import sins
from vadflow.metrics.table import PROTOCOL


@dataclass(frozen=True)
class Subject:
    """Who is judged, and what is known about it before looking at a score.

    Attributes:
        dataset: name.
        system: name.
        seed: of the training.
        kind: floor, baseline or system.
        paper_auc: what the paper claims, in [0, 1]; None where it claims nothing.
        paper_source: citation, with micro or macro said.
        crop: frames the paper drops at the start and end of each clip.
        aggregate: how the paper pools.
        notes: what a sceptic should know, e.g. choices made while looking at a test set.
        config_hash: see `dag.Plan.digest`.
    """

    dataset: str
    system: str
    seed: int
    kind: str = "system"
    paper_auc: float | None = None
    paper_source: str = ""
    crop: tuple[int, int] = (0, 0)
    aggregate: Aggregate = "micro"
    notes: Sequence[str] = ()
    config_hash: str = ""


def evaluate(
    subject: Subject,
    scores: Scores,
    labels: Labels,
    *,
    smooth: Smoother,
    resamples: int,
    seed: int,
    sigmas: Sequence[float],
    local: Mapping[str, float | None] | None = None,
    alarms: Mapping[str, float | None] | None = None,
    snapshots: Mapping[str, Scores] | None = None,
) -> dict[str, Any]:
    """Compute every number of one row and seed.

    Args:
        subject: who is judged.
        scores: clip -> frame, raw, calibrated, smoothed, paper.
        labels: clip -> (T,) uint8; empty for a dataset without labels.
        smooth: the fixed smoother.
        resamples: of the clip bootstrap.
        seed: of the clip bootstrap; the same for all systems.
        sigmas: widths, frames, the test-tuned sin may pick from.
        local: auc_pixel, rbdc and tbdc where they are defined (`pixels.pixel_auc`, `localise.localisation`).
        alarms: event recall, detection delay and false alarms at the threshold (`alarms.alarm_metrics`).
        snapshots: snapshot of the training -> its scores; they enter one sin and no number of the table.

    Returns:
        a mapping for JSON and for `table.auc_table`; undefined numbers are None.

    Raises:
        VadflowError: scores and labels do not fit; the message names the clip.
    """
    where = f"{subject.dataset}/{subject.system}"
    numbers = frame_metrics(scores, labels, smooth=smooth, crop=subject.crop, aggregate=subject.aggregate, where=where)
    low, high = interval(clip_pairs(judged(scores, labels, "smoothed", where)), resamples, seed)
    return {
        **vars(subject),
        "crop": list(subject.crop),
        "notes": [*subject.notes, *_missing(numbers)],
        "protocol": PROTOCOL,
        **numbers,
        "auc_pixel": None,
        "rbdc": None,
        "tbdc": None,
        **(local or {}),
        **dict.fromkeys(ALARM_NUMBERS),
        **(alarms or {}),
        "ci_low": low,
        "ci_high": high,
        "checkpoints": len(snapshots or {}) + 1,
        "sins": sins(scores, labels, smooth=smooth, sigmas=sigmas, snapshots=snapshots, where=where),
    }


def _missing(numbers: Mapping[str, float | int | None]) -> list[str]:
    """Say in the row why it has no AUC."""
    if numbers["prevalence"] is None:
        return ["no labels, so no AUC"]
    return ["labels of one class only, so no AUC"] if numbers["auc_micro"] is None else []
