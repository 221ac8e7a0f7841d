"""Every number of `params.yaml` described: type, unit, range, meaning. No defaults: the number itself stands only in `params.yaml`.

A dataset, detector, pseudo-anomaly or system describes its own section in its own file (a class `Params(Section)`); this module
finds it by name, so that adding one is adding one file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidationInfo, field_validator, model_validator

from vadflow.params_file import checked, load_section, parse, read_yaml  # noqa: F401  # two of them for who reads sections
from vadflow.sections import PluginSections, Section, dataset_section, picked, plain, require_distinct_folders
from vadflow.types import Name

Seed = Annotated[int, Field(ge=0, lt=2**31)]


class FramesParams(Section):
    """Decoding and packing."""

    height: int = Field(ge=16, le=1080, multiple_of=8, description="working height of the systems, px")
    width: int = Field(ge=16, le=1920, multiple_of=8, description="working width of the systems, px")
    colour: Literal["gray", "rgb"] = Field(description="gray packs one channel, rgb three")
    on_damage: Literal["stop", "keep"] = Field(
        description="stop at a short or damaged clip, or keep the frames that decode"
    )
    max_frames: int = Field(ge=1, description="refuse clips with more frames than this")
    max_side: int = Field(ge=16, le=16384, description="refuse sources larger than this, px")
    max_seconds: float = Field(gt=0, description="refuse clips longer than this, s")

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 1 if self.colour == "gray" else 3


class DifferencesParams(Section):
    """Frame differences and optical flow."""

    cell: int = Field(ge=1, le=64, description="side of the cells differences are averaged over, working px")
    flow_preset: Literal["ultrafast", "fast", "medium"] = Field(
        description="DIS optical flow preset; medium is the one that pays"
    )
    flow_max_side: int = Field(
        ge=64, le=4096, description="longer source sides are scaled down to this before flow, px"
    )
    flow_person_px: float | None = Field(
        ge=16,
        le=1024,
        description="frames are scaled down before flow until the smallest people of normal video (their 5 % quantile) are this tall; "
        "null: by flow_max_side alone",
    )
    flow_cell: int = Field(ge=1, le=64, description="side of the cells flow is averaged over, px of the flow image")


class TrainingParams(Section):
    """What all trained systems share."""

    seeds: list[Seed] = Field(
        min_length=1, description="one training run per seed; the table shows their mean and spread"
    )
    held_out: float = Field(
        gt=0, lt=0.9, description="fraction of the normal clips kept for validation and calibration"
    )
    checkpoint_s: float = Field(
        gt=0, description="seconds between checkpoints; changes no result, so an edit reruns nothing"
    )
    snapshots: int = Field(
        ge=0,
        le=20,
        description="weights kept from along the way and scored apart, for the sin 'best checkpoint on test'; 0 = off",
    )

    @field_validator("seeds")
    @classmethod
    def _distinct(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) != len(seeds):
            raise ValueError("seeds must differ from each other")
        return seeds


class ScoringParams(Section):
    """The one smoother of the protocol, and what an alarm is."""

    smoother: Literal["gaussian", "causal", "none"] = Field(
        description="fixed before any test label was seen; the same for every system"
    )
    sigma_s: float = Field(ge=0, le=100, description="width of the smoother, s: the same time on every camera")
    false_alarms_per_hour: float = Field(gt=0, description="what the threshold, set on held-out normal video, may cost")
    merge_gap_s: float = Field(ge=0, description="alarms closer than this are one event, s")
    min_event_s: float = Field(ge=0, description="shorter alarms are dropped, s")


class FusionParams(Section):
    """The row `fusion`: the plain mean of the signed logarithms of some systems' calibrated scores. Nothing in it is fitted."""

    systems: list[Name] = Field(description="its members, from systems.names; empty = no such row")


class ExternalSystem(Section):
    """Scores that other people's code made: `external_scores/<name>/<clip>.parquet` (docs/score-bank.md)."""

    dataset: Name = Field(description="whose test clips were scored")
    note: str = Field(min_length=1, description="where the scores come from; stands in the table")


class MetricsParams(Section):
    """The table."""

    bootstrap: int = Field(ge=10, le=100_000, description="resamples of the clips for the 95 % interval")
    seed: Seed = Field(description="seed of the resampling")
    tuned_sigmas: list[float] = Field(
        description="widths, frames, that the sin 'smoothing tuned on test' may pick from"
    )


class ReportParams(Section):
    """The page a person looks at."""

    thumbnails: int = Field(ge=0, le=500, description="most pictures per dataset: bounds the size of the page")
    thumbnail_width: int = Field(ge=80, le=640, description="px")
    points: int = Field(ge=60, le=2000, description="most points of a curve")
    worst_clips: int = Field(ge=0, le=50, description="clips shown with frames, per dataset")
    blur_people: bool = Field(description="blur every detected person in the pictures")


