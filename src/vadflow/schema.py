"""The JSON schema of `params.yaml`, generated from the pydantic classes; a test keeps `workflow/schemas/params.schema.json` in step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vadflow import plugins
from vadflow.errors import VadflowError
from vadflow.io import write_text
from vadflow.params import Params

FILE = Path(__file__).parents[2] / "workflow" / "schemas" / "params.schema.json"

PLUGIN_SECTIONS = {"datasets": "datasets", "objects": "objects", "pseudo": "pseudo", "systems": "systems"}


def write() -> Path:
    """Write the file; the same code gives the same bytes."""
    write_text(FILE, text())
    return FILE


def require_in_step() -> None:
    """Hold the file against the code.

    Raises:
        VadflowError: it is missing or differs.
    """
    if not FILE.is_file() or FILE.read_text(encoding="utf-8") != text():
        raise VadflowError("not in step with the code", where=str(FILE), fix="Run: vadflow schema")


def text() -> str:
    """The file's content."""
    return json.dumps(schema(), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


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
