# systems, training: fit on normal video under a seed, and score the held-out normal clips for calibration.
def model_files():
    trained = [path for file in layout.MODEL_FILES for path in every(lambda place, *run: place.model(file, *run))]
    scales = ("heldout.parquet", "calibration.json", "threshold.json")
    made = [path for file in scales for path in every_row(lambda place, *run: place.model(file, *run))]
    return list(dict.fromkeys(trained + made))


def normal_video(wildcards):
    """What a system learns from: training clips only, and only what it says it needs."""
    place, clips = Layout(wildcards.dataset), PLAN.clips(wildcards.dataset, "train")
    needs = PLAN.needs(wildcards.system)
    inputs = {kind: [place.clip(kind, "train", clip) for clip in clips] for kind in PLAN.clip_kinds(wildcards.system)}
    if "source" in needs:
        inputs["source"] = PLAN.paths(wildcards.dataset, "train")
    if "pseudo" in needs:
        inputs["pseudo"] = place.pseudo
    return inputs | {
        "index": place.index("train"),
        "code": script_code("train.py", f"systems.{wildcards.system}"),
    }


rule train:
    input:
        unpack(normal_video),
    output:
        **{file.split(".")[0]: Layout("{dataset}").model(file) for file in layout.MODEL_FILES},
        cost=Layout("{dataset}").cost("train"),
    log:
        "logs/train/{dataset}_{system}_{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}_{system}_{seed}.tsv"
    wildcard_constraints:
        system=alternatives(PLAN.systems),
    priority: 2  # the longest jobs start as soon as they can, so that none of them runs alone at the end
    threads: 1  # small networks gain nothing from a second one (measured: 108 % of a core); large ones: --set-threads train=8
    resources:
        mem_mb=lambda wildcards: 4000 if PLAN.is_network(wildcards.system) else 1000,
        checkpoint_s=str(PARAMS.training.checkpoint_s),  # no parameter: it changes no result, so an edit must not retrain
    params:
        dataset="{dataset}",
        clips=lambda wildcards: PLAN.clips(wildcards.dataset, "train"),
        section=lambda wildcards: section("frames", f"systems.{wildcards.system}"),
        held_out=PARAMS.training.held_out,
        snapshots=lambda wildcards: PLAN.snapshots(wildcards.system),
        checkpoint=lambda wildcards: Layout(wildcards.dataset).checkpoint(wildcards.system, wildcards.seed),
        closed=lambda wildcards: PLAN.closed(wildcards.dataset),
    message:
        "Training {wildcards.system} on {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/train.py"


def marked_normal(wildcards):
    """What a person marked as fine on unlabelled video: an input of calibration, and of nothing else."""
    place, events = Layout(wildcards.dataset), PLAN.fed_back.get(wildcards.dataset, [])
    clips = sorted({event.clip for event in events})
    raw = [place.scored("raw", clip, wildcards.system, wildcards.seed) for clip in clips]
    return {"marked": raw, "watched": [place.index("test")]} if raw else {}


rule calibrate:
    input:
        unpack(marked_normal),
        heldout=Layout("{dataset}").model("heldout.parquet"),
        index=Layout("{dataset}").index("train"),
        code=script_code("calibrate.py"),
    output:
        calibration=Layout("{dataset}").model("calibration.json"),
        threshold=Layout("{dataset}").model("threshold.json"),
    log:
        "logs/calibrate/{dataset}_{system}_{seed}.log",
    benchmark:
        "benchmarks/calibrate/{dataset}_{system}_{seed}.tsv"
    threads: 1
    resources:
        mem_mb=500,
    params:
        section=section("scoring"),
        closed=lambda wildcards: PLAN.closed(wildcards.dataset),
        fed_back=lambda wildcards: [astuple(event) for event in PLAN.fed_back.get(wildcards.dataset, [])],
    message:
        "Calibrating {wildcards.system} on held-out normal clips of {wildcards.dataset}, seed {wildcards.seed}"
    script:
        "../scripts/calibrate.py"
