"""Train the small YOLO pose network of the built-in scene, whose drawn people no other pose network knows.

    PYTHONPATH=src python tools/train_plaza_pose.py --start <weights of the scene's detector> --work /tmp/plaza-pose

needs no network and no GPU. Below the head it begins as the scene's detector (`train_plaza_detector.py` leaves its weights in its --work).
The model and its MODEL_CARD.md are written to src/vadflow/plaza/plaza_pose_openvino_model/.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from plaza_detector_scenes import MIN_SHARE, camera_of, draw_scene, write_image
from train_plaza_detector import ROOT, SIZE, WIDTH, run

from vadflow.attributes.posture import MIN_HEIGHT
from vadflow.plaza import camera
from vadflow.plaza.actors import Actor, gait, idling, person
from vadflow.plaza.body import Pose
from vadflow.plaza.camera import Camera
from vadflow.plaza.cast import draw_look
from vadflow.plaza.motion import Shot
from vadflow.plaza.truth import NEAR_PX, Seen, bodies

TARGET = ROOT / "src" / "vadflow" / "plaza" / "plaza_pose_openvino_model"
PACK = ("gesture", "gesture", "gesture", "fall", "fall", "throw", "abandon", "runner")
"""Events of training scenes: bodies that do not walk, much more often than in clips."""
FLIPPED = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""Keypoints of a mirrored body."""
FREE = 0.7
"""Share of training scenes' passers-by whose arms are anywhere. Where one in ten raised an arm, all arms were drawn hanging."""
ARMS = ((5, 9), (6, 10))
"""Keypoints of each shoulder and its wrist."""


def free_arms(actor: Actor, shot: Shot, rng: np.random.Generator) -> Actor:
    """Let somebody else go the same way, with one arm or both wherever an arm can be, in every frame anew."""
    look, T = draw_look(rng), shot.n_frames
    swing, bend = rng.uniform(-0.7, 3.1, (T, 2)), rng.uniform(0.0, 1.6, (T, 2))
    free, spread = rng.random((T, 2)) < 0.7, rng.uniform(0.05, 0.9, T)
    usual = gait(look, actor.motion, float(rng.uniform(0, 6.28))) if np.ptp(actor.motion.travel) else idling(shot, rng)

    def pose(t: int) -> Pose:
        now = usual(t)
        arm, elbow = np.where(free[t], swing[t], now.arm), np.where(free[t], bend[t], now.elbow)
        lift = float(spread[t]) if free[t].any() else now.spread
        return replace(now, arm=(float(arm[0]), float(arm[1])), elbow=(float(elbow[0]), float(elbow[1])), spread=lift)

    return replace(person(shot, look, actor.motion, pose), order=actor.order)


