"""Gather what decoding found into the clip index of one split, and hold it against the dataset's official counts."""

from typing import Any

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.index import require_official, table
from vadflow.io import read_json, write_table


def main(snakemake: Any) -> None:
    """Concatenate the rows, or stop with what differs."""
    rows = [read_json(path) for path in snakemake.input.decoded]
    chosen = select(snakemake.params.dataset, snakemake.params.section, snakemake.params.split, [])
    require_official(rows, chosen.official, snakemake.params.split, where=f"dataset {snakemake.params.dataset}")
    write_table(snakemake.output[0], table(rows))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
