"""`msnnet`: multi-scale normality network (Liu, Li, Zhu, Yang, Liu, Song, ICASSP 2023, doi 10.1109/ICASSP49357.2023.10097052).

Only the abstract and facts from the authors' later survey are public: a future-frame predictor whose decoder sees features rewritten
by three memory pools, one a scale, that are read (Top-k attention) and written during training, with information-theoretic losses
on the items. The paper's AUC is in no source we could reach, so `paper` is empty; MNAD, its nearest relative with public numbers,
claims 97.0 on Ped2 (others rerun its code at 89 to 94). All sizes and forms below are our choices after methods.md section 2.

A window is five frames x_0 .. x_4; the network predicts x_4 from the first four. At the grids of 1/2, 1/4 and 1/8 of the frame:

    query      q = unit vector of the features of one place; items p_1 .. p_m are unit vectors
    read       s_i = <q, p_i>; w = softmax(s / temperature) over the k largest; r = sum w_i p_i; the decoder sees r, or q and r
    write      p_i <- L2norm(p_i + sum over the queries nearest to i of v q), v = softmax over queries of s_i / its maximum
    loss       |prediction - x_4|^2 + compactness + separateness + E_q[H(w)] - H(E_q[w])           (sums over the three pools)
    paper      0.6 (-PSNR) / range + 0.4 (distance to the nearest item) / range

Where we leave the text, and why. Items that too few queries choose are seeded anew from queries: with top-1 writes, random starts die.
`stem: space_to_depth` replaces the full-resolution level, the dearest one, which has no skip anyway. `draws: difference` lets the
network draw the change from x_3 to x_4 instead of the whole frame, and `difference_gain` shows it x_3 and the changes before that
instead of four frames, a change of basis that loses nothing: shown the frames, a short training on a CPU learned to repeat the last
one and no motion. The paper profile has `convolution`, `frame` and 0, and reads r alone at 1/2 and 1/4 (docs/networks.md). The
published score normalises PSNR and distance with the extremes of each test clip before adding them; a stream cannot, so here each is
divided by its mean range over normal training clips, and the per-clip normalisation of the sum comes from the metrics, as for every
system.

`score` is ours: maps of the prediction error, of error x flow as in `std`, and of the memory distance through `aggregate.py`. That
only error x flow counts, and the aggregate, were chosen for all frame-level systems at once (docs/choosing.md). `draws`,
`difference_gain` and `reads` of the CPU profile were chosen by the prediction loss on held-out normal clips of Ped2
(docs/networks.md).

Letters: N windows, C channels, H W px, gh gw cells.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np
from pydantic import Field

from vadflow.clip import Segment
from vadflow.params import Section
from vadflow.systems import base
from vadflow.systems.aggregate import AGGREGATE_NOTE
from vadflow.systems.between import BETWEEN_NOTE
from vadflow.systems.cells import MOVING_NOTE
from vadflow.systems.network_params import NetworkTrainParams
from vadflow.systems.windows import WindowScoreParams, WindowSystem

if TYPE_CHECKING:
    from vadflow.systems.msnnet_model import Predictor

ReadMode = Literal["plain", "items", "both"]


class ReadParams(Section):
    """What the decoder sees of each level: `plain` features (no pool), `items` read, or `both` query and items."""

    half: ReadMode = Field(description="level at 1/2 of the frame")
    quarter: ReadMode = Field(description="level at 1/4 of the frame")
    eighth: ReadMode = Field(description="level at 1/8 of the frame, the bottleneck")


class NetworkParams(Section):
    """Sizes; the paper profile is width 64, stem convolution, draws frame, 10 items, top 3."""

    width: int = Field(ge=1, le=128, description="channels at full resolution; the three levels have 2, 4 and 8 times")
    stem: Literal["convolution", "space_to_depth"] = Field(
        description="how full resolution is left; the second is fast"
    )
    draws: Literal["frame", "difference"] = Field(description="the frame itself, or its change from the frame before")
    difference_gain: float = Field(
        ge=0, le=100, description="the network sees the last frame and differences x this; 0: the frames as they are"
    )
    memory: bool = Field(description="false is the no-memory control: every level is read `plain`")
    reads: ReadParams
    items: int = Field(ge=1, le=10_000, description="m, items a pool")
    top: int = Field(ge=1, le=10_000, description="k, items that one place reads; at least m reads all")
    temperature: float = Field(gt=0, le=10, description="of the addressing softmax; 1 is nearly flat for unit vectors")


class TrainParams(NetworkTrainParams):
    """Schedule and loss weights; the paper profile is 60 epochs of 4 whole frames at 2e-4."""

    steps: int = Field(ge=1, description="training steps")
    crop: int = Field(ge=0, le=1024, multiple_of=8, description="side of the training crops, px; 0: whole frames")
    gradient_weight: float = Field(ge=0, description="of the gradient loss; 0 is off")
    compact: float = Field(ge=0, description="weight of compactness")
    separate: float = Field(ge=0, description="weight of separateness")
    information: float = Field(ge=0, description="weight of the information loss")
    revive_every: int = Field(ge=1, description="steps between two looks for dead items")
    dead_share: float = Field(
        ge=0, le=1, description="an item below this part of an equal share of uses is dead; 0: never"
    )
    precision: Literal["fp32", "bf16"] = Field(description="bf16 pays only where the machine has bf16 units")


class ScoreParams(WindowScoreParams):
    """Shares of the three maps in our score, and the published one."""

    prediction: float = Field(ge=0, description="share of the prediction error")
    moving: float = Field(ge=0, description="share of prediction error x flow (`flow_share`)")
    distance: float = Field(ge=0, description="share of the distance to the nearest item")
    paper_psnr: float = Field(ge=0, le=1, description="share of PSNR in the published score; the rest is distance")


class Params(Section):
    """`systems.msnnet`."""

    network: NetworkParams
    train: TrainParams
    score: ScoreParams


class System(WindowSystem):
    """A U-Net that predicts the next frame through three memory pools."""

    shares = ("prediction", "moving", "distance")
    moves = "prediction"
    notes = (
        MOVING_NOTE,
        AGGREGATE_NOTE,
        BETWEEN_NOTE,
    )

    def __init__(self, params: Params, frame_shape: tuple[int, int, int]) -> None:
        """Build with random weights from torch's global generator."""
        super().__init__(params, frame_shape)
        self.ranges = np.ones(2, np.float32)
        """Mean range over normal clips of PSNR (dB) and of memory distance: the units of the published score."""

    def build(self) -> Predictor:
        """The U-Net."""
        from vadflow.systems.msnnet_model import Predictor as Network

        return Network(self.params, self.frame_shape[2]).eval()

    def fit(self, video: base.NormalVideo, loop: base.Loop) -> None:
        """Train; then learn the usual error at each place and the units of the published score."""
        from vadflow.systems.msnnet_training import train

        train(self.model, *self.samplers(video), loop)
        parts: list[np.ndarray] = []
        self.aggregator.fit(maps for segment in video.fit for maps in self._normal(segment, parts))
        spans = np.array([np.ptp(part, axis=0) for part in parts if len(part) > 1], np.float32)  # (clips, 2)
        self.ranges = np.where(spans.mean(0) > 0, spans.mean(0), 1).astype(np.float32) if len(spans) else self.ranges

    def _normal(self, segment: Segment, parts: list[np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
        """Yield a normal segment's maps; leave its (windows, 2) PSNR and distances in `parts`."""
        seen = []
        for _, maps, psnr in self.maps(segment, self.params.score.normal_stride):
            seen.append((psnr, float(maps["distance"].mean())))
            yield maps
        parts.append(np.array(seen).reshape(-1, 2))

    def published(self, number: float, means: Mapping[str, float]) -> tuple[float, dict[str, float]]:
        """Weighted sum of -PSNR (dB) and memory distance, each over its mean range; PSNR as a term."""
        share = self.params.score.paper_psnr
        score = share * -number / self.ranges[0] + (1 - share) * means["distance_mean"] / self.ranges[1]
        return float(score), {"psnr": number}

    def state(self) -> dict[str, np.ndarray]:
        """Weights and items, the usual errors, the units of the published score."""
        return super().state() | {"ranges": self.ranges}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave."""
        super().load(state)
        self.ranges = np.array(state["ranges"], np.float32)
