"""Gather every metrics file into results/auc_table.csv and its readable twin."""

from typing import Any

from vadflow import job
from vadflow.io import read_json, write_text
from vadflow.metrics.table import auc_table, csv_text
from vadflow.report.twin import render_twin


def main(snakemake: Any) -> None:
    """Write the table and the twin."""
    metrics = [read_json(path) for path in snakemake.input.metrics]
    write_text(snakemake.output.table, csv_text(auc_table(metrics)))
    write_text(snakemake.output.twin, render_twin(metrics))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
