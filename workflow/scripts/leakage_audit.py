"""Write results/leakage_audit.json, or stop with the name of the leaking file."""

from typing import Any

from vadflow import audit, job
from vadflow.io import write_json


def main(snakemake: Any) -> None:
    """Walk the recorded provenance of every model."""
    records, params = audit.read_provenance(), snakemake.params
    report = audit.audit(snakemake.input.models, records, params.forbidden, params.fed_back)
    write_json(snakemake.output[0], report)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
