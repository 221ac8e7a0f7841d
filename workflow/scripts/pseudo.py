"""Write the pseudo-anomaly recipes of the training clips."""

from typing import Any

from vadflow import job
from vadflow.clip import views
from vadflow.io import read_table, write_table
from vadflow.params import PseudoParams, parse
from vadflow.pseudo.recipes import build


def main(snakemake: Any) -> None:
    """Draw recipes where there is motion."""
    params = parse(PseudoParams, snakemake.params.section, "pseudo")
    clips = views(read_table(snakemake.input.index), snakemake.params.clips, job.clip_files(snakemake))
    kinds = {kind: params.of(kind) for kind in params.kinds}
    numbers = {"per_clip": params.per_clip, "window": params.window, "motion": params.motion, "seed": params.seed}
    write_table(snakemake.output[0], build(clips, kinds, **numbers))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
