"""How an adapter walks a folder: find the dataset's root, list its clips, and say plainly what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vadflow.errors import VadflowError
from vadflow.media import is_junk, is_video, iter_images, natural_key


def find(path: str, wanted: Sequence[str], inside: Sequence[str] = ()) -> Path:
    """The folder that holds all sub-folders `wanted`: `path` itself or one of its `inside` folders.

    Raises:
        VadflowError: no such folder, or sub-folders are missing in it.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise VadflowError("no such folder", where=path, fix="Correct `path` of this dataset in params.yaml.")
    for base in (root, *(root / name for name in inside)):
        if all((base / name).is_dir() for name in wanted):
            return base
    missing = [name for name in wanted if not (root / name).is_dir()]
    raise VadflowError(f"expected the folders {', '.join(missing)}, found none", where=path, fix="See the tree in the adapter's docstring.")


def media(folder: Path) -> list[Path]:
    """Videos and image folders directly in `folder`, in natural order; other files and empty leftovers of file managers are ignored.

    Raises:
        VadflowError: no such folder, nothing in it, or a clip folder without images.
    """
    if not folder.is_dir():
        raise VadflowError("no such folder", where=str(folder), fix="Correct the path in params.yaml, or copy the folder there.")
    found = [path for path in folder.iterdir() if is_video(path) or (path.is_dir() and not is_junk(path))]
    if not found:
        loose = any(iter_images(folder))
        fix = "Put the images of each clip in a folder of its own." if loose else "Copy the clips there."
        raise VadflowError("expected video files or folders of images, found none", where=str(folder), fix=fix)
    for path in found:
        if path.is_dir():
            require_images(path)
    return sorted(found, key=natural_key)


def require_images(folder: Path) -> None:
    """Stop at a clip folder without images.

    Raises:
        VadflowError: the folder holds no image.
    """
    if not any(iter_images(folder)):
        raise VadflowError("expected images, found none", where=f"clip folder {folder}", fix="Copy its frames again, or remove the folder.")


def under(folder: Path, name: str) -> Path | None:
    """`folder / name` if it exists, else None."""
    path = folder / name
    return path if path.exists() else None
