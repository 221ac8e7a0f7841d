"""`vadflow check`: expected against found for every clip, and the exact fix, before an hour of computing is spent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from tqdm import tqdm

from vadflow import plugins
from vadflow.datasets.base import WANTED
from vadflow.errors import VadflowError
from vadflow.frames.decode import Limits
from vadflow.frames.index import OnDamage, against_official, complaint, inspect_clip
from vadflow.layout import Layout
from vadflow.params import FramesParams, Section
from vadflow.types import ClipSource


@dataclass(frozen=True)
class Line:
    """One line of the table: a clip, a split's total, or a dataset that cannot even be listed.

    Attributes:
        dataset: name in params.yaml.
        clip: `split/clip`, `split` for a total, `-` for the whole dataset.
        expected: what should be there.
        found: what is there.
        status: ok, short, damaged, unreadable, later (rendered by the workflow), or trouble.
        trouble: the one-line error with its fix; empty when all is well.
    """

    dataset: str
    clip: str
    expected: str
    found: str
    status: str
    trouble: str = ""


def check(datasets: Mapping[str, Section], frames: FramesParams) -> list[Line]:
    """Decode every clip and read every label file of all datasets.

    Args:
        datasets: sections of params.yaml by name.
        frames: limits, and whether damaged clips are kept.

    Returns:
        one line per clip and per split; nothing is raised for what is wrong with the data.
    """
    return [line for name, section in datasets.items() for line in check_dataset(name, section, frames)]


def check_dataset(name: str, section: Any, frames: FramesParams) -> list[Line]:
    """Check one dataset."""
    adapter = plugins.load("datasets", section.adapter, WANTED, f"datasets.{name}.adapter")
    try:
        sources = adapter.clips(section, Layout(name).source)
    except VadflowError as fault:
        return [Line(name, "-", "clips", "none", "trouble", str(fault))]
    limits = Limits.of(frames)
    lines: list[Line] = []
    rows: list[dict[str, Any]] = []
    for source in tqdm(sources, desc=f"check {name}", unit="clip"):
        if hasattr(adapter, "render") and not source.path.exists():
            lines.append(Line(name, f"{source.split}/{source.name}", "-", "-", "later"))
            continue
        rows.append(inspect_clip(source, limits))
        lines.append(_clip_line(name, adapter, section, source, rows[-1], on_damage=frames.on_damage))
    return lines + _totals(name, adapter, section, rows)


def table(lines: Sequence[Line]) -> str:
    """Lines as aligned text, with every trouble spelled out below it."""
    cells = [("dataset", "clip", "expected", "found", "status")]
    cells += [(line.dataset, line.clip, line.expected, line.found, line.status) for line in lines]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    text = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    faults = [f"{line.dataset}: {line.trouble}" for line in lines if line.trouble]
    verdict = f"{len(faults)} to fix" if faults else "all is well"
    return "\n".join([*text, "", *faults, verdict]) + "\n"


def in_trouble(lines: Iterable[Line]) -> bool:
    """Whether anything must be fixed before the pipeline can run."""
    return any(line.trouble for line in lines)


def _clip_line(
    name: str, adapter: ModuleType, section: Any, source: ClipSource, row: dict[str, Any], *, on_damage: OnDamage
) -> Line:
    clip, found = f"{source.split}/{source.name}", f"{row['n_frames']} frames"
    expected = f"{source.expected_frames} frames" if source.expected_frames is not None else "-"
    fault = complaint(row, on_damage)
    status = row["status"]
    if source.split == "test" and row["n_frames"]:
        try:
            labels = adapter.truth(section, source, row["n_frames"]).labels
            expected = "no labels" if labels is None else f"{len(labels)} frames"
        except VadflowError as wrong:
            fault = VadflowError(f"{fault} | {wrong}") if fault else wrong
            status = "trouble" if status == "ok" else status
    return Line(name, clip, expected, found, status, str(fault) if fault else "")


def _totals(name: str, adapter: ModuleType, section: Any, rows: Sequence[dict[str, Any]]) -> list[Line]:
    official = adapter.OFFICIAL if adapter.benchmark(section) else {}
    different = against_official(rows, official)
    lines = []
    for split in ("train", "test"):
        counts = [row["n_frames"] for row in rows if row["split"] == split]
        wanted = official.get(split)
        expected = f"{wanted['clips']} clips, {wanted['frames']} frames" if wanted else "-"
        fault = next((text for text in different if text.startswith(f"{split}:")), "")
        if fault:
            fix = "Complete the copy, or set `official: false` to work on a part."
            fault = str(VadflowError(fault, where=str(Path(getattr(section, "path", ""))), fix=fix))
        found = f"{len(counts)} clips, {sum(counts)} frames"
        lines.append(Line(name, split, expected, found, "trouble" if fault else "ok", fault))
    return lines
