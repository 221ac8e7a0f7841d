"""Writes `results/report/index.html`: one file, no script or picture from elsewhere, every name escaped."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from vadflow.metrics.costs import COST_COLUMNS
from vadflow.report.model import DatasetReport
from vadflow.report.tables import Block, blocks

PROTOCOL_WORDS = (
    "All test frames of a dataset stand in one pool: scores on one scale calibrated on held-out normal video, smoothed "
    "by one kernel fixed beforehand, and no statistic of a test clip is used. Intervals resample whole clips, and "
    "floors, which see no pixel, are scored through exactly the same path."
)
_COST_WORDS = {
    "dataset": "dataset",
    "system": "system",
    "fps": "frames scored / s",
    "train_minutes": "training, min",
    "peak_mem_mb": "peak memory, MB",
    "disk_mb": "model, MB",
    "threads": "threads",
    "device": "device",
    "seeds": "seeds",
}


def render(
    datasets: Sequence[DatasetReport], table: pd.DataFrame, costs: pd.DataFrame | None = None, *, title: str = "vadflow"
) -> str:
    """Render the page.

    Args:
        datasets: from `collect`, in the order of the page.
        table: the AUC table of all datasets (`metrics.table.auc_table`).
        costs: the cost table (`metrics.costs.cost_table`), or None.
        title: of the page.

    Returns:
        HTML, the same for the same input: it holds no date.
    """
    by_name = {block.dataset: block for block in blocks(table)}
    return (
        environment()
        .get_template("page.html")
        .render(
            title=title,
            protocol=PROTOCOL_WORDS,
            sections=[(one, _headline(one, by_name.get(one.name)), by_name.get(one.name)) for one in datasets],
            costs=_cost_rows(costs),
            cost_words=[_COST_WORDS[name] for name in COST_COLUMNS],
        )
    )


def environment() -> Environment:
    """Return the templates' environment: everything escaped, an unknown name is an error."""
    made = Environment(
        loader=PackageLoader("vadflow.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"clock": clock, "g3": "{:.3g}".format, "number": "{:,}".format, "auc": "{:.3f}".format}
    made.globals["style"] = Markup(made.get_template("style.css").render())
    return made


def clock(seconds: float) -> str:
    """Print a time in a clip.

    >>> clock(75.25), clock(3725.0)
    ('1:15.2', '1:02:05.0')
    """
    tenths = int(seconds * 10 + 1e-6)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    head = f"{hours}:{minutes:02}" if hours else f"{minutes}"
    return f"{head}:{rest // 10:02}.{rest % 10}"


def _headline(report: DatasetReport, block: Block | None) -> list[tuple[str, str, str]]:
    """Return the few facts above a section: (value, what it is, fine print)."""
    facts = []
    shown = None
    if report.labelled and block is not None:
        rows = [row for _, group in block.groups for row in group]
        shown = next((row for row in rows if row.system == report.system), None)
        at = next((k for k, column in enumerate(block.columns) if column.name == "auc_micro"), None)
        if shown is not None and at is not None:
            facts.append((shown.cells[at].text, f"AUC micro, {report.system}", shown.bar.text if shown.bar else ""))
            floors = [(row.cells[at].text, row.system) for row in rows if row.kind == "floor"]
            if floors:
                facts.append((max(floors)[0], "best floor", f"{max(floors)[1]}: learned nothing"))
    share = f"{report.n_anomalous / report.n_frames:.0%} anomalous" if report.labelled and report.n_frames else "no AUC"
    facts.append((f"{len(report.clips):,}", "test clips", f"{report.n_frames:,} frames, {share}"))
    if report.threshold is not None:
        rate = f"{(len(report.events) + report.more_events) / report.hours:.0f} an hour" if report.hours else ""
        facts.append((f"{len(report.events) + report.more_events:,}", f"events, {report.system}", rate))
    return facts


def _cost_rows(costs: pd.DataFrame | None) -> list[list[str]]:
    if costs is None:
        return []
    formats = {
        "fps": "{:.1f}",
        "train_minutes": "{:.2f}",
        "peak_mem_mb": "{:.0f}",
        "disk_mb": "{:.2f}",
        "threads": "{:.0f}",
    }
    rows = costs.to_dict("records")
    return [
        [
            "–" if pd.isna(row[name]) or row[name] == "" else formats.get(name, "{}").format(row[name])
            for name in COST_COLUMNS
        ]
        for row in rows
    ]
