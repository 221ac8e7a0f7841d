"""Runs the trained students of `ssmtl` over video: task values per object, smoothed along tracklets, and trials for the choice.

Letters: N objects of the judged frames of a clip, J tasks, M objects of several clips.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from vadflow.attributes.tracklets import smooth
from vadflow.clip import Segment
from vadflow.objects.tubes import REACH, TubeShape, cut_tubes, group, target_frames
from vadflow.ssmtl.choice import CHANGES, Trial
from vadflow.ssmtl.judged import PAPER, Judged, detected_of, joined, linked
from vadflow.ssmtl.model import MOTION
from vadflow.ssmtl.panel import Panel
from vadflow.ssmtl.scale import Scale, evidence_of, fit_scales
from vadflow.ssmtl.stored import Tubes, observe

if TYPE_CHECKING:
    from vadflow.ssmtl.fastest import Fastest
    from vadflow.ssmtl.params import ScoreParams
    from vadflow.ssmtl.teachers import Lessons


@dataclass(frozen=True)
class Judge:
    """The students with what they need to look at a clip.

    Attributes:
        panel: trained.
        shape: of a tube.
        classes: K.
        params: see `ScoreParams`.
        lessons: of the ImageNet teacher; None without one.
        fastest: finds the windows that are judged beside the detector's boxes; None: none are.
    """

    panel: Panel
    shape: TubeShape
    classes: int
    params: ScoreParams
    lessons: Lessons | None = None
    fastest: Fastest | None = None

    def look(self, segment: Segment) -> Judged:
        """Judge every object of a segment; the source is read once as a stream, kept are a few numbers an object."""
        seen = observe(segment.clip, self.classes)
        frames = np.asarray(target_frames(segment.start, segment.stop, REACH, self.params.every))
        row = np.flatnonzero(np.isin(seen.frame, frames))
        seen = seen.pick(row)
        if self.fastest is not None:
            seen, known = self.fastest.join(seen, segment.clip.flow, frames)
            row = np.where(known >= 0, row[known] if len(row) else -1, -1)
        wanted = group(seen.frame, np.arange(len(seen)))
        cuts = cut_tubes(
            segment, seen.box, wanted, shape=self.shape, reach=REACH, channels=self.panel.channels
        ) if wanted else ()  # fmt: skip
        asked = np.searchsorted(frames, seen.frame) % self.params.ask_every == 0
        parts = [
            self._ask(tubes, seen.probability[rows], asked[rows]) for rows, tubes in batches(cuts, self.params.batch)
        ]
        names = parts[0] if parts else dict.fromkeys([*self.panel.tasks, *PAPER.values()])
        values = {name: np.concatenate([np.zeros(0), *(part[name] for part in parts)]) for name in names}
        return Judged(seen, row, linked(seen, row >= 0, self.params), frames, values)

    def _ask(self, tubes: np.ndarray, probability: np.ndarray, asked: np.ndarray) -> dict[str, np.ndarray]:
        """Task values of one batch; what a still tube says of motion is kept for the paper's mean only."""
        values = self.panel.values(tubes, probability, self._taught(tubes, asked))
        still = values.pop("moving") == 0
        for task in [name for name in MOTION if name in values]:
            values[f"{task}_raw"] = values[task]
            values[task] = np.where(still, np.nan, values[task])
        return values

    def _taught(self, tubes: np.ndarray, asked: np.ndarray) -> np.ndarray | None:
        """(N, P, G, G) what the ImageNet teacher says of the middle boxes; NaN where it was not asked."""
        if self.lessons is None:
            return None
        told = self.lessons.of(tubes[asked, REACH, 0])
        found = np.full((len(tubes), *told.shape[1:]), np.nan, np.float16)
        found[asked] = told
        return found

    def smoothed(self, judged: Judged) -> dict[str, np.ndarray]:
        """Task values smoothed along IoU tracklets, two widths ahead at most."""
        seen, track, width = judged.seen, judged.track, self.params.smooth_frames
        return {
            task: smooth(judged.values[task], seen.frame, track, width=width, smoother="centred")
            for task in self.panel.tasks
        }

    def presence(self, judged: Judged) -> np.ndarray:
        """(N,) share of the smoother's window, clipped at the ends of the video, in which the object's tracklet was seen.

        A box that flickers up for a frame is mostly the detector's mistake, and has no neighbours to be smoothed with; frames
        without it count as frames without evidence.
        """
        seen, track, width = judged.seen, judged.track, self.params.smooth_frames
        found = np.ones(len(seen))
        if not self.params.presence or width <= 0 or not len(seen):
            return found
        whole = kernel_sums(judged.frames, width)[np.searchsorted(judged.frames, seen.frame)]
        order = np.argsort(track, kind="stable")
        for rows in np.split(order, np.flatnonzero(np.diff(track[order])) + 1):
            found[rows] = kernel_sums(seen.frame[rows], width) / whole[rows]
        return found

    def scales(self, judged: Sequence[Judged]) -> tuple[Scale, ...]:
        """What normal objects look like to each task: of the detector's boxes and, if there are any, of windows."""
        values = joined([self.smoothed(one) for one in judged])
        return fit_scales(values, detected_of(judged), self.params.calibration, self.params.truncate)

    def evidence(self, judged: Judged, scales: Sequence[Scale]) -> dict[str, np.ndarray]:
        """Task -> (N,) evidence: smoothed values, each on the scale of its kind, times presence."""
        present = self.presence(judged)
        found = evidence_of(self.smoothed(judged), judged.detected, scales)
        return {task: value * present for task, value in found.items()}

    def trial(
        self,
        judged: Sequence[Judged],
        normal: Mapping[str, np.ndarray],
        scales: Sequence[Scale],
        aside: Tubes,
        generator: np.random.Generator,
    ) -> Trial:
        """Evidence of held-out normal objects and of changed held-out tubes.

        Normal values are smoothed along tracklets, as they will be when judged. A changed tube keeps its own value, as an anomaly
        that lasts would; it is present as long as the object it was made of.

        Args:
            judged: held-out segments, in the order that `aside.clip` numbers them.
            normal: task -> (M,) evidence of their objects, in that order.
            scales: what made that evidence; changed tubes are the detector's boxes.
            aside: stored held-out tubes.
            generator: draws the changes.
        """
        lengths = [int(one.seen.frame.max(initial=-1)) + 1 for one in judged]
        offsets = np.cumsum([0, *lengths[:-1]])
        place = np.concatenate([one.seen.frame + offset for one, offset in zip(judged, offsets, strict=True)])
        if not len(aside) or not len(place):
            return Trial(normal, place, {}, {})
        host = _nearest(offsets[aside.clip] + aside.frame, np.unique(place))
        present = self._presence_of(aside, judged)
        changed = {
            name: {
                task: value * present
                for task, value in scales[0].evidence(self._changed(name, aside, generator)).items()
            }
            for name in CHANGES
        }
        return Trial(normal, place, changed, dict.fromkeys(changed, host))

    def _presence_of(self, aside: Tubes, judged: Sequence[Judged]) -> np.ndarray:
        """(N,) of the objects that stored tubes show; 1 where their frame was not judged."""
        found = np.ones(len(aside))
        for number, one in enumerate(judged):
            known = pd.Series(self.presence(one)[one.detected], index=one.row[one.detected])
            mine = aside.clip == number
            found[mine] = known.reindex(aside.row[mine], fill_value=1.0)
        return found

    def _changed(self, name: str, aside: Tubes, generator: np.random.Generator) -> dict[str, np.ndarray]:
        """Task values (N,) of the tubes after one kind of change."""
        tubes, classes = CHANGES[name](aside, generator)
        cuts = [(np.arange(i, i + 1), tubes[i : i + 1]) for i in range(len(tubes))]
        parts = batches(cuts, self.params.batch)
        values = joined([self._ask(some, classes[rows], np.ones(len(some), bool)) for rows, some in parts])
        return {task: values[task] for task in self.panel.tasks}


