"""What every network over frames shares: padding, cells of an error map, weights as arrays and back.

Letters: N windows, C channels, H W padded px, gh gw cells of CELL px.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

CELL = 4
"""Side of a cell of an error map, working px: a person of Ped2 is two cells wide at 128x192."""
_HEAD = "model."


def device() -> torch.device:
    """The accelerator where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def cells(error: Tensor) -> Tensor:
    """(N, H, W) to means over cells, (N, gh, gw)."""
    return F.avg_pool2d(error[:, None], CELL)[:, 0]


def on_cells(grid: Tensor, like: Tensor) -> Tensor:
    """(N, a, b), any grid over the same frame, on the cells of `like`, (N, gh, gw): repeated, or means."""
    return F.interpolate(grid[:, None], size=like.shape[-2:], mode="area")[:, 0]


def pad_to(frames: Tensor, multiple: int) -> Tensor:
    """Repeat the right and lower border of (N, C, h, w) up to a multiple."""
    height, width = frames.shape[-2:]
    return F.pad(frames, (0, -width % multiple, 0, -height % multiple), mode="replicate")


def cropped_cells(maps: Tensor, size: tuple[int, int]) -> np.ndarray:
    """Drop the cells that only hold padding: (N, gh, gw) to (N, ceil(h / CELL), ceil(w / CELL)) float32."""
    height, width = (-(-side // CELL) for side in size)
    return maps[..., :height, :width].float().cpu().numpy()


def gradient_loss(image: Tensor, target: Tensor) -> Tensor:
    """L1 distance of absolute gradients, mean over both directions (methods.md 4.2)."""
    down = (image.diff(dim=2).abs() - target.diff(dim=2).abs()).abs().mean()
    right = (image.diff(dim=3).abs() - target.diff(dim=3).abs()).abs().mean()
    return down + right


def weights_of(model: nn.Module) -> dict[str, np.ndarray]:
    """Parameters and buffers as arrays, for `System.state`."""
    return {f"{_HEAD}{name}": value.detach().cpu().numpy() for name, value in model.state_dict().items()}


def load_weights(model: nn.Module, state: Mapping[str, np.ndarray]) -> None:
    """Take back what `weights_of` gave; other arrays of the state are left alone."""
    tensors = {k.removeprefix(_HEAD): torch.from_numpy(np.array(v)) for k, v in state.items() if k.startswith(_HEAD)}
    model.load_state_dict(tensors)
