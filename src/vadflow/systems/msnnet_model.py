"""`msnnet`'s predictor and memories as one module: windows in, losses, statistics or error maps out.

Letters: N windows, C channels, H W px padded to multiples of 8, gh gw cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from vadflow.frames.windows import as_float
from vadflow.systems.frame_networks import cells, cropped_cells, device, gradient_loss, on_cells, pad_to
from vadflow.systems.msnnet_memory import MemoryPool, Read, usage
from vadflow.systems.msnnet_networks import MemoryUNet

if TYPE_CHECKING:
    from vadflow.systems.msnnet import Params

Reads = Mapping[str, Read]


@dataclass
class Window:
    """One batch in [-1, 1]: inputs (N, 4 C, H, W), target (N, C, H, W); `size` is (h, w) before padding."""

    inputs: Tensor
    target: Tensor
    size: tuple[int, int]


class Predictor(nn.Module):
    """`msnnet`'s network. The only place where its frames are in [-1, 1]."""

    def __init__(self, params: Params, channels: int) -> None:
        """Build with random weights."""
        super().__init__()
        self.draws, self.gain = params.network.draws, params.network.difference_gain
        self.plan, self.channels = params.train, channels
        self.network = MemoryUNet(4 * channels, channels, params.network)
        if self.draws == "difference":
            self.network.decoder.start_at_zero()
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.to(device())

    def pools(self) -> dict[str, MemoryPool]:
        """Memory pools by level; empty in the no-memory control."""
        return self.network.memories()

    def prepare(self, windows: np.ndarray) -> Window:
        """uint8 (N, 5, h, w, C) to network tensors."""
        n, length, height, width, channels = windows.shape
        x = torch.from_numpy(as_float(windows) * 2 - 1).to(device())
        x = pad_to(x.permute(0, 1, 4, 2, 3).reshape(n, length * channels, height, width), 8)
        x = x.contiguous(memory_format=torch.channels_last)
        return Window(x[:, :-channels], x[:, -channels:], (height, width))

    def forward(self, window: Window) -> tuple[Tensor, Reads]:
        """Return the predicted frame (N, C, H, W) float32 in [-1, 1] (or near it), and what was read."""
        with torch.autocast(device().type, torch.bfloat16, enabled=self.plan.precision == "bf16"):
            drawn, reads = self.network(self.seen(window.inputs))
        drawn = torch.tanh(drawn.float())
        last = window.inputs[:, -self.channels :]
        return (drawn if self.draws == "frame" else last + 2 * drawn), reads

    def seen(self, inputs: Tensor) -> Tensor:
        """Four frames (N, 4 C, H, W) as the last one and the gained changes between them: the same numbers in another basis."""
        if self.gain == 0:
            return inputs
        before, after = inputs[:, : -self.channels], inputs[:, self.channels :]
        return torch.cat((self.gain * (after - before), inputs[:, -self.channels :]), 1)

    def losses(self, window: Window) -> tuple[dict[str, Tensor], Reads]:
        """Weighted terms, whose sum is the loss, and what was read. Memory terms are summed over the pools."""
        predicted, reads = self(window)
        plan, terms = self.plan, {"prediction": (predicted - window.target).square().mean()}
        if plan.gradient_weight > 0:
            terms["gradient"] = plan.gradient_weight * gradient_loss(predicted, window.target)
        weights = {"compact": plan.compact, "separate": plan.separate, "information": plan.information}
        own = [self.pools()[level].losses(read) for level, read in reads.items()]
        terms |= {name: weight * sum(term[name] for term in own) for name, weight in weights.items() if own}
        return terms, reads

    def write(self, reads: Reads, *, revive: bool) -> dict[str, float]:
        """Write this step's queries into the pools, seed dead items anew where `revive`; return usage statistics by level."""
        statistics = {}
        for level, read in reads.items():
            pool = self.pools()[level]
            pool.write(read)
            if revive:
                statistics[f"revived_{level}"] = float(pool.revive(read, self.plan.dead_share))
        return statistics | self.usage(reads)

    def usage(self, reads: Reads) -> dict[str, float]:
        """Usage statistics (see `msnnet_memory.usage`) as <name>_<level>."""
        return {f"{name}_{level}": value for level, read in reads.items() for name, value in usage(read).items()}

    @torch.inference_mode()
    def error_maps(self, windows: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
        """Error maps per cell, and PSNR.

        Args:
            windows: (N, 5, h, w, C) uint8.

        Returns:
            prediction (mean square on [0, 1]) and distance (mean over the pools), each (N, gh, gw) float32; PSNR (N,), dB.
        """
        window = self.prepare(windows)
        predicted, reads = self(window)
        height, width = window.size
        error = ((predicted - window.target) / 2).square().mean(1)  # (N, H, W)
        psnr = -10 * error[:, :height, :width].mean((1, 2)).clamp_min(1e-10).log10()
        maps = {"prediction": cells(error), "distance": self._distance(reads, error)}
        return {name: cropped_cells(value, window.size) for name, value in maps.items()}, psnr.cpu().numpy()

    def _distance(self, reads: Reads, error: Tensor) -> Tensor:
        """Mean over the pools of the distance to the nearest item, (N, gh, gw); zeros without a pool."""
        n, height, width = error.shape
        like = cells(error)
        grids = []
        for level, read in reads.items():
            side = {"half": 2, "quarter": 4, "eighth": 8}[level]
            grid = self.pools()[level].distances(read).reshape(n, height // side, width // side)
            grids.append(on_cells(grid, like))
        return torch.stack(grids).mean(0) if grids else torch.zeros_like(like)
