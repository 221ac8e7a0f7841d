"""From scores and labels to what a page shows of one dataset: curves, ROC, the worst frames, the events."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.metrics.bootstrap import clip_pairs
from vadflow.metrics.inputs import judged, one_class
from vadflow.metrics.protocol import micro
from vadflow.metrics.roc import roc_auc, roc_curve
from vadflow.report.frames import Studio, highest_frames, worst_frames
from vadflow.report.lines import WIDTH, Axis, axis, path, runs, score_path
from vadflow.report.model import (
    ClipInput,
    ClipReport,
    DatasetInput,
    DatasetReport,
    EventReport,
    Line,
    Options,
    Roc,
    Span,
    SystemInput,
    nothing,
)

_FAINT = 3  # other systems drawn behind the one looked at
_ALL_POINTS = 150_000  # of all curves of a dataset: about 1.5 MB of page
_LISTED_EVENTS = 200
_NO_AUC = {
    False: "Without labels there is no AUC.",
    True: "With labels of one class only there is no AUC.",
}


def collect(dataset: DatasetInput, options: Options) -> DatasetReport:
    """Choose and draw what the page shows.

    Args:
        dataset: scores, labels and getters of pictures.
        options: bounds.

    Returns:
        values only; equal inputs give an equal report.

    Raises:
        VadflowError: scores and labels of a clip do not fit.
        ValueError: no system was scored.
    """
    ranked = ranking(dataset)
    lead = ranked[0]
    labelled = not one_class(list(dataset.labels.values()))
    scale = axis(_all_scores(lead), lead.threshold)
    drawer = next((s for s in ranked if s.kind != "floor" and localises(s)), lead)
    studio = Studio(dataset, lead, options, drawer)
    worst = (worst_frames if labelled else highest_frames)(dataset, lead, options, studio)
    events, more = _events(dataset, lead, studio)
    return DatasetReport(
        name=dataset.name,
        labelled=labelled,
        system=lead.name,
        n_frames=sum(clip.n_frames for clip in dataset.clips),
        n_anomalous=int(sum(int(y.sum()) for y in dataset.labels.values())),
        hours=sum(clip.n_frames / clip.fps for clip in dataset.clips) / 3600,
        threshold=lead.threshold,
        bent=scale.power != 1.0,
        roc=_rocs(dataset, ranked) if labelled else (),
        clips=_clips(dataset, ranked, scale, options),
        worst=worst,
        events=events,
        more_events=more,
        events_csv=dataset.events_csv,
        no_auc="" if labelled else _NO_AUC[bool(dataset.labels)],
        heat_by=drawer.name if localises(drawer) else "",
        blurred=options.blur_people,
    )


def ranking(dataset: DatasetInput) -> list[SystemInput]:
    """Sort systems for display: by micro AUC where there are labels, floors last; without labels as they came."""
    if not dataset.systems:
        raise ValueError(f"{dataset.name}: no system was scored")

    def key(system: SystemInput) -> tuple[bool, float]:
        return system.kind == "floor", -(micro(judged(system.scores, dataset.labels, "smoothed", dataset.name)) or 0.0)

    return sorted(dataset.systems, key=key)


def localises(system: SystemInput) -> bool:
    """Tell whether a system says where in the picture."""
    return system.maps is not nothing or system.regions is not nothing


def _all_scores(system: SystemInput) -> np.ndarray:
    parts = [table["smoothed"].to_numpy(np.float64) for table in system.scores.values()]
    return np.concatenate(parts) if parts else np.zeros(0)


def _rocs(dataset: DatasetInput, ranked: list[SystemInput]) -> list[Roc]:
    drawn = []
    for system in ranked:
        pool = judged(system.scores, dataset.labels, "smoothed", dataset.name).pooled()
        curve, auc = roc_curve(*pool), roc_auc(*pool)
        if curve is not None and auc is not None:
            corners = path(300 * curve[0], 300 * (1 - curve[1]))
            drawn.append(Roc(system.name, system.kind, corners, auc, system is ranked[0]))
    return drawn


def _clips(dataset: DatasetInput, ranked: list[SystemInput], scale: Axis, options: Options) -> list[ClipReport]:
    shown = [ranked[0], *[s for s in ranked[1:] if s.kind != "floor"][:_FAINT]]
    points = max(min(options.points, _ALL_POINTS // max(len(dataset.clips) * len(shown), 1)), 60)
    pairs = clip_pairs(judged(ranked[0].scores, dataset.labels, "smoothed", dataset.name))
    lost = dict(zip(pairs.clips, pairs.lost().tolist(), strict=True))
    # behind the system looked at, each other system on its own axis: only the shapes are compared
    axes = [scale, *[axis(_all_scores(s), s.threshold) for s in shown[1:]]]
    return [
        _clip(dataset, clip, list(zip(shown, axes, strict=True)), points, lost.get(clip.name, 0.0))
        for clip in dataset.clips
    ]


def _clip(
    dataset: DatasetInput, clip: ClipInput, shown: list[tuple[SystemInput, Axis]], points: int, lost: float
) -> ClipReport:
    lead, scale = shown[0]
    lines = [_line(system, clip, own, points, system is lead) for system, own in shown]
    labels = dataset.labels.get(clip.name)
    truth = [] if labels is None else [_span(a, b, clip, "labelled anomalous") for a, b in runs(labels)]
    events = _of_clip(lead.events, clip.name)
    spans = [_span(int(e["start"]), int(e["end"]), clip, f"event, peak {e['score']:.3g}") for e in events]
    height = None if lead.threshold is None else float(scale.height(np.array(lead.threshold)))
    table = lead.scores.get(clip.name)
    auc = None if labels is None or table is None else roc_auc(labels, table["smoothed"].to_numpy(np.float64))
    return ClipReport(clip.name, clip.n_frames, clip.n_frames / clip.fps, lines, truth, spans, height, auc, lost)


def _line(system: SystemInput, clip: ClipInput, scale: Axis, points: int, strong: bool) -> Line:
    table = system.scores.get(clip.name)
    values = np.zeros(0) if table is None else table["smoothed"].to_numpy(np.float64)
    return Line(system.name, score_path(values, scale, points if strong else min(points, 200)), strong)


def _span(start: int, stop: int, clip: ClipInput, text: str) -> Span:
    full = f"{text}: frames {start} to {stop - 1}"
    return Span(start, stop, WIDTH * start / clip.n_frames, WIDTH * (stop - start) / clip.n_frames, full)


def _of_clip(events: pd.DataFrame | None, clip: str) -> list[dict]:
    return [] if events is None else events[events["clip"] == clip].to_dict("records")


def _events(dataset: DatasetInput, lead: SystemInput, studio: Studio) -> tuple[list[EventReport], int]:
    """List events in clip and time order; the strongest get the pictures. Return them and how many are left out."""
    clips = {clip.name: clip for clip in dataset.clips}
    rows = [] if lead.events is None else [row for row in lead.events.to_dict("records") if row["clip"] in clips]
    rows.sort(key=lambda row: -row["score"])
    listed = rows[:_LISTED_EVENTS]
    drawn = [(row, studio.picture(clips[row["clip"]], int(row["peak"]), "event", "")) for row in listed]
    reports = [
        EventReport(
            clip=row["clip"],
            start=int(row["start"]),
            end=int(row["end"]),
            start_seconds=row["start"] / clips[row["clip"]].fps,
            end_seconds=row["end"] / clips[row["clip"]].fps,
            picture=picture,
        )
        for row, picture in drawn
    ]
    return sorted(reports, key=lambda e: (e.clip, e.start)), len(rows) - len(listed)
