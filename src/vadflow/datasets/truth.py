"""The truth of a dataset's test clips as two tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from tqdm import tqdm

from vadflow.datasets.base import Chosen

FRAMES = {"clip": "str", "frame": "int32", "label": "uint8"}
REGIONS = {"clip": "str", "track": "int32", "frame": "int32"} | dict.fromkeys(("x1", "y1", "x2", "y2"), "float32")


def tables(chosen: Chosen, n_frames: Mapping[str, int]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read labels and region tracks of all chosen clips.

    Args:
        chosen: the test clips.
        n_frames: decoded frames by clip.

    Returns:
        `truth/frames` (clip, frame, label) and `truth/regions` (clip, track, frame, x1, y1, x2, y2); zero rows where there is none.

    Raises:
        VadflowError: labels are missing, unreadable or of another length.
    """
    frames: list[pd.DataFrame] = []
    regions: list[tuple[Any, ...]] = []
    for source in tqdm(chosen.sources, desc="truth", unit="clip"):
        found = chosen.adapter.truth(chosen.params, source, int(n_frames[source.name]))
        if found.labels is not None:
            labels = np.asarray(found.labels)
            frames.append(pd.DataFrame({"clip": source.name, "frame": np.arange(len(labels)), "label": labels}))
        regions += [(source.name, *region) for region in found.regions]
    labelled = pd.concat(frames) if frames else pd.DataFrame(columns=list(FRAMES))
    return labelled.astype(FRAMES), pd.DataFrame(regions, columns=list(REGIONS)).astype(REGIONS)
