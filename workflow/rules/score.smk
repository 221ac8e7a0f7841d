# scoring: raw scores of the test clips (with maps and regions where the system localises), then calibrated and smoothed ones.
def score_files():
    kinds = {"raw": PLAN.runs(), "scores": PLAN.runs()}
    kinds |= dict.fromkeys(("maps", "regions"), [run for run in PLAN.runs() if run[0] in PLAN.localising()])
    scored = [
        Layout(dataset).scored(kind, clip, system, seed)
        for kind, runs in kinds.items()
        for dataset in PLAN.datasets
        for clip in PLAN.clips(dataset, "test")
        for system, seed in runs
    ]
    return scored + every(lambda place, system, seed: place.events(system, seed))


def scored_outputs(chunk, kinds):
    return {kind: [Layout(chunk.dataset).scored(kind, clip) for clip in chunk.clips] for kind in kinds}


def scoring_inputs(chunk):
    """A scoring job gets the test clips' artefacts its system needs, and nothing of their truth."""

    def inputs(wildcards):
        found = {kind: chunk.outputs(kind) for kind in PLAN.clip_kinds(wildcards.system)}
        if "source" in PLAN.needs(wildcards.system):
            found["source"] = chunk.paths
        return found | {"code": script_code("score.py", f"systems.{wildcards.system}")}

    return inputs


for chunk in PLAN.chunks(split="test"):
    for kinds, systems in ((("raw",), PLAN.only_scoring()), (("raw", "maps", "regions"), PLAN.localising())):

        rule:
            name:
                f"score_{'_'.join(kinds)}_{chunk.key}"
            message:
                f"Scoring {len(chunk.clips)} test clips of {chunk.dataset}: {{wildcards.system}}, seed {{wildcards.seed}}"
            input:
                unpack(scoring_inputs(chunk)),
                weights=Layout(chunk.dataset).model("weights.safetensors"),
                model=Layout(chunk.dataset).model("model.json"),
                index=Layout(chunk.dataset).index("test"),
            output:
                **scored_outputs(chunk, kinds),
                cost=Layout(chunk.dataset).cost(f"score_{chunk.number:03d}"),
            wildcard_constraints:
                system=alternatives(systems),
            params:
                dataset=chunk.dataset,
                clips=chunk.clips,
            log:
                f"logs/score/{chunk.key}_{{system}}_{{seed}}.log",
            benchmark:
                f"benchmarks/score/{chunk.key}_{{system}}_{{seed}}.tsv"
            threads: lambda wildcards: 2 if PLAN.is_network(wildcards.system) else 1
            resources:
                mem_mb=2000,
            script:
                "../scripts/score.py"


for dataset in PLAN.datasets:

    rule:
        name:
            f"finish_{dataset}"
        message:
            f"Calibrated scores and events of {dataset}: {{wildcards.system}}, seed {{wildcards.seed}}"
        input:
            raw=[Layout(dataset).scored("raw", clip) for clip in PLAN.clips(dataset, "test")],
            calibration=Layout(dataset).model("calibration.json"),
            threshold=Layout(dataset).model("threshold.json"),
            index=Layout(dataset).index("test"),
            code=script_code("finish.py"),
        output:
            scores=[Layout(dataset).scored("scores", clip) for clip in PLAN.clips(dataset, "test")],
            events=Layout(dataset).events(),
        params:
            clips=PLAN.clips(dataset, "test"),
            section=section("scoring"),
        log:
            f"logs/finish/{dataset}_{{system}}_{{seed}}.log",
        benchmark:
            f"benchmarks/finish/{dataset}_{{system}}_{{seed}}.tsv"
        threads: 1
        resources:
            mem_mb=500,
        script:
            "../scripts/finish.py"
