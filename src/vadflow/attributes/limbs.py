"""Bodies limb by limb: how far each is from every normal one, so that an arm is not outvoted by sixteen keypoints that hang as ever.

Source: density of normalised poses by kNN, as in Reiss & Hoshen, Attribute-based Representations for Accurate and Interpretable Video
Anomaly Detection, 2022; the weighting by keypoint confidence and the limbs are ours. N bodies, B normal ones, P = 5: four limbs, and all of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np

from vadflow.attributes.observations import KEYPOINTS

_MIN_SEEN = 0.5  # keypoint confidence from which a keypoint counts
_BANK = 1500  # normal bodies kept
_SAMPLE = 300  # of them, that say how far from the others one usually is
_NEAREST = 3
_BLOCK = 512
_MIN_SHARED = 10  # coordinates
LIMBS: Mapping[str, tuple[int, ...]] = {
    "right arm": (6, 8, 10),
    "left arm": (5, 7, 9),
    "right leg": (12, 14, 16),
    "left leg": (11, 13, 15),
    "body": tuple(range(KEYPOINTS)),
}
"""COCO keypoints. Of arms and legs the first is where they begin: the others count from there. The whole body is one more."""


def visible(pose: np.ndarray) -> np.ndarray:
    """(N, 17, 3) -> (N, 17) bool, keypoints that count; all False where no pose was found."""
    return np.nan_to_num(pose[..., 2]) >= _MIN_SEEN


def body(pose: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Keypoints relative to their middle, in lengths of the box's longer side.

    Args:
        pose: (N, 17, 3) x, y (px), confidence.
        box: (N, 4) xyxy, px.

    Returns:
        (N, 34) float32 and its weights (N, 34) in {0, 1}; left-out keypoints are 0 with weight 0.
    """
    seen = visible(pose)
    length = np.maximum(
        (box[:, 2:] - box[:, :2]).max(axis=1), 1.0
    )  # somebody who lies is as long as somebody who stands
    weight = seen[..., None].astype(np.float32)
    points = np.nan_to_num(pose[..., :2])
    centre = (points * weight).sum(axis=1) / np.maximum(weight.sum(axis=1), 1)  # N 2
    relative = (points - centre[:, None]) / length[:, None, None] * weight
    return _flat(relative), _flat(np.broadcast_to(weight, relative.shape))


def _flat(values: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(values, dtype=np.float32).reshape(len(values), 2 * KEYPOINTS)


@dataclass(frozen=True)
class Limbs:
    """Normal bodies, or normal changes of bodies, that others are held against.

    Attributes:
        bank: (B, 34) coordinates.
        weight: (B, 34) 0 or 1, keypoints they show.
        usual: (P,) median distance of a normal limb.
    """

    bank: np.ndarray
    weight: np.ndarray
    usual: np.ndarray

    @classmethod
    def collect(cls, points: np.ndarray, weight: np.ndarray, floor: float) -> Self:
        """Keep an even choice of (N, 34) with weights (N, 34); no limb's usual distance is below `floor`."""
        rows = np.linspace(0, len(points) - 1, min(len(points), _BANK)).astype(int)
        blank = cls(points[rows], weight[rows], np.ones(len(LIMBS), np.float32))
        some = rows[:: max(1, len(rows) // _SAMPLE)]
        apart = blank.apart(points[some], weight[some])
        usual = [np.median(own[np.isfinite(own)]) if np.isfinite(own).any() else floor for own in apart.T]
        return cls(blank.bank, blank.weight, np.maximum(usual, floor).astype(np.float32))

    def apart(self, points: np.ndarray, weight: np.ndarray) -> np.ndarray:
        """(N, 34) and weights (N, 34) -> (N, P): how many times farther than usual the third nearest normal limb is; NaN if it is not seen."""
        found = np.full((len(points), len(LIMBS)), np.nan, np.float32)
        for number, joints in enumerate(LIMBS.values()):
            mine, normal = _limb(points, weight, joints), _limb(self.bank, self.weight, joints)
            least = min(mine[0].shape[1], _MIN_SHARED)  # a whole arm or leg
            found[:, number] = nearest(*mine, *normal, least=least) / self.usual[number]
        return np.where(np.isfinite(found), found, np.nan)

    def state(self) -> dict[str, np.ndarray]:
        """All three."""
        return {"bank": self.bank, "weight": self.weight, "usual": self.usual}

    @classmethod
    def load(cls, state: Mapping[str, np.ndarray]) -> Self:
        """Take back what `state` gave."""
        return cls(state["bank"], state["weight"], state["usual"])


def _limb(points: np.ndarray, weight: np.ndarray, joints: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(N, 34) twice -> coordinates and weights of one limb: (N, 4) from where it begins, or (N, 34)."""
    points, weight = (values.reshape(len(values), KEYPOINTS, 2) for values in (points, weight))
    own, shown = points[:, joints], weight[:, joints]
    if len(joints) == 3:
        own, shown = own[:, 1:] - own[:, :1], shown[:, 1:] * shown[:, :1]
    flat = (len(own), own.shape[1] * 2)
    return own.reshape(flat), shown.reshape(flat)


def nearest(
    query: np.ndarray, weight: np.ndarray, bank: np.ndarray, bank_weight: np.ndarray, *, least: int
) -> np.ndarray:
    """Distance to the third nearest of a bank, over the coordinates both have.

    Args:
        query: (N, D).
        weight: (N, D) 0 or 1.
        bank: (B, D).
        bank_weight: (B, D) 0 or 1.
        least: with fewer coordinates in common two are not compared.

    Returns:
        (N,) root mean square difference per coordinate; inf where fewer than three can be compared.
    """
    found = np.zeros(len(query), np.float32)
    for start in range(0, len(query), _BLOCK):
        rows = slice(start, start + _BLOCK)
        q, w = query[rows], weight[rows]
        shared = w @ bank_weight.T  # n B
        square = (q * q * w) @ bank_weight.T - 2 * (q * w) @ (bank * bank_weight).T + w @ (bank * bank * bank_weight).T
        distance = np.where(shared >= least, square / np.maximum(shared, 1), np.inf)
        k = min(_NEAREST, distance.shape[1]) - 1
        found[rows] = np.sqrt(np.maximum(np.partition(distance, k, axis=1)[:, k], 0))
    return found
