"""A YOLO export small enough to draw by hand: a cell of the image that is red is a `stop`, one that is green is a `go`.

It has what real exports have: three strides, burnt-in anchors, class probabilities before a final concat, metadata.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

STRIDES = (8, 16, 32)
NAMES = {0: "stop", 1: "go"}
WEIGHTS = np.array([[8, -8, -8], [-8, 8, -8]], np.float32)  # K 3: logit of a pure colour is 8 - BIAS
BIAS = 4.0


def anchors(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """(1, 2, A) centres in cells, (1, 1, A) strides."""
    centres, strides = [], []
    for s in STRIDES:
        y, x = np.mgrid[0 : height // s, 0 : width // s]
        centres.append(np.stack([x.ravel(), y.ravel()]) + 0.5)
        strides.append(np.full((1, x.size), s))
    return np.concatenate(centres, 1)[None].astype(np.float32), np.concatenate(strides, 1)[None].astype(np.float32)


def write_openvino(folder: Path, height: int = 64, width: int = 96, *, end2end: bool = True) -> Path:
    """Write an `*_openvino_model` folder, static like an int8 export."""
    from vadflow.objects.openvino import runtime

    ov = runtime()
    op = ov.opset13
    image = op.parameter([1, 3, height, width], np.float32, name="x")
    centres, strides = anchors(height, width)
    levels = []
    for s in STRIDES:
        pooled = op.avg_pool(image, [s, s], [0, 0], [0, 0], [s, s], False)
        logits = op.convolution(pooled, op.constant(WEIGHTS[:, :, None, None]), [1, 1], [0, 0], [0, 0], [1, 1])
        logits = op.subtract(logits, op.constant(np.float32(BIAS)))
        levels.append(op.reshape(logits, op.constant(np.array([1, 2, -1])), False))
    scores = op.sigmoid(op.concat(levels, 2))
    c, half = op.constant(centres), op.constant(np.float32(0.5))
    pair = [op.subtract(c, half), op.add(c, half)] if end2end else [c, op.constant(np.ones_like(centres))]
    cells = op.concat(pair, 1)
    raw = op.concat([op.multiply(cells, op.constant(strides)), scores], 1)
    result = op.transpose(raw, op.constant(np.array([0, 2, 1]))) if end2end else raw
    folder.mkdir(parents=True)
    ov.save_model(ov.Model([result], [image]), folder / "tiny.xml", compress_to_fp16=False)
    (folder / "metadata.yaml").write_text(
        f"task: detect\nstride: 32\nimgsz: [{height}, {width}]\nend2end: {str(end2end).lower()}\nnames: {NAMES}\n"
    )
    return folder


def write_onnx(path: Path, height: int = 64, width: int = 96) -> Path:
    """Write the end-to-end twin as ONNX, spelled out in protobuf so that no test needs the onnx package."""
    centres, strides = anchors(height, width)
    corners = np.concatenate([(centres - 0.5) * strides, (centres + 0.5) * strides], 1)
    constants = {
        "w": WEIGHTS[:, :, None, None],
        "b": np.full(2, -BIAS, np.float32),
        "shape": np.array([1, 2, -1], np.int64),
        "boxes": corners.astype(np.float32),
    }
    nodes = []
    for i, s in enumerate(STRIDES):
        sides = _field(5, _field(1, b"kernel_shape") + _ints(8, [s, s]) + _field(20, 7))
        steps = _field(5, _field(1, b"strides") + _ints(8, [s, s]) + _field(20, 7))
        nodes.append(_node("AveragePool", ["x"], f"p{i}", sides + steps))
        nodes.append(_node("Conv", [f"p{i}", "w", "b"], f"c{i}"))
        nodes.append(_node("Reshape", [f"c{i}", "shape"], f"l{i}"))
    nodes.append(_node("Concat", ["l0", "l1", "l2"], "logits", _axis(2)))
    nodes.append(_node("Sigmoid", ["logits"], "scores"))
    nodes.append(_node("Concat", ["boxes", "scores"], "out", _axis(1)))
    graph = b"".join(_field(1, node) for node in nodes) + _field(2, b"tiny")
    graph += b"".join(_field(5, _tensor(name, value)) for name, value in constants.items())
    graph += _field(11, _value("x", [1, 3, height, width])) + _field(12, _value("out", [1, 6, centres.shape[2]]))
    about = {"names": str(NAMES), "stride": "32", "imgsz": f"[{height}, {width}]", "end2end": "True", "task": "detect"}
    model = _field(1, 8) + _field(7, graph) + _field(8, _field(1, b"") + _field(2, 13))
    model += b"".join(_field(14, _field(1, k.encode()) + _field(2, v.encode())) for k, v in about.items())
    path.write_bytes(model)
    return path


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _ints(number: int, values: list[int]) -> bytes:
    return b"".join(_field(number, value) for value in values)


def _axis(axis: int) -> bytes:
    return _field(5, _field(1, b"axis") + _field(3, axis) + _field(20, 2))


def _node(kind: str, inputs: list[str], output: str, attributes: bytes = b"") -> bytes:
    names = b"".join(_field(1, name.encode()) for name in inputs) + _field(2, output.encode())
    return names + _field(4, kind.encode()) + attributes


def _tensor(name: str, value: np.ndarray) -> bytes:
    kind = 7 if value.dtype == np.int64 else 1
    return _ints(1, list(value.shape)) + _field(2, kind) + _field(8, name.encode()) + _field(9, value.tobytes())


def _value(name: str, shape: list[int]) -> bytes:
    dims = b"".join(_field(1, _field(1, side)) for side in shape)
    return _field(1, name.encode()) + _field(2, _field(1, _field(1, 1) + _field(2, dims)))
