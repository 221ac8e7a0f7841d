"""The 3D auto-encoder of `mlfs3d`: four stages, feature splicing in encoder and decoder, attention gates.

Letters: N clips, C channels, T frames (a multiple of 8), H W px (multiples of 16), b = width. Grids: stage 1 (T, H / 2, W / 2),
stage l > 1 half of stage l - 1 along every axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATIOS = (3, 4, 8, 8)
"""Channels of the four stages in units of the width."""
STRIDES = ((1, 2, 2), (2, 2, 2), (2, 2, 2), (2, 2, 2))


def layer(inputs: int, outputs: int, stride: tuple[int, int, int] = (1, 1, 1)) -> nn.Sequential:
    """Conv3d 3x3x3 - BN - LeakyReLU 0.2."""
    return nn.Sequential(
        nn.Conv3d(inputs, outputs, 3, stride, 1), nn.BatchNorm3d(outputs), nn.LeakyReLU(0.2, inplace=True)
    )


def up_layer(inputs: int, outputs: int, stride: tuple[int, int, int]) -> nn.ConvTranspose3d:
    """ConvTranspose3d 3x3x3 that undoes a stride exactly."""
    padding = tuple(s - 1 for s in stride)
    return nn.ConvTranspose3d(inputs, outputs, 3, stride, 1, padding)  # type: ignore[arg-type]


def pooled(x: Tensor, like: Tensor) -> Tensor:
    """Max-pool a finer map to the grid of `like`."""
    kernel = [a // b for a, b in zip(x.shape[2:], like.shape[2:], strict=True)]
    return x if kernel == [1, 1, 1] else F.max_pool3d(x, kernel)


def raised(x: Tensor, like: Tensor) -> Tensor:
    """Interpolate a map to the grid of `like`."""
    return x if x.shape[2:] == like.shape[2:] else F.interpolate(x, size=like.shape[2:], mode="trilinear")


class Encoder(nn.Module):
    """Four stages. With `splice`, stages 3 and 4 also see every earlier stage (max-pooled, mixed by 1x1x1)."""

    def __init__(self, channels: int, b: int, splice: bool) -> None:
        super().__init__()
        widths = [channels, *(ratio * b for ratio in RATIOS)]
        self.stages = nn.ModuleList(layer(i, o, s) for i, o, s in zip(widths[:-1], widths[1:], STRIDES, strict=True))
        self.mixers = nn.ModuleList(nn.Conv3d(sum(widths[1:n]), widths[n - 1], 1) for n in (3, 4) if splice)

    def forward(self, x: Tensor) -> list[Tensor]:
        """(N, C, T, H, W) to the features of stages 1 to 4."""
        features: list[Tensor] = []
        for number, stage in enumerate(self.stages):
            if number >= 2 and self.mixers:
                x = self.mixers[number - 2](torch.cat([pooled(feature, x) for feature in features], 1))
            x = stage(x)
            features.append(x)
        return features


class Gate(nn.Module):
    """Additive attention gate: a deeper map says where a feature may pass (Attention U-Net's form, methods.md 1.3)."""

    def __init__(self, channels: int, gating: int) -> None:
        super().__init__()
        inner = max(1, channels // 2)
        self.theta = nn.Conv3d(channels, inner, 1, 2)
        self.phi = nn.Conv3d(gating, inner, 1)
        self.psi = nn.Conv3d(inner, 1, 1)
        self.out = nn.Sequential(nn.Conv3d(channels, channels, 1), nn.BatchNorm3d(channels))

    def attention(self, x: Tensor, g: Tensor) -> Tensor:
        """(N, channels, t, h, w) and a deeper map to (N, 1, t, h, w) in (0, 1)."""
        coarse = self.theta(x)
        passed = F.interpolate(self.phi(g), size=coarse.shape[2:], mode="trilinear")
        return raised(self.psi(F.relu(coarse + passed)).sigmoid(), x)

    def forward(self, x: Tensor, g: Tensor) -> Tensor:
        """Let `x` pass where `g` says so."""
        return self.out(x * self.attention(x, g))


class Splice(nn.Module):
    """One decoder level: four sources, each gated and brought to b channels, side by side, then mixed (UNet 3+'s pattern).

    Finer sources are max-pooled first. Deeper ones are convolved on their own grid and interpolated after: the same taps, and a
    fraction of the work on the finest grid.
    """

    def __init__(self, sources: Sequence[int], gating: int, b: int, gates: bool) -> None:
        super().__init__()
        self.gates = nn.ModuleList(Gate(channels, gating) for channels in sources if gates)
        self.narrow = nn.ModuleList(layer(channels, b) for channels in sources)
        self.mix = layer(len(sources) * b, len(sources) * b)

    def forward(self, finer: Sequence[Tensor], deeper: Sequence[Tensor]) -> Tensor:
        """Encoder stages up to this level and what the decoder has made so far, deepest last, to (N, 4 b, t, h, w)."""
        like, spliced = finer[-1], []
        sources = [*(pooled(x, like) for x in finer), *deeper]
        for number, x in enumerate(sources):
            passed = self.gates[number](x, deeper[0]) if self.gates else x
            spliced.append(raised(self.narrow[number](passed), like))
        return self.mix(torch.cat(spliced, 1))


class SplicedDecoder(nn.Module):
    """Levels 3, 2 and 1 by splicing; the full-resolution input is never spliced, where copying would be free."""

    def __init__(self, channels: int, b: int, gates: bool) -> None:
        super().__init__()
        one, two, three, latent = (ratio * b for ratio in RATIOS)
        made = 4 * b
        self.three = Splice((one, two, three, latent), latent, b, gates)
        self.two = Splice((one, two, made, latent), made, b, gates)
        self.one = Splice((one, made, made, latent), made, b, gates)
        self.head = up_layer(made, channels, STRIDES[0])

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """Features of the four stages to (N, C, T, H, W), linear."""
        *finer, latent = features
        three = self.three(finer, [latent])
        two = self.two(finer[:2], [three, latent])
        return self.head(self.one(finer[:1], [two, three, latent]))


class PlainDecoder(nn.Module):
    """The base auto-encoder's decoder: transposed convolutions from the bottleneck alone."""

    def __init__(self, channels: int, b: int) -> None:
        super().__init__()
        widths = [ratio * b for ratio in (*RATIOS[::-1],)] + [channels]
        layers: list[nn.Module] = []
        for inputs, outputs, stride in zip(widths[:-1], widths[1:], STRIDES[::-1], strict=True):
            layers += [up_layer(inputs, outputs, stride), nn.BatchNorm3d(outputs), nn.LeakyReLU(0.2, inplace=True)]
        self.layers = nn.Sequential(*layers[:-2])

    def forward(self, features: Sequence[Tensor]) -> Tensor:
        """The bottleneck to (N, C, T, H, W), linear."""
        return self.layers(features[-1])


class SplicedAutoEncoder(nn.Module):
    """Encoder and decoder; every splice and gate can be switched off, down to the base auto-encoder."""

    def __init__(self, channels: int, b: int, *, encoder: bool, decoder: bool, gates: bool) -> None:
        super().__init__()
        self.encoder = Encoder(channels, b, encoder)
        self.decoder = SplicedDecoder(channels, b, gates) if decoder else PlainDecoder(channels, b)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, T, H, W) in [-1, 1] to the same."""
        return torch.tanh(self.decoder(self.encoder(x)))
