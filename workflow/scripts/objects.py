"""Detect the objects of every clip of a chunk, with their motion."""

from typing import Any

from tqdm import tqdm

from vadflow import job
from vadflow.datasets.base import select
from vadflow.frames.decode import Decoder, Limits
from vadflow.io import open_array, read_json, write_table
from vadflow.objects import base
from vadflow.objects.detect import detect_clip
from vadflow.params import FramesParams, ObjectsParams, parse


def main(snakemake: Any) -> None:
    """One detector for all clips of the chunk."""
    section = snakemake.params.section
    chosen = select(snakemake.params.dataset, section, snakemake.params.split, snakemake.params.clips)
    params = parse(ObjectsParams, section, "objects")
    limits = Limits.of(parse(FramesParams, section, "frames"))
    weights = read_json(snakemake.input.weights)
    detector = base.load(params.detector).Detector(params.of(params.detector), weights, job.threads())
    files = zip(snakemake.input.flow, snakemake.input.differences, snakemake.output.objects, strict=True)
    for source, (flow, differences, path) in zip(tqdm(chosen.sources, desc="objects", unit="clip"), files, strict=True):
        frames = Decoder(source.path, limits=limits, fps=source.fps, threads=job.threads())
        arrays = {"flow": open_array(flow), "differences": open_array(differences)}
        write_table(path, detect_clip(frames, detector, **arrays, where=f"clip {source.split}/{source.name}"))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
