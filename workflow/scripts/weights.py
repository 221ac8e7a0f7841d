"""Resolve the detector's weights: a path, the bundled ones, or a name that is downloaded once; hash them."""

from typing import Any

from vadflow import job
from vadflow.io import write_json
from vadflow.objects.weights import resolve
from vadflow.params import ObjectsParams, parse


def main(snakemake: Any) -> None:
    """Write where they lie, their kind and SHA-256."""
    write_json(snakemake.output[0], resolve(parse(ObjectsParams, snakemake.params.section, "objects")))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
