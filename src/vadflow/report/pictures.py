"""Thumbnails: a frame, the heat over it, the boxes that raised the alarm, people blurred when asked; a JPEG data URI.

Pictures of people are personal data. They stay inside the page; blurring trusts the detector, and where there are no
object boxes at all the whole picture is blurred instead of none of it.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import cv2
import numpy as np
import pandas as pd

Box = tuple[float, float, float, float]
_QUALITY = 72
_BOX_COLOUR = (255, 205, 60)  # RGB, readable on street and lawn, and for the colour-blind
_HEAT_COLOUR = (232, 62, 28)
_NOT_PEOPLE = frozenset(
    {"bicycle", "car", "motorcycle", "bus", "train", "truck", "boat", "dog", "cat", "bird", "horse"}
)


def thumbnail(
    frame: np.ndarray,
    source: tuple[int, int],
    width: int,
    *,
    heat: np.ndarray | None = None,
    heat_range: tuple[float, float] = (0.0, 1.0),
    boxes: Sequence[Box] = (),
    blur: Sequence[Box] | None = (),
) -> str:
    """Draw one picture.

    Args:
        frame: (h, w, C) uint8, C = 1 or 3 RGB, working size.
        source: (height, width) px of the source; the scale of all boxes.
        width: px of the picture; its height follows the source's aspect.
        heat: (mh, mw) anomaly map over the whole frame, or None.
        heat_range: values drawn as nothing and as full colour.
        boxes: regions to outline, source px.
        blur: boxes to make unrecognisable, source px; None blurs the whole picture.

    Returns:
        `data:image/jpeg;base64,...`.
    """
    height = max(round(width * source[0] / source[1]), 1)
    colour = frame if frame.shape[2] == 3 else np.repeat(frame[:, :, :1], 3, axis=2)
    shrinking = cv2.INTER_AREA if width < colour.shape[1] else cv2.INTER_CUBIC
    picture = cv2.resize(np.ascontiguousarray(colour), (width, height), interpolation=shrinking)
    scale = width / source[1]
    for box in [(0.0, 0.0, float(source[1]), float(source[0]))] if blur is None else blur:
        _blur(picture, [scale * side for side in box])
    if heat is not None:
        picture = blend(picture, heat, heat_range)
    for box in boxes:
        x1, y1, x2, y2 = (round(scale * side) for side in box)
        cv2.rectangle(picture, (x1, y1), (x2 - 1, y2 - 1), _BOX_COLOUR, 2, cv2.LINE_AA)
    _, encoded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    return "data:image/jpeg;base64," + b64encode(encoded.tobytes()).decode("ascii")


def blend(picture: np.ndarray, heat: np.ndarray, heat_range: tuple[float, float]) -> np.ndarray:
    """Lay an anomaly map over a picture: transparent where calm, opaque to three fifths where hot.

    Args:
        picture: (H, W, 3) uint8 RGB.
        heat: (h, w).
        heat_range: values drawn as nothing and as full colour.
    """
    low, high = heat_range
    size = (picture.shape[1], picture.shape[0])
    share = np.clip((heat.astype(np.float32) - low) / max(high - low, 1e-12), 0.0, 1.0)
    share = cv2.resize(share, size, interpolation=cv2.INTER_LINEAR)
    alpha = 0.6 * share[:, :, None]
    return np.rint(picture * (1.0 - alpha) + np.array(_HEAT_COLOUR) * alpha).astype(np.uint8)


def people(objects: pd.DataFrame | None, frame: int) -> list[Box] | None:
    """Return the boxes to blur in one frame: everything that may be a person, a nameless moving thing included.

    Args:
        objects: frame, x1, y1, x2, y2, class_name; None where nothing was detected for the clip.
        frame: index.

    Returns:
        boxes in source px; None when nothing is known, and then the whole picture must be blurred.
    """
    if objects is None:
        return None
    here = objects[(objects["frame"] == frame) & ~objects["class_name"].isin(_NOT_PEOPLE)]
    return [tuple(row) for row in here[["x1", "y1", "x2", "y2"]].to_numpy(np.float64).tolist()]


def _blur(picture: np.ndarray, box: Sequence[float]) -> None:
    """Replace a box, grown by a tenth, by a few averaged cells; in place."""
    grow_x, grow_y = 0.1 * (box[2] - box[0]), 0.1 * (box[3] - box[1])
    x1, y1 = max(int(box[0] - grow_x), 0), max(int(box[1] - grow_y), 0)
    x2, y2 = min(int(np.ceil(box[2] + grow_x)), picture.shape[1]), min(int(np.ceil(box[3] + grow_y)), picture.shape[0])
    if x2 <= x1 or y2 <= y1:
        return
    part = picture[y1:y2, x1:x2]
    cells = (max(min((x2 - x1) // 6, 24), 1), max(min((y2 - y1) // 6, 24), 1)) if x2 - x1 > 120 else (3, 5)
    coarse = cv2.resize(part, cells, interpolation=cv2.INTER_AREA)
    picture[y1:y2, x1:x2] = cv2.resize(coarse, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
