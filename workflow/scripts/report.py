"""The report: one self-contained page over all datasets of the workspace."""

from pathlib import Path
from typing import Any

import pandas as pd

from vadflow import job
from vadflow.io import read_json, write_text
from vadflow.metrics.table import auc_table
from vadflow.params import ReportParams, parse
from vadflow.report.collect import collect
from vadflow.report.gather import dataset_input
from vadflow.report.model import Options
from vadflow.report.page import render


def main(snakemake: Any) -> None:
    """Gather, collect, render."""
    params = parse(ReportParams, snakemake.params.section, "report")
    options = Options(**params.model_dump())
    reports = [
        collect(dataset_input(name, clips, snakemake.params.runs[name]), options)
        for name, clips in snakemake.params.datasets.items()
    ]
    table = auc_table(read_json(path) for path in snakemake.input.metrics)
    title = f"vadflow: {', '.join(snakemake.params.datasets)}"
    write_text(Path(snakemake.output[0]), render(reports, table, pd.read_csv(snakemake.input.costs), title=title))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
