"""`mlfs3d`: multi-level feature splicing 3D network, multi-task (Li & Tong, Neurocomputing 2025, doi 10.1016/j.neucom.2025.129964).
Published frame AUC: Ped2 99.3, Avenue 88.4, ShanghaiTech 74.2 (abstract; micro or macro not stated).

Only the abstract is public. A 3D auto-encoder reconstructs short clips; features of all levels are spliced in encoder and decoder and
filtered by attention gates. It is trained on normal video at four tasks, the last two on pseudo-anomalies (recipes of the pseudo stage):

    normal     clip x                  target x               error falls
    noise      x + Gaussian noise      target x               error falls (denoising)
    skip       every s-th frame        `twin`: the consecutive frames from the same start, error falls
    reverse    x backwards             `maximise`: itself, loss -min(MSE, bound), error rises up to the bound

    loss       mean over the batch of the per-clip loss; each clip is at one task, drawn by the rates
    paper      -PSNR of the window's middle frame (the 9th of 16); the metrics do the per-clip min-max

Everything else is our choice after methods.md section 1: base auto-encoder of MemAE and STEAL-Net, UNet 3+'s full-scale splices lifted to 3D,
Attention U-Net's additive gate, STEAL-Net's and LNTRA's forms of the negative loss. The negative loss is bounded: without a bound it
gave others NaN within a minute. A pseudo-anomaly crop counts only where it moves (`tasks.motion`), because bare ground backwards is bare ground.
Deeper sources of a splice are convolved before they are interpolated (see `mlfs3d_networks.Splice`). Arithmetic is fp32 throughout.

Where the CPU profile leaves the paper profile: 8 frames a window instead of 16, width 4 instead of 32, and one forward pass scores the
`stride` frames in a window's middle instead of one.

`score` is ours: maps of the reconstruction error and of error x flow, as in `std`, through `aggregate.py`. That only error x flow
counts, and the aggregate, were chosen for all frame-level systems at once (docs/choosing.md); nothing of this system was tuned on any
clip.

Letters: N clips, L frames a window, k frames scored a window, C channels, H W px, gh gw cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import pandas as pd
from pydantic import Field, model_validator

from vadflow.clip import ClipView, Segment
from vadflow.frames.windows import WindowSampler, stream_windows
from vadflow.params import Section
from vadflow.systems import base
from vadflow.systems.aggregate import AGGREGATE_NOTE
from vadflow.systems.between import Judged
from vadflow.systems.cells import MOVING_NOTE
from vadflow.systems.network_params import NetworkScoreParams, NetworkTrainParams
from vadflow.systems.networks import NetworkSystem

if TYPE_CHECKING:
    from vadflow.systems.mlfs3d_model import Reconstructor
    from vadflow.systems.mlfs3d_tasks import TaskSampler

_SOURCE = "Li & Tong 2025, abstract"


class NetworkParams(Section):
    """Sizes and parts; the paper profile is 16 frames and width 32 with everything on."""

    window: int = Field(ge=8, le=64, multiple_of=8, description="frames a clip")
    width: int = Field(ge=1, le=64, description="the four stages have 3, 4, 8 and 8 times as many channels")
    splice_encoder: bool = Field(description="stages 3 and 4 also see all earlier ones")
    splice_decoder: bool = Field(
        description="each decoder level sees encoder levels and deeper ones; false: bottleneck only"
    )
    gates: bool = Field(description="attention gates on what the decoder splices")


class TaskParams(Section):
    """Share of the clips at each task (the rest is normal), and the form of the negative ones."""

    noise: float = Field(ge=0, le=1, description="probability of a noisy clip; 0 leaves the task out")
    skip: float = Field(ge=0, le=1, description="probability of a clip with skipped frames; 0 leaves the task out")
    reverse: float = Field(ge=0, le=1, description="probability of a reversed clip; 0 leaves the task out")
    negative: Literal["twin", "maximise"] = Field(description="draw the normal twin, or raise the own error")
    bound: float = Field(gt=0, le=4, description="largest squared error, [-1, 1] scale, that raising it pays for")
    motion: float = Field(ge=0, le=1, description="a pixel of the crop must change by more than this between frames")

    @model_validator(mode="after")
    def _mass(self) -> TaskParams:
        if self.noise + self.skip + self.reverse > 1:
            raise ValueError("expected noise + skip + reverse <= 1")
        return self


class TrainParams(NetworkTrainParams):
    """Schedule; the paper profile is 60 epochs of 4 whole clips at 1e-4."""

    steps: int = Field(ge=1, description="training steps")


class ScoreParams(NetworkScoreParams):
    """Our score: shares of the maps, each in units of its usual error, and the aggregate."""

    reconstruction: float = Field(ge=0, description="share of the reconstruction error")
    moving: float = Field(ge=0, description="share of reconstruction error x flow (`flow_share`)")
    stride: int = Field(ge=1, le=64, description="frames between two windows, and frames scored in each one's middle")


class Params(Section):
    """`systems.mlfs3d`."""

    network: NetworkParams
    tasks: TaskParams
    train: TrainParams
    score: ScoreParams

    @model_validator(mode="after")
    def _middle(self) -> Params:
        if self.score.stride > self.network.window:
            raise ValueError("expected score.stride <= network.window")
        return self


class System(NetworkSystem):
    """A 3D auto-encoder that shall draw normal clips well and fast or backward ones badly."""

    needs = frozenset({"frames", "differences", "flow", "pseudo"})
    paper_crop = (8, 7)
    shares = ("reconstruction", "moving")
    moves = "reconstruction"
    paper = {  # noqa: RUF012  # ClassVar in the base
        "ped2": base.PaperClaim(0.993, "unstated", _SOURCE),
        "avenue": base.PaperClaim(0.884, "unstated", _SOURCE),
        "shanghaitech": base.PaperClaim(0.742, "unstated", _SOURCE),
    }

    notes = (MOVING_NOTE, AGGREGATE_NOTE)

    def build(self) -> Reconstructor:
        """The 3D auto-encoder."""
        from vadflow.systems.mlfs3d_model import Reconstructor as Network

        return Network(self.params, self.frame_shape[2]).eval()

    def fit(self, video: base.NormalVideo, loop: base.Loop) -> None:
        """Train at the four tasks; then learn the usual error at each place."""
        from vadflow.systems.mlfs3d_training import train

        long_enough = [s for s in video.held_out if s.stop - s.start >= self.params.network.window]
        held_out = self._sampler(long_enough, video.pseudo) if long_enough else None
        train(self.model, self._sampler(video.fit, video.pseudo), held_out, loop)
        stride = self.params.score.normal_stride
        self.aggregator.fit(maps for segment in video.fit for _, maps, _ in self.maps(segment, stride))

    def every_frame(self, clip: ClipView) -> Iterable[Judged]:
        """The frames in the middle of every window; of a shorter clip, what it has of them."""
        return self.judged(Segment(clip, 0, len(clip)), self.params.score.stride)

    def published(self, number: float, means: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """-PSNR (dB); PSNR as a term."""
        return -number, {"psnr": number}

    def judged(self, segment: Segment, stride: int) -> Iterator[Judged]:
        """Yield (frame, the network's error map, PSNR in dB) of the same frames."""
        clip, length, count = segment.clip, self.params.network.window, self.params.score.stride
        first, batch, done = (length - count + 1) // 2, self.params.score.batch, segment.start - 1
        start, stop = segment.start, segment.stop
        for windows, ends in stream_windows(clip.frames, length, batch, start=start, stop=stop, stride=stride):
            maps, psnr = self.model.error_maps(windows, first, count)
            for i, end in enumerate(ends):
                head = max(int(end) - length + 1, start) + first
                for j in range(count):
                    frame = min(head + j, stop - 1)
                    if frame > done:
                        done = frame
                        yield frame, {"reconstruction": maps[i, j]}, float(psnr[i, j])

    def _sampler(self, segments: Sequence[Segment], recipes: pd.DataFrame | None) -> TaskSampler:
        from vadflow.pseudo.recipes import COLUMNS
        from vadflow.systems.mlfs3d_tasks import TaskSampler

        train, length = self.params.train, self.params.network.window
        windows = WindowSampler(segments, length=length, crop=train.crop, motion_share=train.motion_share)
        return TaskSampler(
            windows, pd.DataFrame(columns=list(COLUMNS)) if recipes is None else recipes, self.params.tasks
        )
