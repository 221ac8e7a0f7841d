"""Reads YOLO exports (OpenVINO and ONNX) directly: the only file that imports openvino.

The graph is cut before the ranking at its end, at the tensor that still holds the probability of *every* class of every anchor:
1 - p(person) is worth more than the winner's name. Without torch a job also starts two seconds earlier.
"""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vadflow.errors import VadflowError
from vadflow.objects.decode import Head
from vadflow.objects.letterbox import snug

_EXPORT_AGAIN = "Export a detection model again with Ultralytics: yolo export model=... format=openvino."


class Reader:
    """A compiled export.

    Attributes:
        names: class id -> name.
        head: how its boxes are written.
    """

    def __init__(self, path: Path, image_size: tuple[int, int] | None, threads: int) -> None:
        """Read the graph; it is compiled for the first frame size it meets.

        Args:
            path: `*_openvino_model` folder or `.onnx` file.
            image_size: (height, width) of the input, px; None for as little as shows the frame as large as the export does.
            threads: cores.

        Raises:
            VadflowError: not a YOLO detection export.
        """
        self._file, self._threads, self._asked = _graph_file(path), threads, image_size
        self._core = _openvino().Core()
        cut = self._read()
        about = _metadata(path, cut)
        self.names = {int(key): str(name) for key, name in about["names"].items()}
        self._stride = int(about.get("stride", 32))
        own = _static_size(cut) or about.get("imgsz")
        self.own_size: tuple[int, int] = (int(own[0]), int(own[1])) if own else (640, 640)
        ranked, suppressed = bool(about.get("end2end")), bool((about.get("args") or {}).get("nms"))
        self.head = Head(corners=ranked or suppressed, one_each=ranked)
        self._compiled: dict[tuple[int, int], Any] = {}

    def size_for(self, frame: tuple[int, int]) -> tuple[int, int]:
        """Input (height, width) used for frames of this (height, width), px.

        Raises:
            VadflowError: the size asked for in `params.yaml` is not possible with this export.
        """
        wanted = self._asked or snug(frame, self.own_size, self._stride)
        if self._compile(wanted):
            return wanted
        if self._asked:
            raise VadflowError(
                f"the export takes {self.own_size}, not {wanted}",
                where="params.yaml: objects.yolo.image_size",
                fix=f"Set it to {list(self.own_size)} or null, or export with dynamic=True.",
            )
        self._compile(self.own_size)
        self._asked = self.own_size  # fixed for good: do not try again for every clip
        return self.own_size

    def raw(self, images: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """Run the network.

        Args:
            images: (B, h, w, 3) uint8 RGB, h and w as `size_for` said.

        Returns:
            per image (4, A) boxes in input px and (K, A) class probabilities.
        """
        request = self._compiled[images.shape[1], images.shape[2]]
        found, self._last = [], request
        for image in images:  # one by one: int8 exports are static, and a batch is no faster on one core
            out = request.infer({0: image[None]})
            boxes, scores = (np.array(out[i][0], dtype=np.float32) for i in (0, 1))
            found.append((boxes, scores))
        return found

    def extra(self) -> np.ndarray:
        """What the head of the last image gave beside boxes and classes, (E, A) float32: keypoints of a pose model."""
        return np.array(self._last.get_output_tensor(2).data[0], dtype=np.float32)

    def _read(self) -> Any:
        return cut_before_ranking(self._core.read_model(str(self._file)), str(self._file))

    def _compile(self, size: tuple[int, int]) -> bool:
        if size in self._compiled:
            return True
        model = resize(self._read, size)
        if model is None:
            return False
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            "ENABLE_CPU_PINNING": False,  # pinned, two jobs of one thread would share one core
            "INFERENCE_PRECISION_HINT": "f32",  # the same boxes on machines with and without bfloat16
        }
        compiled = self._core.compile_model(_taking_uint8(model), "CPU", settings)
        self._compiled[size] = compiled.create_infer_request()
        return True


def _openvino() -> Any:
    # its telemetry package is optional; kept from being imported, it can send nothing
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _graph_file(path: Path) -> Path:
    if path.is_file():
        return path
    graphs = sorted(path.glob("*.xml"))
    if len(graphs) != 1 or not graphs[0].with_suffix(".bin").is_file():
        found = ", ".join(sorted(item.name for item in path.iterdir())) or "nothing"
        raise VadflowError(f"expected one .xml with its .bin, found {found}", where=str(path), fix=_EXPORT_AGAIN)
    return graphs[0]


def _metadata(path: Path, model: Any) -> dict[str, Any]:
    file = (path if path.is_dir() else path.parent) / "metadata.yaml"
    if path.is_dir() and file.is_file():
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
    else:
        section = "model_info" if path.is_dir() else "framework"
        about = (
            {key: _literal(value.value) for key, value in model.get_rt_info(section).items()}
            if model.has_rt_info(section)
            else {}
        )
    if not isinstance(about, dict) or not isinstance(about.get("names"), dict):
        raise VadflowError(
            "expected class names in the export's metadata, found none", where=str(path), fix=_EXPORT_AGAIN
        )
    return about


def _literal(text: Any) -> Any:
    try:
        return ast.literal_eval(str(text).strip())
    except (ValueError, SyntaxError):
        return {"true": True, "false": False}.get(str(text).lower(), text)


def _static_size(model: Any) -> tuple[int, int] | None:
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
    ov = _openvino()
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
            cut = ov.Model([boxes, scores, *rest], model.get_parameters(), "cut")
            for section in ("model_info", "framework"):
                if model.has_rt_info(section):
                    cut.set_rt_info(model.get_rt_info(section), section)
            return cut
    raise VadflowError(
        "expected a YOLO detection head, found no class probabilities in the graph", where=where, fix=_EXPORT_AGAIN
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
    own = _static_size(model)
    if own == size:
        return model
    for change in (lambda _: None, lambda fresh: _refit(fresh, own, size)):
        model = read()
        try:
            change(model)
            model.get_parameters()[0].set_partial_shape(_openvino().PartialShape([1, 3, *size]))
            model.validate_nodes_and_infer_types()  # `reshape` would first check the old size against the new constants
        except RuntimeError:
            continue
        return model
    return None


def _refit(model: Any, own: tuple[int, int] | None, size: tuple[int, int]) -> None:
    """Rewrite what a static export has burnt in: target shapes of reshapes, and the anchors' centres and strides.

    The anchors of a smaller grid are the upper left part of the larger one's.

    Raises:
        RuntimeError: the new size is not within the old one.
    """
    ov = _openvino()
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


def _taking_uint8(model: Any) -> Any:
    """Let the compiled graph take (1, h, w, 3) uint8: the division by 255 is then fused into it."""
    ov = _openvino()
    steps = ov.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(ov.Type.u8).set_layout(ov.Layout("NHWC"))
    steps.input().preprocess().convert_element_type(ov.Type.f32).scale(255.0)
    steps.input().model().set_layout(ov.Layout("NCHW"))
    return steps.build()
