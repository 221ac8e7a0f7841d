"""Drawn people for the tests of the attributes system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vadflow.attributes.motion import Pace
from vadflow.attributes.observations import Observations
from vadflow.attributes.scale import Scale

SIZE = (240, 360)
FLAT = Pace(Scale(50.0, 0.0, 50.0, 50.0, supported=True), 0.5)


def walkers(n: int, rng: np.random.Generator, *, tall: float = 30.0, slope: float = 0.0, speed: float = 1.0):
    """n people who walk to the right over the lower part of the frame, ten rows a tracklet."""
    foot = rng.uniform(90, 230, n)
    height = tall + slope * (foot - 90) + rng.normal(0, 1, n)
    x = rng.uniform(20, 320, n)
    box = np.stack([x, foot - height, x + 0.4 * height, foot], axis=1).astype(np.float32)
    pace = np.abs(rng.normal(speed, 0.1 * speed, n)).astype(np.float32)
    pose = np.full((n, 17, 3), np.nan, np.float32)
    return Observations(
        frame=np.sort(rng.integers(0, max(n // 5, 1), n)),
        box=box,
        probability=np.stack([rng.uniform(0.5, 0.9, n), rng.uniform(0, 0.05, n)], axis=1).astype(np.float32),
        person=np.ones(n, bool),
        speed=pace,
        velocity=np.stack([pace, np.zeros(n, np.float32)], axis=1),
        pose=pose,
        change=np.full((n, 34), np.nan, np.float32),
        travel=np.stack([pace, np.zeros(n, np.float32)], axis=1),
        look=np.zeros((n, 0), np.float32),
        track=np.arange(n) // 10,
        company=rng.integers(0, 3, n).astype(np.float32),
        carried=np.zeros(n, bool),
        size=SIZE,
        fps=10.0,
        classes=("person", "bicycle"),
    )


def posed(seen: Observations, rng: np.random.Generator) -> Observations:
    """Upright bodies with all keypoints visible."""
    share = np.linspace(0.05, 0.95, 17)[None, :, None]
    low, high = seen.box[:, None, :2], seen.box[:, None, 2:]
    points = low + (high - low) * np.concatenate([np.full_like(share, 0.5), share], axis=2)
    points = points + rng.normal(0, 0.01, points.shape) * (high - low)
    confidence = np.full((len(seen), 17, 1), 0.9)
    change = rng.normal(0, 0.1, (len(seen), 34))
    return replace(
        seen, pose=np.concatenate([points, confidence], axis=2).astype(np.float32), change=change.astype(np.float32)
    )
