"""What becomes of evidence: trials, fusion and the choice of weights, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from attributes_data import FLAT, posed, walkers

from vadflow.attributes.choice import FAMILIES, PRIOR, Evidence, choose
from vadflow.attributes.fusion import Fusion
from vadflow.attributes.model import NAMES, Model, Reference, Smoothing, frame_largest, load_model
from vadflow.attributes.motion import Fast
from vadflow.attributes.tails import fit_tail
from vadflow.attributes.trials import TRIALS


class TestTrials:
    @pytest.mark.parametrize("name", list(TRIALS))
    def test_changes_something_and_nothing_of_the_original(self, name: str) -> None:
        rng = np.random.default_rng(0)
        seen = posed(walkers(20, rng, tall=70), rng)
        seen = replace(seen, look=rng.normal(size=(20, 3)).astype(np.float32))
        before = {
            key: getattr(seen, key).copy()
            for key in ("box", "speed", "velocity", "pose", "change", "probability", "company", "look")
        }
        changed = TRIALS[name](seen, rng)
        for key, value in before.items():
            np.testing.assert_array_equal(getattr(seen, key), value)
        assert any(not np.array_equal(getattr(changed, key), value) for key, value in before.items())


class TestFusion:
    def total(self, fusion: Fusion, **surprises: float) -> float:
        said = [fusion.evidence(name, np.array([value])) for name, value in surprises.items()]
        return float(fusion.total(said, 1)[0])

    def test_unremarkable_attributes_do_not_add_up(self) -> None:
        assert self.total(Fusion(), fast=0.5, what=0.5) == 0

    def test_two_oddities_are_worse_than_one_for_a_sum_alone(self) -> None:
        assert self.total(Fusion(), fast=4, what=4) == 2 * self.total(Fusion(), fast=4, what=0) == 6
        largest = Fusion(truncate=0, largest=True)
        assert self.total(largest, fast=4, what=3) == self.total(largest, fast=4, what=0) == 4

    def test_weights_count(self) -> None:
        assert self.total(Fusion({"fast": 0.5}), fast=4) == self.total(Fusion(), fast=4) / 2

    def test_nobody_speaks(self) -> None:
        for largest in (False, True):
            assert Fusion(largest=largest).total([], 3).tolist() == [0, 0, 0]

    def test_a_silent_attribute_is_no_evidence(self) -> None:
        tail = fit_tail(np.random.default_rng(0).normal(size=2000), floor=0.1)
        model = Model(Reference({}, FLAT), {"fast": tail, "what": tail}, Smoothing(0.0, "centred"))
        said = {"fast": np.array([4.0]), "what": np.array([np.nan]), "unknown": np.array([9.0])}
        found = model.evidence(said, walkers(1, np.random.default_rng(0)))
        assert sorted(found) == ["fast", "what"] and found["fast"][0] > 0 and found["what"][0] == 0

    @pytest.mark.parametrize(("fps", "reached"), [(10.0, 1), (4.0, 0)])
    def test_half_of_a_surprise_is_that_of_the_tracklet_around(self, fps: float, reached: int) -> None:
        """Of three neighbours in a tracklet one is odd: 0.1 s reach two frames of 10 a second on either side and none of 4."""
        tail = fit_tail(np.random.default_rng(0).normal(size=2000), floor=0.1)
        seen = replace(walkers(4, np.random.default_rng(0)), frame=np.arange(4), track=np.array([0, 0, 0, 1]), fps=fps)
        now = tail.surprise(np.array([0.0, 4.0, 0.0, 0.0]))
        model = Model(Reference({}, FLAT), {"fast": tail}, Smoothing(0, "centred", 0.1), Fusion(truncate=0))
        found = model.evidence({"fast": np.array([0.0, 4.0, 0.0, 0.0])}, seen)["fast"]
        beside = np.exp(-0.5 * np.array([1.0, 4.0])) * reached  # one and two frames away, of a width of one
        middle = (now[1] + 2 * beside[0] * now[0]) / (1 + 2 * beside[0])
        first = (now[0] + beside[0] * now[1] + beside[1] * now[2]) / (1 + beside.sum())
        assert found[[1, 0, 3]] == pytest.approx([(now[1] + middle) / 2, (now[0] + first) / 2, now[3]], rel=1e-5)

    def test_largest_of_a_frame(self) -> None:
        assert frame_largest(np.array([1.0, 3.0, 2.0]), np.array([0, 0, 2]), 4).tolist() == [3, 0, 2, 0]

    def test_save_and_load(self) -> None:
        seen = walkers(1000, np.random.default_rng(0))
        fast = Fast.fit(seen, FLAT)
        assert fast is not None
        tail = fit_tail(fast.statistic(seen), floor=0.05)
        fusion = Fusion(dict.fromkeys(NAMES, 0.5), 0.5, largest=True)
        model = Model(Reference({"fast": fast}, FLAT), {"fast": tail}, Smoothing(0.0, "causal"), fusion)
        again = load_model(model.state(), model.smoothing)
        values = model.reference.statistics(seen, model.smoothing)
        np.testing.assert_allclose(again.evidence(values, seen)["fast"], model.evidence(values, seen)["fast"])
        assert again.fusion == fusion


class TestChoice:
    def test_finds_the_truncation_and_never_silences(self) -> None:
        rng = np.random.default_rng(0)
        noise = rng.exponential(0.43, (4000, 2))
        frame = np.arange(4000) // 4
        odd = rng.exponential(0.43, (300, 2)) + np.array([3.0, 0.0])
        evidence = Evidence(("fast", "where"), [(noise, frame, 1000)], {"skipped": odd})
        choice, tries = choose([evidence])
        assert all(weight > 0 for weight in choice.fusion.weights.values())
        assert tries[-1] is choice and choice.auc >= tries[0].auc > 0.9
        assert choose([evidence])[0] == choice

    def test_the_rule_follows_the_scene(self) -> None:
        """In every tenth normal frame four attributes are a little odd at once: a sum mistakes that for one that is very odd."""
        rng = np.random.default_rng(1)
        names = ("fast", "where", "near", "what")
        normal = rng.uniform(0, 1, (1000, 4))
        normal[::10] = 1.8
        scene = [(normal, np.arange(1000), 1000)]
        single = np.stack([[2.5, 0, 0, 0]] * 50)
        assert choose([Evidence(names, scene, {"skipped": single})])[0].fusion.largest
        manifold = np.full((50, 4), 1.7)
        scene[0][0][::10, 1:] = 0
        assert not choose([Evidence(names, scene, {"skipped": manifold})])[0].fusion.largest

    def test_a_gain_that_is_noise_in_one_scene_counts_in_four(self) -> None:
        """In 7 of 1,000 normal frames the sum is mistaken: 0.7 points, of a standard error of 1 in one scene and of 0.5 in four."""
        normal = np.zeros((1000, 4))
        normal[:7] = 1.8
        single = np.stack([[2.5, 0, 0, 0]] * 50)
        scene = Evidence(("fast", "where", "near", "what"), [(normal, np.arange(1000), 1000)], {"skipped": single})
        assert not choose([scene])[0].fusion.largest
        assert choose([scene] * 4)[0].fusion.largest

    def test_the_prior_stands_where_search_is_off(self) -> None:
        choice, _ = choose([Evidence(("fast", "where"), [], {})], search=False)
        assert choice.fusion == Fusion({"fast": 1.0, "where": 1.0})

    def test_every_trial_has_a_family(self) -> None:
        assert sorted(name for family in FAMILIES.values() for name in family) == sorted(TRIALS)

    def test_nothing_to_choose_on(self) -> None:
        choice, _ = choose([Evidence((), [], {})])
        assert choice.fusion == PRIOR and choice.auc == 0.5
