# pseudo: recipes of pseudo-anomalies on the training clips, replayed on load.
def pseudo_files():
    return [Layout(dataset).pseudo for dataset in PLAN.datasets]


for dataset in PLAN.datasets:

    rule:
        name:
            f"pseudo_{dataset}"
        input:
            frames=[Layout(dataset).clip("frames", "train", clip) for clip in PLAN.clips(dataset, "train")],
            differences=[Layout(dataset).clip("differences", "train", clip) for clip in PLAN.clips(dataset, "train")],
            index=Layout(dataset).index("train"),
            code=script_code("pseudo.py", *[f"pseudo.{kind}" for kind in PARAMS.pseudo.kinds]),
        output:
            Layout(dataset).pseudo,
        log:
            f"logs/pseudo/{dataset}.log",
        benchmark:
            f"benchmarks/pseudo/{dataset}.tsv"
        threads: 1
        resources:
            mem_mb=1000,
        params:
            clips=PLAN.clips(dataset, "train"),
            section=section("pseudo"),
        message:
            f"Writing pseudo-anomaly recipes for {dataset}"
        script:
            "../scripts/pseudo.py"
