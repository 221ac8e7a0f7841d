"""Finds the detector's weights and records what they are: the only step of the workflow that may use the network."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path

import vadflow
from vadflow.errors import VadflowError
from vadflow.objects import base
from vadflow.params import ObjectsParams

BUNDLED = "plaza"
BUNDLED_FOLDER = Path(vadflow.__file__).parent / "plaza" / "plaza_openvino_model"
CACHE = Path(".cache/weights")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.pt")
_PARTS = frozenset({".xml", ".bin", ".yaml"})
"""What an export folder consists of; anything else in it (a README, .DS_Store, ._copies) is not the model."""
_KEY = "params.yaml: objects.{}.{}"


def resolve(params: ObjectsParams) -> dict[str, str]:
    """Find the chosen detector's weights, downloading them where they are given by name, and hash them.

    Args:
        params: section `objects`.

    Returns:
        path ('plaza' for the bundled ones, '' for none), sha256, kind (`openvino`, `onnx`, `pt` or `none`): content of the weights file.

    Raises:
        VadflowError: not found, not of a known kind, no network, or another hash than `sha256`.
    """
    key = params.detector
    if not base.load(key).Detector.needs_weights:
        return {"path": "", "sha256": "", "kind": "none"}
    chosen = params.of(key)
    path = _found(chosen.weights, _KEY.format(key, "weights"))
    record = {"path": _told(chosen.weights, path), "sha256": digest(path), "kind": kind(path)}
    if chosen.sha256 and chosen.sha256 != record["sha256"]:
        raise VadflowError(
            f"expected hash {chosen.sha256}, found {record['sha256']} in {path}",
            where=_KEY.format(key, "sha256"),
            fix="These are other weights than you meant: replace them, or correct the hash.",
        )
    return record


def located(record: Mapping[str, str]) -> Path:
    """The path of resolved weights.

    Raises:
        VadflowError: they are gone, or no longer the ones that were resolved.
    """
    path = BUNDLED_FOLDER if record["path"] == BUNDLED else Path(record["path"])
    fix = "Run the rule `weights` again (snakemake --forcerun weights)."
    if not path.exists():
        raise VadflowError("the resolved weights are gone", where=str(path), fix=fix)
    if digest(path) != record["sha256"]:
        raise VadflowError("the weights changed since they were resolved", where=str(path), fix=fix)
    return path


def kind(path: Path) -> str:
    """`openvino`, `onnx` or `pt`.

    Raises:
        VadflowError: another kind of file.
    """
    if path.is_dir() and path.name.endswith("_openvino_model"):
        return "openvino"
    if path.is_file() and path.suffix in (".onnx", ".pt"):
        return path.suffix[1:]
    raise VadflowError(
        f"expected a .pt or .onnx file or an *_openvino_model folder, found the {'folder' if path.is_dir() else 'file'} {path.name}",
        where=str(path),
        fix="Export the model with Ultralytics, or correct objects.yolo.weights.",
    )


def beside(weights: str | None, pattern: str) -> Path | None:
    """The first file or folder of a pattern in the folder of chosen weights; None where they are a mere name, or nothing of it is there."""
    path = BUNDLED_FOLDER if weights == BUNDLED else Path(weights).expanduser() if weights and "/" in weights else None
    folder = path.parent if path else None
    found = sorted(folder.glob(pattern)) if folder and folder.is_dir() else []
    return found[0] if found else None


def digest(path: Path) -> str:
    """SHA-256 of a file, or of a model folder: of its parts' names and contents, in name order, whatever else lies there.

    Returns:
        64 hex digits.
    """
    if path.is_file():
        return _file_digest(path)
    parts = sorted(
        item for item in path.iterdir() if item.is_file() and item.suffix in _PARTS and not item.name.startswith(".")
    )
    lines = [f"{item.name} {_file_digest(item)}\n" for item in parts]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _file_digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _found(chosen: str, where: str) -> Path:
    if chosen == BUNDLED:
        return BUNDLED_FOLDER
    path = Path(chosen).expanduser()
    if path.exists():
        return path
    if _NAME.fullmatch(chosen):
        return _named(chosen, where)
    raise VadflowError(
        f"no weights at {chosen}", where=where, fix="Correct the path, or give a name such as yolo26n.pt."
    )


def _named(name: str, where: str) -> Path:
    kept = CACHE / name
    if kept.is_file():
        return kept
    fix = f"Connect to the network, or copy {name} from another machine to {kept.absolute()}, or give a path to other weights."
    if os.environ.get("YOLO_OFFLINE", "").lower() in ("1", "true", "yes"):
        raise VadflowError(f"{name} is not here and YOLO_OFFLINE forbids its download", where=where, fix=fix)
    from vadflow.objects.yolo import download

    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            download(name, Path(folder)).replace(kept)
    except VadflowError:
        raise
    except Exception as fault:  # Ultralytics raises whatever its transport does
        reason = str(fault).splitlines()[0][:200] if str(fault) else type(fault).__name__
        raise VadflowError(f"{name} could not be downloaded: {reason}", where=where, fix=fix) from fault
    return kept


def _told(chosen: str, path: Path) -> str:
    return BUNDLED if chosen == BUNDLED else str(path)
