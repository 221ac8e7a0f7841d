"""What the two free baselines share: one stored array of cells, through the aggregator that every frame-level system uses; and the flow
energy that networks weigh their errors with.

`paper` is the naive form that the literature compares with (mean over the whole frame); `score` sends the same cells through the
aggregator, so that a network is compared with motion and not with a worse aggregate.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping
from typing import ClassVar

import numpy as np

from vadflow.clip import ClipView, Segment
from vadflow.frames.cells import average
from vadflow.params import Section
from vadflow.systems import base
from vadflow.systems.aggregate import AGGREGATE_NOTE, AggregateParams, Aggregator

MOVING_NOTE = "error x flow: suggested by others' results on Ped2's test set; flow's share chosen on rehearsals, when an aim was missed there"
"""For the notes of every system that uses `moving`."""


def flow_energy(clip: ClipView, frame: int, shape: tuple[int, int] | None = None) -> np.ndarray:
    """Squared length of the mean flow per cell, source px^2 per frame^2.

    Args:
        clip: with flow.
        frame: t.
        shape: (gh, gw) cells wanted, as means of the energy of the stored ones; None for the stored cells.
    """
    energy = np.square(np.asarray(clip.flow[frame], dtype=np.float32)).sum(axis=-1)
    return energy if shape is None else average(energy, shape)


def moving(clip: ClipView, frame: int, error: np.ndarray, share: float) -> np.ndarray:
    """Error where something moves: the weighted geometric mean of a network's error and the frame's own flow energy.

    Both are squares, and so is what comes out; networks and motion fail on different clips.

    Args:
        clip: with flow.
        frame: t.
        error: (gh, gw) squared error.
        share: s, the exponent of the flow energy; the error has 1 - s.

    Returns:
        (gh, gw) float32.
    """
    energy = flow_energy(clip, frame, (error.shape[0], error.shape[1]))
    return np.asarray(np.power(error, 1 - share) * np.power(energy, share), dtype=np.float32)


class CellParams(Section):
    """Only the aggregate."""

    aggregate: AggregateParams


class CellSystem(base.System):
    """Scores the largest patch of an array of cells; learns nothing but what is usual at each place."""

    kind = "baseline"
    localises = True
    stochastic = False
    notes = (AGGREGATE_NOTE,)
    what: ClassVar[str]
    """What the cells hold, for terms and regions."""

    def __init__(self, params: CellParams, frame_shape: tuple[int, int, int]) -> None:
        """Start unfitted."""
        super().__init__(params, frame_shape)
        self.aggregator = Aggregator(params.aggregate, {self.what: 1.0}, frame_shape)

    @abstractmethod
    def cells(self, clip: ClipView, frame: int) -> np.ndarray:
        """(gh, gw) float32: an energy, that is a square."""

    def fit(self, video: base.NormalVideo, loop: base.Loop) -> None:
        """Learn what is usual at each place."""
        self.aggregator.fit(maps for segment in video.fit for _, maps, _ in self.maps(segment, 1))

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield the largest patch of every frame."""
        for frame, maps, mean in self.maps(Segment(clip, 0, len(clip)), 1):
            score, patches, _ = self.aggregator.score(maps)
            regions = self.aggregator.regions(patches, clip.size, self.what)
            yield base.FrameScore(frame, score, paper=mean, map=patches, regions=regions)

    def maps(self, segment: Segment, stride: int) -> Iterator[tuple[int, dict[str, np.ndarray], float]]:
        """Yield (frame, the cells (gh, gw) by name, their mean) of frames `stride` apart."""
        for frame in range(segment.start, segment.stop, stride):
            cells = self.cells(segment.clip, frame)
            yield frame, {self.what: cells}, float(cells.mean())

    def state(self) -> dict[str, np.ndarray]:
        """What is usual."""
        return self.aggregator.state()

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what is usual."""
        self.aggregator.load(state)
