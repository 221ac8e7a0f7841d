"""Add up what every train and score job cost into results/cost_table.csv."""

from typing import Any

from vadflow import job
from vadflow.io import read_json, write_text
from vadflow.metrics.costs import cost_csv, cost_table


def main(snakemake: Any) -> None:
    """Write the table."""
    write_text(snakemake.output[0], cost_csv(cost_table(read_json(path) for path in snakemake.input.costs)))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
