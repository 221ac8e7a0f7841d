"""Differences of the packed frames and optical flow of the source, both averaged over cells."""

from pathlib import Path
from typing import Any

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.decode import Limits
from vadflow.frames.differences import write_differences
from vadflow.frames.flow import write_flows
from vadflow.io import open_array, read_json
from vadflow.params import DifferencesParams, FramesParams, parse


def main(snakemake: Any) -> None:
    """Write both arrays of every clip of the chunk."""
    chosen = select(snakemake.params.dataset, snakemake.params.section, snakemake.params.split, snakemake.params.clips)
    params = parse(DifferencesParams, snakemake.params.section, "differences")
    people = job.listed(snakemake.input, "people")
    for frames, path in zip(snakemake.input.frames, snakemake.output.differences, strict=True):
        write_differences(Path(frames), Path(path), cell=params.cell)
    write_flows(
        chosen.sources,
        [Path(path) for path in snakemake.output.flow],
        [len(open_array(path)) for path in snakemake.input.frames],
        preset=params.flow_preset,
        limits=Limits.of(parse(FramesParams, snakemake.params.section, "frames")),
        cell=params.flow_cell,
        max_side=read_json(people[0])["max_side"] if people else params.flow_max_side,
        threads=job.threads(),
    )


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
