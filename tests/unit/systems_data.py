"""Tiny drawn clips and small parameters for the tests of systems, training and scoring."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import yaml

from vadflow import plugins
from vadflow.clip import ClipView
from vadflow.frames.differences import write_differences
from vadflow.io import write_table
from vadflow.objects import schema
from vadflow.params import Section
from vadflow.pseudo import recipes
from vadflow.systems import __path__ as SYSTEM_PATHS

SHAPE = (32, 48, 1)

AGGREGATE = {"power": 0.5, "patch_px": 16.0, "reach_px": 8.0, "pool": 4.0, "floor": 0.1, "regions": 2, "region_px": 16}

PARAMS: dict[str, dict] = {
    "frame_difference": {"aggregate": AGGREGATE},
    "flow_energy": {"aggregate": AGGREGATE},
    "attributes": {
        "attributes": [
            "fast",
            "travel",
            "still",
            "what",
            "posture",
            "gesture",
            "where",
            "near",
            "low",
            "wide",
            "ground",
            "dense",
        ],
        "choose": True,
        "folds": 2,
        "stretch_s": 10.0,
        "link_iou": 0.3,
        "link_gap": 2,
        "smoother": "centred",
        "smooth_frames": 1.0,
        "steady_s": 0.2,
        "gap_s": 0.5,
        "regions": 3,
        "region_surprise": 0.5,
        "region_smooth_frames": 4,
        "poses": {"weights": None, "every": 2, "min_height": 16.0, "confidence": 0.2, "nms_iou": 0.6},
        "look": {"weights": None, "every": 2, "min_side": 16.0},
    },
    "mlfs3d": {
        "network": {"window": 8, "width": 1, "splice_encoder": True, "splice_decoder": True, "gates": True},
        "tasks": {"noise": 0.2, "skip": 0.3, "reverse": 0.3, "negative": "twin", "bound": 0.1, "motion": 0.02},
        "train": {
            "steps": 9,
            "batch": 2,
            "crop": 16,
            "motion_share": 0.8,
            "learning_rate": 1e-3,
            "decay": "cosine",
            "average": 0.9,
        },
        "score": {
            "reconstruction": 1.0,
            "moving": 1.0,
            "flow_share": 0.5,
            "stride": 2,
            "normal_stride": 2,
            "batch": 4,
            "aggregate": AGGREGATE,
        },
    },
    "msnnet": {
        "network": {
            "width": 2,
            "stem": "space_to_depth",
            "draws": "difference",
            "difference_gain": 5.0,
            "memory": True,
            "reads": {"half": "items", "quarter": "items", "eighth": "both"},
            "items": 4,
            "top": 2,
            "temperature": 0.1,
        },
        "train": {
            "steps": 9,
            "batch": 2,
            "crop": 16,
            "motion_share": 0.8,
            "learning_rate": 1e-3,
            "decay": "cosine",
            "gradient_weight": 0.1,
            "compact": 0.1,
            "separate": 0.01,
            "information": 2e-4,
            "revive_every": 2,
            "dead_share": 0.2,
            "average": 0.9,
            "precision": "fp32",
        },
        "score": {
            "prediction": 1.0,
            "moving": 1.0,
            "flow_share": 0.5,
            "distance": 0.5,
            "paper_psnr": 0.6,
            "normal_stride": 2,
            "every": 1,
            "batch": 4,
            "aggregate": AGGREGATE,
        },
    },
    "ssmtl": {
        "tasks": ["arrow", "irregular", "middle", "classes"],
        "imagenet": None,
        "windows": 0,
        "tubes": {
            "side": 32,
            "tight": 0.15,
            "wide": 0.4,
            "square": 0.4,
            "least_px": 8.0,
            "still": 0.005,
            "stored": 40,
            "held_out": 10,
        },
        "network": {"students": 2, "trunk": "2d", "depth": "shallow", "width": 4, "streams": "two"},
        "train": {
            "steps": 6,
            "batch": 8,
            "learning_rate": 0.002,
            "weights": {
                "arrow": 1,
                "irregular": 1,
                "middle": 5,
                "classes": 1,
                "knowledge": 1,
                "jigsaw": 1,
                "inpaint": 5,
            },
            "average": 0.9,
        },
        "score": {
            "calibration": "z",
            "truncate": 1.0,
            "choose": True,
            "every": 1,
            "ask_every": 2,
            "link_iou": 0.3,
            "link_gap": 2,
            "smooth_frames": 1.0,
            "presence": True,
            "batch": 16,
            "regions": 5,
            "region_surprise": 0.0,
            "region_overlap": 0.5,
            "map_cell": 8,
        },
    },
    "std": {
        "variant": "pr2022",
        "network": {"width": 2, "attention": True, "attention_tile": 2, "centres": 3, "sharpness": 25.0},
        "train": {
            "pretrain_steps": 4,
            "joint_steps": 3,
            "batch": 2,
            "crop": 16,
            "motion_share": 0.8,
            "learning_rate": 1e-3,
            "cluster_learning_rate": 1e-4,
            "decay": "cosine",
            "gradient_weight": 0.01,
            "cluster_weight": 0.1,
            "centre_vectors": 32,
            "centre_rounds": 2,
            "centre_features": "l2",
            "average": 0.9,
            "precision": "fp32",
        },
        "score": {
            "prediction": 1.0,
            "motion": 1.0,
            "moving": 1.0,
            "flow_share": 0.5,
            "cluster": 0.5,
            "normal_stride": 2,
            "every": 1,
            "batch": 4,
            "aggregate": AGGREGATE,
        },
    },
}


def paper_profile(name: str) -> Section:
    """The section that docs/networks.md gives for the paper profile."""
    text = (Path(__file__).parents[2] / "docs/networks.md").read_text(encoding="utf-8")
    sections = yaml.safe_load(text.split("```yaml\n")[1].split("```")[0])
    return plugins.load("systems", name, ("Params",), "tests").Params.model_validate(sections[name])


def system_names() -> list[str]:
    """Every file in systems/ that defines a system and needs no artefact that these tests cannot draw."""
    names = sorted(path.stem for path in Path(next(iter(SYSTEM_PATHS))).glob("[a-z]*.py"))
    loaded = {name: plugins.load("systems", name, (), "tests") for name in names}
    drawn = {"source", "frames", "differences", "flow", "objects", "poses", "pseudo"}
    return [n for n, module in loaded.items() if hasattr(module, "Params") and module.System.needs <= drawn]


def small_params(name: str) -> Section:
    return plugins.load("systems", name, ("Params",), "tests").Params.model_validate(PARAMS.get(name, {}))


def draw_clip(folder: Path, name: str, length: int, seed: int = 0, shape: tuple[int, int, int] = SHAPE) -> ClipView:
    """A bright square that walks to the right over noise; frames, differences and flow are packed as the stages would."""
    generator = np.random.default_rng(seed)
    height, width, _ = shape
    frames = generator.integers(90, 100, (length, *shape), dtype=np.uint8)
    for t in range(length):
        left = (5 * seed + 2 * t) % (width - 8)
        frames[t, height // 2 : height // 2 + 8, left : left + 8] = 220
    paths = {kind: folder / kind / f"{name}.npy" for kind in ("frames", "differences", "flow")}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
    np.save(paths["frames"], frames)
    write_differences(paths["frames"], paths["differences"], cell=8)
    np.save(paths["flow"], generator.random((length, 4, 6, 2)).astype(np.float16))
    source = draw_source(folder / "source" / name, frames)
    paths |= {kind: folder / kind / f"{name}.parquet" for kind in ("objects", "poses")}
    objects = draw_objects(length, generator, size=(2 * height, 2 * width))
    write_table(paths["objects"], objects)
    write_table(paths["poses"], draw_bodies(objects, generator))
    declared = {f"{kind}_path": path for kind, path in paths.items()}
    return ClipView(name, 10.0, (2 * height, 2 * width), source=source, **declared)


def draw_source(folder: Path, frames: np.ndarray) -> Path:
    """The frames at twice their size, as a folder of images."""
    folder.mkdir(parents=True, exist_ok=True)
    for t, frame in enumerate(frames):
        large = frame.repeat(2, axis=0).repeat(2, axis=1)
        cv2.imwrite(str(folder / f"{t:04d}.png"), large[..., ::-1] if frame.shape[-1] == 3 else large)
    return folder


def draw_recipes(clips: list[ClipView], window: int = 8) -> pd.DataFrame:
    """Recipes of every kind on drawn clips, as the pseudo stage would write them."""
    kinds = {"skip": {"skips": [2, 3]}, "reverse": {}, "noise": {"sigma": 0.05}}
    params = {kind: plugins.load("pseudo", kind, ("Params",), "tests").Params(**own) for kind, own in kinds.items()}
    return recipes.build(clips, params, per_clip=3, window=window, motion=0.01, seed=0)


def draw_objects(length: int, generator: np.random.Generator, size: tuple[int, int]) -> pd.DataFrame:
    """Two people who walk to the right, and in every third frame something else."""
    rows = []
    for t in range(length):
        for lane in range(2 + (t % 3 == 0)):
            x, foot = 4 + 2 * t % (size[1] - 20), size[0] - 4 - 10 * lane
            kind = int(lane == 2)
            rows.append((t, x, foot - 24, x + 10, foot, 0.9 - 0.1 * lane, kind, ("person", "bag")[kind]))
    table = pd.DataFrame(rows, columns=["frame", "x1", "y1", "x2", "y2", "confidence", "class_id", "class_name"])
    table["probabilities"] = [[0.9, 0.05] if kind == 0 else [0.1, 0.6] for kind in table.class_id]
    for name in ("speed", "dx", "dy", "energy"):
        table[name] = generator.random(len(table))
    return schema.conform(table) if len(table) else schema.empty()


def draw_bodies(objects: pd.DataFrame, generator: np.random.Generator) -> pd.DataFrame:
    """A body for every person of every second frame."""
    people = objects[(objects.class_name == "person") & (objects.frame % 2 == 0)]
    bodies = people[["frame", "x1", "y1", "x2", "y2", "confidence"]].reset_index(drop=True)
    points = generator.random((len(bodies), 17, 3)) * [10, 24, 1] + [0, 0, 0.5]
    bodies["keypoints"] = pd.Series(list(points.reshape(-1, 51).astype(np.float32)), dtype=object)
    return bodies
