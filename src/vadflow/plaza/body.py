"""People: a skeleton posed by angles, dressed with parts; body axes forward, left, up in metres, feet on up = 0."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vadflow.plaza.cast import Look
from vadflow.plaza.parts import Part, ball, rod, shade

THIGH, SHIN, ANKLE, TRUNK, UPPER_ARM, FOREARM = 0.245, 0.245, 0.045, 0.29, 0.17, 0.16
"""Lengths as a share of the body height."""
FACE = ((0.062, 0, 0), (0.052, 0.024, 0.014), (0.052, -0.024, 0.014), (0, 0.06, 0), (0, -0.06, 0))
"""Nose, eyes and ears from the middle of the head: ahead, left, up, as a share of the body height."""


@dataclass(frozen=True)
class Pose:
    """Joint angles in radians, pairs are (left, right); 0 everywhere stands upright.

    Attributes:
        thigh: forward swing of the thighs.
        knee: how far the knees bend.
        arm: forward swing of the upper arms.
        elbow: how far the elbows bend.
        spread: sideways lift of the arms.
        lean: forward lean of the trunk.
        tilt: the whole body turned forward about the feet; pi / 2 lies on the ground.
        hip: height of the hips, metres; None lets the lower foot touch the ground.
    """

    thigh: tuple[float, float] = (0.0, 0.0)
    knee: tuple[float, float] = (0.0, 0.0)
    arm: tuple[float, float] = (0.0, 0.0)
    elbow: tuple[float, float] = (0.15, 0.15)
    spread: float = 0.12
    lean: float = 0.0
    tilt: float = 0.0
    hip: float | None = None


def walking(phase: float, swing: float = 0.42) -> Pose:
    """A walker at `phase` radians of the step cycle; `swing` 0 stands."""
    thigh = (swing * math.sin(phase), -swing * math.sin(phase))
    bend = 1.9 * swing
    knee = (0.06 + bend * max(0.0, math.cos(phase)), 0.06 + bend * max(0.0, -math.cos(phase)))
    arm = (-0.85 * thigh[0], -0.85 * thigh[1])
    return Pose(thigh, knee, arm, (0.2 + 0.5 * swing, 0.2 + 0.5 * swing), lean=0.05)


def running(phase: float) -> Pose:
    """A runner at `phase` radians of the step cycle."""
    wave, lift = math.sin(phase), math.cos(phase)
    thigh = (0.22 + 0.78 * wave, 0.22 - 0.78 * wave)
    knee = (0.3 + 1.35 * max(0.0, lift), 0.3 + 1.35 * max(0.0, -lift))
    return Pose(thigh, knee, (-0.9 * wave, 0.9 * wave), (1.5, 1.5), 0.2, lean=0.24)


def bent_leg(forward: float, down: float, thigh: float, shin: float) -> tuple[float, float]:
    """Angles (thigh, knee) that bring the ankle to (forward, down) metres from the hip, knee to the front."""
    reach = min(math.hypot(forward, down), 0.999 * (thigh + shin))
    inner = math.acos((thigh**2 + reach**2 - shin**2) / (2 * thigh * reach))
    outer = math.acos((thigh**2 + shin**2 - reach**2) / (2 * thigh * shin))
    return math.atan2(forward, down) + inner, math.pi - outer


def skeleton(pose: Pose, height: float, build: float) -> dict[str, np.ndarray]:
    """Joint positions (3,) by name; `_l` and `_r` for left and right."""
    joints: dict[str, np.ndarray] = {}
    hips = pose.hip
    for side, index in (("l", 0), ("r", 1)):
        a, b = pose.thigh[index], pose.thigh[index] - pose.knee[index]
        left = (0.052 - 0.104 * index) * height * build
        knee = np.array([math.sin(a) * THIGH, left / height, -math.cos(a) * THIGH]) * height
        ankle = knee + np.array([math.sin(b), 0.0, -math.cos(b)]) * SHIN * height
        flat = 0.35 * b
        toe = ankle + np.array([math.cos(flat) * 0.1, 0.0, math.sin(flat) * 0.1 - 0.02]) * height
        joints |= {f"hip_{side}": np.array([0.0, left, 0.0]), f"knee_{side}": knee, f"ankle_{side}": ankle}
        joints[f"toe_{side}"] = toe
    if hips is None:
        hips = ANKLE * height - min(joints["ankle_l"][2], joints["ankle_r"][2])
    joints |= _upper(pose, height, build)
    cos, sin = math.cos(pose.tilt), math.sin(pose.tilt)
    turn = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
    lying = 0.09 * height * max(0.0, sin)  # half a chest above the ground once on it
    stand, rest = np.array([0.0, 0.0, hips]), np.array([0.0, 0.0, lying])
    return {name: (at + stand) @ turn + rest for name, at in joints.items()}


def _upper(pose: Pose, height: float, build: float) -> dict[str, np.ndarray]:
    along = np.array([math.sin(pose.lean), 0.0, math.cos(pose.lean)])
    neck = along * TRUNK * height
    joints = {"waist": along * 0.08 * height, "neck": neck}
    joints["head"] = neck + np.array([0.6 * along[0] + 0.02, 0.0, 1.0]) * 0.105 * height
    for side, index in (("l", 0), ("r", 1)):
        out = 1.0 - 2.0 * index
        shoulder = neck + np.array([0.0, out * 0.108 * build, -0.02]) * height
        a, b = pose.arm[index], pose.arm[index] + pose.elbow[index]
        elbow = shoulder + np.array([math.sin(a), out * pose.spread, -math.cos(a)]) * UPPER_ARM * height
        hand = elbow + np.array([math.sin(b), out * pose.spread * 0.6, -math.cos(b)]) * FOREARM * height
        joints |= {f"shoulder_{side}": shoulder, f"elbow_{side}": elbow, f"hand_{side}": hand}
    return joints


def keypoints(pose: Pose, look: Look) -> np.ndarray:
    """COCO's 17 keypoints of a person in a pose: nose, eyes, ears, then shoulders, elbows, wrists, hips, knees, ankles, left before right.

    Returns:
        (17, 3) metres in body axes.
    """
    at = skeleton(pose, look.height, look.build)
    up, ahead = _head_axes(at)
    face = np.array(FACE) @ np.array([ahead, [0.0, 1.0, 0.0], up])
    limbs = [at[f"{joint}_{side}"] for joint in ("shoulder", "elbow", "hand", "hip", "knee", "ankle") for side in "lr"]
    return np.concatenate([at["head"] + look.height * face, limbs])


def _head_axes(at: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """(3,) up along the head and (3,) where the face looks."""
    up = (at["head"] - at["neck"]) / math.hypot(*(at["head"] - at["neck"]))
    return up, np.array([up[2], 0.0, -up[0]])


def dress(pose: Pose, look: Look) -> list[Part]:
    """Make the parts of a person in a pose."""
    at, tall, wide = skeleton(pose, look.height, look.build), look.height, look.height * look.build
    parts = _legs(at, look, tall, wide) + _arms(at, look, tall, wide)
    chest = np.array([at["shoulder_l"], at["shoulder_r"], at["hip_l"], at["hip_r"]])
    chest[:2] -= 0.125 * (chest[:2] - chest[1::-1])  # the sleeves carry the shoulders' width
    parts.append(Part(chest, 0.048 * wide, look.top))
    if "coat" in look.wears:
        hem = np.array([at["hip_l"], at["hip_r"], at["knee_l"] * 0.55 + at["hip_l"] * 0.45])
        hem = np.vstack([hem, at["knee_r"] * 0.55 + at["hip_r"] * 0.45])
        parts.append(Part(hem, 0.058 * wide, shade(look.top, 0.92), order=-0.02))
    if "backpack" in look.wears:
        trunk = at["neck"] - at["waist"]
        behind = np.array([-trunk[2], 0.0, trunk[0]]) / math.hypot(*trunk) * 0.085 * tall
        ends = np.array([at["waist"] + 0.35 * trunk, at["waist"] + 0.75 * trunk])
        parts.append(Part(ends + behind, 0.062 * tall, look.bag))
    return parts + _head(at, look, tall)


def _legs(at: dict[str, np.ndarray], look: Look, tall: float, wide: float) -> list[Part]:
    parts = []
    bare = "shorts" in look.wears or "skirt" in look.wears
    for side, tone in (("l", 0.9), ("r", 1.0)):  # two tones keep the legs apart where they cross
        shin = shade(look.skin if bare else look.legs, tone)
        parts.append(rod(at[f"hip_{side}"], at[f"knee_{side}"], 0.047 * wide, shade(look.legs, tone)))
        parts.append(rod(at[f"knee_{side}"], at[f"ankle_{side}"], 0.033 * wide, shin))
        parts.append(rod(at[f"ankle_{side}"], at[f"toe_{side}"], 0.026 * tall, look.shoes))
    if "skirt" in look.wears:
        hem = np.array([at["hip_l"], at["hip_r"], at["knee_l"], at["knee_r"]])
        parts.append(Part(hem, 0.052 * wide, look.legs, order=-0.02))
    return parts


def _arms(at: dict[str, np.ndarray], look: Look, tall: float, wide: float) -> list[Part]:
    parts = []
    for side, tone in (("l", 0.82), ("r", 0.94)):
        sleeve = shade(look.skin if "short_sleeves" in look.wears else look.top, tone)
        upper = shade(look.top, tone)
        parts.append(rod(at[f"shoulder_{side}"], at[f"elbow_{side}"], 0.030 * wide, upper))
        parts.append(rod(at[f"elbow_{side}"], at[f"hand_{side}"], 0.023 * wide, sleeve))
        parts.append(ball(at[f"hand_{side}"], 0.024 * tall, look.skin))
    return parts


def _head(at: dict[str, np.ndarray], look: Look, tall: float) -> list[Part]:
    head, neck = at["head"], at["neck"]
    up, ahead = _head_axes(at)
    parts = [rod(neck, head, 0.03 * tall, shade(look.skin, 0.85)), Part(np.array([head]), 0.062 * tall, look.skin)]
    crown = head + up * 0.024 * tall - ahead * 0.026 * tall
    cap = look.top if "hat" in look.wears else look.hair
    parts.append(ball(crown, 0.056 * tall, cap))
    if "long_hair" in look.wears:
        parts.append(rod(crown - ahead * 0.02 * tall, neck - ahead * 0.035 * tall, 0.045 * tall, look.hair))
    return parts
