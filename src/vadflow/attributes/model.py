"""The fitted attributes of one camera: which of them normal video supports, how rare their values are, and how they are fused.

An object's evidence is what `attributes.fusion` makes of its attributes' surprises, half of each the mean along its tracklet. A frame's
surprise is that of its largest object, and of its largest dense window, each looked up in the tail of the same *maximum* on normal frames:
the correction for the number of looks. The two are added, Fisher's rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from vadflow.attributes import tails
from vadflow.attributes.base import Attribute
from vadflow.attributes.crowd import Many
from vadflow.attributes.dense import Windows
from vadflow.attributes.extent import Low, Wide
from vadflow.attributes.fusion import Fusion
from vadflow.attributes.gaps import Gaps, find_gaps
from vadflow.attributes.ground import Ground
from vadflow.attributes.look import Look
from vadflow.attributes.motion import Fast, Pace, Still, fit_pace, pace_from_array
from vadflow.attributes.observations import Observations, join
from vadflow.attributes.place import Near, Where
from vadflow.attributes.posture import Gesture, Posture
from vadflow.attributes.scale import fit_scale
from vadflow.attributes.tails import Tail, fit_tail
from vadflow.attributes.tracklets import Smoother, smooth
from vadflow.attributes.travel import Travel
from vadflow.attributes.what import What

ATTRIBUTES: dict[str, Any] = {
    kind.name: kind
    for kind in (Fast, Travel, Still, What, Posture, Gesture, Where, Near, Low, Wide, Ground, Many, Look)
}
DENSE = "dense"
NAMES = (*ATTRIBUTES, DENSE)
_DENSE_FLOOR, _OBJECTS_FLOOR = 0.02, 0.1


@dataclass(frozen=True)
class Part:
    """A stretch of normal video: its objects (frames counted from 0), and its flow (T, gh, gw, 2), memory-mapped."""

    seen: Observations
    flow: np.ndarray


@dataclass(frozen=True)
class Smoothing:
    """What is made of neighbouring frames of a tracklet.

    Attributes:
        width: frames, of the smoother of statistics; see `tracklets.smooth`.
        smoother: causal looks at no later frame.
        steady_s: width of the smoother of surprises, s; 0: only the moment counts.
        gap_s: for so long an object may be lost and found again, s; 0, or a causal smoother: what is lost is not there.
    """

    width: float
    smoother: Smoother
    steady_s: float = 0.0
    gap_s: float = 0.0

    def along(self, values: np.ndarray, seen: Observations) -> np.ndarray:
        """(N, ...) -> (N, ...)."""
        return smooth(values, seen.frame, seen.track, width=self.width, smoother=self.smoother)

    def around(self, values: np.ndarray, seen: Observations) -> np.ndarray:
        """(N, ...) -> (N, ...): as `along`, by `steady_s`."""
        return replace(self, width=self.steady_s * seen.fps).along(values, seen)

    def gaps(self, seen: Observations) -> Gaps:
        """Where objects are lost for a moment."""
        return find_gaps(seen, self.gap_s if self.smoother == "centred" else 0.0)


@dataclass(frozen=True)
class Reference:
    """Attributes fitted on normal video, without tails yet. An attribute without support is not in it."""

    attributes: Mapping[str, Attribute]
    pace: Pace

    def statistics(self, seen: Observations, smoothing: Smoothing) -> dict[str, np.ndarray]:
        """(N,) per attribute, smoothed along tracklets; NaN = silent."""
        return {name: smoothing.along(one.statistic(seen), seen) for name, one in self.attributes.items()}

    def windows(self, seen: Observations, grid: tuple[int, int]) -> Windows:
        """Dense windows for a flow of this grid."""
        return Windows(self.pace, seen.size, grid)


def fit_reference(seen: Observations, wanted: Sequence[str], picture: np.ndarray | None = None) -> Reference:
    """Fit the wanted attributes; each decides on its own whether this video supports it. `picture`: the empty scene, for `ground`."""
    scale = fit_scale(seen)
    pace = fit_pace(seen, scale)
    needs = {
        "fast": (pace,),
        "travel": (pace,),
        "still": (pace,),
        "where": (pace,),
        "near": (scale,),
        "low": (scale,),
        "wide": (scale,),
        "ground": (scale, picture),
    }
    fitted = {name: kind.fit(seen, *needs.get(name, ())) for name, kind in ATTRIBUTES.items() if name in wanted}
    return Reference({name: one for name, one in fitted.items() if one is not None}, pace)


@dataclass(frozen=True)
class Model:
    """All that is needed to score a clip of this camera.

    Attributes:
        reference: attributes with support.
        tails: per attribute over held-out normal objects, and `dense`, over the largest window of held-out normal frames.
        smoothing: along tracklets.
        fusion: of an object's attributes; its weights hold `dense`, too.
        objects: tail of the largest object surprise of held-out normal frames.
    """

    reference: Reference
    tails: Mapping[str, Tail]
    smoothing: Smoothing
    fusion: Fusion = field(default_factory=Fusion)
    objects: Tail = field(default_factory=lambda: fit_tail(np.zeros(1), floor=_OBJECTS_FLOOR))

    def evidence(self, statistics: Mapping[str, np.ndarray], seen: Observations) -> dict[str, np.ndarray]:
        """(N,) per attribute that has a tail; see `Fusion.evidence`.

        Of two halves: how rare the object is now, and how rare its tracklet is around now. A walker's box slips for a moment; who does
        something odd does it for a while.
        """
        names = [name for name in statistics if name in self.tails]
        if not names:
            return {}
        now = np.stack([self.tails[name].surprise(statistics[name]) for name in names], axis=1)  # N A
        around = self.smoothing.around(now, seen)
        return {name: self.fusion.evidence(name, own) for name, own in zip(names, ((now + around) / 2).T, strict=True)}

    def dense_surprise(self, pace: np.ndarray) -> np.ndarray:
        """Pace of windows, any shape -> surprise at the largest window of a frame being that fast."""
        return self.fusion.weight(DENSE) * self.tails[DENSE].surprise(pace) if DENSE in self.tails else 0.0 * pace

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save, named `<attribute>/<array>`."""
        saved = {
            f"{name}/{key}": value
            for name, one in self.reference.attributes.items()
            for key, value in one.state().items()
        }
        saved |= {f"tail/{name}": tail.as_array() for name, tail in self.tails.items()}
        saved |= {"pace": self.reference.pace.as_array(), "objects": self.objects.as_array()}
        saved |= {"weights": np.array([self.fusion.weight(name) for name in NAMES])}
        saved |= {"truncate": np.array([self.fusion.truncate]), "largest": np.array([self.fusion.largest])}
        return {key: np.asarray(value) for key, value in saved.items()}


