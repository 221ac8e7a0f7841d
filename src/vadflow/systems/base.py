"""What a system file offers, and the one place that loads it by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import numpy as np
import pandas as pd

from vadflow import plugins
from vadflow.clip import ClipView, Segment
from vadflow.params import Section

if TYPE_CHECKING:
    import torch

Need = Literal["source", "frames", "differences", "flow", "objects", "poses", "pseudo"]


@dataclass(frozen=True)
class Region:
    """A box a system objects to: source pixels, xyxy, half-open; higher score = more anomalous; `reason` says why, for a person."""

    x1: float
    y1: float
    x2: float
    y2: float
    score: float
    reason: str = ""


@dataclass(frozen=True)
class FrameScore:
    """What a system says of one frame.

    Attributes:
        frame: index t in the clip.
        score: higher = more anomalous; the system's best, honest frame score.
        paper: the published frame score (before any per-clip normalisation), where it differs from `score`.
        map: (h, w) float32 low-resolution anomaly map over the whole frame, or None.
        regions: boxes, or empty.
        terms: named parts of the score, for ablations and reports.
    """

    frame: int
    score: float
    paper: float | None = None
    map: np.ndarray | None = None
    regions: Sequence[Region] = ()
    terms: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class NormalVideo:
    """What a system may learn from: segments of normal training clips, and nothing else.

    Attributes:
        fit: segments to fit on.
        held_out: normal segments kept aside, for the validation loss.
        pseudo: recipes (see `pseudo`), where the system needs them.
    """

    fit: Sequence[Segment]
    held_out: Sequence[Segment]
    pseudo: pd.DataFrame | None = None


class Loop(Protocol):
    """The training loop handed to `System.fit`: progress, NaN stop, checkpoints, resume, EMA, validation, loss curves."""

    generator: np.random.Generator
    """Source of all randomness of the fit; its state is part of every checkpoint."""

    def run(
        self,
        phase: str,
        *,
        steps: int,
        modules: Mapping[str, torch.nn.Module],
        optimisers: Mapping[str, torch.optim.Optimizer],
        step: Callable[[int], Mapping[str, torch.Tensor | float]],
        validate: Callable[[], Mapping[str, float]] | None = None,
        average: float = 0.0,
    ) -> None:
        """Call `step(i)` for i in range(steps); it updates the modules itself and returns named loss terms for the curves.

        Modules are in training mode in `step`, in evaluation mode (with the averaged weights, if any) in `validate` and after
        the phase. With `average` > 0 the phase ends with the moving average of the weights, of that decay.
        """

    def once(self, phase: str, action: Callable[[], None], modules: Mapping[str, torch.nn.Module]) -> None:
        """Run `action` (a k-means start, say) once; a resumed fit takes its result from the checkpoint."""


@dataclass(frozen=True)
class PaperClaim:
    """A published number and the protocol behind it.

    Attributes:
        auc: in [0, 1].
        kind: micro or macro.
        source: citation, with what is uncertain about it.
    """

    auc: float
    kind: Literal["micro", "macro", "unstated"]
    source: str


class System(ABC):
    """A system: fit on normal video, score a clip as a stream, save and load its state. One subclass named `System` per file."""

    needs: ClassVar[frozenset[Need]] = frozenset({"frames"})
    """The artefacts its jobs get; anything else is not even declared to them."""
    kind: ClassVar[Literal["floor", "baseline", "system"]] = "system"
    localises: ClassVar[bool] = False
    """True when `score` fills `map` or `regions`."""
    stochastic: ClassVar[bool] = True
    """False when seeds change nothing: it is then run for the first seed only."""
    paper: ClassVar[Mapping[str, PaperClaim]] = {}
    """Published frame AUC per benchmark key (`ped2`, `avenue`, `shanghaitech`)."""
    paper_crop: ClassVar[tuple[int, int]] = (0, 0)
    """Frames the paper drops at the start and the end of each clip."""
    notes: ClassVar[Sequence[str]] = ()
    """What a reader of the table must know, for example choices that were made while looking at a test set."""

    def __init__(self, params: Any, frame_shape: tuple[int, int, int]) -> None:
        """Build untrained.

        Args:
            params: the system's own `Params`.
            frame_shape: (h, w, C) of the packed frames.
        """
        self.params, self.frame_shape = params, frame_shape

    @classmethod
    def needed(cls, params: Any) -> frozenset[Need]:
        """`needs`, and what these parameters ask for beside it."""
        return cls.needs

    def fit(self, video: NormalVideo, loop: Loop) -> None:
        """Learn from normal video. Floors and baselines learn nothing."""

    @abstractmethod
    def score(self, clip: ClipView) -> Iterator[FrameScore]:
        """Yield scores in frame order, in bounded memory.

        Frames without a full window may be left out: the nearest score fills them. A clip with a frame yields a score.
        """

    def state(self) -> dict[str, np.ndarray]:
        """Arrays to save as safetensors; empty when nothing is learned.

        A network's tensors are named `<module>.<tensor>`, the module as it is handed to the loop: snapshots rely on it.
        """
        return {}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave."""


def load_module(name: str) -> Any:
    """Import `vadflow.systems.<name>`, which offers `Params` and `System`.

    Raises:
        VadflowError: there is no such file, or it lacks one of them.
    """
    return plugins.load("systems", name, ("Params", "System"), "systems.names")


class NoParams(Section):
    """For a system with nothing to choose."""
