# report: one self-contained page; tracking: everything once more in MLflow, which is a view and may be missing.
def report_files():
    return [layout.REPORT, layout.TRACKING]


rule report:
    message:
        "The report: results/report/index.html"
    input:
        table=layout.AUC_TABLE,
        costs=layout.COST_TABLE,
        metrics=every(lambda place, system, seed: place.metrics(system, seed)),
        scores=[path for path in score_files()],
        thresholds=every(lambda place, system, seed: place.model("threshold.json", system, seed)),
        truth=[Layout(dataset).truth("frames") for dataset in PLAN.datasets],
        indexes=[Layout(dataset).index("test") for dataset in PLAN.datasets],
        frames=[path for chunk in PLAN.chunks(split="test") for path in chunk.outputs("frames")],
        objects=[path for chunk in PLAN.chunks(split="test") for path in chunk.outputs("objects")],
        code=script_code("report.py"),
    output:
        layout.REPORT,
    params:
        datasets={dataset: PLAN.clips(dataset, "test") for dataset in PLAN.datasets},
        runs=[(system, seed, PLAN.systems[system].kind) for system, seed in PLAN.runs()],
        section=section("report"),
    log:
        "logs/report.log",
    benchmark:
        "benchmarks/report.tsv"
    threads: 1
    resources:
        mem_mb=1500,
    script:
        "../scripts/report.py"


rule tracking:
    message:
        "Logging runs to MLflow (a view: the same files come out without it)"
    input:
        table=layout.AUC_TABLE,
        metrics=every(lambda place, system, seed: place.metrics(system, seed)),
        histories=every(lambda place, system, seed: place.model("history.parquet", system, seed)),
        scores=score_files(),
        truth=[Layout(dataset).truth("frames") for dataset in PLAN.datasets],
        code=script_code("tracking.py"),
    output:
        layout.TRACKING,
    params:
        datasets={dataset: PLAN.clips(dataset, "test") for dataset in PLAN.datasets},
        runs=PLAN.runs(),
        section=section("tracking"),
        config=PARAMS.section("training", "systems", "scoring", "frames"),
        config_hash=PARAMS.digest(),
    log:
        "logs/tracking.log",
    benchmark:
        "benchmarks/tracking.tsv"
    threads: 1
    resources:
        mem_mb=1500,
    script:
        "../scripts/tracking.py"
