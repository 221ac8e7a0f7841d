"""Surgery on the graphs of YOLO exports, and the only file that imports openvino.

The graph is cut before the ranking at its end, at the tensors that still hold the probability of *every* class of every anchor:
1 - p(person) is worth more than the winner's name.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from vadflow.errors import VadflowError

EXPORT_AGAIN = "Export a detection model again with Ultralytics: yolo export model=... format=openvino."


def runtime() -> Any:
    """The openvino package, without its telemetry."""
    # its telemetry package is optional; kept from being imported, it can send nothing
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def static_size(model: Any) -> tuple[int, int] | None:
    """Input (height, width) of a model that takes one size only, px; None for any other."""
    shape = model.input(0).get_partial_shape()
    return (shape[2].get_length(), shape[3].get_length()) if shape[2].is_static and shape[3].is_static else None


def cut_before_ranking(model: Any, where: str) -> Any:
    """Keep the graph up to its decoded boxes and class probabilities.

    Every YOLO head since version 8 ends in concat(boxes (1, 4, A), sigmoid (1, K, A), ...).

    Returns:
        a model with the outputs (1, 4, A) and (1, K, A), then whatever else the head gives per anchor.

    Raises:
        VadflowError: there is no such place.
    """
    ov = runtime()
    for node in reversed(model.get_ordered_ops()):
        if node.get_type_name() != "Concat" or node.get_input_size() < 2:
            continue
        boxes, scores = node.input_value(0), node.input_value(1)
        maker = scores.get_node()
        if maker.get_type_name() in ("FakeQuantize", "Convert"):
            maker = maker.input_value(0).get_node()
        four = boxes.get_partial_shape()
        if maker.get_type_name() == "Sigmoid" and four.rank.get_length() == 3 and four[1] == ov.Dimension(4):
            rest = [node.input_value(i) for i in range(2, node.get_input_size())]  # keypoints, mask coefficients
            return ov.Model([boxes, scores, *rest], model.get_parameters(), "cut")
    raise VadflowError(
        "expected a YOLO detection head, found no class probabilities in the graph", where=where, fix=EXPORT_AGAIN
    )


def resize(read: Any, size: tuple[int, int]) -> Any | None:
    """Give a model another input size, where that is possible.

    Args:
        read: gives a fresh copy of the model (a failed attempt leaves a model in pieces).
        size: (height, width), px.

    Returns:
        the model, batch 1; None where the export is static in a way that cannot be refitted.
    """
    model = read()
    own = static_size(model)
    if own == size:
        return model
    for change in (lambda _: None, lambda fresh: _refit(fresh, own, size)):
        model = read()
        try:
            change(model)
            model.get_parameters()[0].set_partial_shape(runtime().PartialShape([1, 3, *size]))
            model.validate_nodes_and_infer_types()  # `reshape` would first check the old size against the new constants
        except RuntimeError:
            continue
        boxes, scores = (model.output(i).get_partial_shape() for i in (0, 1))
        if boxes[2] == scores[2]:  # anchors that hang on no input would otherwise keep their old number
            return model
    return None


def _refit(model: Any, own: tuple[int, int] | None, size: tuple[int, int]) -> None:
    """Rewrite what a static export has burnt in: target shapes of reshapes, and the anchors' centres and strides.

    The anchors of a smaller grid are the upper left part of the larger one's.

    Raises:
        RuntimeError: the new size is not within the old one.
    """
    ov = runtime()
    strides = (8, 16, 32)
    if own is None or size[0] > own[0] or size[1] > own[1] or size[0] % 32 or size[1] % 32:
        raise RuntimeError("not within")
    old = [(own[0] // s, own[1] // s) for s in strides]
    new = [(size[0] // s, size[1] // s) for s in strides]
    kept, offset = [], 0
    for (h, w), (new_h, new_w) in zip(old, new, strict=True):
        kept.append((offset + np.arange(h * w).reshape(h, w)[:new_h, :new_w]).ravel())
        offset += h * w
    anchors = np.concatenate(kept)
    for node in model.get_ordered_ops():
        for port in node.inputs():
            source = port.get_source_output()
            if source.get_node().get_type_name() != "Constant":
                continue
            value = source.get_node().data
            if node.get_type_name() == "Reshape" and port.get_index() == 1:
                value = _new_target(list(value), old, new, len(anchors), offset)
            elif value.ndim and value.shape[-1] == offset:
                value = np.ascontiguousarray(value[..., anchors])
            else:
                continue
            port.replace_source_output(ov.opset13.constant(value).output(0))


def _new_target(
    target: list[int], old: list[tuple[int, int]], new: list[tuple[int, int]], anchors: int, old_anchors: int
) -> np.ndarray:
    """Target shape of a reshape for the new grids: (.., h, w), (.., h * w) or (.., A) at its end.

    >>> _new_target([1, 2, 128, 400], [(20, 20)], [(14, 20)], 5880, 8400).tolist()
    [1, 2, 128, 280]
    """
    areas = {h * w: new_h * new_w for (h, w), (new_h, new_w) in zip(old, new, strict=True)} | {old_anchors: anchors}
    pairs = dict(zip(old, new, strict=True))
    if len(target) == 4 and tuple(target[-2:]) in pairs:
        return np.array([*target[:-2], *pairs[target[-2], target[-1]]], np.int64)
    return np.array([*target[:-1], areas.get(int(target[-1]), target[-1])], np.int64)


def taking_uint8(model: Any) -> Any:
    """Let the compiled graph take (1, h, w, 3) uint8: the division by 255 is then fused into it."""
    ov = runtime()
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()


def feature_maps(path: Path, side: int, stride: int, batch: int, *, where: str) -> Callable[[np.ndarray], np.ndarray]:
    """Compile the lower part of an image classifier with residual blocks: up to its last residual sum at 1 / `stride` of the input.

    Args:
        path: .xml, .onnx or .tflite file.
        side: of the pictures it shall take, px; a multiple of `stride`.
        stride: of the features.
        batch: pictures at a time.
        where: for the error.

    Returns:
        a function of (N, side, side, 3) uint8 RGB to (N, P, side / stride, side / stride) float32.

    Raises:
        VadflowError: OpenVINO cannot read it, it has no image input, or no such sum.
    """
    fix = "Give an image classifier with residual blocks (MobileNetV2, ResNet) in OpenVINO, ONNX or TFLite format."
    ov = runtime()
    core = ov.Core()
    try:
        model = core.read_model(str(path))
        last = model.input(0).get_partial_shape()[3] == ov.Dimension(3)  # TFLite has (n, h, w, 3), others (n, 3, h, w)
        own = model.input(0).get_partial_shape()[1 if last else 2].get_length()
        model = ov.Model([_last_sum(model, own // stride)], model.get_parameters(), "cut")
        model.reshape([batch, side, side, 3] if last else [batch, 3, side, side])
    except (RuntimeError, LookupError) as fault:
        raise VadflowError(f"OpenVINO finds no residual image classifier in {path}", where=where, fix=fix) from fault
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    if model.input(0).get_element_type() != ov.Type.u8:  # a quantised graph takes pixels as they are
        steps.input().preprocess().convert_element_type(ov.Type.f32).mean(127.5).scale(127.5)
    steps.input().model().set_layout(ov.Layout("NHWC" if last else "NCHW"))
    settings = {"INFERENCE_NUM_THREADS": 1, "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(steps.build(), "CPU", settings).create_infer_request()

    def features(pictures: np.ndarray) -> np.ndarray:
        found = []
        for start in range(0, len(pictures), batch):
            some = pictures[start : start + batch]
            full = np.concatenate([some, np.zeros((batch - len(some), *some.shape[1:]), np.uint8)])
            found.append(np.array(request.infer({0: full})[0])[: len(some)].astype(np.float32))
        return np.concatenate(found)

    return features


def _last_sum(model: Any, grid: int) -> Any:
    """The output of the last sum of two feature maps (n, P, grid, grid): an addition of a bias has a constant on one side.

    Raises:
        LookupError: there is none.
    """
    constant: set[str] = set()
    found = None
    for node in model.get_ordered_ops():
        inputs = [value.get_node().get_friendly_name() for value in node.input_values()]
        if node.get_type_name() == "Constant" or (inputs and constant.issuperset(inputs)):
            constant.add(node.get_friendly_name())
        elif node.get_type_name() == "Add" and not constant.intersection(inputs):
            shape = node.output(0).get_partial_shape()
            if shape.rank.get_length() == 4 and all(shape[i] == runtime().Dimension(grid) for i in (2, 3)):
                found = node.output(0)
    if found is None:
        raise LookupError("no residual sum")
    return found
