"""The built-in scene: what is drawn, and whether its truth is true."""

import numpy as np
import pytest

from vadflow.errors import VadflowError
from vadflow.plaza import camera
from vadflow.plaza.actors import CLASSES
from vadflow.plaza.events import KINDS
from vadflow.plaza.render import draw, frames
from vadflow.plaza.story import Plan, deal, tell
from vadflow.plaza.truth import MIN_PIXELS, NEAR_PX, Record, bodies, objects

CAMERAS = camera.names()


def make_plan(kinds=(), *, frames=(20, 20), name="far", fps=5.0, split="test"):
    return Plan(name, 5, split, 3, frames, fps, tuple(kinds))


def recorded(plan):
    story = tell(plan)
    record = Record(story.actors)
    for drawn in draw(plan, story):
        record.add(drawn)
    return story, record


def test_a_point_in_the_middle_of_the_view_is_in_the_middle_of_the_picture():
    far = camera.load("far")
    ahead = np.array([[0.0, 0.0, far.height_m]]) + 10.0 * far.axes[2]
    pixel, depth = far.project(ahead)
    assert np.allclose(pixel, [[(far.width - 1) / 2, (far.height - 1) / 2]]) and np.allclose(depth, 10.0)


def test_an_unknown_camera_is_told_which_there_are():
    with pytest.raises(VadflowError, match=r"no camera 'moon'.*far"):
        camera.load("moon")


@pytest.mark.parametrize("name", CAMERAS)
def test_frames_are_coloured_and_of_the_cameras_size(name):
    drawn = list(frames(make_plan(frames=(2, 2), name=name)))
    look = camera.load(name)
    assert len(drawn) == 2 and drawn[0].image.dtype == np.uint8
    assert drawn[0].image.shape == (look.height, look.width, 3)
    assert drawn[0].image.std() > 20 and not np.array_equal(drawn[0].image, drawn[1].image)


@pytest.mark.parametrize("name", CAMERAS)
@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_event_is_seen_and_its_truth_agrees(name, kind):
    if kind not in camera.load(name).events:
        pytest.skip(f"camera {name} has no {kind}")
    story, record = recorded(make_plan([kind], frames=(12, 12), fps=3.0, name=name))
    shape = (story.shot.camera.height, story.shot.camera.width)
    truth = record.arrays(shape)
    masks = np.unpackbits(truth["masks"], axis=1, count=shape[0] * shape[1]).reshape(-1, *shape)
    assert truth["labels"].any(), "the event must be seen"
    assert np.array_equal(truth["labels"], masks.any(axis=(1, 2)))
    assert set(truth["regions"][:, 1]) == set(np.flatnonzero(truth["labels"]))


def test_regions_enclose_the_mask_tightly():
    _, record = recorded(make_plan(["cyclist", "fall"]))
    truth = record.arrays((240, 320))
    for t in np.flatnonzero(truth["labels"]):
        rows, columns = np.nonzero(np.unpackbits(truth["masks"][t]).reshape(240, 320))
        boxes = truth["regions"][truth["regions"][:, 1] == t, 2:]
        found = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]  # half-open
        assert found == [*boxes[:, :2].min(axis=0), *boxes[:, 2:].max(axis=0)]


def test_a_rider_and_the_bicycle_are_one_region_and_two_objects():
    story, record = recorded(make_plan(["cyclist"]))
    odd = [actor for actor in story.actors if actor.event >= 0]
    assert sorted(actor.kind for actor in odd) == ["bicycle", "person"]
    assert len({row[0] for row in record.regions}) == 1


@pytest.mark.parametrize("kinds", [(), ("cart",), ("throw", "abandon")])
def test_boxes_lie_in_the_frame_and_enclose_visible_pixels(kinds):
    plan = make_plan(kinds)
    story = tell(plan)
    for drawn in draw(plan, story):
        for item in objects(drawn, story.actors):
            x1, y1, x2, y2 = item.box
            owned = drawn.owner == item.actor + 1
            assert 0 <= x1 < x2 <= 320 and 0 <= y1 < y2 <= 240 and 0 <= item.kind < len(CLASSES)
            assert owned[y1:y2, x1:x2].sum() == owned.sum() >= MIN_PIXELS and 0 < item.share <= 1


def test_an_object_keeps_its_number_and_its_class_and_moves_smoothly():
    _, record = recorded(make_plan(["skater"], frames=(30, 30), fps=25.0))
    boxes = record.arrays((240, 320))["boxes"]
    for number in np.unique(boxes[:, 1]):
        track = boxes[boxes[:, 1] == number]
        assert len(set(track[:, 2])) == 1 and len(set(track[:, 0])) == len(track)
        foot = track[:, 6][np.flatnonzero(np.diff(track[:, 0]) == 1)]
        assert np.abs(np.diff(foot)).max(initial=0) < 60


def test_keypoints_lie_on_the_body_they_belong_to():
    """Seen ones on its pixels; nose above hips above ankles of who stands, below or level for who lies; who walks right looks right."""
    plan = make_plan(["fall"], frames=(25, 25), fps=8.0, name="near", split="test")
    story, upright = tell(plan), []
    for t, drawn in enumerate(draw(plan, story)):
        for one, points in bodies(drawn, story, t, 0.9):
            seen = points[:, 2] > 0
            x1, y1, x2, y2 = one.box
            low, high = np.array([x1, y1]) - NEAR_PX - 1, np.array([x2, y2]) + NEAR_PX
            assert ((points[seen, :2] >= low) & (points[seen, :2] <= high)).all()
            nose, hips, ankles = points[0, 1], points[11:13, 1].mean(), points[15:17, 1].mean()
            actor = story.actors[one.actor]
            if seen.all():
                upright.append((bool(actor.anomalous[t]), bool(nose < hips < ankles)))
            if seen.all() and abs(np.sin(actor.motion.heading[t])) < 0.3 and not actor.anomalous[t]:
                assert np.sign(points[0, 0] - points[3:5, 0].mean()) == np.sign(np.cos(actor.motion.heading[t]))
    assert all(stands for odd, stands in upright if not odd) and sum(not odd for odd, _ in upright) > 20
    assert any(odd and not stands for odd, stands in upright)


def test_props_hide_what_passes_behind_them():
    plan = make_plan(frames=(30, 30))
    story = tell(plan)
    shares = [item.share for drawn in draw(plan, story) for item in objects(drawn, story.actors)]
    assert min(shares) < 0.6 and max(shares) == 1.0


def test_normal_clips_have_nothing_to_tell():
    story, record = recorded(make_plan(split="train"))
    truth = record.arrays((240, 320))
    assert not truth["labels"].any() and not truth["masks"].any() and truth["regions"].shape == (0, 6)
    assert {actor.kind for actor in story.actors} <= {"person"} and len(truth["boxes"]) > 0


def test_the_pack_of_events_is_dealt_once_before_any_comes_twice():
    dealt = [kind for turn in range(6) for kind in deal("far", 7, turn)]
    assert sorted(dealt) == sorted(camera.load("far").events)
    assert deal("far", 7, 4) != deal("far", 8, 4) or deal("far", 7, 0) != deal("far", 8, 0)


def test_walkers_go_at_the_same_pace_at_any_frame_rate():
    slow, fast = tell(make_plan(fps=5.0)), tell(make_plan(fps=10.0, frames=(40, 40)))
    paces = [np.diff(story.actors[0].motion.travel).max() * story.shot.fps for story in (slow, fast)]
    assert all(0.5 < pace < 2.0 for pace in paces)
