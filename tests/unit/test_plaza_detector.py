"""The detector that ships with the built-in scene: small enough, the right classes, and it finds what is drawn."""

from pathlib import Path

import numpy as np
import pytest
import yaml

import vadflow.plaza
from vadflow.objects.decode import iou
from vadflow.objects.poses import PoseReader, PosesParams, find_weights
from vadflow.plaza.actors import CLASSES
from vadflow.plaza.render import draw
from vadflow.plaza.story import Plan, tell
from vadflow.plaza.truth import bodies, objects

FOLDER = Path(vadflow.plaza.__file__).parent / "plaza_openvino_model"


def test_the_export_is_small_and_names_our_classes():
    metadata = yaml.safe_load((FOLDER / "metadata.yaml").read_text(encoding="utf-8"))
    assert tuple(metadata["names"][index] for index in range(len(CLASSES))) == CLASSES
    assert metadata["end2end"] is True and metadata["imgsz"] == [256, 320]
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 6e6


def test_the_card_names_the_node_of_the_class_scores():
    openvino = pytest.importorskip("openvino")
    card = (FOLDER / "MODEL_CARD.md").read_text(encoding="utf-8")
    model = openvino.Core().read_model(str(FOLDER / "plaza.xml"))
    named = [op for op in model.get_ordered_ops() if f"`{op.get_friendly_name()}`" in card]
    assert len(named) == 1 and len(CLASSES) in list(named[0].output(0).shape)


def found_share(model, plan):
    """Hits and wanted objects of a clip: an object is hit by a box of its class with IoU of at least 0.5."""
    hits = wanted = 0
    story = tell(plan)
    for drawn in draw(plan, story):
        result = model.predict(drawn.image[:, :, ::-1], imgsz=[256, 320], conf=0.15, verbose=False)[0]
        boxes, kinds = result.boxes.xyxy.numpy(), result.boxes.cls.numpy()
        for item in objects(drawn, story.actors):
            if item.share < 0.5:
                continue
            box = np.array(item.box)
            shared = np.clip(np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2]), 0, None).prod(
                axis=1
            )
            area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
            hits += bool(((shared / (area - shared) >= 0.5) & (kinds == item.kind)).any())
            wanted += 1
    return hits, wanted


@pytest.mark.parametrize(
    ("camera", "kinds"), [("far", ("cyclist", "cart", "skater")), ("near", ("close", "fall", "abandon"))]
)
def test_it_finds_what_is_drawn_with_an_unseen_seed(tmp_path, monkeypatch, camera, kinds):
    monkeypatch.setenv("YOLO_OFFLINE", "true")
    monkeypatch.setenv("YOLO_CONFIG_DIR", str(tmp_path))
    ultralytics = pytest.importorskip("ultralytics")
    model = ultralytics.YOLO(str(FOLDER), task="detect")
    counts = [found_share(model, Plan(camera, 41, "test", i, (3, 3), 1.0, kinds)) for i in range(3)]
    hits, wanted = np.sum(counts, axis=0)
    assert wanted > 20 and hits / wanted > 0.8


def test_its_pose_network_knows_how_people_hold_themselves():
    """People of 48 px and more who are wholly seen, upright and fallen: joints to a tenth of their length, raised arms told from others."""
    pytest.importorskip("openvino")
    weights = find_weights("beside", "plaza")
    reader = PoseReader(PosesParams(weights=str(weights), every=1, min_height=48, confidence=0.3, nms_iou=0.7), 1)
    wanted, away, lifted = 0, [], {True: [], False: []}
    for index in range(4):
        plan = Plan("near", 41, "test", index, (6, 6), 1.6, ("gesture", "fall", "gesture"))
        story = tell(plan)
        for t, drawn in enumerate(draw(plan, story)):
            boxes, _, points = reader.bodies(drawn.image)
            for one, truth in bodies(drawn, story, t, 0.9):
                overlap = iou(np.float32([one.box]), boxes)[0]
                long = np.ptp(np.reshape(one.box, (2, 2)), axis=0).max()
                if long < 48 or not overlap.size:
                    continue
                wanted += 1
                if overlap.max() >= 0.5:
                    seen = truth[:, 2] > 0
                    apart = np.linalg.norm(points[overlap.argmax(), seen, :2] - truth[seen, :2], axis=1)
                    away.append(np.median(apart) / long)
                    for shoulder, wrist in ((5, 9), (6, 10)):
                        if seen[shoulder] and seen[wrist]:
                            drop = points[overlap.argmax(), [shoulder, wrist], 1]
                            lifted[bool(truth[wrist, 1] < truth[shoulder, 1])].append((drop[1] - drop[0]) / long)
    assert wanted > 50 and len(away) > 0.8 * wanted
    assert np.mean(np.array(away) < 0.1) > 0.9
    assert min(map(len, lifted.values())) > 5
    assert np.median(lifted[True]) < np.quantile(lifted[False], 0.1)
