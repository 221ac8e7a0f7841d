"""The page: whole, self-contained, escaped, bounded, plain about what it cannot know."""

from __future__ import annotations

import base64
import html
import re
import subprocess
import sys
from html.parser import HTMLParser

import cv2
import numpy as np
import pandas as pd
import pytest

from vadflow.metrics.bootstrap import clip_pairs, compare
from vadflow.metrics.columns import COLUMNS
from vadflow.metrics.costs import cost_table
from vadflow.metrics.evaluate import Subject, evaluate
from vadflow.metrics.inputs import judged
from vadflow.metrics.sins import SINS, gaussian
from vadflow.metrics.table import auc_table
from vadflow.report.collect import collect
from vadflow.report.model import ClipInput, DatasetInput, Options, SystemInput, nothing
from vadflow.report.page import clock, render
from vadflow.report.twin import render_twin

EVIL = '<script>alert("x")</script>&'
OPTIONS = Options(thumbnails=6, thumbnail_width=160, points=80, worst_clips=2, blur_people=False)
CLIPS = ("01", "02", "03")
LENGTH = 120


def smooth(values: np.ndarray, clip: str = "") -> np.ndarray:
    return gaussian(values, 3)


def labels() -> dict[str, np.ndarray]:
    marked = {clip: np.zeros(LENGTH, np.uint8) for clip in CLIPS}
    marked["01"][40:90] = 1
    marked["02"][:] = 1
    return marked


def scores(gain: float, seed: int = 0) -> dict[str, pd.DataFrame]:
    generator, tables = np.random.default_rng(seed), {}
    for clip, y in labels().items():
        raw = gain * y + generator.normal(size=LENGTH)
        columns = {"frame": np.arange(LENGTH), "raw": raw, "calibrated": raw, "smoothed": smooth(raw), "paper": np.nan}
        tables[clip] = pd.DataFrame(columns)
    return tables


def system(name: str = "std", gain: float = 1.0, threshold: float | None = 0.8, **more) -> SystemInput:
    events = [(clip, 30, 60, 45, 1.5, 0.8) for clip in CLIPS[:2]]
    table = pd.DataFrame(events, columns=["clip", "start", "end", "peak", "score", "threshold"])
    return SystemInput(name, "system", scores(gain), table if threshold is not None else None, threshold, **more)


def dataset(name: str = "ped2", *, labelled: bool = True, systems=None, frames=None, **more) -> DatasetInput:
    clips = [ClipInput(clip, 10.0, LENGTH, (240, 360)) for clip in CLIPS]
    packed = np.full((LENGTH, 48, 72, 1), 90, np.uint8)
    getter = frames or (lambda clip: packed)
    return DatasetInput(name, clips, labels() if labelled else {}, systems or [system()], getter, **more)


def files(name: str = "ped2", system: str = "std", *, labelled: bool = True, notes=(), kind="system") -> dict:
    claim = {"paper_auc": 0.967, "paper_source": f"{EVIL} (micro)"}
    subject = Subject(name, system, 0, kind=kind, notes=notes, config_hash="c0ffee", **claim)
    truth = labels() if labelled else {}
    return evaluate(subject, scores(1.0), truth, smooth=smooth, resamples=100, seed=0, sigmas=[0, 8])


def page(given: DatasetInput, metrics: list[dict], options: Options = OPTIONS) -> str:
    return render([collect(given, options)], auc_table(metrics), title="t")


class Tags(HTMLParser):
    """Checks that tags close in order, and gathers what they point to."""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.targets: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.targets += [v for k, v in attrs if k in ("src", "href", "data", "action", "xlink:href", "srcset")]
        self.ids += [v for k, v in attrs if k == "id"]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def both_pages() -> list[str]:
    metrics = [files(), files(system="constant", kind="floor"), files("cam", labelled=False)]
    costs = cost_table(
        [{"dataset": "ped2", "system": "std", "seed": 0, "stage": "train", "seconds": 60, "device": "cpu"}]
    )
    given = [collect(dataset(), OPTIONS), collect(dataset("cam", labelled=False), OPTIONS)]
    pairs = clip_pairs(judged(scores(1.0), labels(), "smoothed"))
    told = compare(("a", pairs), ("b", pairs), 100, 0)
    return [render(given, auc_table(metrics), costs), render_twin(metrics, {"ped2": [told]})]


