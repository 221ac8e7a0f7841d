"""One memory pool of `msnnet`: prototypes of normal features, read by Top-k attention, written by weighted sums.

Letters: N samples, D channels, h w the feature grid, P = N h w places (queries), m items, k items read.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Read:
    """What one read gave; the losses and the write need it again.

    Attributes:
        queries: (P, D) unit length, with gradient.
        items: (P, D) weighted sum of the items read, with gradient through the weights.
        weights: (P, m) attention; zero outside the Top-k.
        order: (P, 2) nearest and second nearest item; the same twice where there is one item only.
    """

    queries: Tensor
    items: Tensor
    weights: Tensor
    order: Tensor


class MemoryPool(nn.Module):
    """m unit vectors. They are buffers: no gradient reaches them, they move by `write` alone (MNAD's form, methods.md 2.3)."""

    items: Tensor
    counts: Tensor

    def __init__(self, items: int, channels: int, top: int, temperature: float) -> None:
        super().__init__()
        self.top, self.temperature = min(top, items), temperature
        self.register_buffer("items", F.normalize(torch.randn(items, channels), dim=1))  # (m, D)
        self.register_buffer("counts", torch.zeros(items))  # (m,) top-1 uses since the last revival

    def unit_items(self) -> Tensor:
        """(m, D) float32. Normalised again: a moving average of unit vectors is shorter than one."""
        return F.normalize(self.items.float(), dim=1)

    def read(self, features: Tensor) -> Read:
        """Read at every place of (N, D, h, w): softmax of the k largest cosines over `temperature`, then the weighted sum."""
        with torch.autocast(features.device.type, enabled=False):
            queries = F.normalize(features.float().permute(0, 2, 3, 1).flatten(0, 2), dim=1, eps=1e-6)
            items = self.unit_items()
            cosines = queries @ items.T  # (P, m)
            values, chosen = cosines.topk(self.top, dim=1)
            weights = torch.zeros_like(cosines).scatter(1, chosen, (values / self.temperature).softmax(1))
            order = cosines.detach().topk(min(2, len(items)), dim=1).indices
            return Read(queries, weights @ items, weights, order.expand(-1, 2))

    @torch.no_grad()
    def write(self, read: Read) -> None:
        """p_i <- L2norm(p_i + sum over the queries q nearest to i of v q), v = softmax over queries of <q, p_i> / its maximum."""
        items, queries = self.unit_items(), read.queries.detach()
        cosines = queries @ items.T  # (P, m)
        nearest = F.one_hot(read.order[:, 0], len(items))  # (P, m)
        share = (cosines - cosines.amax(0)).exp() * nearest  # softmax over queries, divided by its maximum
        self.items.copy_(F.normalize(items + share.T @ queries, dim=1))
        self.counts += nearest.sum(0)

    @torch.no_grad()
    def revive(self, read: Read, dead_share: float) -> int:
        """Seed items anew from random queries where too few chose them; return how many, and start counting again.

        Args:
            read: of this step.
            dead_share: an item is dead when its share of the uses is below this part of an equal share.
        """
        dead = (self.counts < dead_share * self.counts.sum() / len(self.counts)).nonzero()[:, 0]
        places = torch.randint(len(read.queries), (len(dead),))
        self.items[dead] = read.queries.detach()[places.to(read.queries.device)]
        self.counts.zero_()
        return len(dead)

    def losses(self, read: Read) -> dict[str, Tensor]:
        """Compactness, separateness and information, unweighted (methods.md 2.3).

        compact: mean square of q - nearest item. separate: triplet with margin 1, nearest against second nearest item.
        information: E_q[H(w)] - H(E_q[w]): every place decides, and all items are used.
        """
        items = self.unit_items()
        near, next_near = items[read.order[:, 0]], items[read.order[:, 1]]
        mean = read.weights.mean(0)
        return {
            "compact": (read.queries - near).square().mean(),
            "separate": F.triplet_margin_loss(read.queries, near, next_near, margin=1.0),
            "information": entropy(read.weights).mean() - entropy(mean),
        }

    def distances(self, read: Read) -> Tensor:
        """Mean square of q - nearest item at every place, (P,)."""
        return (read.queries - self.unit_items()[read.order[:, 0]]).square().mean(1)


def entropy(weights: Tensor) -> Tensor:
    """Entropy over the last axis, nats; 0 log 0 = 0, with a finite gradient."""
    return -(weights * weights.clamp_min(1e-8).log()).sum(-1)


@torch.no_grad()
def usage(read: Read) -> dict[str, float]:
    """How a read used its items.

    Returns:
        usage: entropy of the shares of nearest items over log m; 1 when all are used alike, 0 when one is.
        unused: items that are nearest to no place.
        sharpness: mean largest weight; 1 / k when addressing is flat.
    """
    m = read.weights.shape[1]
    shares = torch.bincount(read.order[:, 0], minlength=m).float() / len(read.order)
    spread = float(entropy(shares)) / float(torch.log(torch.tensor(float(m)))) if m > 1 else 1.0
    unused = float((shares == 0).sum())
    return {"usage": spread, "unused": unused, "sharpness": float(read.weights.amax(1).mean())}
