"""Networks of `std`: residual auto-encoders, variance attention, pixel-shuffle decoders and the deep k-means layer.

Letters: N samples, C channels, H W pixels (multiples of 16), h w a feature grid, K centres, D features, P sides of pooled grids.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class Residual(nn.Module):
    """conv3x3 - LeakyReLU - conv3x3 beside a conv3x3 shortcut; halves (`down`) or doubles (`up`, pixel shuffle) the grid.

    No bias and no norm inside (methods.md 4.2).
    """

    def __init__(self, inputs: int, outputs: int, *, up: bool = False) -> None:
        super().__init__()
        stride = 1 if up else 2
        self.up = nn.PixelShuffle(2) if up else nn.Identity()
        inputs = inputs // 4 if up else inputs
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.shortcut = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, h, w) to (N, outputs, h / 2, w / 2), or to (N, outputs, 2 h, 2 w) with `up`."""
        x, stride = self.up(x), self.first.stride
        both = torch.cat((self.first.weight, self.shortcut.weight))  # read together: an eighth faster on a CPU
        first, shortcut = F.conv2d(x, both, None, stride, 1).chunk(2, 1)
        out = self.second(F.leaky_relu(first, 0.01))
        out += shortcut  # in place, here and below: no gradient needs what is overwritten, and full resolution lives by its cache
        return F.leaky_relu(out, 0.01, inplace=True)


class VarianceAttention(nn.Module):
    """Highlights places whose features vary over channels: fast motion (methods.md 4.2).

    The paper's softmax runs over the one 16 x 16 grid of its 256 x 256 frames. Here it runs over tiles of `tile` x `tile`
    grid places, so that a 64-pixel training crop and the same place in a whole frame give equal attention; tile 16 at
    256 x 256 is the paper's.
    """

    def __init__(self, channels: int, pool: int, tile: int) -> None:
        super().__init__()
        self.mix = nn.Conv2d(channels, channels, 1, bias=False)
        self.pool, self.tile = pool, tile

    def attention(self, x: Tensor) -> Tensor:
        """Return the attention on the pooled grid, (N, 1, h / pool, w / pool); it sums to 1 over each tile."""
        pooled = F.avg_pool2d(self.mix(x), self.pool).float()  # (N, C, Ph, Pw)
        spread = (pooled - pooled.mean(1, keepdim=True)).square().sum(1, keepdim=True)  # (N, 1, Ph, Pw)
        return tiled_softmax(spread, self.tile)

    def forward(self, x: Tensor) -> Tensor:
        """Multiply (N, C, h, w) by exp(attention)."""
        weight = F.interpolate(self.attention(x), scale_factor=self.pool, mode="nearest")  # (N, 1, h, w)
        return x * weight.exp().to(x.dtype)


def tiled_softmax(values: Tensor, tile: int) -> Tensor:
    """Softmax over each `tile` x `tile` block of (N, 1, h, w); blocks cut by the border have fewer places."""
    n, _, h, w = values.shape
    down, right = -h % tile, -w % tile
    padded = F.pad(values, (0, right, 0, down), value=float("-inf"))
    blocks = padded.reshape(n, (h + down) // tile, tile, (w + right) // tile, tile).transpose(
        2, 3
    )  # (N, R, S, tile, tile)
    soft = blocks.flatten(3).softmax(-1).reshape(blocks.shape).transpose(2, 3)
    return soft.reshape(n, 1, h + down, w + right)[:, :, :h, :w]


def l1_normalise(x: Tensor) -> Tensor:
    """Divide by the sum of absolute values over channels."""
    return F.normalize(x, p=1.0, dim=1, eps=1e-6)


