"""Writes `results/auc_table.html`: the AUC table for reading, and what the habits of the field would have printed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vadflow.metrics.bootstrap import Comparison
from vadflow.metrics.columns import COLUMNS
from vadflow.metrics.sins import SINS
from vadflow.metrics.table import auc_table
from vadflow.report.page import PROTOCOL_WORDS, environment
from vadflow.report.tables import blocks

SIN_TITLES = {
    "per_clip_min_max": "per-clip min-max",
    "zero_padded_smoothing": "zero-padded smoothing",
    "smoothing_on_test": "smoothing tuned on test",
    "best_checkpoint_on_test": "best checkpoint on test",
    "padded_macro": "padded macro",
}


@dataclass(frozen=True)
class SinRow:
    """One system: the honest AUC, and per sin the printed AUC and its distance in points; None where undefined.

    `checkpoints` is how many the sin "best checkpoint on test" picks from, the final weights among them.
    """

    dataset: str
    system: str
    kind: str
    honest: float
    printed: Sequence[tuple[float, float] | None]
    checkpoints: int = 1


def render_twin(
    metrics: Iterable[Mapping[str, Any]], comparisons: Mapping[str, Sequence[Comparison]] | None = None
) -> str:
    """Render the twin.

    Args:
        metrics: the same mappings as for `auc_table`.
        comparisons: dataset -> paired tests (`bootstrap.compare`), or None.

    Returns:
        HTML, the same for the same input.
    """
    files = list(metrics)
    return (
        environment()
        .get_template("twin.html")
        .render(
            title="vadflow: the table",
            protocol=PROTOCOL_WORDS,
            blocks=blocks(auc_table(files), all_columns=True),
            columns=COLUMNS,
            explained={column.name: column.meaning for column in COLUMNS},
            sins=[(SIN_TITLES[name], meaning) for name, meaning in SINS.items()],
            sin_names=list(SINS),
            sin_rows=sin_rows(files),
            comparisons={
                name: [str(one) for one in tests] for name, tests in sorted((comparisons or {}).items()) if tests
            },
        )
    )


def sin_rows(metrics: Sequence[Mapping[str, Any]]) -> list[SinRow]:
    """Average the sins over seeds, in the order of the table; rows without an AUC are left out."""
    rows = []
    for row in auc_table(metrics).to_dict("records"):
        files = [m for m in metrics if (m["dataset"], m["system"]) == (row["dataset"], row["system"])]
        honest = row["auc_micro"]
        if math.isnan(honest):
            continue
        printed = [_printed([m.get("sins", {}).get(name) for m in files], honest) for name in SINS]
        checkpoints = max(m.get("checkpoints", 1) for m in files)
        rows.append(SinRow(row["dataset"], row["system"], row["kind"], honest, printed, checkpoints))
    return rows


def _printed(values: Sequence[float | None], honest: float) -> tuple[float, float] | None:
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return None
    mean = math.fsum(known) / len(known)
    return mean, round(100 * (mean - honest), 1) + 0.0  # no minus zero
