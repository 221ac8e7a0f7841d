"""The JSON schema of `params.yaml`, generated from the pydantic classes; a test keeps `workflow/schemas/params.schema.json` in step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vadflow import plugins
from vadflow.params import Params

PLUGIN_SECTIONS = {"datasets": "datasets", "objects": "objects", "pseudo": "pseudo", "systems": "systems"}


def schema() -> dict[str, Any]:
    """The whole schema: the common sections, and under `plugins` what every dataset, detector, pseudo-anomaly and system file describes."""
    found = Params.model_json_schema()
    found["title"] = "params.yaml of vadflow"
    found["plugins"] = {package: _described(package) for package in PLUGIN_SECTIONS}
    return found


def plugin_names(package: str) -> list[str]:
    """File names in a plugin package that describe a section of their own."""
    folder = Path(__file__).parent / package
    names = sorted(path.stem for path in folder.glob("[a-z]*.py"))
    return [name for name in names if hasattr(plugins.load(package, name, (), package), "Params")]


def _described(package: str) -> dict[str, Any]:
    return {
        name: plugins.load(package, name, ("Params",), package).Params.model_json_schema()
        for name in plugin_names(package)
    }
