"""What `fusion` says of held-out normal video: the mean of the signed logarithms of its members' calibrated scores there."""

from typing import Any

from vadflow import job
from vadflow.io import read_json, read_table, write_table
from vadflow.scoring.calibrate import Calibration
from vadflow.scoring.fuse import fuse_heldout


def main(snakemake: Any) -> None:
    """Each member's held-out scores through its own calibration, then the mean."""
    tables = map(read_table, job.listed(snakemake.input, "heldout"))
    scales = [Calibration.model_validate(read_json(path)) for path in job.listed(snakemake.input, "calibration")]
    pairs = zip(tables, scales, strict=True)
    members = dict(zip(snakemake.params.members, pairs, strict=True))
    write_table(snakemake.output[0], fuse_heldout(members, where=str(snakemake.output[0])))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
