"""Train the small YOLO of the built-in scene from scratch, on rendered scenes with known boxes; measure its export.

    PYTHONPATH=src python tools/train_plaza_detector.py --work /tmp/plaza-detector

needs no network and no GPU. The model and its MODEL_CARD.md are written to src/vadflow/plaza/plaza_openvino_model/.
`--start shipped` goes on from the export that is there, for instance when a camera was added.
`--measure-only` repeats the measurement of the shipped export after the renderer's look has changed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from plaza_detector_measure import measure
from plaza_detector_scenes import CROP, MIN_SHARE, held_out, render_set
from plaza_detector_weights import restored

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "src" / "vadflow" / "plaza" / "plaza_openvino_model"
WIDTH = 0.1875
"""Channels as a share of the full YOLO26; `n` has 0.25."""
SIZE = (256, 320)
"""Input (height, width): a 320x240 frame with 16 grey rows."""
STAGES = ("crops:30000:5:0.002", "frames:3000:2:0.0005")
"""Training stages, kind:images:epochs:learning rate."""


def quiet_ultralytics(work: Path) -> None:
    """Keep Ultralytics offline, unlogged and without torchvision, whose operators do not load beside CPU torch."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false", YOLO_CONFIG_DIR=str(work / "config"), CI="true")
    (work / "config").mkdir(parents=True, exist_ok=True)
    from ultralytics import settings
    from ultralytics.utils.nms import TorchNMS

    off = ("mlflow", "sync", "tensorboard", "wandb", "clearml", "comet", "dvc", "neptune", "raytune", "hub")
    settings.update({name: False for name in off if name in settings})
    substitute: Any = types.ModuleType("torchvision")
    substitute.__version__ = "0.0"
    substitute.ops = types.SimpleNamespace(nms=TorchNMS.nms)
    sys.modules["torchvision"] = substitute


def describe(work: Path, images: str) -> Path:
    """Write Ultralytics' data file for the set in folder `images`."""
    from vadflow.plaza.actors import CLASSES

    names = "\n".join(f"  {index}: {name}" for index, name in enumerate(CLASSES))
    path = work / f"{images}.yaml"
    path.write_text(f"path: {work}\ntrain: {images}/images\nval: {images}/images\nnames:\n{names}\n", encoding="utf-8")
    return path


def model_file(work: Path) -> Path:
    """Write YOLO26's own definition with a narrower scale."""
    import yaml
    from ultralytics.nn.tasks import yaml_model_load

    from vadflow.plaza.actors import CLASSES

    definition = yaml_model_load("yolo26n.yaml")
    definition.update(nc=len(CLASSES), scales={"n": [0.5, WIDTH, 1024]}, scale="n")
    definition.pop("yaml_file", None)
    path = work / "yolo26n-plaza.yaml"
    path.write_text(yaml.safe_dump(definition), encoding="utf-8")
    return path


def shipped(work: Path, seed: int) -> Path:
    """Write the shipped export as weights to train on."""
    from ultralytics import YOLO

    def padded(image: Any) -> Any:
        bars = SIZE[0] - image.shape[0]
        return cv2.copyMakeBorder(
            image[..., ::-1], bars // 2, bars - bars // 2, 0, 0, cv2.BORDER_CONSTANT, value=(114,) * 3
        )

    yolo = YOLO(str(model_file(work)), task="detect")
    restored(TARGET / "plaza.xml", yolo.model, (padded(image) for _, image, _ in held_out(seed, 64)))
    path = work / "shipped.pt"
    yolo.save(path)
    return path


def trainer_class(known: bool, base: Any = None) -> Any:
    """A trainer that leaves measuring to us and, from the second stage on (`known`), starts with the end-to-end branch.

    Ultralytics gives that branch a fifth of the loss at first and nine tenths at last; each stage would begin anew.
    """
    from ultralytics.models.yolo.detect import DetectionTrainer

    class Trainer(base or DetectionTrainer):  # type: ignore[misc]
        def validate(self) -> tuple[dict[str, float], float]:
            return {}, 0.0

        def final_eval(self) -> None:
            return

    def favour_end_to_end(trainer: Any) -> None:
        loss = trainer.model.criterion = trainer.model.init_criterion()
        loss.o2m = loss.o2m_copy = 0.3
        loss.o2o = loss.total - loss.o2m

    class Later(Trainer):
        def _setup_train(self) -> None:
            super()._setup_train()
            favour_end_to_end(self)

    return Later if known else Trainer


