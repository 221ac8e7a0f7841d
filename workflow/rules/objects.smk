# objects: the detector's weights, resolved once, and the boxes of every clip with their motion.
def object_files():
    kinds = ("objects", "poses") if PLAN.posing() else ("objects",)
    return [layout.WEIGHTS] + [path for chunk in PLAN.chunks() for kind in kinds for path in chunk.outputs(kind)]


def pose_network():
    """The chosen pose network, or None."""
    detector = getattr(PARAMS.objects.of(PARAMS.objects.detector), "weights", None)
    return find_weights(PARAMS.systems.of(PLAN.posing()).poses.weights, detector)


def pose_weights():
    """Files of the pose network, where there is one: another export makes other keypoints."""
    path = pose_network()
    return [] if path is None else sorted(map(str, path.iterdir())) if path.is_dir() else [str(path)]


rule weights:
    input:
        code=script_code("weights.py", f"objects.{PARAMS.objects.detector}"),
    output:
        layout.WEIGHTS,
    log:
        "logs/weights.log",
    benchmark:
        "benchmarks/weights.tsv"
    threads: 1
    resources:
        mem_mb=1000,
    params:
        section=section("objects"),
    message:
        "Resolving the detector's weights (the only step that may use the network)"
    script:
        "../scripts/weights.py"


for chunk in PLAN.chunks():

    rule:
        name:
            f"objects_{chunk.key}"
        input:
            weights=layout.WEIGHTS,
            videos=chunk.paths,
            differences=chunk.outputs("differences"),
            flow=chunk.outputs("flow"),
            code=script_code(
                "objects.py",
                f"objects.{PARAMS.objects.detector}",
                f"datasets.{PLAN.adapter_name(chunk.dataset)}",
            ),
        output:
            objects=chunk.outputs("objects"),
        log:
            f"logs/objects/{chunk.key}.log",
        benchmark:
            f"benchmarks/objects/{chunk.key}.tsv"
        priority: urgency(chunk.split)
        threads: 1
        resources:
            mem_mb=2500,
        params:
            dataset=chunk.dataset,
            split=chunk.split,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section("objects", "frames", f"datasets.{chunk.dataset}"),
        message:
            f"Detecting objects in {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
        script:
            "../scripts/objects.py"


# poses: body keypoints beside the objects, only where a system reads them; its own section says how they are made.
for chunk in PLAN.chunks() if PLAN.posing() else []:

    rule:
        name:
            f"poses_{chunk.key}"
        input:
            weights=pose_weights(),
            videos=chunk.paths,
            objects=chunk.outputs("objects"),
            code=script_code("poses.py", f"datasets.{PLAN.adapter_name(chunk.dataset)}"),
        output:
            poses=chunk.outputs("poses"),
        log:
            f"logs/poses/{chunk.key}.log",
        benchmark:
            f"benchmarks/poses/{chunk.key}.tsv"
        priority: urgency(chunk.split)
        threads: 1
        resources:
            mem_mb=2000,
        params:
            dataset=chunk.dataset,
            split=chunk.split,
            clips=chunk.clips,
            fingerprint=chunk.fingerprint,
            section=section(f"systems.{PLAN.posing()}.poses", "frames", f"datasets.{chunk.dataset}"),
            key=f"systems.{PLAN.posing()}.poses",
            network=str(pose_network() or ""),
        message:
            f"Finding body keypoints in {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
        script:
            "../scripts/poses.py"
