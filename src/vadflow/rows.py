"""Rows of the table that no system file makes: `fusion`, and scores made by other people's code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from vadflow.layout import EXTERNAL

NO_HELDOUT = "no held-out scores were given: neither its scale nor its threshold rests on anything"
UNPROVEN = "scored elsewhere: that no test clip was learned from is claimed, not proven"


@dataclass(frozen=True)
class MadeRow:
    """What the plan asks of a `System` class, for a row without one.

    Attributes:
        notes: stand in the table.
        stochastic: whether it has one row a training seed.
        needs: nothing; it reads scores.
        paper: nobody published it here.
    """

    notes: Sequence[str]
    stochastic: bool = False
    kind: str = "system"
    localises: bool = False
    needs: frozenset[str] = frozenset()
    paper: Mapping[str, object] | None = None
    paper_crop: tuple[int, int] = (0, 0)


def fusion_row(members: Sequence[str], *, stochastic: bool) -> MadeRow:
    """The mean of the signed logarithms of the members' calibrated scores."""
    return MadeRow(
        (f"mean of the signed logarithms of the calibrated scores of {', '.join(members)}; no weight is fitted",),
        stochastic,
    )


def external_row(name: str, note: str) -> MadeRow:
    """Scores from `external_scores/<name>/`."""
    return MadeRow((note, UNPROVEN, *([] if external_heldout(name) else [NO_HELDOUT])))


def external_file(name: str, clip: str) -> str:
    """One test clip's scores: frame, raw, and `paper` where there is one."""
    return f"{EXTERNAL}/{name}/{clip}.parquet"


def external_heldout(name: str) -> list[str]:
    """The scores of held-out normal clips (clip, frame, raw), where they were given: one path or none."""
    path = f"{EXTERNAL}/{name}/heldout.parquet"
    return [path] if Path(path).is_file() else []
