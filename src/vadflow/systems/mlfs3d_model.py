"""`mlfs3d`'s auto-encoder as one module: clips in, losses or error maps out. Always fp32: bf16 in 3D convolutions gave NaN.

Letters: N clips, L frames, C channels, H W px padded to multiples of 16, gh gw cells, k frames scored a window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor, nn

from vadflow.frames.windows import as_float
from vadflow.systems.frame_networks import cells, cropped_cells, device, pad_to
from vadflow.systems.mlfs3d_networks import SplicedAutoEncoder
from vadflow.systems.mlfs3d_tasks import TASKS, Batch

if TYPE_CHECKING:
    from vadflow.systems.mlfs3d import Params

_PAD = 16


class Reconstructor(nn.Module):
    """`mlfs3d`'s network. The only place where its frames are in [-1, 1]."""

    def __init__(self, params: Params, channels: int) -> None:
        """Build with random weights."""
        super().__init__()
        sizes, self.plan, self.tasks = params.network, params.train, params.tasks
        self.network = SplicedAutoEncoder(
            channels, sizes.width, encoder=sizes.splice_encoder, decoder=sizes.splice_decoder, gates=sizes.gates
        )
        self.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        self.to(device())

    def prepare(self, clips: np.ndarray) -> Tensor:
        """uint8 (N, L, h, w, C) to (N, C, L, H, W) in [-1, 1]."""
        n, length, height, width, channels = clips.shape
        x = torch.from_numpy(as_float(clips) * 2 - 1).to(device())
        x = pad_to(x.permute(0, 4, 1, 2, 3).reshape(n, channels * length, height, width), _PAD)
        x = x.reshape(n, channels, length, *x.shape[-2:])
        return x.contiguous(memory_format=torch.channels_last_3d)

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, L, H, W) to the same, float32."""
        with torch.autocast(device().type, enabled=False):
            return self.network(x)

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """What each task adds to the loss, 0 where the batch has none of it; their sum is the mean over the batch.

        A rising error (sign -1) counts as -min(MSE, bound): without the bound it falls for ever, and the weights with it.
        """
        error = self.errors(batch)  # (N,)
        signs = torch.from_numpy(batch.signs).to(error.device)
        signed = torch.where(signs > 0, error, -error.clamp(max=self.tasks.bound)) / len(error)
        numbers = torch.from_numpy(batch.tasks).to(error.device)
        return {task: signed[numbers == i].sum() for i, task in enumerate(TASKS)}

    def errors(self, batch: Batch) -> Tensor:
        """Mean squared error of each clip against its target on the [-1, 1] scale, (N,)."""
        return (self(self.prepare(batch.inputs)) - self.prepare(batch.targets)).square().mean((1, 2, 3, 4))

    @torch.inference_mode()
    def error_maps(self, clips: np.ndarray, first: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        """Reconstruction error of frames [first, first + count) of each clip.

        Args:
            clips: (N, L, h, w, C) uint8.
            first: frame of the window.
            count: k.

        Returns:
            mean squared error on [0, 1] per cell (N, k, gh, gw) float32; PSNR (N, k), dB.
        """
        n, _, height, width, _ = clips.shape
        x = self.prepare(clips)
        error = ((self(x) - x) / 2).square().mean(1)[:, first : first + count]  # (N, k, H, W)
        psnr = -10 * error[..., :height, :width].mean((2, 3)).clamp_min(1e-10).log10()
        maps = cells(error.flatten(0, 1)).unflatten(0, (n, error.shape[1]))
        return cropped_cells(maps, (height, width)), psnr.cpu().numpy()
