"""Write the pseudo-anomaly recipes of the training clips."""

from typing import Any

from vadflow import job
from vadflow.clip import views
from vadflow.io import read_table, write_table
from vadflow.params import PseudoParams, parse
from vadflow.pseudo.recipes import build


def main(snakemake: Any) -> None:
    """Draw recipes where there is motion."""
    clips = views(read_table(snakemake.input.index), snakemake.params.clips, job.clip_files(snakemake))
    write_table(snakemake.output[0], build(clips, parse(PseudoParams, snakemake.params.section, "pseudo")))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
