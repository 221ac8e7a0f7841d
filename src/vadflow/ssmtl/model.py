"""The student of `ssmtl`: one or two trunks, a head per task; tubes in, losses or task values out.

Letters: N tubes, L = 7 frames, C channels, S px of a network's input, E px of a stored cut, K classes of the detector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vadflow.frames.windows import as_float
from vadflow.ssmtl.networks import Drawing, Trunk2D, Trunk3D, Verdict
from vadflow.ssmtl.puzzles import PLACES, SHUFFLES, holed, in_hole, shuffled
from vadflow.ssmtl.tubes import REACH, TubeShape

if TYPE_CHECKING:
    from vadflow.ssmtl.params import Params

FRAMES = 2 * REACH + 1
"""L."""
MOTION = ("arrow", "irregular")
"""Tasks that see the wide view of all frames; the others see the tight one."""
_LEAST_ERROR = 0.02
"""A class that normal video never shows is not expected to better than this probability."""
IGNORED = -100
"""Label of a tube that a task has no say on."""


class Student(nn.Module):
    """Trunks and heads."""

    usual: Tensor
    """(K,) how far the detector usually is from what is expected of it, per class; see `learn_usual`."""

    def __init__(self, params: Params, channels: int, classes: int, knowledge: int) -> None:
        """Build with random weights.

        Args:
            params: of the system.
            channels: C.
            classes: K.
            knowledge: outputs of the ImageNet teacher, which the head of `classes` gives after its K; 0 without one.
        """
        super().__init__()
        network, self.side = params.network, params.tubes.side
        shape = TubeShape(self.side, params.tubes.tight, params.tubes.wide, params.tubes.least_px)
        self.tasks: tuple[str, ...] = tuple(params.tasks)
        self.weights, self.channels = params.train.weights, channels
        self.margin, self.still, self.flat = (shape.cut - self.side) // 2, params.tubes.still, network.trunk == "2d"
        self.classes = classes
        self.trunk_of = {name: "motion" if name in MOTION else "appearance" for name in self.tasks}
        if network.streams == "one":
            self.trunk_of = dict.fromkeys(self.trunk_of, "shared")
        depth, features = 2 if network.depth == "deep" else 1, 2 * network.width
        used = sorted({self.trunk_of[task] for task in self.tasks})
        self.trunks = nn.ModuleDict({name: self._trunk(network.width, depth) for name in used})
        outputs = {"arrow": 2, "irregular": 2, "classes": classes + knowledge, "jigsaw": SHUFFLES}
        heads: dict[str, nn.Module] = {t: Verdict(features, outputs[t]) for t in self.tasks if t in outputs}
        heads |= {t: Drawing(features, channels, self.side) for t in self.tasks if t not in outputs}
        self.heads = nn.ModuleDict(heads)
        self.register_buffer("usual", torch.ones(classes), persistent=False)  # no weight: snapshots of weights lack it
        if self.flat:
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.to("cuda" if torch.cuda.is_available() else "cpu")

    def _trunk(self, width: int, depth: int) -> nn.Module:
        if self.flat:
            return Trunk2D(self.channels, FRAMES, self.side, width, depth)
        return Trunk3D(self.channels, self.side, width, depth)

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return next(self.parameters()).device

    def prepare(self, tubes: np.ndarray) -> Tensor:
        """uint8 (N, L, E, E, C) to (N, L, C, E, E) in [0, 1]."""
        return torch.from_numpy(as_float(tubes)).to(self.device).permute(0, 1, 4, 2, 3)

    def tight(self, x: Tensor) -> Tensor:
        """(N, L, C, E, E) to (N, L, C, S, S): the middle of the cut."""
        return x[..., self.margin : self.margin + self.side, self.margin : self.margin + self.side]

    def wide(self, x: Tensor) -> Tensor:
        """(N, L, C, E, E) to (N, L, C, S, S): the whole cut, shrunk."""
        if not self.margin:
            return x
        small = F.interpolate(x.flatten(1, 2), (self.side, self.side), mode="bilinear", align_corners=False)
        return small.unflatten(1, x.shape[1:3])

    def moving(self, x: Tensor) -> Tensor:
        """(N,) bool: the middle of the cut changes from the first to the last frame; a still tube looks the same backwards."""
        view = self.tight(x)
        return (view[:, -1] - view[:, 0]).abs().mean((1, 2, 3)) >= self.still

    def without_middle(self, view: Tensor) -> Tensor:
        """Six frames: the middle one zero for a 2D trunk, absent for a 3D one."""
        kept = [t for t in range(FRAMES) if t != REACH]
        return self._only(view, kept) if self.flat else view[:, kept]

    def middle_only(self, view: Tensor) -> Tensor:
        """One frame: all others zero for a 2D trunk, absent for a 3D one."""
        return self._only(view, [REACH]) if self.flat else view[:, REACH : REACH + 1]

    def _only(self, view: Tensor, kept: list[int]) -> Tensor:
        shown = torch.zeros_like(view)
        shown[:, kept] = view[:, kept]
        return shown

    def answers(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run every task's input (N, L, C, S, S) through its trunk and head; an input that tasks share passes once.

        What one 2D trunk gets passes it as one batch, so that batch norm sees in training what it will judge by.
        """
        found: dict[str, Tensor] = {}
        for trunk, layers in self.trunks.items():
            names = [name for name in inputs if self.trunk_of[name] == trunk]
            views = {id(inputs[name]): inputs[name] for name in names}
            if self.flat and views:
                parts = layers(torch.cat(list(views.values()))).split([len(view) for view in views.values()])
            else:
                parts = [layers(view) for view in views.values()]
            features = dict(zip(views, parts, strict=True))
            found |= {name: self.heads[name](features[id(inputs[name])]) for name in names}
        return found

    def losses(self, batch: Batch, answers: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Weighted loss of every task; their sum is the loss."""
        weights = self.weights
        middle = self.tight(batch.plain)[:, REACH]  # N C S S
        found: dict[str, Tensor] = {}
        for task, answer in answers.items():
            if task in MOTION:
                loss = cross_entropy(answer, getattr(batch, task))
            elif task == "middle":
                loss = (answer - middle).abs().mean()
            elif task == "classes":
                loss = self._distillation(answer, batch)
            elif task == "jigsaw":
                loss = F.cross_entropy(answer, batch.shuffle)
            else:
                loss = in_hole((answer - middle).square(), batch.hole).mean()
            found[task] = getattr(weights, task) * loss
        return found

    def questions(self, batch: Batch) -> dict[str, Tensor]:
        """What each task is shown in training."""
        found: dict[str, Tensor] = {}
        moved = self.wide(batch.ordered) if set(MOTION) & set(self.tasks) else None
        view = self.tight(batch.plain)
        for task in self.tasks:
            if moved is not None and task in MOTION:
                found[task] = moved
            elif task == "middle":
                found[task] = self.without_middle(view)
            elif task == "classes":
                found[task] = self.middle_only(view)
            elif task == "jigsaw":
                found[task] = self.middle_only(shuffled(view, batch.shuffle))
            else:
                found[task] = self.middle_only(holed(view, batch.hole))
        return found

    def _distillation(self, answer: Tensor, batch: Batch) -> Tensor:
        """L1: the detector's probabilities summed over classes, the ImageNet teacher's outputs as a mean."""
        loss = (answer[:, : self.classes] - batch.classes).abs().sum(1).mean()
        return loss if batch.knowledge is None else loss + (answer[:, self.classes :] - batch.knowledge).abs().mean()

    @torch.no_grad()
    def learn_usual(self, tubes: np.ndarray, classes: np.ndarray) -> None:
        """Set `usual` to the root mean square difference on normal tubes (N, L, E, E, C) with their class probabilities (N, K)."""
        if "classes" in self.tasks and len(tubes):
            view = self.middle_only(self.tight(self.prepare(tubes)))
            expected = self.answers({"classes": view})["classes"][:, : self.classes]
            beyond = torch.from_numpy(classes).to(view.device) - expected
            self.usual.copy_(beyond.square().mean(0).sqrt().clamp_min(_LEAST_ERROR))

    @torch.inference_mode()
    def values(self, tubes: np.ndarray, classes: np.ndarray) -> dict[str, np.ndarray]:
        """What each task says of each object.

        Args:
            tubes: (N, L, E, E, C) uint8.
            classes: (N, K) the detector's class probabilities.

        Returns:
            (N,) float32 per task, higher = stranger: P(backward), P(irregular), mean absolute error of the middle box, the class that
            the detector sees furthest beyond what the student expects (in its usual errors), 1 - P(identity), error in holes;
            also `distance`, the paper's mean absolute difference of classes, and `moving` (0 or 1).
        """
        x = self.prepare(tubes)
        view, seen = self.tight(x), torch.from_numpy(classes).to(x.device)
        answers = self.answers({task: shown for task, shown in self._plainly(x, view).items() if task in self.tasks})
        found = {task: answers[task].softmax(1)[:, 1] for task in MOTION if task in answers}
        if "middle" in answers:
            found["middle"] = (answers["middle"] - view[:, REACH]).abs().mean((1, 2, 3))
        if "classes" in answers:
            beyond = seen - answers["classes"][:, : self.classes]
            found |= {"classes": (beyond / self.usual).clamp_min(0).amax(1), "distance": beyond.abs().mean(1)}
        if "jigsaw" in answers:
            found["jigsaw"] = 1 - answers["jigsaw"].softmax(1)[:, 0]
        if "inpaint" in self.tasks:
            found["inpaint"] = self._holes_error(view)
        found["moving"] = self.moving(x).float()
        return {name: value.float().cpu().numpy() for name, value in found.items()}

    def _plainly(self, x: Tensor, view: Tensor) -> dict[str, Tensor]:
        """What each task is shown when it judges: nothing reordered or shuffled; holes are a matter of their own."""
        moved, middle = self.wide(x), self.middle_only(view)
        plain = {"arrow": moved, "irregular": moved, "middle": self.without_middle(view)}
        return plain | {"classes": middle, "jigsaw": middle}

    def _holes_error(self, view: Tensor) -> Tensor:
        """Mean squared error in three holes, one after the other (N,)."""
        errors = []
        for place in PLACES:
            hole = torch.full((len(view), 2), place, device=view.device)
            drawn = self.answers({"inpaint": self.middle_only(holed(view, hole))})["inpaint"]
            errors.append(in_hole((drawn - view[:, REACH]).square(), hole))
        return torch.stack(errors).mean(0)


@dataclass
class Batch:
    """Tubes of one training step, on the student's device.

    Attributes:
        plain: (N, L, C, E, E) consecutive frames.
        ordered: (N, L, C, E, E) the same objects forward, backward or irregular.
        classes: (N, K).
        knowledge: (N, P) of the ImageNet teacher, standardised; None without one.
        arrow: (N,) 0 forward, 1 backward, IGNORED where the task has no say.
        irregular: (N,) 0 consecutive, 1 irregular, IGNORED where the task has no say.
        shuffle: (N,) jigsaw class.
        hole: (N, 2) upper left corner of the hole, rows and columns in [0, 1).
    """

    plain: Tensor
    ordered: Tensor
    classes: Tensor
    knowledge: Tensor | None
    arrow: Tensor = field(default_factory=lambda: torch.zeros(0))
    irregular: Tensor = field(default_factory=lambda: torch.zeros(0))
    shuffle: Tensor = field(default_factory=lambda: torch.zeros(0))
    hole: Tensor = field(default_factory=lambda: torch.zeros(0))


def cross_entropy(answer: Tensor, label: Tensor) -> Tensor:
    """Mean over the tubes that have a say; 0 where none has."""
    kept = label != IGNORED
    return F.cross_entropy(answer[kept], label[kept]) if bool(kept.any()) else answer.sum() * 0
