"""Limbs against normal limbs, by hand and by brute force."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from attributes_data import posed, walkers

from vadflow.attributes.limbs import LIMBS, Limbs, body, nearest
from vadflow.attributes.posture import Posture
from vadflow.attributes.tails import fit_tail

LEFT_ARM = list(LIMBS).index("left arm")


def some(n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates (n, 34), one keypoint in eight not seen."""
    weight = np.repeat(rng.random((n, 17)) > 1 / 8, 2, axis=1).astype(np.float32)
    return (rng.random((n, 34)).astype(np.float32) * weight), weight


def test_nearest_is_brute_force() -> None:
    rng = np.random.default_rng(0)
    query, bank = rng.random((5, 34)).astype(np.float32), rng.random((40, 34)).astype(np.float32)
    slow = np.sort(np.sqrt(((query[:, None] - bank[None]) ** 2).mean(axis=2)), axis=1)[:, 2]
    found = nearest(query, np.ones_like(query), bank, np.ones_like(bank), least=1)
    np.testing.assert_allclose(found, slow, rtol=1e-3)


def test_limbs_are_brute_force() -> None:
    """Every limb of 20 bodies against those of 60, keypoint by keypoint; an arm whose wrist is hidden says nothing."""
    rng = np.random.default_rng(0)
    (query, seen), (bank, shown) = some(20, rng), some(60, rng)
    usual = np.arange(1, 6, dtype=np.float32)
    found = Limbs(bank, shown, usual).apart(query, seen)
    hidden = 0
    for row in range(20):
        for number, joints in enumerate(LIMBS.values()):
            apart = sorted(_slow(query[row], seen[row], one, own, joints) for one, own in zip(bank, shown, strict=True))
            if np.isfinite(apart[2]):
                np.testing.assert_allclose(found[row, number], apart[2] / usual[number], rtol=1e-3)
            else:
                hidden += 1
                assert np.isnan(found[row, number])
    assert 5 < hidden < 60


def _slow(one: np.ndarray, seen: np.ndarray, other: np.ndarray, shown: np.ndarray, joints: tuple[int, ...]) -> float:
    points, others = one.reshape(17, 2), other.reshape(17, 2)
    both = (seen * shown).reshape(17, 2)[:, 0] > 0
    if len(joints) == 3:
        if not both[list(joints)].all():
            return np.inf
        return float(
            np.sqrt(np.mean([(points[k] - points[joints[0]] - others[k] + others[joints[0]]) ** 2 for k in joints[1:]]))
        )
    if 2 * both.sum() < 10:
        return np.inf
    return float(np.sqrt(np.mean((points[both] - others[both]) ** 2)))


def test_usual_is_one() -> None:
    """Normal limbs are about as far from each other as usual; one that never moves is not farther for a pixel."""
    rng = np.random.default_rng(0)
    points = rng.normal(0, 0.05, (800, 34)).astype(np.float32)
    points[:, [10, 11, 14, 15, 18, 19]] = 0.25  # the left arm
    ones = np.ones_like(points)
    limbs = Limbs.collect(points, ones, floor=0.01)
    median = np.median(limbs.apart(points, ones), axis=0)
    assert limbs.usual[LEFT_ARM] == np.float32(0.01) and median[LEFT_ARM] == 0
    np.testing.assert_allclose(np.delete(median, LEFT_ARM), 1, atol=0.15)
    moved = points[:1].copy()
    moved[:, 18:20] += 0.01 * np.sqrt(2)
    np.testing.assert_allclose(limbs.apart(moved, ones[:1])[0, LEFT_ARM], 1, rtol=1e-3)


def test_nobody() -> None:
    blank = np.zeros((0, 34), np.float32)
    rng = np.random.default_rng(0)
    assert Limbs.collect(*some(40, rng), floor=0.1).apart(blank, blank).shape == (0, 5)


def test_one_arm_is_enough_and_is_named() -> None:
    """The whole body outvotes an arm; limb by limb it stands out, and the reason says which."""
    rng = np.random.default_rng(0)
    seen = posed(walkers(800, rng, tall=70), rng)
    posture = Posture.fit(seen)
    assert posture is not None
    one = seen.pick(np.array([5]))
    pose = one.pose.copy()
    side = 0.25 * float(one.height[0])
    pose[0, [7, 9], 0] += np.float32([side / 2, side])
    odd = replace(one, pose=pose)
    apart = posture.normal.apart(*body(odd.pose, odd.box))[0]
    assert apart.argmax() == LEFT_ARM and apart[LEFT_ARM] > 2 * apart[-1]
    tail = fit_tail(posture.statistic(seen), floor=posture.floor)
    assert posture.reason(odd, 0, float(apart.max()), tail).startswith("posture: left arm, nearest normal one ")
    again = Posture.load(posture.state())
    np.testing.assert_array_equal(again.statistic(odd), posture.statistic(odd))
