"""Score the test clips of a chunk with the snapshots of a training: frame scores only, no maps and no regions."""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from vadflow import job
from vadflow.clip import views
from vadflow.io import read_table, write_table
from vadflow.scoring.score import score_snapshots
from vadflow.training.snapshots import load_snapshots


def main(snakemake: Any) -> None:
    """One table a clip, of all snapshots."""
    clips = views(read_table(snakemake.input.index), snakemake.params.clips, job.clip_files(snakemake))
    systems = dict(load_snapshots(Path(snakemake.input.snapshots).parent))
    paths = job.listed(snakemake.output, "snapshot_scores")
    for clip, path in zip(tqdm(clips, desc="snapshots", unit="clip"), paths, strict=True):
        write_table(path, score_snapshots(systems, clip))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
