"""Pseudo-anomalies on tables: normal objects changed as an anomaly would change them. They choose the weights; no test clip does.

Skipping frames multiplies flow, freezing zeroes it, playing backwards negates it: on a table this is exact and costs nothing, where
replayed pixels would need the detector, the pose network and the flow again. Poses are bent on their keypoints. N objects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from vadflow.attributes.observations import Observations

Trial = Callable[[Observations, np.random.Generator], Observations]
_ARMS = ((5, 7, 9), (6, 8, 10))  # shoulder, elbow, wrist
_LEGS = ((11, 13, 15), (12, 14, 16))  # hip, knee, ankle


def skipped(seen: Observations, rng: np.random.Generator) -> Observations:
    """Frames left out: a person twice to three times as fast."""
    return _faster(seen, rng.uniform(2.0, 3.0))


def frozen(seen: Observations, rng: np.random.Generator) -> Observations:
    """The same frame again and again: somebody who stands where others walk."""
    return _faster(seen, rng.uniform(0.0, 0.1))


def slowed(seen: Observations, rng: np.random.Generator) -> Observations:
    """Every frame shown thrice: somebody who dawdles."""
    return _faster(seen, rng.uniform(0.2, 0.4))


def _faster(seen: Observations, factor: float) -> Observations:
    return replace(
        seen,
        speed=seen.speed * factor,
        velocity=seen.velocity * factor,
        travel=seen.travel * np.float32(factor),
        change=seen.change * np.float32(factor),
    )


def turned(seen: Observations, rng: np.random.Generator) -> Observations:
    """Played backwards or sideways: somebody who goes another way."""
    angle = rng.choice([np.pi, np.pi / 2, -np.pi / 2])
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]], np.float32)
    return replace(seen, velocity=seen.velocity @ rotation, travel=seen.travel @ rotation, change=-seen.change)


def elsewhere(seen: Observations, rng: np.random.Generator) -> Observations:
    """Pasted at any place of the frame: somebody where nobody walks."""
    height, width = seen.size
    low = seen.box[:, :2].min(axis=0)
    room = np.array([width, height]) - seen.box[:, 2:].max(axis=0)
    shift = rng.uniform(-low, np.maximum(room, -low + 1e-3)).astype(np.float32)
    pose = seen.pose.copy()
    pose[..., :2] += shift
    return replace(seen, box=seen.box + np.tile(shift, 2), pose=pose)


def foreign(seen: Observations, rng: np.random.Generator) -> Observations:
    """Something else in its place: a class that is not a person gets a tenth to nine tenths."""
    share = rng.uniform(0.1, 0.9)
    person = int(seen.probability.sum(axis=0).argmax())
    others = [index for index in range(seen.probability.shape[1]) if index != person]
    if not others:
        return seen
    probability = seen.probability * np.float32(1 - share)
    index = rng.choice(others)
    probability[:, index] = np.maximum(probability[:, index], share)
    return replace(seen, probability=probability)


def larger(seen: Observations, rng: np.random.Generator) -> Observations:
    """Grown about the feet: somebody too close, or on top of something."""
    factor = np.float32(rng.uniform(1.3, 1.8))
    foot = np.stack([seen.foot[:, 0], seen.foot[:, 1]], axis=1)
    box = (seen.box - np.tile(foot, 2)) * factor + np.tile(foot, 2)
    height, width = seen.size
    limit = np.array([width, height, width, height], np.float32)
    pose = seen.pose.copy()
    pose[..., :2] = (pose[..., :2] - foot[:, None]) * factor + foot[:, None]
    return replace(seen, box=np.clip(box, 0, limit), pose=pose)


def gathered(seen: Observations, rng: np.random.Generator) -> Observations:
    """Three to eight more around: people who crowd where they used to pass."""
    return replace(seen, company=seen.company + np.float32(rng.integers(3, 9)))


def fallen(seen: Observations, rng: np.random.Generator) -> Observations:
    """Rotated by 60 to 120 degrees: somebody who lies or falls."""
    angle = np.deg2rad(rng.uniform(60, 120)) * rng.choice([-1, 1])
    centre = (seen.box[:, None, :2] + seen.box[:, None, 2:]) / 2
    cos, sin = np.cos(angle), np.sin(angle)
    rotation = np.array([[cos, sin], [-sin, cos]], np.float32)
    pose = seen.pose.copy()
    pose[..., :2] = (pose[..., :2] - centre) @ rotation + centre
    half = (seen.box[:, 2:] - seen.box[:, :2]) / 2
    half = np.abs(half @ np.abs(rotation))
    box = np.concatenate([centre[:, 0] - half, centre[:, 0] + half], axis=1).astype(np.float32)
    return replace(seen, pose=pose, box=box)


def raised(seen: Observations, rng: np.random.Generator) -> Observations:
    """One arm or both stretched up or out: waving, throwing, climbing."""
    pose = seen.pose.copy()
    for arm in _ARMS[: rng.integers(1, 3)]:
        _swing(pose, arm, rng.uniform(0.5, 1.0) * np.pi * rng.choice([-1, 1]))
    return replace(seen, pose=pose)


def kicked(seen: Observations, rng: np.random.Generator) -> Observations:
    """One leg stretched out to the side or knees bent: jumping, kicking, crouching."""
    pose = seen.pose.copy()
    _swing(pose, _LEGS[rng.integers(2)], rng.uniform(0.3, 0.6) * np.pi * rng.choice([-1, 1]))
    return replace(seen, pose=pose)


def _swing(pose: np.ndarray, limb: tuple[int, int, int], angle: float) -> None:
    """Stretch a limb from its root at `angle` from straight down (0), in place."""
    root, middle, end = limb
    way = np.array([np.sin(angle), np.cos(angle)], np.float32)
    parts = [np.linalg.norm(pose[:, b, :2] - pose[:, a, :2], axis=1) for a, b in ((root, middle), (middle, end))]
    pose[:, middle, :2] = pose[:, root, :2] + parts[0][:, None] * way
    pose[:, end, :2] = pose[:, middle, :2] + parts[1][:, None] * way


def waving(seen: Observations, rng: np.random.Generator) -> Observations:
    """Arms that swing fast while the body goes on as before."""
    change = seen.change.copy().reshape(len(seen), -1, 2)
    phase = rng.uniform(0, 2 * np.pi) + 2 * np.pi * rng.uniform(0.8, 1.6) * seen.frame / seen.fps
    for arm in _ARMS[: rng.integers(1, 3)]:
        for joint, reach in zip(arm[1:], (0.7, 1.5), strict=True):
            change[:, joint] += np.stack([np.cos(phase), np.sin(phase)], axis=1).astype(np.float32) * reach
    return replace(seen, change=change.reshape(len(seen), -1))


def disguised(seen: Observations, rng: np.random.Generator) -> Observations:
    """Another look: a part of the features said of other channels. It gives numbers where no picture is at hand, and no picture."""
    share = np.float32(rng.uniform(0.1, 0.9))
    return replace(seen, look=seen.look + share * (np.roll(seen.look, 1, axis=1) - seen.look))


_ALL = (
    skipped,
    frozen,
    slowed,
    turned,
    elsewhere,
    foreign,
    larger,
    gathered,
    fallen,
    raised,
    kicked,
    waving,
    disguised,
)
TRIALS: dict[str, Trial] = {trial.__name__: trial for trial in _ALL}
