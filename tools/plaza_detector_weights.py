"""Takes the shipped detector of the built-in scene back to weights that can be trained on: the export alone is kept."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn


def restored(export: Path, model: Any, images: Iterable[np.ndarray]) -> Any:
    """Give `model` the weights of an export, in which every batch normalisation has become part of its convolution.

    Normalisations begin as the identity; then `images` pass once, and each takes over the mean and the variance that it saw, with
    a weight and a bias that undo them: the function is the same and a training goes on as if it had never been interrupted.
    The one-to-many branch of the head, which no export has, begins as the one-to-one branch.

    Args:
        export: the .xml file.
        model: Ultralytics' network of the same definition, changed in place.
        images: (H, W, 3) uint8 RGB, sides multiples of 32.

    Returns:
        `model`.
    """
    found = dict(convolutions(export))
    modules = dict(model.named_modules())
    last = max(int(name.split(".")[1]) for name in found)
    for name, (weight, bias) in found.items():
        for place in (name, name.replace(f"model.{last}.one2one_", f"model.{last}.")):
            _fill(modules, place, weight, bias)
    model.eval()
    _keep_statistics(model, images)
    return model


def convolutions(export: Path) -> Iterable[tuple[str, tuple[np.ndarray, np.ndarray]]]:
    """Module name, weight and bias of every convolution of an OpenVINO export."""
    import openvino

    for op in openvino.Core().read_model(str(export)).get_ordered_ops():
        if op.get_type_name() in ("Convolution", "GroupConvolution"):
            name = op.get_friendly_name().split("/")[0].removeprefix("__module.")
            add = next(iter(op.output(0).get_target_inputs())).get_node()
            bias = next(value for value in map(_constant, add.inputs()) if value is not None)
            weight = _constant(op.input(1))
            assert weight is not None
            yield name, (weight, bias.reshape(-1))


def _constant(entrance: Any) -> np.ndarray | None:
    """float32 value of the constant behind an input, through conversions and reshapes; None where something is computed."""
    node = entrance.get_source_output().get_node()
    while node.get_type_name() in ("Convert", "Reshape"):
        node = node.input(0).get_source_output().get_node()
    return np.asarray(node.data, np.float32) if node.get_type_name() == "Constant" else None


@torch.no_grad()
def _fill(modules: dict[str, nn.Module], name: str, weight: np.ndarray, bias: np.ndarray) -> None:
    convolution: Any = modules[name]
    convolution.weight.copy_(torch.from_numpy(weight).reshape(convolution.weight.shape))
    if convolution.bias is not None:
        convolution.bias.copy_(torch.from_numpy(bias))
        return
    norm: Any = modules[f"{name.removesuffix('conv')}bn"]
    norm.running_mean.zero_()
    norm.running_var.fill_(1.0)
    norm.weight.fill_((1 + norm.eps) ** 0.5)
    norm.bias.copy_(torch.from_numpy(bias))


@torch.no_grad()
def _keep_statistics(model: nn.Module, images: Iterable[np.ndarray]) -> None:
    """Let every normalisation take over what it sees, without a change of what it gives."""
    sums: dict[nn.Module, list[torch.Tensor]] = {}

    def watch(norm: nn.Module, entered: tuple[torch.Tensor]) -> None:
        x = entered[0].double()
        sums.setdefault(norm, []).append(torch.stack([x.mean((0, 2, 3)), x.square().mean((0, 2, 3))]))

    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.register_forward_pre_hook(watch) for norm in norms]
    for image in images:
        model(torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)[None].float() / 255)
    for hook in hooks:
        hook.remove()
    for norm, several in sums.items():
        mean, square = torch.stack(several).mean(0)
        variance, n = square - mean.square(), norm
        gain = n.weight / (1 + n.eps) ** 0.5  # type: ignore[operator]
        n.running_mean.copy_(mean)  # type: ignore[operator]
        n.running_var.copy_(variance)  # type: ignore[operator]
        n.bias.add_(gain * mean)  # type: ignore[operator]
        n.weight.copy_(gain * (variance + n.eps).sqrt())  # type: ignore[operator]
