# objects: the detector's weights, resolved once, and the boxes of every clip with their motion.
def object_files():
    return [layout.WEIGHTS] + [path for chunk in PLAN.chunks() for path in chunk.outputs("objects")]


rule weights:
    message:
        "Resolving the detector's weights (the only step that may use the network)"
    input:
        code=script_code("weights.py", f"objects.{PARAMS.objects.detector}"),
    output:
        layout.WEIGHTS,
    params:
        section=section("objects"),
    log:
        "logs/weights.log",
    benchmark:
        "benchmarks/weights.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    script:
        "../scripts/weights.py"


for chunk in PLAN.chunks():

    rule:
        name:
            f"objects_{chunk.key}"
        message:
            f"Detecting objects in {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
        input:
            weights=layout.WEIGHTS,
            videos=chunk.paths,
            differences=chunk.outputs("differences"),
            flow=chunk.outputs("flow"),
            code=script_code(
                "objects.py", f"objects.{PARAMS.objects.detector}", f"datasets.{PLAN.adapter_name(chunk.dataset)}"
            ),
        output:
            objects=chunk.outputs("objects"),
        params:
            dataset=chunk.dataset,
            split=chunk.split,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section("objects", "frames", f"datasets.{chunk.dataset}"),
        log:
            f"logs/objects/{chunk.key}.log",
        benchmark:
            f"benchmarks/objects/{chunk.key}.tsv"
        threads: 1
        resources:
            mem_mb=2500,
        script:
            "../scripts/objects.py"
