# scoring: raw scores of the test clips (with maps and regions where the system localises), then calibrated and smoothed ones.
def tables_of(kind):
    """One table per test clip, row of the AUC table and seed: kind is raw or scores."""
    return [
        Layout(dataset).scored(kind, clip, system, seed)
        for dataset in PLAN.datasets
        for clip in PLAN.clips(dataset, "test")
        for system, seed in PLAN.rows(dataset)
    ]


def score_tables():
    return tables_of("scores")


def score_files():
    local = [
        Layout(dataset).scored(kind, clip, system, seed)
        for kind in ("maps", "regions")
        for dataset in PLAN.datasets
        for clip in PLAN.clips(dataset, "test")
        for system, seed in PLAN.runs()
        if system in PLAN.localising()
    ]
    return tables_of("raw") + score_tables() + local + every_row(lambda place, *run: place.events(*run))


def regions_of(dataset):
    """The regions of a system that localises: where its events are."""

    def inputs(wildcards):
        clips = PLAN.clips(dataset, "test") if wildcards.system in PLAN.localising() else []
        return [Layout(dataset).scored("regions", clip, wildcards.system, wildcards.seed) for clip in clips]

    return inputs


def snapshot_scores(dataset, system="{system}", seed="{seed}"):
    """What snapshots of a training say of the test clips: nothing for a system without any."""
    clips = PLAN.clips(dataset, "test") if system == "{system}" or PLAN.snapshots(system) else []
    return [Layout(dataset).scored("snapshot_scores", clip, system, seed) for clip in clips]


def snapshot_files():
    runs = [run for run in PLAN.runs() if PLAN.snapshots(run[0])]
    return [path for dataset in PLAN.datasets for run in runs for path in snapshot_scores(dataset, *run)]


def scored_outputs(chunk, kinds):
    return {kind: [Layout(chunk.dataset).scored(kind, clip) for clip in chunk.clips] for kind in kinds}


def scoring_inputs(chunk, script):
    """A scoring job gets the test clips' artefacts its system needs, and nothing of their truth."""

    def inputs(wildcards):
        found = {kind: chunk.outputs(kind) for kind in PLAN.clip_kinds(wildcards.system)}
        if "source" in PLAN.needs(wildcards.system):
            found["source"] = chunk.paths
        return found | {"code": script_code(script, f"systems.{wildcards.system}")}

    return inputs


for chunk in PLAN.chunks(split="test"):
    for kinds, systems in (
        (("raw",), PLAN.only_scoring()),
        (("raw", "maps", "regions"), PLAN.localising()),
    ):

        rule:
            name:
                f"score_{'_'.join(kinds)}_{chunk.key}"
            input:
                unpack(scoring_inputs(chunk, "score.py")),
                weights=Layout(chunk.dataset).model("weights.safetensors"),
                model=Layout(chunk.dataset).model("model.json"),
                index=Layout(chunk.dataset).index("test"),
            output:
                **scored_outputs(chunk, kinds),
                cost=Layout(chunk.dataset).cost(f"score_{chunk.number:03d}"),
            log:
                f"logs/score/{chunk.key}_{{system}}_{{seed}}.log",
            benchmark:
                f"benchmarks/score/{chunk.key}_{{system}}_{{seed}}.tsv"
            wildcard_constraints:
                system=alternatives(systems),
            threads: 1
            resources:
                mem_mb=2000,
            params:
                dataset=chunk.dataset,
                clips=chunk.clips,
            message:
                f"Scoring {len(chunk.clips)} test clips of {chunk.dataset}: {{wildcards.system}}, seed {{wildcards.seed}}"
            script:
                "../scripts/score.py"


# Snapshots of a training, scored into a place of their own: calibration, threshold and headline never read it.
for chunk in PLAN.chunks(split="test") if PARAMS.training.snapshots else []:

    rule:
        name:
            f"score_snapshots_{chunk.key}"
        input:
            unpack(scoring_inputs(chunk, "score_snapshots.py")),
            snapshots=Layout(chunk.dataset).model("snapshots.safetensors"),
            weights=Layout(chunk.dataset).model("weights.safetensors"),
            model=Layout(chunk.dataset).model("model.json"),
            index=Layout(chunk.dataset).index("test"),
        output:
            **scored_outputs(chunk, ["snapshot_scores"]),
        log:
            f"logs/score_snapshots/{chunk.key}_{{system}}_{{seed}}.log",
        benchmark:
            f"benchmarks/score_snapshots/{chunk.key}_{{system}}_{{seed}}.tsv"
        wildcard_constraints:
            system=alternatives(PLAN.stepwise()),
        threads: 1
        resources:
            mem_mb=2000,
        params:
            clips=chunk.clips,
        message:
            f"Scoring {len(chunk.clips)} test clips of {chunk.dataset} with snapshots: {{wildcards.system}}, seed {{wildcards.seed}}"
        script:
            "../scripts/score_snapshots.py"


