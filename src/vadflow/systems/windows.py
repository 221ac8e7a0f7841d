"""What `std` and `msnnet` share beyond `networks.py`: windows of five frames, of which the network may judge every k-th only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from pydantic import Field

from vadflow.clip import ClipView, Segment
from vadflow.frames.windows import WindowSampler, stream_windows
from vadflow.systems import base
from vadflow.systems.between import Judged, fill_between
from vadflow.systems.network_params import NetworkScoreParams
from vadflow.systems.networks import NetworkSystem

WINDOW = 5
"""Frames a window: four seen, one predicted (methods.md 2.3, 4.2)."""


class WindowScoreParams(NetworkScoreParams):
    """Our score; a system adds the share of each of its maps, in units of the map's usual error."""

    every: int = Field(
        ge=1,
        le=16,
        description="predict every k-th frame; errors in between are interpolated, the flow is each frame's own",
    )


class WindowSystem(NetworkSystem):
    """A network over windows: its `error_maps(windows (N, 5, h, w, C) uint8)` gives maps (N, gh, gw) by name, and a number (N,)."""

    needs = frozenset({"frames", "differences", "flow"})
    paper_crop = (WINDOW - 1, 0)

    def every_frame(self, clip: ClipView) -> Iterable[Judged]:
        """Every frame from the end of the first window on; of a shorter clip, its last frame."""
        return fill_between(self.judged(Segment(clip, 0, len(clip)), self.params.score.every), len(clip))

    def judged(self, segment: Segment, stride: int) -> Iterator[Judged]:
        """Yield (last frame, the network's maps, its number) of a segment's windows."""
        frames, batch = segment.clip.frames, self.params.score.batch
        start, stop = segment.start, segment.stop
        for windows, ends in stream_windows(frames, WINDOW, batch, start=start, stop=stop, stride=stride):
            errors, numbers = self.model.error_maps(windows)
            for i, end in enumerate(ends):
                yield int(end), {name: error[i] for name, error in errors.items()}, float(numbers[i])

    def samplers(self, video: base.NormalVideo) -> tuple[WindowSampler, WindowSampler | None]:
        """What to train on, and what to validate on where a held-out segment is long enough."""
        long_enough = [s for s in video.held_out if s.stop - s.start >= WINDOW]
        return self._sampler(video.fit), self._sampler(long_enough) if long_enough else None

    def _sampler(self, segments: Sequence[Segment]) -> WindowSampler:
        train = self.params.train
        return WindowSampler(segments, length=WINDOW, crop=train.crop, motion_share=train.motion_share)