def train(work: Path, args: argparse.Namespace) -> Path:
    """Go through the stages, each from the weights of the one before, and export; gives the export's folder.

    Cut-outs come first: most of a frame is empty, so they teach three times as much per minute; whole frames settle it.
    """
    from ultralytics import YOLO

    weights = shipped(work, args.seed) if args.start == Path("shipped") else args.start or model_file(work)
    for number, text in enumerate(args.stages):
        kind, images, epochs, rate = text.split(":")
        folder, crop = f"train_{number}", 0 if kind == "frames" else CROP
        render_set(work / folder, args.seed + 100 * (number + 1), int(images), crop)
        model, known = YOLO(str(weights), task="detect"), weights.suffix == ".pt"
        model.train(
            trainer=trainer_class(known), data=str(describe(work, folder)), epochs=int(epochs), imgsz=crop or 320,
            rect=not crop, batch=16, nbs=16, device="cpu", cache="ram", seed=args.seed, pretrained=known,
            optimizer="AdamW", lr0=float(rate), lrf=0.02, cos_lr=True, warmup_epochs=0.5, mosaic=0.0, scale=0.15,
            translate=0.08, fliplr=0.5, hsv_h=0.02, hsv_s=0.4, hsv_v=0.25, amp=False, val=False, plots=False,
            project=str(work / "runs"), name=folder, exist_ok=True,
        )  # fmt: skip
        weights = work / "runs" / folder / "weights" / "last.pt"
    exported = YOLO(str(weights)).export(format="openvino", imgsz=list(SIZE), half=True, nms=False, device="cpu")
    return Path(exported)


def install(export: Path, target: Path, name: str) -> None:
    """Copy an export to where the package keeps it, under a name of its own."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in export.iterdir():
        if path.is_file():
            shutil.copy(path, target / path.name)
    stem = next(target.glob("*.xml")).stem
    for suffix in (".xml", ".bin"):
        (target / f"{stem}{suffix}").rename(target / f"{name}{suffix}")


def class_scores() -> tuple[str, list[int]]:
    """Find the per-anchor class scores, (1, anchors, classes) or its transpose, that the end-to-end head ranks."""
    import openvino

    from vadflow.plaza.actors import CLASSES

    model = openvino.Core().read_model(str(TARGET / "plaza.xml"))
    found = [op for op in model.get_ordered_ops() if op.get_type_name() == "Sigmoid" and len(op.output(0).shape) == 3]
    found = [op for op in found if len(CLASSES) in list(op.output(0).shape)]
    return found[-1].get_friendly_name(), list(found[-1].output(0).shape)


def card(args: argparse.Namespace, scores: dict[str, dict[str, float]]) -> str:
    """Write the model card's text."""
    from vadflow.plaza import camera
    from vadflow.plaza.actors import CLASSES

    node, shape = class_scores()
    megabytes = sum(path.stat().st_size for path in TARGET.iterdir() if path.suffix in (".xml", ".bin")) / 1e6
    cells = [
        [f"{found[name]:.3f}" if name in found else "" for found in scores.values()] for name in ("mean", *CLASSES)
    ]
    rows = "\n".join(f"| {name} | {' | '.join(row)} |" for name, row in zip(("mean", *CLASSES), cells, strict=True))
    note = f"\n- {args.note}" if args.note else ""
    command = f"--seed {args.seed} --stages {' '.join(args.stages)}" + (f" --start {args.start}" if args.start else "")
    return f"""# The built-in scene's detector

A YOLO26 with a width of {WIDTH}, trained from scratch; FP16, OpenVINO, {megabytes:.1f} MB.
Input {SIZE[1]} x {SIZE[0]} (width x height). It knows the plaza and nothing else: on real video use `yolo26n.pt`.

- Made by `PYTHONPATH=src python tools/train_plaza_detector.py {command}`.
- Stages (kind:images:epochs:learning rate), each from the last one's weights; the images of stage n are rendered with
  seed {args.seed} + 100 n; cameras: {", ".join(camera.names())}. No photograph and no pretrained weight went in.{note}
- Classes: {", ".join(CLASSES)}; named as in COCO, `car` is the cart and `handbag` any bag.
- Held out: {args.held_out} frames rendered with seed {args.held_out_seed}, two events a clip, objects at least
  {MIN_SHARE:.0%} visible. Measured on this export, through `YOLO(folder, task="detect").predict`:

| mAP50 | {" | ".join(scores)} |
|---|{"---|" * len(scores)}
{rows}

- Head: end to end, no NMS; at most 300 boxes. The class scores of every anchor before they are ranked are the node
  `{node}`, shape {shape}: add it as an output to read all class probabilities of a box.
- Licence: AGPL-3.0, because Ultralytics is.
"""


def run(
    parser: argparse.ArgumentParser, target: Path, name: str, fit: Callable[..., Path], card_of: Callable[..., str]
) -> None:
    """Train and install an export, unless only its measurement is wanted, and write its card."""
    parser.add_argument("--held-out", type=int, default=800)
    parser.add_argument("--held-out-seed", type=int, default=7)
    parser.add_argument("--note", default="", help="a sentence for the model card")
    parser.add_argument("--measure-only", action="store_true")
    args = parser.parse_args()
    args.work = args.work.resolve()
    quiet_ultralytics(args.work)
    if not args.measure_only:
        install(fit(args.work, args), target, name)
    text = card_of(args)
    (target / "MODEL_CARD.md").write_text(text, encoding="utf-8")
    print(text)


def main() -> None:
    """Render, train, export, measure, write the card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("results/plaza-detector"))
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--stages", nargs="+", default=STAGES, help="(frames|crops):images:epochs:learning rate")
    parser.add_argument(
        "--start",
        type=Path,
        help="weights to start from, instead of none; `shipped`: those of the export",
    )
    run(
        parser,
        TARGET,
        "plaza",
        train,
        lambda args: card(args, measure(TARGET, SIZE, args.held_out_seed, args.held_out)),
    )


if __name__ == "__main__":
    main()
