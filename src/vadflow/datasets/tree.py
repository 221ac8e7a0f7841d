"""How an adapter walks a folder: find the dataset's root, list its clips, and say plainly what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from vadflow.errors import VadflowError
from vadflow.media import is_junk, is_video, iter_images, natural_key

Layout = tuple[str, ...]


def find(path: str, *layouts: Layout, inside: Sequence[str] = ()) -> tuple[Path, Layout]:
    """Find the folder that holds all sub-folders of one of `layouts`: `path` itself or one of its `inside` folders.

    Returns:
        that folder and its layout.

    Raises:
        VadflowError: no such folder, or no layout fits.
    """
    root = Path(path).expanduser()
    if not root.is_dir():
        raise VadflowError("no such folder", where=path, fix="Correct `path` of this dataset in params.yaml.")
    for base in (root, *(root / name for name in inside)):
        for layout in layouts:
            if all((base / name).is_dir() for name in layout):
                return base, layout
    expected = ", or ".join(" and ".join(layout) for layout in layouts)
    found = ", ".join(sorted(child.name for child in root.iterdir() if child.is_dir())[:8]) or "no folder"
    raise VadflowError(
        f"expected the folders {expected}; found {found}",
        where=path,
        fix="Correct `path`, or complete the copy; the adapter's docstring draws the tree.",
    )


def media(folder: Path) -> list[Path]:
    """Videos and image folders directly in `folder`, in natural order; other files are ignored.

    Raises:
        VadflowError: no such folder, nothing in it, or a clip folder without images.
    """
    if not folder.is_dir():
        raise VadflowError(
            "no such folder", where=str(folder), fix="Correct the path in params.yaml, or copy the folder there."
        )
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
        raise VadflowError(
            "expected images, found none",
            where=f"clip folder {folder}",
            fix="Copy its frames again, or remove the folder.",
        )


def under(folder: Path, name: str) -> Path | None:
    """`folder / name` if it exists, else None."""
    path = folder / name
    return path if path.exists() else None
