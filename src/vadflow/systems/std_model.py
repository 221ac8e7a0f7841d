"""The two auto-encoders and the cluster layer of `std` as one module: windows in, losses or error maps out.

Letters: N windows, C channels, M targets, H W px padded to multiples of 16, gh gw cells, K centres.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vadflow.frames.windows import as_float
from vadflow.systems.frame_networks import cells, cropped_cells, gradient_loss, on_cells
from vadflow.systems.std_networks import DeepKMeans, MotionAutoEncoder, SpatialAutoEncoder, joint_code

if TYPE_CHECKING:
    from vadflow.systems.std import Params

_PAD = 16


@dataclass
class Window:
    """One batch of windows, split by variant: base (N, C, H, W), inputs (N, 4 C, H, W), targets (N, M C, H, W)."""

    base: Tensor
    inputs: Tensor
    targets: Tensor
    size: tuple[int, int]

    def over_targets(self, image: Tensor) -> Tensor:
        """Repeat an (N, C, H, W) image for each target, (N, M C, H, W)."""
        return image.repeat(1, self.targets.shape[1] // self.base.shape[1], 1, 1)


class Dissociation(nn.Module):
    """`std`'s networks."""

    def __init__(self, params: Params, channels: int) -> None:
        """Build with random weights."""
        super().__init__()
        sizes, self.variant = params.network, params.variant
        self.channels, self.precision = channels, params.train.precision
        outputs = channels * (1 if self.variant == "pr2022" else 4)
        self.spatial = SpatialAutoEncoder(channels, sizes.width)
        self.motion = MotionAutoEncoder(4 * channels, outputs, sizes.width, sizes.attention_tile, sizes.attention)
        self.clusters = DeepKMeans(sizes.centres, 16 * sizes.width, sizes.sharpness)
        self.weights = params.train
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.to("cuda" if torch.cuda.is_available() else "cpu")

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.clusters.centres.device

    def prepare(self, windows: np.ndarray) -> Window:
        """uint8 (N, 5, h, w, C) to network tensors in [0, 1]; the right and lower border is repeated up to a multiple of 16."""
        n, length, height, width, channels = windows.shape
        x = torch.from_numpy(as_float(windows)).to(self.device)
        x = x.permute(0, 1, 4, 2, 3).reshape(n, length * channels, height, width)
        x = F.pad(x, (0, -width % _PAD, 0, -height % _PAD), mode="replicate")
        x = x.contiguous(memory_format=torch.channels_last)
        first, before, last = x[:, :channels], x[:, :-channels], x[:, -channels:]
        if self.variant == "pr2022":
            return Window(first, before, last, (height, width))
        return Window(last, before, before, (height, width))

    def forward(self, window: Window) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return still (N, C, H, W) and differences (N, M C, H, W) as float32, and both codes."""
        with self._autocast():
            still, spatial = self.spatial(window.base)
            differences, motion = self.motion(window.inputs)
        return still.float(), differences.float(), spatial, motion

    def losses(self, window: Window) -> dict[str, Tensor]:
        """Terms of the AE loss, weighted: their sum is the loss."""
        still, differences, _, _ = self(window)
        predicted = window.over_targets(window.base) + differences
        return {
            "spatial": (still - window.base).square().mean(),
            "prediction": (predicted - window.targets).square().mean(),
            "gradient": self.weights.gradient_weight * gradient_loss(predicted, window.targets),
        }

    def cluster_loss(self, window: Window) -> Tensor:
        """Mean over places and centres, summed over the batch, weighted. Its gradient stops at the projections."""
        with self._autocast():
            with torch.no_grad():
                spatial, motion = self.spatial.trunk(window.base), self.motion.trunk(window.inputs)[-1]
            codes = self.spatial.project(spatial), self.motion.project(motion)
        distance = self.clusters(*codes)  # (N, gh, gw)
        return self.weights.cluster_weight * distance.mean((1, 2)).sum()

    def cluster_parameters(self) -> list[nn.Parameter]:
        """What the cluster step moves: centres and projections, never the trunks."""
        heads = (*self.spatial.projection.parameters(), *self.motion.projection.parameters())
        return [self.clusters.centres, *heads]

    @torch.no_grad()
    def codes(self, window: Window, features: str) -> Tensor:
        """Codes of all places, (N gh gw, D) float32: as the cluster layer measures them (l2), or as released (l1)."""
        _, _, spatial, motion = self(window)
        if features == "l2":
            return joint_code(spatial, motion).flatten(0, 2)
        return torch.cat((spatial, motion), 1).float().permute(0, 2, 3, 1).flatten(0, 2)

    @torch.inference_mode()
    def error_maps(self, windows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Error maps per cell, and the published score.

        Args:
            windows: (N, 5, h, w, C) uint8.

        Returns:
            maps (N, gh, gw) float32 by name; the published score (N,), -1 / mean(error x cluster distance).
        """
        window = self.prepare(windows)
        still, differences, spatial, motion = self(window)
        error = (window.over_targets(still) + differences - window.targets).square().mean(1)  # (N, H, W)
        own = (window.over_targets(window.base) + differences - window.targets).square().mean(1)
        maps = {"prediction": cells(error), "motion": cells(own)}
        maps["cluster"] = on_cells(self.clusters(spatial, motion), maps["motion"])
        published = -1 / (maps["prediction"] * maps["cluster"]).mean((1, 2)).clamp_min(1e-20)
        return {name: cropped_cells(value, window.size) for name, value in maps.items()}, published.cpu().numpy()

    def _autocast(self) -> torch.autocast:
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.precision == "bf16")
