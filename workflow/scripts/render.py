"""Render the clips of a chunk as real video files, with their truth beside them."""

from typing import Any

from tqdm import tqdm

from vadflow import job
from vadflow.datasets.base import select


def main(snakemake: Any) -> None:
    """Call the adapter's renderer once per clip."""
    chosen = select(snakemake.params.dataset, snakemake.params.section, snakemake.params.split, snakemake.params.clips)
    for source in tqdm(chosen.sources, desc="render", unit="clip"):
        chosen.adapter.render(chosen.params, source)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
