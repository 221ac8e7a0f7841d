"""What becomes of evidence: trials, fusion and the choice of weights, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from attributes_data import FLAT, posed, walkers

from vadflow.attributes.choice import FAMILIES, Evidence, choose
from vadflow.attributes.model import Model, Reference, Smoothing, frame_largest, load_model
from vadflow.attributes.motion import Fast
from vadflow.attributes.tails import fit_tail
from vadflow.attributes.trials import TRIALS


class TestTrials:
    @pytest.mark.parametrize("name", list(TRIALS))
    def test_changes_something_and_nothing_of_the_original(self, name: str) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(20, rng, tall=70), rng)
        before = {
            key: getattr(seen, key).copy()
            for key in ("box", "speed", "velocity", "pose", "change", "probability", "company")
        }
        changed = TRIALS[name](seen, rng)
        for key, value in before.items():
            np.testing.assert_array_equal(getattr(seen, key), value)
        assert any(not np.array_equal(getattr(changed, key), value) for key, value in before.items())


class TestFusion:
    def model(self, **weights: float) -> Model:
        tail = fit_tail(np.random.default_rng(0).normal(size=2000), floor=0.1)
        reference = Reference({}, FLAT)
        return Model(reference, {"fast": tail, "what": tail}, Smoothing(0.0, "centred"), 1.0, weights)

    def test_unremarkable_attributes_do_not_add_up(self) -> None:
        evidence = self.model().surprises({"fast": np.array([0.5]), "what": np.array([0.5])})
        assert sum(evidence.values())[0] == 0

    def test_two_oddities_are_worse_than_one(self) -> None:
        model = self.model()
        one = sum(model.surprises({"fast": np.array([4.0]), "what": np.array([np.nan])}).values())[0]
        two = sum(model.surprises({"fast": np.array([4.0]), "what": np.array([4.0])}).values())[0]
        assert two == pytest.approx(2 * one) and one > 0

    def test_weights_count(self) -> None:
        values = {"fast": np.array([4.0])}
        half, whole = (self.model(fast=w).surprises(values)["fast"][0] for w in (0.5, 1.0))
        assert half == pytest.approx(whole / 2)

    def test_largest_of_a_frame(self) -> None:
        assert frame_largest(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 2]), 4).tolist() == [3, 0, 2, 0]

    def test_save_and_load(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        fast = Fast.fit(seen, FLAT)
        assert fast is not None
        tail = fit_tail(fast.statistic(seen), floor=0.05)
        model = Model(Reference({"fast": fast}, FLAT), {"fast": tail}, Smoothing(0.0, "causal"), 0.5, {"fast": 0.5})
        again = load_model(model.state(), model.smoothing)
        values = model.reference.statistics(seen, model.smoothing)
        np.testing.assert_allclose(again.surprises(values)["fast"], model.surprises(values)["fast"])


class TestChoice:
    def test_finds_the_truncation_and_never_silences(self) -> None:
        rng = np.random.default_rng(0)
        noise = rng.exponential(0.43, (4000, 2))
        frame = np.arange(4000) // 4
        odd = rng.exponential(0.43, (300, 2)) + np.array([3.0, 0.0])
        evidence = Evidence(("fast", "where"), [(noise, frame, 1000)], {"skipped": odd})
        choice, tries = choose([evidence])
        assert all(weight > 0 for weight in choice.weights.values())
        assert tries[-1] is choice and choice.auc >= tries[0].auc > 0.9
        assert choose([evidence])[0] == choice

    def test_the_prior_stands_where_search_is_off(self) -> None:
        choice, _ = choose([Evidence(("fast", "where"), [], {})], search=False)
        assert choice.weights == {"fast": 1.0, "where": 1.0}

    def test_every_trial_has_a_family(self) -> None:
        assert sorted(name for family in FAMILIES.values() for name in family) == sorted(TRIALS)

    def test_nothing_to_choose_on(self) -> None:
        choice, _ = choose([Evidence((), [], {})])
        assert choice.weights == {} and choice.auc == 0.5
