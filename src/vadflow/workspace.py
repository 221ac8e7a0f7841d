"""A workspace is any folder with a params.yaml; this makes one from an example."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

from vadflow import params
from vadflow.errors import VadflowError
from vadflow.io import write_text
from vadflow.objects.weights import beside

EXAMPLES = Path(__file__).parents[2] / "examples"

_OPTIONAL = frozenset({"IMAGENET"})
"""Places that may stay empty."""


def create(folder: Path, example: str, values: Mapping[str, str]) -> Path:
    """Write `<folder>/params.yaml` from `examples/<example>/params.yaml`, its `{NAME}` places filled in.

    Args:
        folder: the workspace; made where it is missing.
        example: a folder in examples/.
        values: by place name; a value that is an existing file or folder is made absolute, because Snakemake runs in the workspace.
            Without IMAGENET it is a teacher beside WEIGHTS, or none.

    Returns:
        the path of the params.yaml; it is not touched when nothing changes, so that nothing reruns.

    Raises:
        VadflowError: no such example, a place without a value, or parameters that do not hold.
    """
    template = EXAMPLES / example / "params.yaml"
    if not template.is_file():
        known = ", ".join(sorted(path.parent.name for path in EXAMPLES.glob("*/params.yaml")))
        raise VadflowError(f"no example {example!r}, there are: {known}", where=str(EXAMPLES))
    text = template.read_text(encoding="utf-8")
    values = {**values, "IMAGENET": values.get("IMAGENET") or str(beside(values.get("WEIGHTS"), "*imagenet*") or "")}
    for name in sorted(set(re.findall(r"\{([A-Z0-9]+)\}", text))):
        if not values.get(name) and name not in _OPTIONAL:
            raise VadflowError(
                f"expected {name}=<value>, found none",
                where=f"example {example}",
                fix=f"For example: vadflow workspace {folder} --example {example} {name}=/path/to/it",
            )
        quoted = json.dumps(_absolute(values[name]), ensure_ascii=False)[1:-1]  # the places stand in double quotes
        text = text.replace(f"{{{name}}}", quoted)
    path = folder / "params.yaml"
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        write_text(path, text)
    params.load(path)
    return path


def _absolute(value: str) -> str:
    path = Path(value).expanduser()
    return str(path.resolve()) if value and (path.exists() or "/" in value) else value
