"""What all frame-level networks share: an error map is weighed with flow and goes through the aggregate, to a score and regions.

Which frames a network judges, and what its paper made of its errors, is each system's own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

import numpy as np

from vadflow.clip import ClipView, Segment
from vadflow.systems import base
from vadflow.systems.aggregate import Aggregator
from vadflow.systems.between import Judged
from vadflow.systems.cells import moving


class NetworkSystem(base.System):
    """A network over frames. A subclass builds `model`, trains it, says what it judges, and what it published."""

    localises = True
    shares: ClassVar[tuple[str, ...]]
    """Names of the maps that can count, each a share in the parameters of the score."""
    moves: ClassVar[str]
    """The map that is weighed with flow, as `moving`."""

    def __init__(self, params: Any, frame_shape: tuple[int, int, int]) -> None:
        """Build with random weights from torch's global generator."""
        super().__init__(params, frame_shape)
        self.model = self.build()
        shares = {name: float(getattr(params.score, name)) for name in self.shares}
        self.aggregator = Aggregator(params.score.aggregate, shares, frame_shape)

    @abstractmethod
    def build(self) -> Any:
        """A network in evaluation mode."""

    @abstractmethod
    def judged(self, segment: Segment, stride: int) -> Iterator[Judged]:
        """Yield (frame, the network's error maps (gh, gw), its number of the frame) of windows `stride` frames apart."""

    @abstractmethod
    def every_frame(self, clip: ClipView) -> Iterable[Judged]:
        """The same for all frames that get a score, increasing."""

    @abstractmethod
    def published(self, number: float, means: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """The paper's score of a frame from the network's number and the maps' means, and terms to log beside ours."""

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield the aggregate's score and the published one of every judged frame."""
        for frame, errors, number in self.every_frame(clip):
            maps = self.weighed(clip, frame, errors)
            score, patches, terms = self.aggregator.score(maps)
            regions = self.aggregator.regions(patches, clip.size, f"largest {max(terms, key=terms.__getitem__)} error")
            means = {f"{name}_mean": float(error.mean()) for name, error in maps.items()}
            paper, more = self.published(number, means)
            yield base.FrameScore(frame, score, paper, patches, regions, terms | means | more)

    def maps(self, segment: Segment, stride: int) -> Iterator[tuple[int, dict[str, np.ndarray], float]]:
        """Yield (frame, error maps (gh, gw) with `moving`, the network's number) of windows `stride` frames apart."""
        for frame, errors, number in self.judged(segment, stride):
            yield frame, self.weighed(segment.clip, frame, errors), number

    def weighed(self, clip: ClipView, frame: int, errors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The maps of a frame with `moving`, its error weighed with its own flow."""
        return {**errors, "moving": moving(clip, frame, errors[self.moves], self.params.score.flow_share)}

    def state(self) -> dict[str, np.ndarray]:
        """Weights and the usual errors."""
        from vadflow.systems.frame_networks import weights_of

        return weights_of(self.model) | self.aggregator.state()

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back weights and usual errors."""
        from vadflow.systems.frame_networks import load_weights

        load_weights(self.model, state)
        self.aggregator.load(state)
