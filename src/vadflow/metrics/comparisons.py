"""Is the difference real? Paired clip-bootstrap tests between the systems of one dataset."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from vadflow.errors import VadflowError
from vadflow.metrics.bank import Bank
from vadflow.metrics.bootstrap import ClipPairs, Comparison, clip_pairs, compare, mean_pairs
from vadflow.metrics.inputs import judged


def system_pairs(bank: Bank, system: str) -> ClipPairs:
    """The ordered pairs of one system under the headline, as a mean over its seeds."""
    where = f"{bank.dataset}/{system}"
    return mean_pairs([clip_pairs(judged(s, bank.labels, "smoothed", where)) for s in bank.seeds(system)])


def compare_systems(bank: Bank, a: str, b: str, *, resamples: int, seed: int) -> Comparison:
    """Test two systems on the same resampled clips.

    Raises:
        VadflowError: the bank lacks one of them, or has not labels of both classes.
    """
    named = [(name, system_pairs(bank, name)) for name in (a, b)]
    found = compare(named[0], named[1], resamples, seed)
    if found is None:
        fix = "A comparison needs test clips with normal and with anomalous frames."
        raise VadflowError("labels of one class only, or none", where=f"dataset {bank.dataset}", fix=fix)
    return found


def notable(bank: Bank, kinds: dict[str, str], *, resamples: int, seed: int) -> list[Comparison]:
    """The comparisons a reader of the table asks for: everyone with the next in rank, and everyone with the best floor.

    Args:
        bank: scores and labels.
        kinds: system -> floor, baseline or system.
        resamples: of the clip bootstrap.
        seed: of the clip bootstrap.

    Returns:
        tests from the best system down; empty where the dataset has no AUC.
    """
    pairs = {system: system_pairs(bank, system) for system in bank.systems}
    learned = _ranked(pairs, [name for name in pairs if kinds.get(name) != "floor"])
    floors = _ranked(pairs, [name for name in pairs if kinds.get(name) == "floor"])
    wanted = list(pairwise(learned)) + [(name, floors[0]) for name in learned if floors]
    tests = (compare((a, pairs[a]), (b, pairs[b]), resamples, seed) for a, b in wanted)
    return [test for test in tests if test is not None]


def _ranked(pairs: dict[str, ClipPairs], names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (pairs[name].lost().sum(), name))
