"""What `std` and `msnnet` share: a network judges windows of five frames, its error is weighed with flow and goes through the aggregate.

The network may judge every k-th frame only (`between.py`). What each makes of its errors under its paper's protocol is its own.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from vadflow.clip import ClipView, Segment
from vadflow.frames.windows import WindowSampler, stream_windows
from vadflow.systems import base
from vadflow.systems.aggregate import Aggregator
from vadflow.systems.between import Judged, fill_between
from vadflow.systems.cells import moving
from vadflow.systems.network_params import NetworkScoreParams

WINDOW = 5
"""Frames a window: four seen, one predicted (methods.md 2.3, 4.2)."""


class WindowScoreParams(NetworkScoreParams):
    """Our score; a system adds the share of each of its maps, in units of the map's usual error."""

    every: int = Field(
        ge=1,
        le=16,
        description="predict every k-th frame; errors in between are interpolated, the flow is each frame's own",
    )


class WindowSystem(base.System):
    """A network over windows. A subclass builds `model`, trains it, and says what it published."""

    needs = frozenset({"frames", "differences", "flow"})
    localises = True
    paper_crop = (WINDOW - 1, 0)
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
        """A network in evaluation mode.

        Its `error_maps(windows (N, 5, h, w, C) uint8)` gives maps (N, gh, gw) by name, and a number a window (N,).
        """

    @abstractmethod
    def published(self, number: float, means: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """The paper's score of a frame from the network's number and the maps' means, and terms to log beside ours."""

    def score(self, clip: ClipView) -> Iterator[base.FrameScore]:
        """Yield a score for every frame from the end of the first window on; for a shorter clip, for its last frame."""
        judged = self.judged(Segment(clip, 0, len(clip)), self.params.score.every)
        for frame, errors, number in fill_between(judged, len(clip)):
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

    def judged(self, segment: Segment, stride: int) -> Iterator[Judged]:
        """Yield (last frame, the network's maps, its number) of a segment's windows."""
        frames, batch = segment.clip.frames, self.params.score.batch
        start, stop = segment.start, segment.stop
        for windows, ends in stream_windows(frames, WINDOW, batch, start=start, stop=stop, stride=stride):
            errors, numbers = self.model.error_maps(windows)
            for i, end in enumerate(ends):
                yield int(end), {name: error[i] for name, error in errors.items()}, float(numbers[i])

    def weighed(self, clip: ClipView, frame: int, errors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The maps of a frame with `moving`, its error weighed with its own flow."""
        return {**errors, "moving": moving(clip, frame, errors[self.moves], self.params.score.flow_share)}

    def samplers(self, video: base.NormalVideo) -> tuple[WindowSampler, WindowSampler | None]:
        """What to train on, and what to validate on where a held-out segment is long enough."""
        long_enough = [s for s in video.held_out if s.stop - s.start >= WINDOW]
        return self._sampler(video.fit), self._sampler(long_enough) if long_enough else None

    def _sampler(self, segments: Sequence[Segment]) -> WindowSampler:
        train = self.params.train
        return WindowSampler(segments, length=WINDOW, crop=train.crop, motion_share=train.motion_share)

    def state(self) -> dict[str, np.ndarray]:
        """Weights and the usual errors."""
        from vadflow.systems.frame_networks import weights_of

        return weights_of(self.model) | self.aggregator.state()

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back weights and usual errors."""
        from vadflow.systems.frame_networks import load_weights

        load_weights(self.model, state)
        self.aggregator.load(state)
