"""What one training step of `ssmtl` shows and asks.

Letters: N tubes, L frames, V views, C channels, S px, K classes of the detector, P features of the ImageNet teacher on a G x G grid.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100
"""Label of a tube that a task has no say on."""


@dataclass
class Batch:
    """Tubes of one training step, on the student's device.

    Attributes:
        plain: (N, L, V, C, S, S) consecutive frames.
        ordered: (N, L, V, C, S, S) the same objects forward, backward or irregular.
        classes: (N, K).
        knowledge: (N, P, G, G) features of the ImageNet teacher, standardised; None without one.
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
