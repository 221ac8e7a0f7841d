"""Raw scores of all test clips to calibrated and smoothed ones, and events above the threshold."""

from typing import Any

from vadflow import job
from vadflow.clip import frame_rates
from vadflow.io import read_json, read_table, write_table, write_text
from vadflow.params import ScoringParams, parse
from vadflow.scoring.calibrate import Calibration
from vadflow.scoring.events import with_regions
from vadflow.scoring.finish import find_all_events, finish_clip
from vadflow.scoring.smooth import Kernel
from vadflow.scoring.threshold import Threshold


def main(snakemake: Any) -> None:
    """One table a clip, one event list."""
    scoring = parse(ScoringParams, snakemake.params.section, "scoring")
    calibration = Calibration.model_validate(read_json(snakemake.input.calibration))
    threshold = Threshold.model_validate(read_json(snakemake.input.threshold))
    fps, clips = frame_rates(snakemake.input.index), snakemake.params.clips
    smooth = Kernel(scoring.smoother, scoring.sigma_s, fps)
    raw = zip(clips, job.listed(snakemake.input, "raw"), strict=True)
    tables = [finish_clip(read_table(path), calibration, smooth, clip) for clip, path in raw]
    for path, table in zip(job.listed(snakemake.output, "scores"), tables, strict=True):
        write_table(path, table)
    regions = dict(
        zip(clips, map(read_table, job.listed(snakemake.input, "regions")), strict=False)
    )  # only if it localises
    events = with_regions(find_all_events(zip(clips, tables, strict=True), fps, threshold, scoring), regions)
    write_text(snakemake.output.events, events.to_csv(index=False, lineterminator="\n"))


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
