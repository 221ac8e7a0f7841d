# vadflow: clip -> frames -> differences -> objects -> pseudo-anomalies -> training -> scores -> metrics -> report.
# Read this as a table of contents. A workspace is any folder with a params.yaml: `snakemake -d <workspace>`.
import os
import sys
from dataclasses import astuple
from pathlib import Path

from snakemake.utils import min_version

min_version("9.0")
sys.path.insert(0, str(Path(workflow.basedir) / "src"))
# Threads that wait must sleep, not spin: with more jobs than cores (--cores 8 on a small machine) spinning costs minutes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from vadflow import layout, locks, params
from vadflow.dag import Plan, alternatives
from vadflow.errors import VadflowError
from vadflow.layout import Layout
from vadflow.objects.heights import CLIPS
from vadflow.objects.poses import find_weights
from vadflow.provenance import code
from vadflow.rows import external_file, external_heldout

locks.release_stale()  # of a run that was killed; the same command then goes on
try:
    PARAMS = params.load("params.yaml")
    PLAN = Plan(PARAMS, clips_per_job=int(config.get("clips_per_job", 8)))
except VadflowError as fault:
    sys.exit(f"vadflow: {fault}")


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/frames.smk"
include: "workflow/rules/objects.smk"
include: "workflow/rules/pseudo.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/score.smk"
include: "workflow/rules/metrics.smk"
include: "workflow/rules/report.smk"


rule all:
    default_target: True
    input:
        data_files(),
        frame_files(),
        object_files(),
        pseudo_files(),
        model_files(),
        score_files(),
        snapshot_files(),
        metric_files(),
        report_files(),
    message:
        "Done: results/auc_table.csv, results/auc_table.html and results/report/index.html"