@pytest.mark.parametrize("which", [0, 1])
def test_pages_are_well_formed_and_self_contained(which):
    text = both_pages()[which]
    tags = Tags(text)
    assert all(target.startswith(("#", "data:image/jpeg;base64,")) for target in tags.targets)
    assert "http://" not in text and "https://" not in text and "@import" not in text and "url(" not in text
    assert len(tags.ids) == len(set(tags.ids))
    assert {t[1:] for t in tags.targets if t.startswith("#")} <= set(tags.ids)


def test_equal_input_gives_equal_bytes():
    assert both_pages() == both_pages()


def test_page_shows_every_clip_the_floor_and_the_events():
    text = both_pages()[0]
    for clip in CLIPS:
        assert f'id="clip-ped2-{clip}"' in text and f'id="clip-cam-{clip}"' in text
    assert "Floors: what a score reaches that learned nothing" in text and "labelled anomalous: frames 40 to 89" in text
    assert "event, peak 1.5: frames 30 to 59" in text and "0:03.0 to 0:06.0" in text


def test_without_labels_the_page_says_so_and_prints_no_auc():
    text = page(dataset("cam", labelled=False, events_csv="cam_events.csv"), [files("cam", labelled=False)])
    assert "Without labels there is no AUC." in text and 'href="cam_events.csv"' in text
    assert not re.search(r"AUC \d", text) and "<h3>The table</h3>" not in text and "Highest moments" in text
    assert "Without labels of both classes there is no AUC." in render_twin([files("cam", labelled=False)])


def test_the_twin_explains_every_column_on_hover_and_says_what_legacy_would_print():
    trained = files() | {"checkpoints": 3}
    trained["sins"] = trained["sins"] | {"best_checkpoint_on_test": trained["auc_micro"] + 0.0123}
    text = render_twin([trained, files(system="constant", kind="floor")])
    assert "<code>c0ffee</code>" in text
    tips = {html.unescape(tip) for tip in re.findall(r'data-tip="([^"]*)"', text)}
    assert {column.meaning for column in COLUMNS} <= tips and set(SINS.values()) <= tips
    cells = re.sub(r"<[^>]+>", " ", text[text.index('id="sins"') :]).split()
    words = " ".join(cells)
    assert f"legacy would print +1.2 {trained['auc_micro'] + 0.0123:.4f}, best of 3" in words
    off = render_twin([files()])
    assert "training.snapshots is 0" in off and "best of" not in re.sub(r'data-tip="[^"]*"', "", off)


def test_labels_of_one_class_are_told_from_no_labels():
    given = dataset()
    one_sided = DatasetInput("ped2", given.clips, {c: np.zeros(LENGTH, np.uint8) for c in CLIPS}, given.systems)
    assert "With labels of one class only there is no AUC." in page(one_sided, [files()])


def test_no_threshold_and_no_event_are_told_apart():
    quiet = system(threshold=99.0)
    none = SystemInput("std", "system", quiet.scores, quiet.events.iloc[:0], 99.0)
    assert "No event: the score of std never rose above 99" in page(dataset(systems=[none]), [files()])
    assert "<h3>Events</h3>" not in page(dataset(systems=[system(threshold=None)]), [files()])


def test_names_reasons_and_notes_are_escaped():
    regions = pd.DataFrame(
        [{"frame": t, "x1": 9, "y1": 9, "x2": 99, "y2": 99, "score": 1.0, "reason": EVIL} for t in range(LENGTH)]
    )
    given = dataset(EVIL, systems=[system(EVIL, regions=lambda clip: regions)])
    metrics = [files(EVIL, EVIL, notes=[EVIL])]
    for text in (render([collect(given, OPTIONS)], auc_table(metrics), title=EVIL), render_twin(metrics)):
        assert EVIL not in text and "&lt;script&gt;" in text
        assert text.count("<script>") == 1


