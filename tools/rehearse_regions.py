"""The table under "Regions" of docs/attributes-choices.md: settings of regions, compared on spoiled training clips.

    PYTHONPATH=src python tools/rehearse_regions.py <workspace> <dataset> ...

Every dataset is one of the workspace with region tracks and a finished run of `attributes`: `adapter: rehearsal` with kinds that spoil a part
of the frame (docs/choosing.md), or a scene to develop on. One setting is changed at a time; columns hold RBDC / TBDC in %, the last their means.
Frame scores are the same in all rows.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

CHANGES: dict[str, dict[str, Any]] = {
    "as it is": {},
    **{f"smoothed along tracklets by {width}": {"region_smooth_frames": width} for width in (0.0, 1.0, 2.0, 4.0, 8.0)},
    **{f"at most {most} a frame": {"regions": most} for most in (3, 12)},
    **{f"from a surprise of {least}": {"region_surprise": least} for least in (0.0, 1.0)},
}


class Rehearsal:
    """One dataset with its fitted system."""

    def __init__(self, params: Any, dataset: str) -> None:
        from ablate_ssmtl import clip_views

        from vadflow.io import read_table
        from vadflow.layout import Layout
        from vadflow.training.store import load_system

        place = Layout(dataset)
        self.clips = clip_views(params, dataset, "test", ("flow", "objects", "poses"))
        self.tracks = read_table(place.truth("regions"))
        model = Path(place.model("weights.safetensors", "attributes", params.training.seeds[0])).parent
        self.system = load_system(model)
        self.params = self.system.params

    def measure(self, change: dict[str, Any]) -> tuple[float, float]:
        """RBDC and TBDC in %."""
        from vadflow.metrics.localise import localisation

        self.system.params = self.params.model_copy(update=change)
        rows = [
            (clip.name, score.frame, r.x1, r.y1, r.x2, r.y2, r.score)
            for clip in self.clips
            for score in self.system.score(clip)
            for r in score.regions
        ]
        found = pd.DataFrame(rows, columns=["clip", "frame", "x1", "y1", "x2", "y2", "score"])
        numbers = localisation(self.tracks, found, sum(map(len, self.clips)))
        return 100 * numbers["rbdc"], 100 * numbers["tbdc"]  # type: ignore[operator]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace", type=Path)
    parser.add_argument("datasets", nargs="+")
    options = parser.parse_args()
    os.chdir(options.workspace)
    from vadflow.params import load

    params = load()
    rehearsals = [Rehearsal(params, dataset) for dataset in options.datasets]
    print("| row | " + " | ".join(options.datasets) + " | mean |\n|---|" + "---|" * (len(rehearsals) + 1))
    for name, change in CHANGES.items():
        cells = [rehearsal.measure(change) for rehearsal in rehearsals]
        shown = [f"{rbdc:.1f} / {tbdc:.1f}" for rbdc, tbdc in [*cells, tuple(np.mean(cells, axis=0))]]
        print(f"| {name} | " + " | ".join(shown) + " |", flush=True)


if __name__ == "__main__":
    main()