class SpatialAutoEncoder(nn.Module):
    """One frame to itself; no skips, so that what it draws has passed the bottleneck."""

    def __init__(self, channels: int, width: int) -> None:
        super().__init__()
        w0, w1, w2, w3 = (width * k for k in (1, 2, 4, 8))
        self.stem = nn.Conv2d(channels, w0, 3, 1, 1, bias=False)
        self.levels = nn.ModuleList(
            nn.Sequential(nn.BatchNorm2d(a), Residual(a, b)) for a, b in ((w0, w1), (w1, w2), (w2, w3))
        )
        self.projection = nn.Conv2d(w3, w3, 3, 1, 1, bias=False)
        self.ups = nn.Sequential(Residual(w3, w3, up=True), Residual(w3, w2, up=True), Residual(w2, w1, up=True))
        self.head = nn.Conv2d(w1, channels, 3, 1, 1, bias=False)

    def trunk(self, x: Tensor) -> Tensor:
        """(N, C, H, W) to (N, 8 width, H / 8, W / 8), before the projection."""
        x = F.relu(self.stem(x))
        for level in self.levels:
            x = level(x)
        return x

    def project(self, x: Tensor) -> Tensor:
        """Bottleneck code, L1-normalised over channels."""
        return l1_normalise(F.relu(self.projection(x)))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (drawn frame (N, C, H, W), code (N, 8 width, H / 8, W / 8))."""
        code = self.project(self.trunk(x))
        return self.head(self.ups(code)), code


class MotionAutoEncoder(nn.Module):
    """Four stacked frames to frame differences, with U-Net skips and variance attention."""

    def __init__(self, inputs: int, outputs: int, width: int, tile: int, attention: bool) -> None:
        super().__init__()
        w0, w1, w2, w3 = (width * k for k in (1, 2, 4, 8))
        self.stem = nn.Conv2d(inputs, w0, 3, 1, 1, bias=False)
        self.levels = nn.ModuleList(
            nn.Sequential(Residual(a, b), VarianceAttention(b, pool, tile) if attention else nn.Identity())
            for a, b, pool in ((w0, w1, 8), (w1, w2, 4), (w2, w3, 2))
        )
        self.projection = nn.Conv2d(w3, w3, 3, 1, 1, bias=False)
        self.up3, self.up2, self.up1 = (
            Residual(w3, w2, up=True),
            Residual(2 * w2, w1, up=True),
            Residual(2 * w1, w1, up=True),
        )
        self.head = nn.Conv2d(w1, outputs, 3, 1, 1, bias=False)

    def trunk(self, x: Tensor) -> list[Tensor]:
        """(N, 4 C, H, W) to the features of levels 1, 2, 3 at H / 2, H / 4, H / 8."""
        x = F.relu(self.stem(x))
        features = []
        for level in self.levels:
            x = level(x)
            features.append(x)
        return features

    def project(self, x: Tensor) -> Tensor:
        """Bottleneck code, L1-normalised over channels; no ReLU here, unlike the spatial one."""
        return l1_normalise(self.projection(x))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return (drawn differences (N, C, H, W), code (N, 8 width, H / 8, W / 8))."""
        one, two, three = self.trunk(x)
        code = self.project(three)
        x = torch.cat((self.up3(code), two), 1)  # (N, 8 width, H / 4, W / 4)
        x = torch.cat((self.up2(x), one), 1)  # (N, 4 width, H / 2, W / 2)
        return self.head(self.up1(x)), code


class DeepKMeans(nn.Module):
    """Soft distance of every place's code to K trainable centres (methods.md 4.2)."""

    def __init__(self, centres: int, features: int, sharpness: float) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.zeros(centres, features))  # (K, D)
        self.sharpness = sharpness

    def forward(self, spatial: Tensor, motion: Tensor) -> Tensor:
        """Return the mean over K of distance x assignment, (N, h, w)."""
        z = joint_code(spatial, motion)  # (N, h, w, D)
        with torch.autocast(z.device.type, enabled=False):
            squared = z.square().sum(-1, keepdim=True) - 2 * z @ self.centres.T + self.centres.square().sum(1)
            distance = squared.clamp_min(1e-12).sqrt()  # (N, h, w, K)
            nearest = distance.amin(-1, keepdim=True)
            assignment = (-self.sharpness * (distance - nearest)).softmax(-1)
            return (distance * assignment).mean(-1)


def joint_code(spatial: Tensor, motion: Tensor) -> Tensor:
    """The features that the cluster layer measures: L2-normalised concatenation, (N, h, w, D) float32."""
    return F.normalize(torch.cat((spatial, motion), 1).float(), dim=1, eps=1e-6).permute(0, 2, 3, 1)


def k_means_plus_plus(points: Tensor, k: int, rounds: int, generator: torch.Generator) -> Tensor:
    """Centres by k-means++ seeding and Lloyd rounds.

    Args:
        points: (M, D) float32, M >= 1; where M < k, centres repeat points.
        k: number of centres.
        rounds: Lloyd rounds after the seeding.
        generator: source of the draws.

    Returns:
        (k, D). A centre that lost all its points keeps its place.
    """
    first = int(torch.randint(len(points), (1,), generator=generator))
    chosen = [points[first]]
    nearest = (points - chosen[0]).square().sum(1)  # (M,)
    while len(chosen) < k:
        weights = nearest if float(nearest.sum()) > 0 else torch.ones_like(nearest)
        chosen.append(points[int(torch.multinomial(weights, 1, generator=generator))])
        nearest = torch.minimum(nearest, (points - chosen[-1]).square().sum(1))
    centres = torch.stack(chosen)
    for _ in range(rounds):
        owner = torch.cdist(points, centres).argmin(1)  # (M,)
        member = F.one_hot(owner, k).to(points.dtype)  # (M, k)
        counts = member.sum(0)[:, None]
        centres = torch.where(counts > 0, member.T @ points / counts.clamp_min(1), centres)
    return centres
