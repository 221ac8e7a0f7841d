# What every rules file uses: sections of params.yaml as one string, and the source files behind a script.
wildcard_constraints:
    dataset=alternatives(PLAN.datasets),
    system=alternatives([*PLAN.systems, *PLAN.made]),
    seed=r"\d+",


def script_code(script, *plugins):
    """Every source file behind a script, and behind what it loads by name: an edit reruns it."""
    path = Path(workflow.basedir) / "workflow" / "scripts" / script
    return [os.path.relpath(path), *code(str(path), *plugins)]


def section(*names):
    """Only the sections a rule uses, so that an edit elsewhere reruns nothing."""
    return PARAMS.section(*names)


def every(file, runs=None):
    """One file per dataset, trained system and seed."""
    return [file(Layout(dataset), system, seed) for dataset in PLAN.datasets for system, seed in runs or PLAN.runs()]


def every_row(file):
    """One file per dataset, row of its table and seed: also of `fusion` and of scores made elsewhere."""
    return [file(Layout(dataset), system, seed) for dataset in PLAN.datasets for system, seed in PLAN.rows(dataset)]


def urgency(split):
    """Training is the longest road of the DAG, so what it waits for goes first: before any training, whose priority is 2."""
    return 3 if split == "train" else 0