def render_set(folder: Path, seed: int, images: int) -> None:
    """Draw frames of all cameras in turn, of the far one a third: most people there are too small for posture. A YOLO pose label file each."""
    for name in ("images", "labels"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for clip in range(images // 8):
        if camera_of(clip) == "far" and clip % 6:
            continue
        story, frames = draw_scene(seed, clip, events=8, pack=PACK)
        rng = np.random.default_rng([seed, clip, 5])
        for at, actor in enumerate(story.actors):  # frames are drawn as they are asked for
            if actor.joints and actor.event < 0 and rng.random() < FREE:
                story.actors[at] = free_arms(actor, story.shot, rng)
        for t, drawn in enumerate(frames):
            write_image(folder, f"{clip:05d}_{t}", drawn.image)
            lines = [_line(one, points, story.shot.camera) for one, points in bodies(drawn, story, t, MIN_SHARE)]
            (folder / "labels" / f"{clip:05d}_{t}.txt").write_text("\n".join(lines), encoding="utf-8")


def _line(one: Seen, points: np.ndarray, seen_by: Camera) -> str:
    x1, y1, x2, y2 = one.box
    W, H = seen_by.width, seen_by.height
    numbers = [(x1 + x2) / 2 / W, (y1 + y2) / 2 / H, (x2 - x1) / W, (y2 - y1) / H]
    for x, y, told in points.tolist():
        numbers += [x / W, y / H, told] if told else [0.0, 0.0, 0.0]
    return "0 " + " ".join(f"{number:.6f}" for number in numbers)


def distances(predicted: Any, truth: Any, seen: Any, area: Any) -> Any:
    """The loss of keypoints: their distance in lengths of the box and, four times as heavy, its square; elbows and wrists count more.

    Ultralytics' own, the OKS, has no gradient where a keypoint is half a body away, so a wrist that begins as a hanging one stays one: of
    48 pictures learned by heart for 180 steps no raised wrist was drawn above its shoulder, with this loss four of five after 108.

    Args:
        predicted, truth: (N, 17, 2 and more) x, y in strides.
        seen: (N, 17) bool.
        area: (N, 1) of the boxes, square strides.
    """
    import torch

    heavy = torch.tensor([0.5] * 5 + [1.0, 1.0, 2.0, 2.0, 3.0, 3.0] + [1.0] * 6)
    away = (((predicted[..., :2] - truth[..., :2]) ** 2).sum(-1) + 1e-4).div(area).sqrt()
    share = seen.shape[1] / seen.sum(1, keepdim=True).clamp(min=1)
    return 4 * (share * heavy * seen * (away + 4 * away**2)).mean()


def train(work: Path, args: argparse.Namespace) -> Path:
    """Train and export; gives the export's folder."""
    import yaml
    from train_plaza_detector import trainer_class
    from ultralytics import YOLO
    from ultralytics.models.yolo.pose import PoseTrainer
    from ultralytics.nn.tasks import yaml_model_load

    class Trainer(PoseTrainer):  # type: ignore[misc]
        def _setup_train(self) -> None:
            super()._setup_train()
            self.model.criterion = self.model.init_criterion()
            self.model.criterion.keypoint_loss = distances

    render_set(work / "train", args.seed, args.images)
    definition = yaml_model_load("yolo26n-pose.yaml")
    definition.update(nc=1, end2end=False, scales={"n": [0.5, WIDTH, 1024]}, scale="n")
    definition.pop("yaml_file", None)
    (work / "yolo26n-pose-plaza.yaml").write_text(yaml.safe_dump(definition), encoding="utf-8")
    data = {"path": str(work), "train": "train/images", "val": "train/images", "names": {0: "person"}}
    data |= {"kpt_shape": [17, 3], "flip_idx": list(FLIPPED)}
    (work / "pose.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
    model = YOLO(str(work / "yolo26n-pose-plaza.yaml"), task="pose")
    model.train(
        trainer=trainer_class(False, Trainer), data=str(work / "pose.yaml"), epochs=args.epochs, imgsz=320, rect=True,
        batch=4, nbs=4, device="cpu", cache="ram", seed=args.seed, pretrained=str(args.start) if args.start else False,
        optimizer="AdamW", lr0=args.rate, lrf=0.02, cos_lr=True, warmup_epochs=0.3, mosaic=0.0, scale=0.15, translate=0.08,
        fliplr=0.5, hsv_h=0.02, hsv_s=0.4, hsv_v=0.25, amp=False, val=False, plots=False,
        rle=0.0, project=str(work / "runs"), name="pose", exist_ok=True,
    )  # fmt: skip
    weights = work / "runs" / "pose" / "weights" / "last.pt"
    return Path(YOLO(str(weights)).export(format="openvino", imgsz=list(SIZE), half=True, nms=False, device="cpu"))


def measure(seed: int, images: int) -> dict[str, tuple[float, ...]]:
    """What the shipped export knows of held-out scenes, read as the pipeline reads it, per camera; people of 48 px and more.

    Returns:
        share of them found (IoU 0.5); of the seen keypoints of those the share told as seen, and the share that lies within a
        tenth of the person's longer side of the truth; of wrists above their shoulder the share drawn there.
    """
    from vadflow.objects.decode import iou
    from vadflow.objects.poses import PoseReader, PosesParams

    reader = PoseReader(PosesParams(weights=str(TARGET), every=1, min_height=16, confidence=0.3, nms_iou=0.7), 2)
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in camera.names()}
    for clip in range(images // 8):
        story, frames = draw_scene(seed, clip, events=2)
        rows = found[camera_of(clip)]
        for t, drawn in enumerate(frames):
            boxes, _, points = reader.bodies(drawn.image)
            for one, truth in bodies(drawn, story, t, MIN_SHARE):
                x1, y1, x2, y2 = one.box
                long, seen = max(x2 - x1, y2 - y1), truth[:, 2] > 0
                if long < MIN_HEIGHT or not seen.any():
                    continue
                overlap = iou(np.array([one.box], np.float32), boxes)[0]
                if overlap.max(initial=0.0) < 0.5:
                    rows.append((0.0, np.nan, np.nan, np.nan))
                    continue
                guess = points[overlap.argmax()]
                right = np.linalg.norm(guess[:, :2] - truth[:, :2], axis=1) <= 0.1 * long
                raised = [
                    guess[wrist, 1] < guess[at, 1]
                    for at, wrist in ARMS
                    if seen[at] and seen[wrist] and truth[wrist, 1] < truth[at, 1]
                ]
                told = (guess[seen, 2] >= 0.5).mean()
                rows.append((1.0, told, right[seen].mean(), np.mean(raised) if raised else np.nan))
    return {name: tuple(np.nanmean(np.array(rows), axis=0).tolist()) for name, rows in found.items()}


def card(args: argparse.Namespace, scores: dict[str, tuple[float, ...]]) -> str:
    """Write the model card's text."""
    note = f"\n- {args.note}" if args.note else ""
    rows = "\n".join(
        f"| {name} | " + " | ".join(f"{value:.3f}" for value in values) + " |" for name, values in scores.items()
    )
    return f"""# The built-in scene's pose network

A YOLO26 pose network with a width of {WIDTH}; FP16, OpenVINO.
Input {SIZE[1]} x {SIZE[0]} (width x height). It knows drawn people and nobody else.

- Made by `PYTHONPATH=src python tools/train_plaza_pose.py --seed {args.seed} --images {args.images} --epochs {args.epochs}
  --rate {args.rate} --start <weights of the scene's detector, or of a run before>`; cameras: {", ".join(camera.names())}. No photograph and no
  pretrained weight went in; it learns bodies of normal people and of those who fall or gesture, and not which is which.{note}
- COCO's 17 keypoints; one is told as seen where its owner has a pixel at most {NEAR_PX} px away.
- Held out: {args.held_out} frames rendered with seed {args.held_out_seed}, two events a clip; people of {MIN_HEIGHT:.0f} px and more,
  {MIN_SHARE:.0%} of them visible:

| camera | people found (IoU 0.5) | their seen keypoints told as seen | and within a tenth of their length | raised wrists drawn raised |
|---|---|---|---|---|
{rows}

- Licence: AGPL-3.0, because Ultralytics is.
"""


def main() -> None:
    """Render, train, export, measure, write the card."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--work", type=Path, default=Path("results/plaza-pose"))
    parser.add_argument("--seed", type=int, default=13001)
    parser.add_argument("--images", type=int, default=5000)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=0.002)
    parser.add_argument("--start", type=Path, help="weights of the scene's detector")
    run(parser, TARGET, "plaza_pose", train, lambda args: card(args, measure(args.held_out_seed, args.held_out)))


if __name__ == "__main__":
    main()
