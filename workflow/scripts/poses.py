"""Find body keypoints in every clip of a chunk."""

from typing import Any

from tqdm import tqdm

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.decode import Decoder, Limits
from vadflow.io import read_table, write_table
from vadflow.objects.poses import PoseReader, PosesParams, pose_clip
from vadflow.params import FramesParams, parse


def main(snakemake: Any) -> None:
    """One table of bodies a clip."""
    section = snakemake.params.section
    chosen = select(snakemake.params.dataset, section, snakemake.params.split, snakemake.params.clips)
    params = parse(PosesParams, section, snakemake.params.key)
    params = params.model_copy(update={"weights": snakemake.params.network or None})
    reader = PoseReader(params, job.threads())
    limits = Limits.of(parse(FramesParams, section, "frames"))
    files = zip(job.listed(snakemake.input, "objects"), job.listed(snakemake.output, "poses"), strict=True)
    for source, (objects, path) in zip(tqdm(chosen.sources, desc="poses", unit="clip"), files, strict=True):
        frames = Decoder(source.path, limits=limits, fps=source.fps, threads=job.threads())
        write_table(path, pose_clip(frames, read_table(objects), reader))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
