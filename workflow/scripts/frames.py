"""Decode the clips of a chunk into packed frames at working size; each clip's row of the index is written beside it."""

from pathlib import Path
from typing import Any

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.decode import Limits
from vadflow.frames.pack import pack_clips
from vadflow.io import write_json
from vadflow.params import FramesParams, parse


def main(snakemake: Any) -> None:
    """Pack, and stop with one line per clip that may not be used."""
    chosen = select(snakemake.params.dataset, snakemake.params.section, snakemake.params.split, snakemake.params.clips)
    params = parse(FramesParams, snakemake.params.section, "frames")
    rows = pack_clips(
        chosen.sources,
        [Path(path) for path in snakemake.output.frames],
        limits=Limits.of(params),
        on_damage=params.on_damage,
        height=params.height,
        width=params.width,
        channels=params.channels,
        threads=job.threads(),
    )
    for path, row in zip(snakemake.output.decoded, rows, strict=True):
        write_json(path, row)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
