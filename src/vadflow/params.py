"""Every number of `params.yaml` described: type, unit, range, meaning. No defaults: the number itself stands only in `params.yaml`.

A dataset, detector, pseudo-anomaly or system describes its own section in its own file (a class `Params(Section)`); this module finds it by name,
so that adding one is adding one file.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """One section of `params.yaml`: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
