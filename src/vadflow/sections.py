"""What sections of `params.yaml` are made of: frozen, no unknown keys, and plugins that check their own."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from vadflow import plugins

RESERVED = ("report", "mlflow")
"""Folders of results/ that are no dataset's."""


class Section(BaseModel):
    """One section of `params.yaml`: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class PluginSections(Section):
    """A section that names plugins and holds one sub-section for each of them, checked by the plugin's own `Params`."""

    model_config = ConfigDict(frozen=True, extra="allow", allow_inf_nan=False)

    def of(self, name: str) -> Any:
        """The sub-section of plugin `name`."""
        return (self.__pydantic_extra__ or {})[name]

    def _check(self, package: str, names: list[str], wanted: tuple[str, ...]) -> None:
        extra = self.__pydantic_extra__ or {}
        for name in names:
            module = plugins.load(package, name, ("Params", *wanted), package)
            if name not in extra:
                raise ValueError(f"expected a section {name!r} for the chosen {name!r}, found none")
            extra[name] = validated(module.Params, extra[name], name)
        for name in set(extra) - set(names):
            extra[name] = validated(plugins.load(package, name, ("Params",), package).Params, extra[name], name)


def validated(model: type[Any], value: Any, name: str) -> Any:
    """Check one plugin's sub-section; its faults say below which name they stand.

    Raises:
        ValidationError: every fault, its place beginning with `name`.
    """
    if isinstance(value, Section):
        return value
    try:
        return model.model_validate(value)
    except ValidationError as fault:
        faults = [
            InitErrorDetails(
                type=PydanticCustomError(error["type"], error["msg"]), loc=(name, *error["loc"]), input=error["input"]
            )
            for error in fault.errors()
        ]
        raise ValidationError.from_exception_data(fault.title, faults) from fault


def picked(value: Any, part: str) -> Any:
    """One step of a dotted name: a dictionary's item, a plugin's sub-section or an attribute."""
    if isinstance(value, dict):
        return value[part]
    if isinstance(value, PluginSections) and part in (value.__pydantic_extra__ or {}):
        return value.of(part)
    return getattr(value, part)


def plain(value: Any) -> Any:
    """Dictionaries, lists and numbers only."""
    if isinstance(value, BaseModel):
        own = {key: plain(getattr(value, key)) for key in type(value).model_fields}
        return own | {key: plain(item) for key, item in (value.__pydantic_extra__ or {}).items()}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def require_distinct_folders(names: Iterable[Any]) -> None:
    """A dataset's name is its folder in results/ and part of rule names, which know letters, digits and _ only."""
    seen: dict[str, Any] = {}
    for name in names:
        if name in RESERVED:
            raise ValueError(f"results/{name} is used by the workflow: choose another name than {name!r}")
        other = seen.setdefault(re.sub(r"[^0-9a-z]", "_", str(name).lower()), name)
        if other != name:
            raise ValueError(f"{other!r} and {name!r} differ in case or punctuation only: rename one")


def dataset_section(section: Any, name: str) -> Section:
    """Validate the section of dataset `name` by its adapter's own `Params`."""
    if isinstance(section, Section):
        return section
    if not isinstance(section, dict) or not isinstance(section.get("adapter"), str):
        raise ValueError(f"{name}: expected a section with the key 'adapter' (a file name in vadflow/datasets/)")
    module = plugins.load("datasets", section["adapter"], ("Params", "clips", "truth", "masks"), "datasets")
    return validated(module.Params, section, name)
