"""Every number of one system and seed on one dataset, as one JSON file."""

from functools import partial
from typing import Any

import pandas as pd

from vadflow import job
from vadflow.datasets.base import select
from vadflow.io import open_array, read_table, write_json
from vadflow.metrics.alarms import alarm_metrics
from vadflow.metrics.evaluate import Subject, evaluate
from vadflow.metrics.inputs import Labels
from vadflow.metrics.local import local_metrics
from vadflow.params import MetricsParams, ScoringParams, parse
from vadflow.scoring.smooth import smooth


def main(snakemake: Any) -> None:
    """Read scores and labels, evaluate, write."""
    metrics = parse(MetricsParams, snakemake.params.section, "metrics")
    scoring = parse(ScoringParams, snakemake.params.section, "scoring")
    clips, truth = snakemake.params.clips, read_table(snakemake.input.truth)
    scores = {clip: read_table(path) for clip, path in zip(clips, snakemake.input.scores, strict=True)}
    labels = {clip: rows["label"].to_numpy() for clip, rows in truth.groupby("clip")}
    subject = Subject(
        dataset=snakemake.params.dataset,
        system=snakemake.wildcards.system,
        seed=int(snakemake.wildcards.seed),
        config_hash=snakemake.params.config_hash,
        **snakemake.params.claim,
    )
    found = evaluate(
        subject,
        scores,
        labels,
        smooth=partial(smooth, smoother=scoring.smoother, sigma_frames=scoring.sigma_frames),
        resamples=metrics.bootstrap,
        seed=metrics.seed,
        sigmas=metrics.tuned_sigmas,
        local=local(snakemake, clips) if snakemake.input.get("maps") else None,
        alarms=alarms(snakemake, labels),
    )
    write_json(snakemake.output[0], found)


def alarms(snakemake: Any, labels: Labels) -> dict[str, float | None]:
    """Event recall, delay and false alarms at the threshold."""
    index = read_table(snakemake.input.index)
    events = pd.read_csv(snakemake.input.events, dtype={"clip": str})
    return alarm_metrics(events, labels, dict(zip(index["clip"], index["fps"], strict=True)))


def local(snakemake: Any, clips: list[str]) -> dict[str, float | None]:
    """Pixel AUC, RBDC and TBDC, for a system that localises."""
    chosen = select(snakemake.params.dataset, snakemake.params.section, "test", clips)
    regions = dict(zip(clips, map(read_table, snakemake.input.regions), strict=True))
    maps = dict(zip(clips, map(open_array, snakemake.input.maps), strict=True))
    return local_metrics(chosen, read_table(snakemake.input.tracks), regions, maps)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
