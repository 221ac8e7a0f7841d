"""Finds a dataset, detector, pseudo-anomaly or system by its file name: adding one is adding one file."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType

from vadflow.errors import VadflowError


def load(package: str, name: str, wanted: tuple[str, ...], key: str) -> ModuleType:
    """Import `vadflow.<package>.<name>` and check that it offers `wanted`.

    Args:
        package: sub-package of vadflow, for example `systems`.
        name: file name without `.py`.
        wanted: attributes the module must have.
        key: where the name was chosen in `params.yaml`, for the error.

    Raises:
        VadflowError: no such file, or something wanted is missing in it.
    """
    full = f"vadflow.{package}.{name}"
    where = f"params.yaml: {key}"
    if not name.isidentifier():
        raise VadflowError(
            f"expected a file name such as 'std', got {name!r}", where=where, fix="Use letters, digits and _."
        )
    try:
        module = import_module(full)
    except ModuleNotFoundError as fault:
        if fault.name != full:
            raise
        raise VadflowError(
            f"no {package} file called {name!r}",
            where=where,
            fix=f"Correct the name, or add src/vadflow/{package}/{name}.py.",
        ) from fault
    missing = [attribute for attribute in wanted if not hasattr(module, attribute)]
    if missing:
        raise VadflowError(
            f"expected it to offer {', '.join(missing)}",
            where=f"src/vadflow/{package}/{name}.py",
            fix=f"See {package}/base.py.",
        )
    return module
