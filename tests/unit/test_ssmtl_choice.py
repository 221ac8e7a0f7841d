"""Pseudo-anomalies of normal tubes, the choice of task weights, and the one scale of all tasks."""

from __future__ import annotations

import numpy as np
import pytest

from vadflow.attributes.tails import fit_tail
from vadflow.objects.tubes import REACH, STORED_REACH
from vadflow.ssmtl.choice import CHANGES, SHARES, Trial, auc, choose
from vadflow.ssmtl.scale import fit_scale, rarity_of
from vadflow.ssmtl.stored import Tubes
from vadflow.ssmtl.training import FORWARD


def test_changes_change_what_they_say() -> None:
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (8, 25, 2, 12, 12, 1), dtype=np.uint8)
    tubes = Tubes(pixels, np.tile(np.float32([0.8, 0.1]), (8, 1)), *np.zeros((3, 8), int))
    found = {name: change(tubes, np.random.default_rng(1)) for name, change in CHANGES.items()}
    assert np.array_equal(found["reversed"][0], pixels[:, FORWARD[::-1]])
    assert np.array_equal(found["skipped"][0][:, REACH], pixels[:, STORED_REACH])
    assert not np.array_equal(found["skipped"][0], pixels[:, FORWARD])
    assert np.array_equal(found["swapped"][0][:, :REACH], pixels[:, FORWARD[:REACH]])
    share = (found["patched"][0] == pixels[:, FORWARD]).mean((1, 3, 4, 5))
    assert ((share > 0.5) & (share < 1)).all(), "of either view"
    assert np.array_equal(found["foreign"][0], pixels[:, FORWARD])
    assert (found["foreign"][1][:, 1] >= 0.1).all() and (tubes.classes[:, 1] == np.float32(0.1)).all()


def test_auc_counts_pairs() -> None:
    low, high = np.array([0.0, 1.0, 1.0]), np.array([1.0, 2.0])
    pairs = [(h > v) + 0.5 * (h == v) for h in high for v in low]
    assert auc(low, high) == pytest.approx(np.mean(pairs))


def test_a_noisy_task_loses_weight_and_the_search_is_repeatable() -> None:
    generator = np.random.default_rng(0)
    normal = {"good": generator.normal(size=400), "noise": generator.normal(size=400) * 3}
    changed = {"skipped": {"good": generator.normal(3, 1, 100), "noise": generator.normal(size=100) * 3}}
    trial = Trial(normal, np.arange(400) // 4, changed, {"skipped": np.arange(100)})
    tries = choose(trial, ["good", "noise"], search=True)
    assert tries[-1].weights == {"good": 1.0, "noise": min(SHARES)}
    assert tries[-1].mean > tries[0].mean + 0.02
    assert [t.row() for t in tries] == [t.row() for t in choose(trial, ["good", "noise"], search=True)]
    assert len(choose(trial, ["good", "noise"], search=False)) == 2


@pytest.mark.parametrize("kind", ["z", "tail"])
def test_tasks_come_to_one_scale(kind: str) -> None:
    generator = np.random.default_rng(0)
    normal = {"small": generator.normal(0.05, 0.01, 2000), "large": generator.normal(50, 10, 2000)}
    evidence = fit_scale(normal, kind, 0.0).evidence(
        {"small": np.array([0.08, np.nan]), "large": np.array([80.0, np.nan])}
    )
    assert evidence["small"][0] == pytest.approx(evidence["large"][0], rel=0.15)
    assert evidence["small"][1] == evidence["large"][1] == 0
    less = fit_scale(normal, kind, 1.0).evidence({"small": np.array([0.08, 0.05]), "large": np.array([80.0, 50.0])})
    np.testing.assert_allclose(less["small"], [evidence["small"][0] - 1, 0], atol=1e-6)


def test_an_object_to_which_no_task_objects_is_as_usual_as_nothing() -> None:
    tail = fit_tail(np.r_[np.zeros(50), np.arange(50)], floor=0.01)
    surprise = rarity_of(np.array([0.0, 1.0, 40.0]), np.ones(3, bool), [tail])
    assert surprise[0] == 0 < surprise[1] < surprise[2]