class TrackingParams(Section):
    """MLflow, which is a view: everything in it is also a file."""

    enabled: bool = Field(description="log to results/mlflow/mlflow.db")
    experiment: Name = Field(description="experiment name")


class ObjectsParams(PluginSections):
    """Which detector; its own section stands below its name."""

    detector: str = Field(description="file name in vadflow/objects/")

    @model_validator(mode="after")
    def _plugin(self) -> ObjectsParams:
        self._check("objects", [self.detector], ("Detector",))
        return self


class PseudoParams(PluginSections):
    """Pseudo-anomalies of the training clips; one section per kind."""

    kinds: list[str] = Field(description="file names in vadflow/pseudo/")
    per_clip: int = Field(ge=0, description="recipes per training clip and kind")
    window: int = Field(ge=2, le=64, description="frames in a replayed clip")
    motion: float = Field(
        ge=0, le=1, description="a start is taken only where the largest cell difference of its window exceeds this"
    )
    seed: Seed = Field(description="seed of the recipes")

    @model_validator(mode="after")
    def _plugins(self) -> PseudoParams:
        self._check("pseudo", self.kinds, ("draw", "replay"))
        return self


class SystemsParams(PluginSections):
    """Which systems run, in table order; one section per system."""

    names: list[Name] = Field(min_length=1, description="file names in vadflow/systems/")

    @model_validator(mode="after")
    def _plugins(self) -> SystemsParams:
        self._check("systems", self.names, ("System",))
        return self


class Params(Section):
    """The whole of `params.yaml`."""

    datasets: dict[Name, SerializeAsAny[Section]] = Field(
        min_length=1, description="by name; `adapter` is the file in vadflow/datasets/"
    )
    frames: FramesParams
    differences: DifferencesParams
    objects: ObjectsParams
    pseudo: PseudoParams
    training: TrainingParams
    systems: SystemsParams
    fusion: FusionParams
    external: dict[Name, ExternalSystem] = Field(description="rows of the table whose scores were made elsewhere")
    scoring: ScoringParams
    metrics: MetricsParams
    report: ReportParams
    tracking: TrackingParams

    @field_validator("datasets", mode="before")
    @classmethod
    def _adapters(cls, value: Any, info: ValidationInfo) -> Any:
        if not isinstance(value, dict):
            raise ValueError("expected one section per dataset")
        require_distinct_folders(value)
        return {name: dataset_section(section, name) for name, section in value.items()}

    @model_validator(mode="after")
    def _rows(self) -> Params:
        """Every row of the table has a name of its own, and every row that is made from others names them rightly."""
        names = self.systems.names
        if strangers := [name for name in self.fusion.systems if name not in names]:
            raise ValueError(f"fusion.systems: {', '.join(strangers)} must be among systems.names ({', '.join(names)})")
        if len(set(self.fusion.systems)) != len(self.fusion.systems):
            raise ValueError("fusion.systems: members must differ from each other")
        if taken := [name for name in self.external if name in (*names, "fusion")]:
            raise ValueError(f"external: the name {taken[0]!r} is taken by a system of our own")
        for name, made in self.external.items():
            if made.dataset not in self.datasets:
                raise ValueError(f"external.{name}.dataset: {made.dataset!r} must be among {', '.join(self.datasets)}")
        return self

    def section(self, *names: str) -> str:
        """Sections as one JSON string with sorted keys: what a rule gets as its `params`, so that another section's edit reruns nothing.

        A dotted name picks inside a section: `systems.std`.
        """
        values = {}
        for name in names:
            value: Any = self
            for part in name.split("."):
                value = picked(value, part)
            values[name] = plain(value)
        return json.dumps(values, sort_keys=True)

    def digest(self, *names: str, beside: Sequence[Any] = ()) -> str:
        """Hash of some sections, named as for `section`; of every one that can change the table (pages cannot) when none is named.

        Args:
            names: of sections.
            beside: what else decides the result, as plain values; nothing leaves the hash as it is.
        """
        every = [name for name in type(self).model_fields if name not in ("report", "tracking")]
        text = self.section(*(names or every)) + (json.dumps(beside) if beside else "")
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def load(path: str | Path = "params.yaml") -> Params:
    """Read and check `params.yaml`.

    Raises:
        VadflowError: missing, not YAML, an unknown key, or a value out of its range; names the key, the value and what is allowed.
    """
    return checked(Params, read_yaml(path), path)
