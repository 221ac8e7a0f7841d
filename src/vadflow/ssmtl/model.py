"""The student of `ssmtl`: one to three trunks, a head per task; tubes in, losses or task values out.

Letters: N tubes, L = 7 frames, C channels, V views of a tube, S px, K classes of the detector, P features of the
ImageNet teacher on a G x G grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vadflow.frames.windows import as_float
from vadflow.objects.imagenet import GRID
from vadflow.objects.tubes import REACH
from vadflow.ssmtl.batch import Batch, cross_entropy
from vadflow.ssmtl.networks import Drawing, Lesson, Trunk2D, Trunk3D, Verdict
from vadflow.ssmtl.puzzles import PLACES, SHUFFLES, holed, in_hole, shuffled

if TYPE_CHECKING:
    from vadflow.ssmtl.params import Params

FRAMES = 2 * REACH + 1
"""L."""
MOTION = ("arrow", "irregular")
"""Tasks that see all frames in any order; the others see the tight view."""
DRAWN = ("middle", "inpaint")
"""Tasks whose answer is a picture."""
_MOTION_TRUNK = {"arrow": "motion", "irregular": "motion"}
_TRUNKS: dict[str, tuple[dict[str, str], str]] = {
    "one": ({}, "shared"),
    "two": (_MOTION_TRUNK, "appearance"),
    "three": (_MOTION_TRUNK | {"middle": "gap"}, "still"),
}
"""Streams -> task -> trunk, and the trunk of all other tasks."""
_LEAST_ERROR = 0.02
"""A class that normal video never shows is not expected to better than this probability."""


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
            knowledge: P; 0 without an ImageNet teacher.
        """
        super().__init__()
        network, self.side = params.network, params.tubes.side
        views = list(params.views)
        self.tasks: tuple[str, ...] = params.learned
        self.weights, self.channels = params.train.weights, channels
        self.still, self.flat = params.tubes.still, network.trunk == "2d"
        self.view_of = {task: views.index(params.view_of(task)) for task in self.tasks if task in MOTION}
        self.classes = classes
        named, other = _TRUNKS[network.streams]
        self.trunk_of = {name: named.get(name, other) for name in self.tasks}
        depth, features = 2 if network.depth == "deep" else 1, 2 * network.width
        used = sorted({self.trunk_of[task] for task in self.tasks})
        self.trunks = nn.ModuleDict({name: self._trunk(network.width, depth) for name in used})
        outputs = {"arrow": 2, "irregular": 2, "classes": classes, "jigsaw": SHUFFLES}
        heads: dict[str, nn.Module] = {t: Verdict(features, outputs[t]) for t in self.tasks if t in outputs}
        heads |= {t: Drawing(features, channels, self.side) for t in self.tasks if t in DRAWN}
        if "knowledge" in self.tasks:
            heads["knowledge"] = Lesson(features, knowledge, GRID)
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
        """uint8 (N, L, V, S, S, C) to (N, L, V, C, S, S) in [0, 1]."""
        return torch.from_numpy(as_float(tubes)).to(self.device).permute(0, 1, 2, 5, 3, 4)

    def tight(self, x: Tensor) -> Tensor:
        """(N, L, V, C, S, S) to (N, L, C, S, S): what appearance sees."""
        return x[:, :, 0]

    def motion(self, x: Tensor) -> dict[str, Tensor]:
        """Task -> (N, L, C, S, S) what each motion task sees; one tensor for tasks that see the same, which so passes their trunk once."""
        views = {number: x[:, :, number] for number in set(self.view_of.values())}
        return {task: views[number] for task, number in self.view_of.items()}

    def moving(self, x: Tensor) -> Tensor:
        """(N,) bool: the tight view changes from the first to the last frame; a still tube looks the same backwards."""
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
                loss = (answer - batch.classes).abs().sum(1).mean()
            elif task == "knowledge":
                assert batch.knowledge is not None
                loss = (answer - batch.knowledge).square().mean()
            elif task == "jigsaw":
                loss = F.cross_entropy(answer, batch.shuffle)
            else:
                loss = in_hole((answer - middle).square(), batch.hole).mean()
            found[task] = getattr(weights, task) * loss
        return found

    def questions(self, batch: Batch) -> dict[str, Tensor]:
        """What each task is shown in training."""
        found = self.motion(batch.ordered)
        view = self.tight(batch.plain)
        middle = self.middle_only(view)  # one tensor for two tasks: it passes their trunk once
        for task in self.tasks:
            if task == "middle":
                found[task] = self.without_middle(view)
            elif task in ("classes", "knowledge"):
                found[task] = middle
            elif task == "jigsaw":
                found[task] = self.middle_only(shuffled(view, batch.shuffle))
            elif task == "inpaint":
                found[task] = self.middle_only(holed(view, batch.hole))
        return found

    @torch.no_grad()
    def learn_usual(self, tubes: np.ndarray, classes: np.ndarray) -> None:
        """Set `usual` to the root mean square difference on normal tubes (N, L, V, S, S, C) with their class probabilities (N, K)."""
        if "classes" in self.tasks and len(tubes):
            view = self.middle_only(self.tight(self.prepare(tubes)))
            expected = self.answers({"classes": view})["classes"]
            beyond = torch.from_numpy(classes).to(view.device) - expected
            self.usual.copy_(beyond.square().mean(0).sqrt().clamp_min(_LEAST_ERROR))

    @torch.inference_mode()
    def values(
        self, tubes: np.ndarray, classes: np.ndarray, knowledge: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """What each task says of each object.

        Args:
            tubes: (N, L, V, S, S, C) uint8.
            classes: (N, K) the detector's class probabilities.
            knowledge: (N, P, G, G) what the ImageNet teacher says, NaN where it was not asked; only for a student that has one.

        Returns:
            (N,) float32 per task, higher = stranger: P(backward), P(irregular), mean absolute error of the middle box, the class that
            the detector sees furthest beyond what the student expects (in its usual errors), mean squared difference from the ImageNet teacher
            (NaN where it was not asked), 1 - P(identity), error in holes;
            also `distance`, the paper's mean absolute difference of classes, and `moving` (0 or 1).
        """
        x = self.prepare(tubes)
        view, seen = self.tight(x), torch.from_numpy(classes).to(x.device)
        answers = self.answers({task: shown for task, shown in self._plainly(x, view).items() if task in self.tasks})
        found = {task: answers[task].softmax(1)[:, 1] for task in MOTION if task in answers}
        if "middle" in answers:
            found["middle"] = (answers["middle"] - view[:, REACH]).abs().mean((1, 2, 3))
        if "classes" in answers:
            beyond = seen - answers["classes"]
            found |= {"classes": (beyond / self.usual).clamp_min(0).amax(1), "distance": beyond.abs().mean(1)}
        if "knowledge" in answers:
            taught = torch.from_numpy(np.asarray(knowledge, np.float32)).to(x.device)
            found["knowledge"] = (answers["knowledge"] - taught).square().mean((1, 2, 3))
        if "jigsaw" in answers:
            found["jigsaw"] = 1 - answers["jigsaw"].softmax(1)[:, 0]
        if "inpaint" in self.tasks:
            found["inpaint"] = self._holes_error(view)
        found["moving"] = self.moving(x).float()
        return {name: value.float().cpu().numpy() for name, value in found.items()}

    def _plainly(self, x: Tensor, view: Tensor) -> dict[str, Tensor]:
        """What each task is shown when it judges: nothing reordered or shuffled; holes are a matter of their own."""
        middle = self.middle_only(view)
        plain = {"middle": self.without_middle(view), "classes": middle, "knowledge": middle, "jigsaw": middle}
        return self.motion(x) | plain

    def _holes_error(self, view: Tensor) -> Tensor:
        """Mean squared error in three holes, one after the other (N,)."""
        errors = []
        for place in PLACES:
            hole = torch.full((len(view), 2), place, device=view.device)
            drawn = self.answers({"inpaint": self.middle_only(holed(view, hole))})["inpaint"]
            errors.append(in_hole((drawn - view[:, REACH]).square(), hole))
        return torch.stack(errors).mean(0)
