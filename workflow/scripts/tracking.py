"""Log the table and every run to MLflow; write results/tracking.json."""

import json
from pathlib import Path
from typing import Any

from vadflow import job, tracking
from vadflow.io import read_json, read_table, write_json
from vadflow.layout import STORE, Layout
from vadflow.params import TrackingParams, parse


def main(snakemake: Any) -> None:
    """Gather what the files say and hand it to MLflow."""
    params = parse(TrackingParams, snakemake.params.section, "tracking")
    if not params.enabled:
        write_json(snakemake.output[0], {"tracked": False, "reason": "tracking.enabled is false in params.yaml"})
        return
    config = json.loads(snakemake.params.config)
    records = [
        record(dataset, list(clips), system, seed, config)
        for dataset, clips in snakemake.params.datasets.items()
        for system, seed in snakemake.params.runs
    ]
    tags = {
        "git_commit": tracking.git_commit(Path(tracking.__file__).parent),
        "config_hash": snakemake.params.config_hash,
    }
    found = tracking.log_table(
        records, store=STORE, experiment=params.experiment, table=snakemake.input.table, tags=tags
    )
    write_json(snakemake.output[0], found)


def record(dataset: str, clips: list[str], system: str, seed: int, config: dict[str, Any]) -> tracking.RunRecord:
    """One nested run from its files."""
    place = Layout(dataset)
    truth = read_table(place.truth("frames"))
    scores = {clip: read_table(place.scored("scores", clip, system, seed)) for clip in clips}
    labelled = {
        clip: table.merge(truth[truth["clip"] == clip][["frame", "label"]], on="frame")
        for clip, table in scores.items()
    }
    own = {key: value for key, value in config["systems"].items() if key == system}
    params = dict(tracking.flatten({**config, "systems": own}))
    metrics, history = read_json(place.metrics(system, seed)), read_table(place.model("history.parquet", system, seed))
    return tracking.RunRecord(
        dataset,
        system,
        seed,
        params,
        metrics,
        history,
        {c: labelled[c] if len(labelled[c]) else scores[c] for c in clips},
    )


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
