"""Calibration and threshold from held-out normal scores."""

from typing import Any

from vadflow import job
from vadflow.io import read_table, write_json
from vadflow.params import ScoringParams, parse
from vadflow.scoring.finish import learn_scale


def main(snakemake: Any) -> None:
    """Write both beside the weights, not in them."""
    index = read_table(snakemake.input.index)
    fps = dict(zip(index["clip"], index["fps"], strict=True))
    scoring = parse(ScoringParams, snakemake.params.section, "scoring")
    calibration, threshold = learn_scale(read_table(snakemake.input.heldout), fps, scoring)
    write_json(snakemake.output.calibration, calibration.model_dump())
    write_json(snakemake.output.threshold, threshold.model_dump())


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
