"""Score the test clips of a chunk with a trained system."""

from pathlib import Path
from typing import Any

from tqdm import tqdm

from vadflow import job
from vadflow.clip import views
from vadflow.io import read_table, write_json
from vadflow.scoring.score import score_clip
from vadflow.training.store import load_system


def main(snakemake: Any) -> None:
    """Raw scores, and maps and regions where the system localises."""
    clips = views(read_table(snakemake.input.index), snakemake.params.clips, job.clip_files(snakemake))
    output = {kind: job.listed(snakemake.output, kind) for kind in ("raw", "maps", "regions")}
    frames = 0
    with job.measured() as cost:
        system = load_system(Path(snakemake.input.weights).parent)
        for number, clip in enumerate(tqdm(clips, desc="score", unit="clip")):
            paths = [Path(files[number]) if files else None for files in output.values()]
            frames += len(score_clip(system, clip, *paths))
    write_json(snakemake.output.cost, cost | job.subject(snakemake) | {"stage": "score", "frames": frames})


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
