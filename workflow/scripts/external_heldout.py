"""Held-out normal scores made by other people's code, or an empty table where there are none."""

from typing import Any

from vadflow import job
from vadflow.io import read_table, write_table
from vadflow.scoring.external import accept_heldout


def main(snakemake: Any) -> None:
    """A scale and a threshold rest on these, if anything."""
    given = job.listed(snakemake.input, "heldout")
    clips = list(read_table(snakemake.input.index)["clip"])
    write_table(snakemake.output[0], accept_heldout(given[0] if given else None, clips))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