def test_budget_bounds_pictures_and_page():
    noise = np.random.default_rng(0).integers(0, 255, (LENGTH, 240, 360, 3), dtype=np.uint8)
    events = pd.DataFrame(
        [{"clip": "01", "start": t, "end": t + 1, "peak": t, "score": t, "threshold": 0.0} for t in range(100)]
    )
    many = SystemInput("std", "system", scores(1.0), events, 0.0)
    text = page(dataset(systems=[many], frames=lambda clip: noise), [files()])
    assert text.count("data:image/jpeg") == OPTIONS.thumbnails
    assert len(text) < 300_000


def test_long_clips_are_thinned_and_long_lists_are_cut():
    long = np.arange(50_000)
    table = pd.DataFrame({"frame": long, "raw": 0.0, "calibrated": 0.0, "smoothed": np.sin(long / 50.0)})
    events = pd.DataFrame(
        {"clip": "a", "start": range(500), "end": range(1, 501), "peak": range(500), "score": 1.0, "threshold": 0.5}
    )
    given = DatasetInput(
        "cam", [ClipInput("a", 25.0, 50_000, (9, 16))], {}, [SystemInput("std", "system", {"a": table}, events, 0.5)]
    )
    report = collect(given, OPTIONS)
    assert report.clips[0].lines[0].path.count("L") < OPTIONS.points
    assert len(report.events) == 200 and report.more_events == 300


def test_the_lead_is_the_best_system_and_never_a_floor():
    perfect = {c: t.assign(smoothed=labels()[c].astype(float)) for c, t in scores(1.0).items()}
    floor = SystemInput("clip_centre", "floor", perfect)
    report = collect(dataset(systems=[floor, system("weak", 0.1), system("good", 2.0)]), OPTIONS)
    assert report.system == "good" and [r.system for r in report.roc] == ["good", "weak", "clip_centre"]
    assert [line.system for line in report.clips[0].lines] == ["good", "weak"]


def test_worst_frames_are_the_largest_miss_and_false_alarm():
    values = {c: t.assign(smoothed=labels()[c].astype(float)) for c, t in scores(1.0).items()}
    values["01"].loc[70, "smoothed"] = -5.0
    values["03"].loc[7, "smoothed"] = 9.0
    report = collect(dataset(systems=[SystemInput("std", "system", values)]), OPTIONS)
    told = {(p.clip, p.title): (p.frame, p.text) for p in report.worst}
    assert told[("01", "miss")] == (70, "100% of the normal frames score as high or higher")
    assert told[("03", "false alarm")] == (7, "100% of the anomalous frames score as low or lower")


def test_missing_frames_leave_words():
    report = collect(dataset(frames=nothing), OPTIONS)
    assert report.worst and not any(p.uri for p in report.worst)
    assert "<img" not in render([report], auc_table([files()]))


def test_no_system_is_refused():
    with pytest.raises(ValueError, match="no system was scored"):
        collect(DatasetInput("ped2", [], {}, []), OPTIONS)


def decoded(uri: str) -> np.ndarray:
    return cv2.imdecode(np.frombuffer(base64.b64decode(uri.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)


def test_pictures_have_the_chosen_width_and_the_source_aspect():
    report = collect(dataset(), OPTIONS)
    assert decoded(report.events[0].picture.uri).shape == (107, 160, 3)


@pytest.mark.parametrize(("seconds", "text"), [(0, "0:00.0"), (59.96, "0:59.9"), (61.5, "1:01.5"), (3600, "1:00:00.0")])
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_metrics_and_report_pay_for_no_torch():
    code = "import sys, vadflow.metrics.evaluate, vadflow.metrics.pixels, vadflow.report.collect, vadflow.report.twin;"
    code += "sys.exit(any(heavy in sys.modules for heavy in ('torch', 'mlflow', 'ultralytics')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
