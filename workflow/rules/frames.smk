# frames: source -> packed frames at working size. differences: motion energy and optical flow per cell.
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
