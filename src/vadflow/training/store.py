"""A trained system as files, and back: safetensors and JSON, never a pickle. No torch here: a floor's job must not pay for it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from vadflow import __version__
from vadflow.errors import VadflowError
from vadflow.io import atomic, read_json, write_json
from vadflow.systems.base import System, load_module


def save_system(system: System, name: str, seed: int, folder: Path) -> None:
    """Write `weights.safetensors` and `model.json`."""
    with atomic(folder / "weights.safetensors") as temporary:
        save_file({key: np.array(value, order="C") for key, value in system.state().items()}, temporary)
    model = {
        "system": name,
        "params": system.params.model_dump(mode="json"),
        "frame_shape": list(system.frame_shape),
        "seed": seed,
        "code_version": __version__,
    }
    write_json(folder / "model.json", model)


def load_system(folder: Path, instead: Mapping[str, np.ndarray] | None = None) -> System:
    """Load what `fit_system` wrote.

    Args:
        folder: of the model.
        instead: values that take the place of saved ones (those of a snapshot, see `snapshots.py`).

    Raises:
        VadflowError: a file is missing, or what it holds does not fit the code (any more).
    """
    folder = Path(folder)
    missing = [file for file in ("model.json", "weights.safetensors") if not (folder / file).is_file()]
    if missing:
        raise VadflowError(f"expected {' and '.join(missing)}", where=str(folder), fix="Train the system first.")
    model = read_json(folder / "model.json")
    module = load_module(model["system"])
    try:
        params = module.Params.model_validate(model["params"])
    except ValueError as fault:
        raise VadflowError(
            "its parameters do not fit this version of the code", where=f"{folder}/model.json", fix="Train it again."
        ) from fault
    system: System = module.System(params, tuple(model["frame_shape"]))
    try:
        system.load(load_file(folder / "weights.safetensors") | dict(instead or {}))
    except (KeyError, ValueError, RuntimeError, SafetensorError) as fault:
        raise VadflowError(
            f"its weights are damaged or do not fit this version of the code ({fault})",
            where=f"{folder}/weights.safetensors",
            fix="Train it again.",
        ) from fault
    return system
