# frames: source -> packed frames at working size. differences: motion energy and optical flow per cell, at the size people need.
def flow_size(dataset):
    """Where flow's size follows the people in normal video, the file that says it."""
    return [Layout(dataset).flow_size] if PLAN.sizing() else []


def frame_files():
    kinds = ("frames", "differences", "flow")
    return [path for chunk in PLAN.chunks() for kind in kinds for path in chunk.outputs(kind)]


for chunk in PLAN.chunks():

    rule:
        name:
            f"frames_{chunk.key}"
        input:
            videos=chunk.paths,
            code=script_code("frames.py", f"datasets.{PLAN.adapter_name(chunk.dataset)}"),
        output:
            frames=chunk.outputs("frames"),
            decoded=[Layout(chunk.dataset).decoded(chunk.split, clip) for clip in chunk.clips],
        log:
            f"logs/frames/{chunk.key}.log",
        benchmark:
            f"benchmarks/frames/{chunk.key}.tsv"
        priority: urgency(chunk.split)
        threads: 1
        resources:
            mem_mb=1000,
        params:
            dataset=chunk.dataset,
            split=chunk.split,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section("frames", f"datasets.{chunk.dataset}"),
        message:
            f"Decoding {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
        script:
            "../scripts/frames.py"

    rule:
        name:
            f"differences_{chunk.key}"
        input:
            videos=chunk.paths,
            frames=chunk.outputs("frames"),
            people=flow_size(chunk.dataset),
            code=script_code("differences.py", f"datasets.{PLAN.adapter_name(chunk.dataset)}"),
        output:
            differences=chunk.outputs("differences"),
            flow=chunk.outputs("flow"),
        log:
            f"logs/differences/{chunk.key}.log",
        benchmark:
            f"benchmarks/differences/{chunk.key}.tsv"
        priority: urgency(chunk.split)
        threads: 1
        resources:
            mem_mb=1000,
        params:
            dataset=chunk.dataset,
            split=chunk.split,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section("frames", "differences", f"datasets.{chunk.dataset}"),
        message:
            f"Differences and optical flow of {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
        script:
            "../scripts/differences.py"


for dataset in PLAN.datasets if PLAN.sizing() else []:
    chunk = PLAN.few(dataset, CLIPS)

    rule:
        name:
            f"flow_size_{dataset}"
        input:
            weights=layout.WEIGHTS,
            videos=chunk.paths,
            code=script_code(
                "flow_size.py", f"objects.{PARAMS.objects.detector}", f"datasets.{PLAN.adapter_name(dataset)}"
            ),
        output:
            people=Layout(dataset).flow_size,
        log:
            f"logs/flow_size/{dataset}.log",
        benchmark:
            f"benchmarks/flow_size/{dataset}.tsv"
        priority: urgency("train")
        threads: 1
        resources:
            mem_mb=2500,
        params:
            dataset=dataset,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section("frames", "differences", "objects", f"datasets.{dataset}"),
        message:
            f"Looking at how tall people are in {len(chunk.clips)} training clips of {dataset}"
        script:
            "../scripts/flow_size.py"
