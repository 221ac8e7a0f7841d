# metrics: every number of the protocol per system and seed, then the two tables over all datasets, and the leakage audit.
def metric_files():
    tables = [
        layout.AUC_TABLE,
        layout.AUC_TWIN,
        layout.COST_TABLE,
        layout.AUDIT,
        layout.RECORD,
    ]
    return tables + every_row(lambda place, system, seed: place.metrics(system, seed))


def cost_files():
    jobs = {
        dataset: [f"score_{chunk.number:03d}" for chunk in PLAN.chunks(dataset, "test")] for dataset in PLAN.datasets
    }
    return [
        Layout(dataset).cost(job, system, seed)
        for dataset in PLAN.datasets
        for system, seed in PLAN.runs()
        for job in ["train", *jobs[dataset]]
    ]


for dataset in PLAN.datasets:
    for local, systems in (
        ((), PLAN.only_scoring() + PLAN.made_for(dataset)),
        (("maps", "regions"), PLAN.localising()),
    ):

        rule:
            name:
                f"metrics_{dataset}_{'local' if local else 'frame'}"
            input:
                **{kind: [Layout(dataset).scored(kind, clip) for clip in PLAN.clips(dataset, "test")] for kind in local},
                scores=[Layout(dataset).scored("scores", clip) for clip in PLAN.clips(dataset, "test")],
                truth=Layout(dataset).truth("frames"),
                tracks=Layout(dataset).truth("regions"),
                events=Layout(dataset).events(),
                snapshots=lambda wildcards, dataset=dataset: snapshot_scores(dataset, wildcards.system, wildcards.seed),
                index=Layout(dataset).index("test"),
                code=script_code("metrics.py", f"datasets.{PLAN.adapter_name(dataset)}"),
            output:
                Layout(dataset).metrics(),
            log:
                f"logs/metrics/{dataset}_{{system}}_{{seed}}.log",
            benchmark:
                f"benchmarks/metrics/{dataset}_{{system}}_{{seed}}.tsv"
            wildcard_constraints:
                system=alternatives(systems),
            threads: 1
            resources:
                mem_mb=1000,
            params:
                clips=PLAN.clips(dataset, "test"),
                dataset=dataset,
                section=section("metrics", "scoring", f"datasets.{dataset}"),
                claim=lambda wildcards, dataset=dataset: PLAN.claim(dataset, wildcards.system),
                config_hash=lambda wildcards, dataset=dataset: PLAN.digest(dataset, wildcards.system),
            message:
                f"Metrics on {dataset}: {{wildcards.system}}, seed {{wildcards.seed}}"
            script:
                "../scripts/metrics.py"


rule auc_table:
    input:
        metrics=every_row(lambda place, system, seed: place.metrics(system, seed)),
        scores=score_tables(),
        truth=[Layout(dataset).truth("frames") for dataset in PLAN.datasets],
        code=script_code("auc_table.py"),
    output:
        table=layout.AUC_TABLE,
        twin=layout.AUC_TWIN,
    log:
        "logs/auc_table.log",
    benchmark:
        "benchmarks/auc_table.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        clips={dataset: PLAN.clips(dataset, "test") for dataset in PLAN.datasets},
        rows={dataset: PLAN.rows(dataset) for dataset in PLAN.datasets},
        section=section("metrics"),
    message:
        "The AUC table and its readable twin"
    script:
        "../scripts/auc_table.py"


rule record:
    input:
        table=layout.AUC_TABLE,
        code=script_code("record.py"),
    output:
        layout.RECORD,
    log:
        "logs/record.log",
    benchmark:
        "benchmarks/record.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        parameters=section(*type(PARAMS).model_fields),
        normal_events=[astuple(event) for events in PLAN.fed_back.values() for event in events],
    message:
        "Recording the commit, the parameters and the feedback behind the table"
    script:
        "../scripts/record.py"


rule cost_table:
    input:
        costs=cost_files(),
        code=script_code("cost_table.py"),
    output:
        layout.COST_TABLE,
    log:
        "logs/cost_table.log",
    benchmark:
        "benchmarks/cost_table.tsv"
    threads: 1
    resources:
        mem_mb=500,
    message:
        "The cost table"
    script:
        "../scripts/cost_table.py"


rule leakage_audit:
    input:
        models=model_files(),
        code=script_code("leakage_audit.py"),
    output:
        layout.AUDIT,
    log:
        "logs/leakage_audit.log",
    benchmark:
        "benchmarks/leakage_audit.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        forbidden=PLAN.test_paths(),
        fed_back=sorted(PLAN.fed_back),
    message:
        "Proving from the recorded provenance that no training or calibration job had a test file among its ancestors"
    script:
        "../scripts/leakage_audit.py"
