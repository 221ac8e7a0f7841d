# datasets: video that renders itself, the checked clip index of each split, and the truth of the test clips.
def data_files():
    indexes = [Layout(dataset).index(split) for dataset in PLAN.datasets for split in ("train", "test")]
    truth = [Layout(dataset).truth(table) for dataset in PLAN.datasets for table in ("frames", "regions")]
    return indexes + truth


for chunk in PLAN.chunks():
    if PLAN.renders(chunk.dataset):

        rule:
            name:
                f"render_{chunk.key}"
            input:
                code=script_code("render.py", f"datasets.{PLAN.adapter_name(chunk.dataset)}"),
            output:
                videos=chunk.paths,
                truth=[str(source.labels) for source in chunk.sources],
            log:
                f"logs/render/{chunk.key}.log",
            benchmark:
                f"benchmarks/render/{chunk.key}.tsv"
            priority: urgency(chunk.split)
            threads: 1
            resources:
                mem_mb=500,
            params:
                dataset=chunk.dataset,
                split=chunk.split,
                clips=chunk.clips,
                section=section(f"datasets.{chunk.dataset}"),
            message:
                f"Rendering {len(chunk.clips)} {chunk.split} clips of {chunk.dataset}"
            script:
                "../scripts/render.py"


for dataset in PLAN.datasets:
    for split in ("train", "test"):

        rule:
            name:
                f"index_{split}_{dataset}"
            input:
                decoded=[Layout(dataset).decoded(split, clip) for clip in PLAN.clips(dataset, split)],
                code=script_code("index.py", f"datasets.{PLAN.adapter_name(dataset)}"),
            output:
                Layout(dataset).index(split),
            log:
                f"logs/index/{dataset}_{split}.log",
            benchmark:
                f"benchmarks/index/{dataset}_{split}.tsv"
            threads: 1
            resources:
                mem_mb=500,
            params:
                dataset=dataset,
                split=split,
                section=section(f"datasets.{dataset}"),
            message:
                f"Checking the {split} clips of {dataset}"
            script:
                "../scripts/index.py"

    rule:
        name:
            f"truth_{dataset}"
        input:
            index=Layout(dataset).index("test"),
            videos=[path for chunk in PLAN.chunks(dataset, "test") for path in chunk.paths],
            labels=PLAN.label_files(dataset),
            code=script_code("truth.py", f"datasets.{PLAN.adapter_name(dataset)}"),
        output:
            frames=Layout(dataset).truth("frames"),
            regions=Layout(dataset).truth("regions"),
        log:
            f"logs/truth/{dataset}.log",
        benchmark:
            f"benchmarks/truth/{dataset}.tsv"
        threads: 1
        resources:
            mem_mb=1000,
        params:
            dataset=dataset,
            section=section(f"datasets.{dataset}"),
        message:
            f"Reading the test labels of {dataset}"
        script:
            "../scripts/truth.py"
