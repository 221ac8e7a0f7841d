"""Gather every metrics file into results/auc_table.csv and its readable twin, with paired tests between the systems."""

from typing import Any

from vadflow import job
from vadflow.io import read_json, write_text
from vadflow.layout import Layout
from vadflow.metrics.bank import read_bank
from vadflow.metrics.comparisons import notable
from vadflow.metrics.table import auc_table, csv_text
from vadflow.params import MetricsParams, parse
from vadflow.report.twin import render_twin


def main(snakemake: Any) -> None:
    """Write the table and the twin."""
    metrics = [read_json(path) for path in snakemake.input.metrics]
    params = parse(MetricsParams, snakemake.params.section, "metrics")
    kinds = {one["system"]: one["kind"] for one in metrics}
    tests = {}
    for dataset, clips in snakemake.params.clips.items():
        bank = read_bank(Layout(dataset).root, snakemake.params.rows[dataset], clips)
        tests[dataset] = notable(bank, kinds, resamples=params.bootstrap, seed=params.seed)
    write_text(snakemake.output.table, csv_text(auc_table(metrics)))
    write_text(snakemake.output.twin, render_twin(metrics, tests))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
