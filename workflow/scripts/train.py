"""Fit one system on normal video under one seed, and score its held-out normal clips."""

from pathlib import Path
from typing import Any

from vadflow import job
from vadflow.clip import views
from vadflow.io import read_table, write_json
from vadflow.params import FramesParams, parse
from vadflow.systems.base import load_module
from vadflow.training.fit import fit_system


def main(snakemake: Any) -> None:
    """Hand the job's own inputs, and nothing else, to the fit."""
    section, name, seed = snakemake.params.section, snakemake.wildcards.system, int(snakemake.wildcards.seed)
    frames = parse(FramesParams, section, "frames")
    clips = views(read_table(snakemake.input.index), snakemake.params.clips, job.clip_files(snakemake))
    recipes = read_table(snakemake.input.pseudo) if snakemake.input.get("pseudo") else None
    with job.measured() as cost:
        fit_system(
            name,
            parse(load_module(name).Params, section, f"systems.{name}"),
            clips,
            frame_shape=(frames.height, frames.width, frames.channels),
            seed=seed,
            held_out=snakemake.params.held_out,
            folder=Path(snakemake.output.weights).parent,
            checkpoint=Path(snakemake.params.checkpoint),
            checkpoint_s=float(snakemake.resources.checkpoint_s),
            threads=job.threads(),
            pseudo=recipes,
            snapshots=snakemake.params.snapshots,
        )
    cost["disk_mb"] = Path(snakemake.output.weights).stat().st_size / 2**20
    write_json(snakemake.output.cost, cost | job.subject(snakemake) | {"stage": "train"})


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
