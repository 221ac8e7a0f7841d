# report: one self-contained page; tracking: everything once more in MLflow, which is a view and may be missing.
def report_files():
    return [layout.REPORT, layout.TRACKING]


rule report:
    input:
        table=layout.AUC_TABLE,
        costs=layout.COST_TABLE,
        metrics=every_row(lambda place, system, seed: place.metrics(system, seed)),
        scores=[path for path in score_files()],
        thresholds=every_row(lambda place, system, seed: place.model("threshold.json", system, seed)),
        truth=[Layout(dataset).truth("frames") for dataset in PLAN.datasets],
        indexes=[Layout(dataset).index("test") for dataset in PLAN.datasets],
        frames=[path for chunk in PLAN.chunks(split="test") for path in chunk.outputs("frames")],
        objects=[path for chunk in PLAN.chunks(split="test") for path in chunk.outputs("objects")],
        code=script_code("report.py"),
    output:
        layout.REPORT,
    log:
        "logs/report.log",
    benchmark:
        "benchmarks/report.tsv"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        datasets={dataset: PLAN.clips(dataset, "test") for dataset in PLAN.datasets},
        runs={
            dataset: [(system, seed, PLAN.row(system).kind) for system, seed in PLAN.rows(dataset)]
            for dataset in PLAN.datasets
        },
        section=section("report"),
    message:
        "The report: results/report/index.html"
    script:
        "../scripts/report.py"


rule tracking:
    input:
        table=layout.AUC_TABLE,
        metrics=every(lambda place, system, seed: place.metrics(system, seed)),
        histories=every(lambda place, system, seed: place.model("history.parquet", system, seed)),
        scores=score_files(),
        truth=[Layout(dataset).truth("frames") for dataset in PLAN.datasets],
        code=script_code("tracking.py"),
    output:
        layout.TRACKING,
    log:
        "logs/tracking.log",
    benchmark:
        "benchmarks/tracking.tsv"
    threads: 1
    resources:
        mem_mb=1500,
    params:
        datasets={dataset: PLAN.clips(dataset, "test") for dataset in PLAN.datasets},
        runs=PLAN.runs(),
        section=section("tracking"),
        config=PARAMS.section("training", "systems", "scoring", "frames"),
        config_hash=PLAN.digest_of_all(),
    message:
        "Logging runs to MLflow (a view: the same files come out without it)"
    script:
        "../scripts/tracking.py"
