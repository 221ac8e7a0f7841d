# systems, training: fit on normal video under a seed, and score the held-out normal clips for calibration.
MODEL_FILES = ("weights.safetensors", "model.json", "history.parquet", "heldout.parquet")


def model_files():
    files = MODEL_FILES + ("calibration.json", "threshold.json")
    return [path for file in files for path in every(lambda place, system, seed: place.model(file, system, seed))]


def normal_video(wildcards):
    """What a system learns from: training clips only, and only what it says it needs."""
    place, clips = Layout(wildcards.dataset), PLAN.clips(wildcards.dataset, "train")
    needs = PLAN.needs(wildcards.system)
    inputs = {kind: [place.clip(kind, "train", clip) for clip in clips] for kind in PLAN.clip_kinds(wildcards.system)}
    if "source" in needs:
        inputs["source"] = PLAN.paths(wildcards.dataset, "train")
    if "pseudo" in needs:
        inputs["pseudo"] = place.pseudo
    return inputs | {"index": place.index("train"), "code": script_code("train.py", f"systems.{wildcards.system}")}


rule train:
    message:
        "Training {wildcards.system} on {wildcards.dataset}, seed {wildcards.seed}"
    input:
        unpack(normal_video),
    output:
        **{file.split(".")[0]: Layout("{dataset}").model(file) for file in MODEL_FILES},
        cost=Layout("{dataset}").cost("train"),
    params:
        dataset="{dataset}",
        clips=lambda wildcards: PLAN.clips(wildcards.dataset, "train"),
        section=lambda wildcards: section("frames", "training", f"systems.{wildcards.system}"),
        checkpoint=lambda wildcards: Layout(wildcards.dataset).checkpoint(wildcards.system, wildcards.seed),
    log:
        "logs/train/{dataset}_{system}_{seed}.log",
    benchmark:
        "benchmarks/train/{dataset}_{system}_{seed}.tsv"
    threads: lambda wildcards: 2 if PLAN.is_network(wildcards.system) else 1
    resources:
        mem_mb=lambda wildcards: 4000 if PLAN.is_network(wildcards.system) else 1000,
    script:
        "../scripts/train.py"


rule calibrate:
    message:
        "Calibrating {wildcards.system} on held-out normal clips of {wildcards.dataset}, seed {wildcards.seed}"
    input:
        heldout=Layout("{dataset}").model("heldout.parquet"),
        index=Layout("{dataset}").index("train"),
        code=script_code("calibrate.py"),
    output:
        calibration=Layout("{dataset}").model("calibration.json"),
        threshold=Layout("{dataset}").model("threshold.json"),
    params:
        section=section("scoring"),
    log:
        "logs/calibrate/{dataset}_{system}_{seed}.log",
    benchmark:
        "benchmarks/calibrate/{dataset}_{system}_{seed}.tsv"
    threads: 1
    resources:
        mem_mb=500,
    script:
        "../scripts/calibrate.py"
