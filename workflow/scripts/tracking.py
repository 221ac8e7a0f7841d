"""Log the table and every run to MLflow; write results/tracking.json."""

import json
from pathlib import Path
from typing import Any

from vadflow import job, tracking
from vadflow.io import write_json
from vadflow.layout import STORE
from vadflow.params import TrackingParams, parse


def main(snakemake: Any) -> None:
    """Gather what the files say and hand it to MLflow."""
    given = snakemake.params
    params, config = parse(TrackingParams, given.section, "tracking"), json.loads(given.config)
    if not params.enabled:
        write_json(snakemake.output[0], {"tracked": False, "reason": "tracking.enabled is false in params.yaml"})
        return
    records = [
        tracking.read_record(dataset, list(clips), system, seed, config)
        for dataset, clips in given.datasets.items()
        for system, seed in given.runs
    ]
    tags = {"git_commit": tracking.git_commit(Path(tracking.__file__).parent), "config_hash": given.config_hash}
    table = snakemake.input.table
    found = tracking.log_table(records, store=STORE, experiment=params.experiment, table=table, tags=tags)
    write_json(snakemake.output[0], found)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
