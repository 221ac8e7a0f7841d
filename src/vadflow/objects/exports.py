"""YOLO exports (OpenVINO folders and ONNX files) as a reader that gives every class of every anchor. No torch: two seconds saved a job."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from vadflow.errors import VadflowError
from vadflow.objects import openvino
from vadflow.objects.decode import Head
from vadflow.objects.letterbox import snug

_EXPORT_AGAIN = openvino.EXPORT_AGAIN
_TASKS = ("detect", "pose", "segment")
"""Tasks whose heads have upright boxes; what else they predict is not computed."""


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
        self._core = openvino.runtime().Core()
        try:
            whole = self._core.read_model(str(self._file))
        except RuntimeError as fault:
            raise VadflowError("OpenVINO cannot read it", where=str(self._file), fix=_EXPORT_AGAIN) from fault
        about = _metadata(path, whole)
        cut = self._read()
        self.names = {int(key): str(name) for key, name in about["names"].items()}
        self._stride = int(about.get("stride", 32))
        own = openvino.static_size(cut) or about.get("imgsz")
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

    def raw(self, images: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Run the network.

        Args:
            images: (h, w, 3) uint8 RGB each, h and w as `size_for` said.

        Yields:
            per image (4, A) float32 boxes in input px and (K, A) float32 class probabilities. They are the network's own memory,
            and hold until the next image is asked for: two copies of some 2 MB each would cost a millisecond.
        """
        for image in images:  # one by one: int8 exports are static, and a batch is no faster on one core
            request = self._last = self._compiled[image.shape[0], image.shape[1]]
            out = request.infer({0: image[None]}, share_inputs=True, share_outputs=True)
            boxes, scores = (np.asarray(out[i][0], dtype=np.float32) for i in (0, 1))
            yield boxes, scores

    def extra(self) -> np.ndarray:
        """What the head gave for the last image beside boxes and classes, (E, A) float32: keypoints of a pose model."""
        return np.asarray(self._last.get_output_tensor(2).data[0], dtype=np.float32)

    def _read(self) -> Any:
        return openvino.cut_before_ranking(self._core.read_model(str(self._file)), str(self._file))

    def _compile(self, size: tuple[int, int]) -> bool:
        if size in self._compiled:
            return True
        model = openvino.resize(self._read, size)
        if model is None:
            return False
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_NUM_THREADS": self._threads,
            "ENABLE_CPU_PINNING": False,  # pinned, two jobs of one thread would share one core
            "INFERENCE_PRECISION_HINT": "f32",  # the same boxes on machines with and without bfloat16
        }
        compiled = self._core.compile_model(openvino.taking_uint8(model), "CPU", settings)
        self._compiled[size] = compiled.create_infer_request()
        return True


def _graph_file(path: Path) -> Path:
    if path.is_file():
        return path
    graphs = sorted(path.glob("*.xml"))
    if len(graphs) != 1 or not graphs[0].with_suffix(".bin").is_file():
        found = ", ".join(sorted(item.name for item in path.iterdir())) or "nothing"
        raise VadflowError(f"expected one .xml with its .bin, found {found}", where=str(path), fix=_EXPORT_AGAIN)
    return graphs[0]


def _metadata(path: Path, model: Any) -> dict[str, Any]:
    file = path / "metadata.yaml"
    about: Any = None
    if file.is_file():
        about = yaml.safe_load(file.read_text(encoding="utf-8"))
    elif model.has_rt_info("framework"):  # where OpenVINO puts what an ONNX file says about itself
        about = {key: _literal(value) for key, value in model.get_rt_info("framework").value.items()}
    if isinstance(about, dict) and about.get("task", "detect") not in _TASKS:
        raise VadflowError(f"expected detection weights, found {about['task']}", where=str(path), fix=_EXPORT_AGAIN)
    if not isinstance(about, dict) or not isinstance(about.get("names"), dict):
        raise VadflowError(
            "expected class names in the export's metadata, found none", where=str(path), fix=_EXPORT_AGAIN
        )
    return about


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError):
        return text
