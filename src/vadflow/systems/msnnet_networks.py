"""The predictor of `msnnet`: a U-Net whose three inner levels pass through memory pools.

Levels are named by their grid: half, quarter, eighth of the frame. Letters: N windows, C channels, H W px (multiples of 8), b = width.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from vadflow.systems.msnnet_memory import MemoryPool, Read

if TYPE_CHECKING:
    from vadflow.systems.msnnet import NetworkParams

LEVELS = ("half", "quarter", "eighth")
Stem = Literal["convolution", "space_to_depth"]


def block(inputs: int, outputs: int, *, bare: bool = False) -> nn.Sequential:
    """Two times conv3x3 - BN - ReLU; `bare` ends in the second convolution (methods.md 2.3)."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, 3, 1, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    ]
    layers.append(nn.Conv2d(outputs, outputs, 3, 1, 1, bias=bare))
    return nn.Sequential(*layers, *([] if bare else [nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)]))


class Encoder(nn.Module):
    """Features at a half, a quarter and an eighth of the frame, 2 b, 4 b and 8 b channels."""

    def __init__(self, inputs: int, b: int, stem: Stem) -> None:
        super().__init__()
        if stem == "convolution":
            self.stem = nn.Sequential(block(inputs, b), nn.MaxPool2d(2), block(b, 2 * b))
        else:
            self.stem = nn.Sequential(nn.PixelUnshuffle(2), block(4 * inputs, 2 * b))
        self.quarter = nn.Sequential(nn.MaxPool2d(2), block(2 * b, 4 * b))
        self.eighth = nn.Sequential(nn.MaxPool2d(2), block(4 * b, 8 * b, bare=True))

    def forward(self, x: Tensor) -> dict[str, Tensor]:
        """(N, C, H, W) to features by level."""
        half = self.stem(x)
        quarter = self.quarter(half)
        return {"half": half, "quarter": quarter, "eighth": self.eighth(quarter)}


class Decoder(nn.Module):
    """From what the memories rewrote to a frame; there is no skip at full resolution, where copying would be free."""

    def __init__(self, widths: Mapping[str, int], outputs: int, b: int, stem: Stem) -> None:
        super().__init__()
        self.bottom = block(widths["eighth"], 8 * b)
        self.up_quarter = nn.ConvTranspose2d(8 * b, 4 * b, 3, 2, 1, 1)
        self.middle = block(4 * b + widths["quarter"], 4 * b)
        self.up_half = nn.ConvTranspose2d(4 * b, 2 * b, 3, 2, 1, 1)
        self.top = block(2 * b + widths["half"], 2 * b)
        if stem == "convolution":
            up, self.draw = nn.ConvTranspose2d(2 * b, b, 3, 2, 1, 1), nn.Conv2d(b, outputs, 3, 1, 1)
            self.head = nn.Sequential(up, nn.Conv2d(b, b, 3, 1, 1), nn.ReLU(inplace=True))
            self.spread: nn.Module = nn.Identity()
        else:
            self.draw = nn.Conv2d(2 * b, 4 * outputs, 3, 1, 1)
            self.head = nn.Sequential(nn.Conv2d(2 * b, 2 * b, 3, 1, 1), nn.ReLU(inplace=True))
            self.spread = nn.PixelShuffle(2)

    def start_at_zero(self) -> None:
        """Draw nothing at first: where the change of a frame is drawn, that is already the naive prediction."""
        nn.init.zeros_(self.draw.weight)
        if self.draw.bias is not None:
            nn.init.zeros_(self.draw.bias)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """Rewritten features by level to (N, outputs, H, W), linear."""
        x = self.up_quarter(self.bottom(features["eighth"]))
        x = self.up_half(self.middle(torch.cat((x, features["quarter"]), 1)))
        return self.spread(self.draw(self.head(self.top(torch.cat((x, features["half"]), 1)))))


class MemoryUNet(nn.Module):
    """Encoder, a memory pool at each level that reads one, decoder."""

    def __init__(self, inputs: int, outputs: int, params: NetworkParams) -> None:
        super().__init__()
        b = params.width
        plain = {"half": 2 * b, "quarter": 4 * b, "eighth": 8 * b}
        self.reads = dict.fromkeys(LEVELS, "plain") if not params.memory else params.reads.model_dump()
        self.encoder = Encoder(inputs, b, params.stem)
        self.pools = nn.ModuleDict(
            {
                f"pool_{level}": MemoryPool(params.items, plain[level], params.top, params.temperature)
                for level in LEVELS
                if self.reads[level] != "plain"
            }
        )
        widths = {level: plain[level] * (2 if self.reads[level] == "both" else 1) for level in LEVELS}
        self.decoder = Decoder(widths, outputs, b, params.stem)

    def memories(self) -> dict[str, MemoryPool]:
        """Pools by level; a module may not itself be called `half`, which is a method of every module."""
        found = ((name.removeprefix("pool_"), pool) for name, pool in self.pools.items())
        return {level: pool for level, pool in found if isinstance(pool, MemoryPool)}

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, Read]]:
        """Return the drawing (N, outputs, H, W), linear, and what was read at each level that has a pool."""
        features, reads = self.encoder(x), {}
        for level, pool in self.memories().items():
            reads[level] = pool.read(features[level])
            features[level] = self._rewritten(level, features[level], reads[level])
        return self.decoder(features), reads

    def _rewritten(self, level: str, features: Tensor, read: Read) -> Tensor:
        """What the decoder sees of a level: the items alone, or beside the query; scaled so that a channel is about 1, not 1 / sqrt(D)."""
        seen = read.items if self.reads[level] == "items" else torch.cat((read.queries, read.items), 1)
        n, channels, h, w = features.shape
        return channels**0.5 * seen.reshape(n, h, w, -1).permute(0, 3, 1, 2)
