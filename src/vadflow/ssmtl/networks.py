"""Networks of `ssmtl`: two kinds of trunk, and heads that all start from one 8 x 8 grid of features.

Letters: N objects, C channels, L frames, S px, F features, P outputs, G side of a teacher's grid.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GRID = 8
"""Side of the feature grid that heads see (methods.md 3.2)."""


def widths(width: int) -> tuple[int, int, int]:
    """Channels of the three blocks: (32, 64, 64) is the paper's wide one, (16, 32, 32) its narrow one."""
    return width, 2 * width, 2 * width


def halvings(side: int) -> int:
    """Poolings from S px to the grid: 3 for 64 px, 2 for 32 px."""
    return int(math.log2(side // GRID))


class Trunk2D(nn.Module):
    """Time as channels: the frames of a tube are the channels of one picture, and strides halve it, which is far cheaper than 3D."""

    def __init__(self, channels: int, frames: int, side: int, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels * frames
        for block, outputs in enumerate(widths(width)):
            for number in range(depth):
                stride = 2 if number == 0 and block < halvings(side) else 1
                layers += [
                    nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
                    nn.BatchNorm2d(outputs),
                    nn.ReLU(inplace=True),
                ]
                inputs = outputs
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, C, S, S), absent frames zero, to (N, F, 8, 8)."""
        x = x.flatten(1, 2).contiguous(memory_format=torch.channels_last)
        return self.layers(x)


class Trunk3D(nn.Module):
    """The paper's: 3 x 3 x 3 convolutions, pooling in space only, mean over time at the end, so any number of frames fits.

    Instance norm, as in the open sibling Jigsaw-VAD: batches of 7, 6 and 1 frames pass through one trunk, and one batch norm
    would average over all of them in training and judge each by that average afterwards.
    """

    def __init__(self, channels: int, side: int, width: int, depth: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = channels
        for block, outputs in enumerate(widths(width)):
            for _ in range(depth):
                layers += [
                    nn.Conv3d(inputs, outputs, 3, 1, 1, bias=False),
                    nn.InstanceNorm3d(outputs, affine=True),
                    nn.ReLU(inplace=True),
                ]
                inputs = outputs
            if block < halvings(side):
                layers.append(nn.MaxPool3d((1, 2, 2)))
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(N, L, C, S, S) to (N, F, 8, 8)."""
        return self.layers(x.transpose(1, 2)).mean(2)


class Verdict(nn.Module):
    """conv - ReLU - pool - linear: P numbers from the grid (arrow, irregularity, classes, jigsaw)."""

    def __init__(self, features: int, outputs: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(features, features, 3, 1, 1)
        self.linear = nn.Linear(features * (GRID // 2) ** 2, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """(N, F, 8, 8) to (N, P)."""
        return self.linear(F.max_pool2d(F.relu(self.conv(x)), 2).flatten(1))


class Lesson(nn.Module):
    """Two convolutions and means over the teacher's coarser grid: P features of a teacher (knowledge)."""

    def __init__(self, features: int, outputs: int, grid: int) -> None:
        super().__init__()
        self.grid = grid
        self.layers = nn.Sequential(
            nn.Conv2d(features, 2 * features, 3, 1, 1), nn.ReLU(inplace=True), nn.Conv2d(2 * features, outputs, 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(N, F, 8, 8) to (N, P, G, G)."""
        return F.adaptive_avg_pool2d(self.layers(x), self.grid)


class Drawing(nn.Module):
    """Nearest upsampling and convolutions back to a picture, the last doubling by pixel shuffle; sigmoid: values in [0, 1]."""

    def __init__(self, features: int, channels: int, side: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = features
        for _ in range(halvings(side) - 1):
            outputs = max(inputs // 2, 8)
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(inputs, outputs, 3, 1, 1), nn.ReLU(inplace=True)]
            inputs = outputs
        self.layers = nn.Sequential(*layers, nn.Conv2d(inputs, 4 * channels, 3, 1, 1), nn.PixelShuffle(2), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        """(N, F, 8, 8) to (N, C, S, S)."""
        return self.layers(x)
