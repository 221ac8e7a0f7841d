"""Read the labels and region tracks of the test clips; tables without rows where a dataset has none."""

from typing import Any

from vadflow import job
from vadflow.datasets.base import select
from vadflow.datasets.truth import tables
from vadflow.io import read_table, write_table


def main(snakemake: Any) -> None:
    """Write both tables."""
    index = read_table(snakemake.input.index)
    chosen = select(snakemake.params.dataset, snakemake.params.section, "test", list(index["clip"]))
    frames, regions = tables(chosen, dict(zip(index["clip"], index["n_frames"], strict=True)))
    write_table(snakemake.output.frames, frames)
    write_table(snakemake.output.regions, regions)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
