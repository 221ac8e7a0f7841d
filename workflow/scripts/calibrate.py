"""Calibration and threshold from held-out normal scores."""

from typing import Any

import pandas as pd

from vadflow import job
from vadflow.clip import frame_rates
from vadflow.io import read_table, write_json
from vadflow.params import ScoringParams, parse
from vadflow.scoring.feedback import NormalEvent, as_heldout
from vadflow.scoring.finish import learn_scale


def main(snakemake: Any) -> None:
    """Write both beside the weights, not in them."""
    fps = frame_rates(snakemake.input.index)
    scoring = parse(ScoringParams, snakemake.params.section, "scoring")
    heldout = read_table(snakemake.input.heldout)
    if snakemake.params.fed_back:
        marked, watched = marked_normal(snakemake)
        heldout, fps = pd.concat([heldout, marked], ignore_index=True), fps | watched
    calibration, threshold = learn_scale(heldout, fps, scoring)
    write_json(snakemake.output.calibration, calibration.model_dump())
    write_json(snakemake.output.threshold, threshold.model_dump())


def marked_normal(snakemake: Any) -> tuple[pd.DataFrame, dict[str, float]]:
    """What a person marked as fine, as more held-out video: its raw scores, and frames a second by name."""
    events = [NormalEvent(*row) for row in snakemake.params.fed_back]
    fps = frame_rates(snakemake.input.watched[0])
    tables = map(read_table, job.listed(snakemake.input, "marked"))
    raw = dict(zip(sorted({event.clip for event in events}), tables, strict=True))
    return as_heldout(events, raw), {event.name: fps[event.clip] for event in events}


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
