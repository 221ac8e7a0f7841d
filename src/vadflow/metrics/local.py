"""Where, not only when: pixel AUC, RBDC and TBDC of one system from its maps and regions and the dataset's masks and tracks."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from vadflow.datasets.base import Chosen
from vadflow.metrics.localise import localisation
from vadflow.metrics.pixels import pixel_auc


def local_metrics(
    chosen: Chosen, tracks: pd.DataFrame, regions: Mapping[str, pd.DataFrame], maps: Mapping[str, np.ndarray]
) -> dict[str, float | None]:
    """Judge a localising system.

    Args:
        chosen: the test clips, in order.
        tracks: clip, track, frame, x1, y1, x2, y2 of the truth; zero rows where the dataset has none.
        regions: clip -> frame, x1, y1, x2, y2, score.
        maps: clip -> (T, h, w); what has no map (no cells) is left out.

    Returns:
        auc_pixel, rbdc and tbdc; None where the dataset has no masks or tracks, or the system no maps or regions.
    """
    found: dict[str, float | None] = {"auc_pixel": None, "rbdc": None, "tbdc": None}
    n_frames = sum(len(array) for array in maps.values())
    if any(len(table) for table in regions.values()):
        detections = pd.concat([table.assign(clip=clip) for clip, table in regions.items()], ignore_index=True)
        found |= localisation(tracks, detections, n_frames)
    if len(tracks) and all(array.size for array in maps.values()):
        found["auc_pixel"] = pixel_auc(
            (maps[source.name], chosen.adapter.masks(chosen.params, source)) for source in chosen.sources
        )
    return found
