"""How `params.yaml` and its sections are read, and how a fault in them is told: one line with the key, the value and what is allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from vadflow.errors import VadflowError


def load_section(model: type[Any], name: str, path: str | Path = "params.yaml") -> Any:
    """Read and check one section alone, without importing a single system for it.

    Raises:
        VadflowError: as `params.load`, or the section is missing.
    """
    raw = read_yaml(path)
    return checked(model, raw.get(name) if isinstance(raw, dict) else None, path)


def read_yaml(path: str | Path) -> Any:
    """What the file says, unchecked.

    Raises:
        VadflowError: missing, or not YAML.
    """
    path = Path(path)
    if not path.is_file():
        raise VadflowError(
            "no such file", where=str(path), fix="A workspace is a folder with a params.yaml; copy one from examples/."
        )
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as fault:
        raise VadflowError(f"not valid YAML: {fault}", where=str(path), fix="Mind the indentation.") from fault


def checked(model: type[Any], raw: Any, path: str | Path) -> Any:
    """Validate what was read.

    Raises:
        VadflowError: an unknown key, or a value out of its range; names the key, the value and what is allowed.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as fault:
        raise VadflowError(
            _explain(fault), where=str(path), fix="See the descriptions in workflow/schemas/params.schema.json."
        ) from fault


def parse(model: type[Any], text: str, name: str) -> Any:
    """Read section `name` back from a rule's JSON string."""
    return model.model_validate(json.loads(text)[name])


def _explain(fault: ValidationError) -> str:
    lines = []
    for error in fault.errors()[:3]:
        key = "".join(f"{part}." for part in error["loc"])[:-1]
        message = error["msg"].removeprefix("Value error, ")
        if error["type"] == "extra_forbidden":
            message = "unknown key"
        whole = error["type"] == "value_error" and isinstance(
            error["input"], dict
        )  # of several keys, which the message names
        shown = "" if whole or error["type"] == "missing" else f", got {str(error['input'])[:60]!r}"
        lines.append(f"{key}: {message}{shown}".removeprefix(": "))
    more = len(fault.errors()) - len(lines)
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")
