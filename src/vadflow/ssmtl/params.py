"""`systems.ssmtl` of params.yaml."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from vadflow.objects.tubes import TubeShape, View
from vadflow.params import Section

Task = Literal["arrow", "irregular", "middle", "classes", "knowledge", "jigsaw", "inpaint"]


class TubeParams(Section):
    """How objects are cut out."""

    side: Literal[32, 64] = Field(description="side of the networks' input, px; the paper's is 64")
    tight: float = Field(ge=0, le=1, description="share of the box's side added on each side for appearance")
    wide: float = Field(ge=0, le=1, description="the same for the arrow of time")
    square: float | None = Field(
        ge=0,
        le=1,
        description="the same for motion irregularity, of a square around the longer side: proportions and so speeds stay; "
        "null: it sees what the arrow of time sees",
    )
    least_px: float = Field(ge=1, le=100, description="smaller sides of a box are enlarged to this, source px")
    still: float = Field(
        ge=0, le=1, description="mean change from the first to the last frame below which a tube is still, on [0, 1]"
    )
    stored: int = Field(ge=1, description="training tubes kept in memory over all clips; 25 frames each")
    held_out: int = Field(ge=1, description="the same of held-out clips, for accuracies and pseudo-anomalies")


class NetworkParams(Section):
    """The students; the paper's one is 3d, deep, width 32, one stream."""

    trunk: Literal["2d", "3d"] = Field(description="2d: time as channels; 3d: the paper's")
    depth: Literal["deep", "shallow"] = Field(description="two convolutions a block, or one")
    width: int = Field(ge=4, le=256, description="channels of the first block; the two others have twice as many")
    students: int = Field(
        ge=1, le=8, description="trained apart, each on its own batches of the same tubes; their mean judges"
    )
    streams: Literal["one", "two", "three"] = Field(
        description="one trunk for all tasks; one for motion and one for appearance; or one for motion, one for the six frames around the "
        "middle one, one for the middle one alone"
    )


class LossParams(Section):
    """Weight of each task's loss."""

    arrow: float = Field(ge=0, description="cross-entropy")
    irregular: float = Field(ge=0, description="cross-entropy")
    middle: float = Field(ge=0, description="mean absolute error")
    classes: float = Field(ge=0, description="absolute error summed over classes; the paper's lambda")
    knowledge: float = Field(ge=0, description="mean squared error; features of spread 1")
    jigsaw: float = Field(ge=0, description="cross-entropy over the shuffles")
    inpaint: float = Field(ge=0, description="mean squared error in the hole")


class TrainParams(Section):
    """Schedule."""

    steps: int = Field(ge=1, description="steps of Adam")
    batch: int = Field(ge=2, le=4096, description="tubes a step")
    learning_rate: float = Field(gt=0, le=1, description="at the start; falls to 0 along a cosine")
    weights: LossParams
    average: float = Field(ge=0, lt=1, description="decay of the weights' moving average; 0 is off")


class ScoreParams(Section):
    """From task values to regions and frame scores."""

    calibration: Literal["z", "tail"] = Field(description="how tasks come to one scale, on held-out normal objects")
    truncate: float = Field(
        ge=0, le=10, description="evidence of a task up to this is none; spreads above the mean (z), or -log10 (tail)"
    )
    choose: bool = Field(description="choose task weights on pseudo-anomalies; false: equal weights")
    every: int = Field(ge=1, le=30, description="score every so many-th frame; those between take the nearest")
    ask_every: int = Field(
        ge=1,
        le=30,
        description="ask the ImageNet teacher in every so many-th judged frame; its tracklet fills the others",
    )
    link_iou: float = Field(gt=0, lt=1, description="least overlap of an object with itself one frame later")
    link_gap: int = Field(ge=1, le=100, description="frames an object may be unseen within a tracklet")
    smooth_frames: float = Field(ge=0, le=100, description="width of the smoother along tracklets, frames; 0 is off")
    presence: bool = Field(
        description="frames of the smoother's window in which the object was not seen count as frames without evidence"
    )
    batch: int = Field(ge=1, le=4096, description="objects judged at a time")
    regions: int = Field(ge=1, le=200, description="most regions a frame")
    region_surprise: float = Field(
        ge=0, le=10, description="regions below it are not written; 1 = one normal object in ten"
    )
    region_overlap: float = Field(
        gt=0, le=1, description="of two regions that overlap by more (IoU) the stronger one is written; 1 = both"
    )
    map_cell: int = Field(ge=1, le=64, description="side of a cell of the anomaly map, source px")


class Params(Section):
    """`systems.ssmtl`."""

    tasks: list[Task] = Field(
        min_length=1, description="what every student learns; the paper's are arrow, irregular, middle, classes"
    )
    imagenet: str | None = Field(
        description="path to the ImageNet teacher of `knowledge` (see `objects/imagenet.py`); null or empty: that task is left out"
    )
    windows: int = Field(
        ge=0,
        le=20,
        description="fastest person-sized windows of a frame that are judged beside the detector's boxes; 0: none",
    )
    tubes: TubeParams
    network: NetworkParams
    train: TrainParams
    score: ScoreParams

    @property
    def learned(self) -> tuple[str, ...]:
        """The tasks, without `knowledge` where there is no teacher."""
        return tuple(task for task in self.tasks if task != "knowledge" or self.imagenet)

    @model_validator(mode="after")
    def _some(self) -> Params:
        if not self.learned:
            raise ValueError("expected a path in `imagenet`, or another task than knowledge")
        return self

    @property
    def views(self) -> dict[str, View]:
        """What is cut out: always `tight`, and what the learned tasks need beside it."""
        tubes, needed = self.tubes, {"tight", *map(self.view_of, self.learned)}
        known = {"tight": View(tubes.tight), "wide": View(tubes.wide), "square": View(tubes.square or 0.0, square=True)}
        return {name: view for name, view in known.items() if name in needed}

    def view_of(self, task: str) -> str:
        """The view a task sees."""
        if task == "irregular" and self.tubes.square is not None:
            return "square"
        return "wide" if task in ("arrow", "irregular") else "tight"

    @property
    def shape(self) -> TubeShape:
        """Of every tube."""
        return TubeShape(self.tubes.side, tuple(self.views.values()), self.tubes.least_px)
