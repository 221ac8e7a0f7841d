"""Which frames are worth a picture, and the studio that draws them within the page's budget."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vadflow.metrics.bootstrap import clip_pairs
from vadflow.metrics.inputs import judged
from vadflow.report.model import ClipInput, DatasetInput, Options, Picture, SystemInput
from vadflow.report.pictures import Box, people, thumbnail

_BOXES = 3
_HEAT_SAMPLE = 64  # frames of a clip that set the calm end of its heat scale


class Studio:
    """Draws pictures of one dataset and system until the budget is used up; after that pictures have words only."""

    def __init__(
        self, dataset: DatasetInput, system: SystemInput, options: Options, drawer: SystemInput | None = None
    ) -> None:
        """Open for one dataset.

        Args:
            dataset: getters of frames and objects.
            system: the one looked at.
            options: budget, width and blur.
            drawer: whose maps and regions are drawn, where the one looked at does not localise (a fusion, say).
        """
        self._dataset, self._system, self._drawer, self._options = dataset, system, drawer or system, options
        self._left = options.thumbnails

    def picture(self, clip: ClipInput, frame: int, title: str, text: str) -> Picture:
        """Draw one frame with its heat, its three strongest regions and their reasons."""
        regions = self._regions(clip.name, frame)
        reasons = tuple(str(reason) for reason in regions.get("reason", pd.Series(dtype=object)) if reason)
        score = float(self._system.scores[clip.name]["smoothed"].iloc[frame])
        uri = self._draw(clip, frame, [tuple(row) for row in regions[["x1", "y1", "x2", "y2"]].to_numpy().tolist()])
        return Picture(clip.name, frame, frame / clip.fps, title, text, score, uri, reasons)

    def _regions(self, clip: str, frame: int) -> pd.DataFrame:
        table = self._drawer.regions(clip)
        if table is None:
            return pd.DataFrame(columns=["x1", "y1", "x2", "y2", "score", "reason"])
        here = table[table["frame"] == frame]
        return here.sort_values("score", ascending=False, kind="stable").head(_BOXES)

    def _draw(self, clip: ClipInput, frame: int, boxes: list[Box]) -> str:
        frames = self._dataset.frames(clip.name) if self._left > 0 else None
        if frames is None:
            return ""
        self._left -= 1
        maps = self._drawer.maps(clip.name)
        return thumbnail(
            np.asarray(frames[frame]),
            clip.size,
            self._options.thumbnail_width,
            heat=None if maps is None else np.asarray(maps[frame], np.float32),
            heat_range=(0.0, 1.0) if maps is None else heat_range(maps, frame),
            boxes=boxes,
            blur=people(self._dataset.objects(clip.name), frame) if self._options.blur_people else (),
        )


def heat_range(maps: np.ndarray, frame: int) -> tuple[float, float]:
    """Return the values drawn as calm and as hot: what nine tenths of the clip stays under, and the hottest cell here.

    Args:
        maps: (T, h, w).
        frame: the frame drawn.
    """
    sample = np.asarray(maps[:: max(len(maps) // _HEAT_SAMPLE, 1)], np.float32)
    calm = float(np.quantile(sample, 0.9))
    hot = max(float(np.asarray(maps[frame], np.float32).max()), float(np.quantile(sample, 0.99)))
    return calm, max(hot, calm + 1e-6)


def worst_frames(dataset: DatasetInput, system: SystemInput, options: Options, studio: Studio) -> list[Picture]:
    """Show, for the clips that cost most AUC, the anomalous frame ranked lowest and the normal frame ranked highest.

    Args:
        dataset: labels and clips.
        system: the one looked at.
        options: how many clips.
        studio: draws.

    Returns:
        at most two pictures a clip, worst clip first; frames that cost nothing are left out.
    """
    pool = judged(system.scores, dataset.labels, "smoothed", dataset.name)
    lost = clip_pairs(pool).lost()
    labels, scores = pool.pooled()
    high, low = np.sort(scores[labels == 1]), np.sort(scores[labels == 0])
    clips = {clip.name: clip for clip in dataset.clips}
    shown: list[Picture] = []
    for k in np.argsort(-lost, kind="stable")[: options.worst_clips]:
        if lost[k] > 0 and pool.clips[k] in clips:
            shown += _worst_of(clips[pool.clips[k]], (pool.labels[k], pool.scores[k]), high, low, studio)
    return shown


def _worst_of(
    clip: ClipInput, pool: tuple[np.ndarray, np.ndarray], high: np.ndarray, low: np.ndarray, studio: Studio
) -> list[Picture]:
    """Return the largest miss and the largest false alarm of one clip, where they cost anything."""
    labels, scores = pool
    shown = []
    if labels.any():
        frame = int(np.where(labels == 1, scores, np.inf).argmin())
        above = 1.0 - np.searchsorted(low, scores[frame], "left") / len(low)
        if above > 0:
            text = f"{above:.0%} of the normal frames score as high or higher"
            shown.append(studio.picture(clip, frame, "miss", text))
    if not labels.all():
        frame = int(np.where(labels == 0, scores, -np.inf).argmax())
        below = np.searchsorted(high, scores[frame], "right") / len(high)
        if below > 0:
            text = f"{below:.0%} of the anomalous frames score as low or lower"
            shown.append(studio.picture(clip, frame, "false alarm", text))
    return shown


def highest_frames(dataset: DatasetInput, system: SystemInput, options: Options, studio: Studio) -> list[Picture]:
    """Show, where there are no labels, the frame with the highest score of each clip, highest first.

    Args:
        dataset: clips.
        system: the one looked at.
        options: how many clips.
        studio: draws.
    """
    peaks = []
    for clip in dataset.clips:
        table = system.scores.get(clip.name)
        if table is not None and len(table):
            scores = table["smoothed"].to_numpy(np.float64)
            peaks.append((-float(scores.max()), clip.name, clip, int(scores.argmax())))
    shown = []
    for negative, _, clip, frame in sorted(peaks, key=lambda peak: peak[:2])[: options.worst_clips]:
        below = system.threshold is not None and -negative <= system.threshold
        text = f"score {-negative:.3g}" + (", below the threshold" if below else "")
        shown.append(studio.picture(clip, frame, "highest", text))
    return shown
