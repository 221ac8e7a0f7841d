"""Look at how tall people are in a few normal frames, and say how large a frame flow needs."""

from typing import Any

import numpy as np

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.decode import Limits
from vadflow.io import read_json, write_json
from vadflow.objects import base
from vadflow.objects.heights import flow_side, person_heights
from vadflow.params import DifferencesParams, FramesParams, ObjectsParams, parse


def main(snakemake: Any) -> None:
    """Write `max_side`, and what it was made of."""
    section = snakemake.params.section
    chosen = select(snakemake.params.dataset, section, "train", snakemake.params.clips)
    params, differences = parse(ObjectsParams, section, "objects"), parse(DifferencesParams, section, "differences")
    limits = Limits.of(parse(FramesParams, section, "frames"))
    weights = read_json(snakemake.input.weights)
    detector = base.load(params.detector).Detector(params.of(params.detector), weights, job.threads())
    heights, longest = person_heights(chosen.sources, detector, limits=limits, threads=job.threads())
    side = flow_side(heights, longest, person_px=differences.flow_person_px, max_side=differences.flow_max_side)
    middle = float(np.median(heights)) if len(heights) else None
    write_json(snakemake.output.people, {"max_side": side, "people": len(heights), "median_height": middle})


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
