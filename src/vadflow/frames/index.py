"""The clip index: one row per clip with what really decodes, and the one error that lists every bad clip.

A packing job decodes anyway, so it gives the row too (`pack.pack_clip`) and nothing is decoded just to be counted;
`inspect_clip` is for `vadflow check`, which packs nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal

import pandas as pd

from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder, Found, Limits
from vadflow.types import ClipSource

SCHEMA = {
    "clip": "str",
    "split": "str",
    "source": "str",
    "n_frames": "int32",  # decoded
    "height": "int32",  # px, after any rotation flag
    "width": "int32",
    "fps": "float64",
    "status": "str",  # ok, short, damaged, unreadable
    "detail": "str",  # what is wrong, in words; empty when ok
}
"""Columns of `clips_<split>.parquet`, in order."""

OnDamage = Literal["stop", "keep"]
_FIXES = {
    "short": "Copy or convert the file again, or set frames.on_damage: keep to use the frames that decode.",
    "damaged": "Copy or convert the file again, or set frames.on_damage: keep to use the frames that decode.",
    "unreadable": "Copy or convert the file again, or take it out of the folder.",
}


def row(source: ClipSource, found: Found) -> dict[str, Any]:
    """One row of the index, held against the official frame count where there is one."""
    status, detail = found.status, found.detail
    expected = source.expected_frames
    if expected is not None and status in ("ok", "short") and found.n_frames != expected:
        status = "short" if found.n_frames < expected else "damaged"
        detail = "; ".join(filter(None, [f"expected the official {expected} frames, found {found.n_frames}", detail]))
    return {
        "clip": source.name,
        "split": source.split,
        "source": source.path.as_posix(),
        "n_frames": found.n_frames,
        "height": found.height,
        "width": found.width,
        "fps": found.fps,
        "status": status,
        "detail": detail,
    }


def inspect_clip(source: ClipSource, limits: Limits, *, threads: int = 1) -> dict[str, Any]:
    """Decode a whole clip, keep nothing, and return its row."""
    decoder = Decoder(source.path, limits=limits, fps=source.fps, threads=threads)
    for _ in decoder:
        pass
    return row(source, decoder.found)


def table(rows: Iterable[dict[str, Any]]) -> pd.DataFrame:
    """Rows as the clip index, in the order given; no rows give an empty table of the same schema."""
    return pd.DataFrame(list(rows), columns=list(SCHEMA)).astype(SCHEMA)


def complaint(found: dict[str, Any], on_damage: OnDamage) -> VadflowError | None:
    """What to tell the user about one row; None when the clip may be used."""
    usable = ("ok",) if on_damage == "stop" else ("ok", "short", "damaged")
    if found["status"] in usable:
        return None
    where = f"clip {found['split']}/{found['clip']} ({found['source']})"
    return VadflowError(f"{found['status']}: {found['detail']}", where=where, fix=_FIXES[found["status"]])


def raise_all(faults: Sequence[VadflowError], n_clips: int) -> None:
    """Raise one error that lists every fault; nothing without faults.

    Raises:
        VadflowError: there is at least one fault.
    """
    if len(faults) == 1:
        raise faults[0]
    if faults:
        listed = " | ".join(str(fault) for fault in faults)
        raise VadflowError(f"{len(faults)} of {n_clips} clips cannot be used: {listed}")


def against_official(rows: Sequence[dict[str, Any]], official: dict[str, dict[str, int]]) -> list[str]:
    """Compare clips and frames per split with the published counts.

    Args:
        rows: index rows of any splits.
        official: an adapter's OFFICIAL; empty for no comparison.

    Returns:
        one line per difference, `train: expected 16 clips and 2550 frames, found 15 and 2400`.
    """
    clips = Counter(found["split"] for found in rows)
    frames: Counter[str] = Counter()
    for found in rows:
        frames[found["split"]] += found["n_frames"]
    lines = []
    for split, counts in official.items():
        if (clips[split], frames[split]) != (counts["clips"], counts["frames"]):
            expected = f"expected {counts['clips']} clips and {counts['frames']} frames"
            lines.append(f"{split}: {expected}, found {clips[split]} and {frames[split]}")
    return lines


def require_official(
    rows: Sequence[dict[str, Any]], official: dict[str, dict[str, int]], split: str, where: str
) -> None:
    """Stop when a split of a published benchmark has not its published counts; no counts, no comparison.

    Raises:
        VadflowError: clips or frames differ.
    """
    differing = against_official(rows, {name: counts for name, counts in official.items() if name == split})
    if differing:
        fix = "Get the official archive again, or say in params.yaml that this is not the whole benchmark (official: false)."
        raise VadflowError("; ".join(differing), where=where, fix=fix)
