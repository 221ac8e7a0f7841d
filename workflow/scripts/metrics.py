"""Every number of the protocol for one system and seed."""

from typing import Any

from vadflow import job
from vadflow.clip import frame_rates
from vadflow.io import write_json
from vadflow.metrics import gather
from vadflow.metrics.evaluate import Subject, evaluate
from vadflow.params import MetricsParams, ScoringParams, parse
from vadflow.scoring.smooth import Kernel


def main(snakemake: Any) -> None:
    """Read scores and labels, evaluate, write."""
    given, params, run = snakemake.input, snakemake.params, snakemake.wildcards
    metrics, scoring = parse(MetricsParams, params.section, "metrics"), parse(ScoringParams, params.section, "scoring")
    clips, labels, fps = params.clips, gather.read_labels(given.truth), frame_rates(given.index)
    local = {kind: job.listed(given, kind) for kind in ("regions", "maps")}
    found = evaluate(
        Subject(params.dataset, run.system, int(run.seed), config_hash=params.config_hash, **params.claim),
        gather.read_scores(clips, job.listed(given, "scores")),
        labels,
        smooth=Kernel(scoring.smoother, scoring.sigma_s, fps),
        resamples=metrics.bootstrap,
        seed=metrics.seed,
        sigmas=metrics.tuned_sigmas,
        local=gather.localisation(params.dataset, params.section, clips, tracks=given.tracks, **local),
        alarms=gather.alarms_at_threshold(given.events, fps, labels),
        snapshots=gather.read_snapshots(clips, job.listed(given, "snapshots")),
    )
    write_json(snakemake.output[0], found)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
