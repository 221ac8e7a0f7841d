"""The source files behind a script, read from its imports, so that an edited module reruns what it made."""

from __future__ import annotations

import ast
import os
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent


def code(*modules: str, root: str | Path = PACKAGE, relative_to: str | Path | None = None) -> list[str]:
    """The package's source files behind some modules: themselves and everything they import, transitively.

    Snakemake does not see what a script imports; without this list an edited module leaves a stale model recorded under new code.
    The list is read from the imports themselves, so it cannot be short; what is loaded by name (a system, a dataset) is named here.

    Args:
        modules: dotted names below `vadflow` ("systems.std"), or paths of scripts.
        root: the package folder.
        relative_to: make paths relative to this folder (default: the current one), so that a clone elsewhere has the same list.
    """
    seen: dict[Path, None] = {}
    waiting = [Path(name) if name.endswith(".py") else _file(name, Path(root)) for name in modules]
    while waiting:
        path = waiting.pop()
        if path is None or path in seen:
            continue
        seen[path] = None
        waiting.extend(_imports(path, Path(root)))
    base = Path(relative_to or Path.cwd())
    return sorted(os.path.relpath(path, base) for path in seen if path.is_relative_to(Path(root)))


@cache
def _imports(path: Path, root: Path) -> tuple[Path, ...]:
    """Files of the package that the file at `path` imports, directly."""
    found: list[Path | None] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [_file(alias.name.removeprefix("vadflow."), root) for alias in node.names if _ours(alias.name)]
        elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
            package = node.module.removeprefix("vadflow").removeprefix(".")
            found.append(_file(package, root) if package else None)
            found += [_file(f"{package}.{alias.name}".removeprefix("."), root) for alias in node.names]
    return tuple(path for path in found if path is not None)


def _ours(name: str) -> bool:
    return name == "vadflow" or name.startswith("vadflow.")


def _file(module: str, root: Path) -> Path | None:
    """The file of a module below the package, or None when the name is not a module."""
    stem = root.joinpath(*module.split("."))
    for path in (stem.with_suffix(".py"), stem / "__init__.py"):
        if path.is_file():
            return path
    return None