def kernel_sums(frames: np.ndarray, width: float) -> np.ndarray:
    """(F,) increasing frames -> (F,) what the smoother's weights around each sum up to over those frames.

    >>> kernel_sums(np.array([0, 1, 9]), 1.0).round(2).tolist()
    [1.61, 1.61, 1.0]
    """
    reach, start = int(2 * width), frames[0]
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    there = np.zeros(frames[-1] - start + 1)
    there[frames - start] = 1
    return np.asarray(np.convolve(there, kernel)[reach:][frames - start])


def batches(cuts: Iterable[tuple[np.ndarray, np.ndarray]], size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Gather (rows, tubes) of single frames until there are at least `size` objects."""
    rows, tubes, count = [], [], 0
    for some, pixels in cuts:
        rows.append(some)
        tubes.append(pixels)
        count += len(some)
        if count >= size:
            yield np.concatenate(rows), np.concatenate(tubes)
            rows, tubes, count = [], [], 0
    if rows:
        yield np.concatenate(rows), np.concatenate(tubes)


def _nearest(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """For each value the nearest of `known` (sorted, at least one)."""
    right = np.clip(np.searchsorted(known, values), 0, len(known) - 1)
    left = np.maximum(right - 1, 0)
    return np.where(values - known[left] <= known[right] - values, known[left], known[right])
