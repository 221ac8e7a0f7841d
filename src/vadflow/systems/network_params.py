"""What the training sections of all frame-level networks share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vadflow.params import Section


class NetworkTrainParams(Section):
    """Drawing of crops, learning rate and moving average; a system adds its schedule and its losses."""

    batch: int = Field(ge=1, le=1024, description="windows a step")
    crop: int = Field(ge=0, le=1024, multiple_of=16, description="side of the training crops, px; 0: whole frames")
    motion_share: float = Field(ge=0, le=1, description="fraction of the crops drawn where there is motion")
    learning_rate: float = Field(gt=0, le=1, description="Adam, the network")
    decay: Literal["constant", "cosine"] = Field(description="of every learning rate, one curve over all phases")
    average: float = Field(ge=0, lt=1, description="decay of the weights' moving average over a phase; 0 is off")
