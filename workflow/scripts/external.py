"""Scores made by other people's code join as raw scores, after a check of every clip."""

from typing import Any

from vadflow import job
from vadflow.io import read_table, write_table
from vadflow.scoring.external import accept


def main(snakemake: Any) -> None:
    """One table a clip."""
    index = read_table(snakemake.input.index)
    lengths = dict(zip(index["clip"], index["n_frames"], strict=True))
    files = zip(
        snakemake.params.clips,
        job.listed(snakemake.input, "scores"),
        job.listed(snakemake.output, "raw"),
        strict=True,
    )
    for clip, given, path in files:
        write_table(path, accept(given, int(lengths[clip])))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