for dataset in PLAN.datasets if layout.FUSION in PLAN.made else ():

    rule:
        name:
            f"fuse_{dataset}"
        input:
            scores=lambda wildcards, dataset=dataset: [
                Layout(dataset).scored("scores", clip, *run)
                for clip in PLAN.clips(dataset, "test")
                for run in PLAN.member_runs(wildcards.seed)
            ],
            code=script_code("fuse.py"),
        output:
            raw=[Layout(dataset).scored("raw", clip, layout.FUSION) for clip in PLAN.clips(dataset, "test")],
        log:
            f"logs/fuse/{dataset}_{{seed}}.log",
        benchmark:
            f"benchmarks/fuse/{dataset}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            members=PARAMS.fusion.systems,
        message:
            f"Averaging the calibrated scores of {', '.join(PARAMS.fusion.systems)} on {dataset}, seed {{wildcards.seed}}"
        script:
            "../scripts/fuse.py"

    rule:
        name:
            f"fuse_heldout_{dataset}"
        input:
            heldout=lambda wildcards, dataset=dataset: [
                Layout(dataset).model("heldout.parquet", *run) for run in PLAN.member_runs(wildcards.seed)
            ],
            calibration=lambda wildcards, dataset=dataset: [
                Layout(dataset).model("calibration.json", *run) for run in PLAN.member_runs(wildcards.seed)
            ],
            code=script_code("fuse_heldout.py"),
        output:
            Layout(dataset).model("heldout.parquet", layout.FUSION),
        log:
            f"logs/fuse_heldout/{dataset}_{{seed}}.log",
        benchmark:
            f"benchmarks/fuse_heldout/{dataset}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            members=PARAMS.fusion.systems,
            closed=PLAN.closed(dataset),
        message:
            f"Averaging held-out normal scores of {dataset} for the calibration of fusion, seed {{wildcards.seed}}"
        script:
            "../scripts/fuse_heldout.py"


for system, made in PARAMS.external.items():

    rule:
        name:
            f"external_{system}"
        input:
            scores=[external_file(system, clip) for clip in PLAN.clips(made.dataset, "test")],
            index=Layout(made.dataset).index("test"),
            code=script_code("external.py"),
        output:
            raw=[Layout(made.dataset).scored("raw", clip, system) for clip in PLAN.clips(made.dataset, "test")],
        log:
            f"logs/external/{made.dataset}_{system}_{{seed}}.log",
        benchmark:
            f"benchmarks/external/{made.dataset}_{system}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            clips=PLAN.clips(made.dataset, "test"),
        message:
            f"Taking in the scores of {system} for {made.dataset}, made elsewhere"
        script:
            "../scripts/external.py"

    rule:
        name:
            f"external_heldout_{system}"
        input:
            heldout=external_heldout(system),
            index=Layout(made.dataset).index("train"),
            code=script_code("external_heldout.py"),
        output:
            Layout(made.dataset).model("heldout.parquet", system),
        log:
            f"logs/external_heldout/{made.dataset}_{system}_{{seed}}.log",
        benchmark:
            f"benchmarks/external_heldout/{made.dataset}_{system}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            closed=PLAN.closed(made.dataset),
        message:
            f"Taking in the held-out normal scores of {system}, if there are any"
        script:
            "../scripts/external_heldout.py"


for dataset in PLAN.datasets:

    rule:
        name:
            f"finish_{dataset}"
        input:
            raw=[Layout(dataset).scored("raw", clip) for clip in PLAN.clips(dataset, "test")],
            regions=regions_of(dataset),
            calibration=Layout(dataset).model("calibration.json"),
            threshold=Layout(dataset).model("threshold.json"),
            index=Layout(dataset).index("test"),
            code=script_code("finish.py"),
        output:
            scores=[Layout(dataset).scored("scores", clip) for clip in PLAN.clips(dataset, "test")],
            events=Layout(dataset).events(),
        log:
            f"logs/finish/{dataset}_{{system}}_{{seed}}.log",
        benchmark:
            f"benchmarks/finish/{dataset}_{{system}}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        params:
            clips=PLAN.clips(dataset, "test"),
            section=section("scoring"),
        message:
            f"Calibrated scores and events of {dataset}: {{wildcards.system}}, seed {{wildcards.seed}}"
        script:
            "../scripts/finish.py"
