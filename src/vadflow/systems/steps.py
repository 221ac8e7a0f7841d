"""What the training of every network shares: a step down the gradient, the learning-rate curve, and what is validated on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
import torch

from vadflow.frames.windows import WindowSampler

Step = Callable[[int], dict[str, float]]
Rate = Callable[[int], float]
Draw = Callable[[], np.ndarray]
Decay = Literal["constant", "cosine"]

VALIDATION_WINDOWS = 64
VALIDATION_SEED = 0
"""The same held-out windows at every validation, or the curve would show the draw."""


def descend(optimiser: torch.optim.Optimizer, loss: torch.Tensor, rate: float) -> None:
    """One step of `optimiser` at learning rate `rate`."""
    for group in optimiser.param_groups:
        group["lr"] = rate
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    optimiser.step()


def total(terms: Mapping[str, torch.Tensor]) -> torch.Tensor:
    """The loss: the sum of its weighted terms."""
    return torch.stack(list(terms.values())).sum()


def learning_rate(start: float, decay: Decay, *, done: int = 0, steps: int) -> Rate:
    """Learning rate at step i of a phase that begins when `done` of `steps` steps are over: one curve over all phases.

    >>> rate = learning_rate(0.2, "cosine", done=1, steps=4)
    >>> rate(1), round(rate(3), 3)
    (0.1, 0.0)
    """

    def rate(i: int) -> float:
        return start if decay == "constant" else start * 0.5 * (1 + math.cos(math.pi * (done + i) / steps))

    return rate


def validation_windows(held_out: WindowSampler | None) -> np.ndarray | None:
    """Fixed held-out windows, (VALIDATION_WINDOWS, L, h, w, C) uint8; None where nothing is held out."""
    return None if held_out is None else held_out.draw(np.random.default_rng(VALIDATION_SEED), VALIDATION_WINDOWS)
