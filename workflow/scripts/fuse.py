"""The raw scores of `fusion`: the mean of the signed logarithms of its members' calibrated scores, clip by clip."""

from typing import Any

from vadflow import job
from vadflow.io import read_table, write_table
from vadflow.scoring.fuse import fuse_scores


def main(snakemake: Any) -> None:
    """The inputs are ordered by clip, then by member."""
    members, scores = snakemake.params.members, job.listed(snakemake.input, "scores")
    for number, path in enumerate(job.listed(snakemake.output, "raw")):
        files = scores[number * len(members) : (number + 1) * len(members)]
        write_table(path, fuse_scores(dict(zip(members, map(read_table, files), strict=True)), where=path))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
