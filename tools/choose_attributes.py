"""How well a choice of weights carries to another camera: leave one scene out, on normal video and pseudo-anomalies only.

    PYTHONPATH=src python tools/choose_attributes.py <workspace>:<dataset> <workspace>:<dataset> ...

Every dataset needs the artefacts of its training split (frames, flow, objects, poses). For each scene the mean AUC over the trials is
printed under the prior, under its own choice (what a fit does), under the choice on all scenes, and under the choice on all other scenes.
No test clip and no label is read.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))


def evidence(workspace: str, dataset: str):
    """The pseudo-anomalies of one scene, as its fit sees them."""
    from ablate_attributes import views

    from vadflow.attributes.choice import gather
    from vadflow.params import load
    from vadflow.systems.attributes import System
    from vadflow.training.split import split_normal

    os.chdir(workspace)
    params = load("params.yaml")
    fit, _ = split_normal(views(dataset, "train"), params.training.held_out)
    held, model = System(params.systems.of("attributes"), (1, 1, 1)).learn(fit)
    return gather(held, model, np.random.default_rng(0))


def main() -> None:
    """Print a Markdown table and the choices."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", nargs="+")
    names = parser.parse_args().scenes
    from vadflow.attributes.choice import PRIOR, choose, rate

    scenes = [evidence(*name.rsplit(":", 1)) for name in names]
    every = choose(scenes)[0].fusion

    def under(scene, fusion) -> str:
        return f"{100 * rate([scene], fusion).auc:.1f}"

    print("| scene | prior | its own | all scenes | the other scenes |\n|---|---|---|---|---|")
    for index, (name, scene) in enumerate(zip(names, scenes, strict=True)):
        others = choose([*scenes[:index], *scenes[index + 1 :]])[0].fusion
        cells = [under(scene, fusion) for fusion in (PRIOR, choose([scene])[0].fusion, every, others)]
        print(f"| {name.rsplit(':', 1)[1]} | " + " | ".join(cells) + " |")
    print(f"\nchosen on all scenes: {every}")


if __name__ == "__main__":
    main()