def load_model(state: Mapping[str, np.ndarray], smoothing: Smoothing) -> Model:
    """Take back what `Model.state` gave."""
    attributes = {}
    for name, kind in ATTRIBUTES.items():
        own = {key.partition("/")[2]: value for key, value in state.items() if key.startswith(f"{name}/")}
        if own:
            attributes[name] = kind.load(own)
    known = {
        key.removeprefix("tail/"): tails.from_array(value) for key, value in state.items() if key.startswith("tail/")
    }
    weights = dict(zip(NAMES, state["weights"].tolist(), strict=True))
    return Model(
        Reference(attributes, pace_from_array(state["pace"])),
        known,
        smoothing,
        Fusion(weights, float(state["truncate"][0]), bool(state["largest"][0])),
        tails.from_array(state["objects"]),
    )


@dataclass(frozen=True)
class Held:
    """A part seen by a reference that was fitted without it."""

    part: Part
    reference: Reference
    statistics: Mapping[str, np.ndarray]
    dense: np.ndarray


def cross(
    parts: Sequence[Part], wanted: Sequence[str], smoothing: Smoothing, folds: int, picture: np.ndarray | None = None
) -> Iterator[Held]:
    """Fit without each fold in turn and look at it: what held-out normal video looks like, with all of it used."""
    folds = min(folds, len(parts))
    for fold in range(folds):
        rest = [part.seen for index, part in enumerate(parts) if index % folds != fold] or [parts[0].seen]
        reference = fit_reference(join(rest), wanted, picture)
        for part in parts[fold::folds]:
            statistics = reference.statistics(part.seen, smoothing)
            yield Held(
                part, reference, statistics, _largest_windows(reference, part) if DENSE in wanted else np.zeros(0)
            )


def _largest_windows(reference: Reference, part: Part) -> np.ndarray:
    windows = reference.windows(part.seen, part.flow.shape[1:3])
    return np.array([windows.pace_map(flow).max() for flow in part.flow], np.float32)


def fit_tails(held: Sequence[Held], reference: Reference) -> dict[str, Tail]:
    """Tails over held-out normal objects of the attributes that every fold and the whole support; `dense` over frames."""
    found = {}
    for name, one in reference.attributes.items():
        values = [item.statistics[name] for item in held if name in item.statistics]
        if values and len(values) == len(held):
            found[name] = fit_tail(np.concatenate(values), floor=one.floor)
    largest = np.concatenate([item.dense for item in held])
    return found | ({DENSE: fit_tail(largest, floor=_DENSE_FLOOR)} if len(largest) else {})


def frame_largest(values: np.ndarray, frame: np.ndarray, n_frames: int) -> np.ndarray:
    """(N,) values of objects -> (T,) the largest of each frame; 0 where there is none."""
    found = np.zeros(n_frames)
    np.maximum.at(found, frame, values)
    return found


def fit_objects_tail(held: Sequence[Held], model: Model) -> Tail:
    """Tail of the largest object surprise per held-out normal frame."""
    largest = []
    for item in held:
        seen = item.part.seen
        total, gaps = (
            model.fusion.total([*model.evidence(item.statistics, seen).values()], len(seen)),
            model.smoothing.gaps(seen),
        )
        largest.append(frame_largest(gaps.between(total), gaps.seen(seen).frame, len(item.part.flow)))
    return fit_tail(np.concatenate(largest), floor=_OBJECTS_FLOOR)
