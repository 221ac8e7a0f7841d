"""What every system must do, each a check with a name; `vadflow conform <system>` runs them all on drawn clips."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from vadflow import guard
from vadflow.clip import ClipView
from vadflow.conformance.scene import draw_clip
from vadflow.errors import VadflowError
from vadflow.layout import MODEL_FILES as FILES
from vadflow.params import Params, Section
from vadflow.pseudo.recipes import build
from vadflow.scoring.score import score_clip
from vadflow.systems.base import FrameScore, Need, System, load_module
from vadflow.training.fit import fit_system
from vadflow.training.store import load_system

LENGTHS = (0, 1, 2, 5, 24)
_CLIPS, _FRAMES = 4, 24


@dataclass(frozen=True)
class Subject:
    """The system under test: its name, its parameters, the workspace's other sections, and a folder to work in."""

    name: str
    params: Section
    workspace: Params
    folder: Path

    @property
    def kind(self) -> type[System]:
        """Its class."""
        return load_module(self.name).System

    @property
    def shape(self) -> tuple[int, int, int]:
        """(h, w, C) of the workspace's frames."""
        frames = self.workspace.frames
        return frames.height, frames.width, frames.channels

    def clip(self, name: str, length: int, seed: int) -> ClipView:
        """A drawn clip with what the system needs, and nothing else."""
        return draw_clip(self.folder, name, length, shape=self.shape, needs=self.kind.needed(self.params), seed=seed)

    def fit(self, run: str, seed: int) -> Path:
        """Fit on normal clips behind the fence of a training job; the folder of the model."""
        clips, model = [self.clip(f"n{i}", _FRAMES, seed=i) for i in range(_CLIPS)], self.folder / run
        recipes = self._recipes() if "pseudo" in self.kind.needs else None
        given = [path for clip in clips for path in vars(clip).values() if isinstance(path, Path)]
        scratch = self.folder / f"{run}_checkpoint"
        with guard.guarded([str(self.folder)], map(str, given), [str(model / file) for file in FILES], [str(scratch)]):
            fit_system(
                self.name, self.params, clips, frame_shape=self.shape, seed=seed, held_out=0.25, folder=model,
                checkpoint=scratch, checkpoint_s=1e6, threads=1, pseudo=recipes, snapshots=1,
            )  # fmt: skip
        return model

    def _recipes(self) -> Any:
        pseudo, every = self.workspace.pseudo, frozenset({"frames", "differences"})
        clips = [draw_clip(self.folder, f"n{i}", _FRAMES, shape=self.shape, needs=every, seed=i) for i in range(_CLIPS)]
        kinds = {kind: pseudo.of(kind) for kind in pseudo.kinds}
        return build(
            clips,
            kinds,
            per_clip=pseudo.per_clip,
            window=pseudo.window,
            motion=pseudo.motion,
            seed=pseudo.seed,
        )


def declares_itself(subject: Subject) -> None:
    """It says what it needs and what it is, in the contract's words."""
    kind = subject.kind
    require(issubclass(kind, System), "`System` must derive from systems.base.System")
    require(bool(kind.needs), "`needs` is empty: name at least one artefact, its length is the clip's")
    require(set(kind.needs) <= set(get_args(Need)), f"`needs` may name {', '.join(get_args(Need))}")
    require(kind.kind in ("floor", "baseline", "system"), "`kind` is floor, baseline or system")


def fits_behind_the_fence(subject: Subject) -> None:
    """It learns from the clips it is given, opens no other file, and leaves the files of a model."""
    model = subject.fit("model", seed=1)
    missing = [file for file in FILES if not (model / file).is_file()]
    require(not missing, f"missing after the fit: {', '.join(missing)}")


def scores_every_length(subject: Subject) -> None:
    """Every frame of clips of 0, 1, 2, 5 and 24 frames gets a finite score."""
    system = load_system(subject.folder / "model")
    for length in LENGTHS:
        raw = score_clip(system, subject.clip(f"l{length}", length, seed=7), subject.folder / "raw.parquet")
        require(raw["frame"].tolist() == list(range(length)), f"{length} frames: not one score a frame")
        require(bool(np.isfinite(raw["raw"]).all()), f"{length} frames: a score is not finite")


def scores_in_order(subject: Subject) -> None:
    """Frames come in order, maps keep one shape, and boxes lie in the picture."""
    scores = _scores(subject, subject.clip("o", 12, seed=3))
    frames = [score.frame for score in scores]
    require(frames == sorted(set(frames)), "frames come out of order or twice")
    shapes = {score.map.shape for score in scores if score.map is not None}
    require(len(shapes) <= 1, f"maps have several shapes: {sorted(shapes)}")
    local = bool(shapes) or any(score.regions for score in scores)
    require(subject.kind.localises or not local, "it gives maps or regions, but `localises` is False")
    height, width, _ = subject.shape
    inside = all(0 <= r.x1 < r.x2 <= width and 0 <= r.y1 < r.y2 <= height for score in scores for r in score.regions)
    require(inside, "a region lies outside the picture (source px, half-open)")


def loads_what_it_saved(subject: Subject) -> None:
    """Loaded twice from its files it gives the same scores, and another clip in between changes nothing."""
    clip, other = subject.clip("s", 11, seed=5), subject.clip("t", 9, seed=6)
    fresh = [score.score for score in _scores(subject, clip)]
    system = load_system(subject.folder / "model")
    list(system.score(other))
    require(fresh == [score.score for score in system.score(clip)], "a clip's scores depend on what was scored before")


def repeats_under_a_seed(subject: Subject) -> None:
    """The same seed gives the same bytes."""
    again = subject.fit("again", seed=1)
    differing = [
        file for file in FILES if (again / file).read_bytes() != (subject.folder / "model" / file).read_bytes()
    ]
    require(not differing, f"two fits with one seed differ in {', '.join(differing)}: draw from loop.generator only")


def tells_whether_it_is_stochastic(subject: Subject) -> None:
    """Another seed gives other weights if, and only if, `stochastic` is True."""
    other = subject.fit("other", seed=2) / FILES[0]
    same = other.read_bytes() == (subject.folder / "model" / FILES[0]).read_bytes()
    says = subject.kind.stochastic
    require(
        same is not says, f"`stochastic` is {says}, but another seed gives {'the same' if same else 'other'} weights"
    )


CHECKS: tuple[Callable[[Subject], None], ...] = (
    declares_itself,
    fits_behind_the_fence,
    scores_every_length,
    scores_in_order,
    loads_what_it_saved,
    repeats_under_a_seed,
    tells_whether_it_is_stochastic,
)


def run_checks(subject: Subject) -> Iterator[tuple[str, str]]:
    """Yield (check, "" or what is wrong); after a fit that fails there is nothing more to check."""
    for check in CHECKS:
        try:
            check(replace(subject))
            fault = ""
        except Exception as wrong:  # a user's system may raise anything, and its author wants to read it
            fault = str(wrong) if isinstance(wrong, VadflowError) else f"{type(wrong).__name__}: {wrong}"
        yield (check.__name__.replace("_", " "), fault)
        if fault and check in (declares_itself, fits_behind_the_fence):
            return


def require(condition: bool, otherwise: str) -> None:
    """Raise VadflowError with `otherwise` where a condition does not hold."""
    if not condition:
        raise VadflowError(otherwise)


def _scores(subject: Subject, clip: ClipView) -> list[FrameScore]:
    return list(load_system(subject.folder / "model").score(clip))
