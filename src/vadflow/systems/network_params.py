"""What the sections of all frame-level networks share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vadflow.params import Section
from vadflow.systems.aggregate import AggregateParams


class NetworkTrainParams(Section):
    """Drawing of crops, learning rate and moving average; a system adds its schedule and its losses."""

    batch: int = Field(ge=1, le=1024, description="windows a step")
    crop: int = Field(ge=0, le=1024, multiple_of=16, description="side of the training crops, px; 0: whole frames")
    motion_share: float = Field(ge=0, le=1, description="fraction of the crops drawn where there is motion")
    learning_rate: float = Field(gt=0, le=1, description="Adam, the network")
    decay: Literal["constant", "cosine"] = Field(description="of every learning rate, one curve over all phases")
    average: float = Field(ge=0, lt=1, description="decay of the weights' moving average over a phase; 0 is off")


class NetworkScoreParams(Section):
    """Our score; a system adds the share of each of its maps, in units of the map's usual error."""

    flow_share: float = Field(
        ge=0, le=1, description="s of `moving`, error^(1 - s) x flow energy^s: 0 is the error alone, 1 the flow alone"
    )
    normal_stride: int = Field(ge=1, le=100, description="frames between the normal windows that set the usual error")
    batch: int = Field(ge=1, le=256, description="windows scored at a time")
    aggregate: AggregateParams
