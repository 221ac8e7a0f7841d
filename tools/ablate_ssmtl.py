"""The ablation tables of docs/ssmtl.md.

    PYTHONPATH=src python tools/ablate_ssmtl.py <workspace> <dataset> [--params <file>] [--model <folder>] [--seed 0]
    PYTHONPATH=src python tools/ablate_ssmtl.py <workspace> <dataset> [--params <file>] --refit <row> ... [--steps 150] [--every 2]

Reads the artefacts of a finished run (flow, objects, truth) and the sources; nothing of the workspace is changed. Without
`--refit` one student is trained (or loaded from `--model`, a folder of models/ssmtl/<seed>) and judges every clip once; the rows are then
ways to add up what its tasks said. With `--refit` every named row trains a student of its own. Columns: micro AUC raw and smoothed, macro
AUC over clips with both classes; before them, for a row with a student of its own, the AUC of its pseudo-anomalies on held-out normal
video, which may choose. The AUC of the test set may not.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

REFITS: dict[str, dict[str, Any]] = {
    "as-it-is": {},
    "trunk-3d": {"network": {"trunk": "3d"}},
    "one-student": {"network": {"students": 1}},
    "two-students": {"network": {"students": 2}},
    "one-stream": {"network": {"streams": "one"}},
    "two-streams": {"network": {"streams": "two"}},
    "without-square": {"tubes": {"square": None}},
    "two-streams-without-square": {"network": {"streams": "two"}, "tubes": {"square": None}},
    "shallow": {"network": {"depth": "shallow"}},
    "deep": {"network": {"depth": "deep"}},
    "context-tight": {"tubes": {"wide": 0.15, "square": 0.15}},
    "context-wide": {"tubes": {"tight": 0.4}},
    "side-64": {"tubes": {"side": 64}},
    "puzzles": {"tasks": ["arrow", "irregular", "middle", "classes", "knowledge", "jigsaw", "inpaint"]},
    "without-teacher": {"imagenet": None},
    "without-windows": {"windows": 0},
    **{f"only-{task}": {"tasks": [task]} for task in ("arrow", "irregular", "middle", "classes", "knowledge")},
}


def clip_views(params: Any, dataset: str, split: Any, kinds: Sequence[str] = ("flow", "objects")) -> list[Any]:
    """Views of one split with some kinds of artefacts, from the files of a finished run and the dataset's own sources."""
    from vadflow.clip import views
    from vadflow.dag import Plan
    from vadflow.io import read_table
    from vadflow.layout import Layout

    plan, place = Plan(params, 1), Layout(dataset)
    names = plan.clips(dataset, split)
    files = {kind: [place.clip(kind, split, name) for name in names] for kind in kinds}
    return views(read_table(place.index(split)), names, files | {"source": plan.paths(dataset, split)})


def fitted(params: Any, section: Any, clips: Sequence[Any], seed: int, folder: Path) -> Any:
    """Train as the workflow does."""
    from vadflow.training.fit import fit_system

    frames = params.frames
    return fit_system(
        "ssmtl", section, clips, frame_shape=(frames.height, frames.width, frames.channels), seed=seed,
        held_out=params.training.held_out, folder=folder, checkpoint=folder / "checkpoint", checkpoint_s=1e6, threads=1,
    )  # fmt: skip


def changed(section: Any, update: Mapping[str, Any]) -> Any:
    """The section with some keys replaced, one level deep."""
    plain = section.model_dump()
    for key, value in update.items():
        plain[key] = plain[key] | value if isinstance(value, dict) else value
    return type(section).model_validate(plain)


class Rows:
    """What the student said of held-out and test clips, added up in several ways."""

    def __init__(
        self, system: Any, held: Sequence[Any], test: Sequence[Any], labels: Mapping[str, np.ndarray], scoring: Any
    ) -> None:
        """Judge every clip once; `scoring` is the section of `params.yaml` with the smoother."""
        from vadflow.clip import Segment
        from vadflow.scoring.smooth import Kernel

        self.smooth = Kernel(scoring.smoother, scoring.sigma_s, {clip.name: clip.fps for clip in test})
        self.system, self.judge, self.test, self.labels = system, system._judge(), test, labels
        self.normal = [system.known.get(segment) or self.judge.look(segment) for segment in held]
        self.judged = [self.judge.look(Segment(clip, 0, len(clip))) for clip in test]

    def measure(
        self, weights: Mapping[str, float], *, least: float = 0.0, windows: bool = True, **changes: Any
    ) -> list[float]:
        """Micro raw, micro smoothed, macro over clips with both classes.

        Args:
            weights: of the tasks.
            least: boxes below this confidence are left out, in calibration and test.
            windows: whether the fastest windows are judged too.
            changes: keys of `ScoreParams`, unchecked, so that a truncation may lie below 0; the scale is learned anew.
        """
        from dataclasses import replace

        from vadflow.ssmtl.judged import detected_of, joined
        from vadflow.ssmtl.scale import fit_rarities, rarity_of, weighted

        own = self.judge.params.model_copy(update=changes)
        judge = replace(self.judge, params=own)
        known = [kept(one, least, windows, own) for one in self.normal]
        scales = judge.scales(known)

        def total(parts: Sequence[Any]) -> np.ndarray:
            return weighted(joined([judge.evidence(one, scales) for one in parts]), weights)

        rarities = fit_rarities(total(known), detected_of(known))
        frames = []
        for clip, one in zip(self.test, self.judged, strict=True):
            seen = kept(one, least, windows, own)
            surprise = rarity_of(total([seen]), seen.detected, rarities)
            frames.append(self.frame_scores(surprise, seen.seen.frame, len(clip)))
        return self.numbers(frames)

    def paper(self) -> list[float]:
        """The paper's plain mean of four tasks."""
        return self.numbers(
            [
                self.frame_scores(one.published(), one.seen.frame, len(c))
                for c, one in zip(self.test, self.judged, strict=True)
            ]
        )

    def frame_scores(self, values: np.ndarray, frame: np.ndarray, length: int) -> np.ndarray:
        """(T,) the largest object; frames that were not judged take the nearest."""
        from vadflow.attributes.model import frame_largest
        from vadflow.objects.tubes import REACH, target_frames

        wanted = np.asarray(target_frames(0, length, REACH, self.judge.params.every))
        nearest = wanted[np.abs(np.arange(length)[:, None] - wanted).argmin(axis=1)]
        return frame_largest(values, frame, length)[nearest]

    def numbers(self, frames: Sequence[np.ndarray]) -> list[float]:
        """Of one row."""
        from vadflow.metrics.roc import has_both, roc_auc

        labels = [self.labels[clip.name] for clip in self.test]
        smoothed = [self.smooth(values, clip.name) for values, clip in zip(frames, self.test, strict=True)]
        each = [roc_auc(y, s) for y, s in zip(labels, smoothed, strict=True) if has_both(y)]
        found = [roc_auc(np.concatenate(labels), np.concatenate(some)) for some in (frames, smoothed)]
        return [float(value if value is not None else np.nan) for value in (*found, np.mean(each))]  # type: ignore[arg-type]


def kept(judged: Any, least: float, windows: bool, params: Any) -> Any:
    """Without the boxes whose largest class probability is below `least`; what is left is linked as `params` say."""
    from dataclasses import replace

    from vadflow.ssmtl.judged import linked

    sure = judged.seen.probability.max(axis=1, initial=0.0) >= least
    rows = np.flatnonzero(np.where(judged.detected, sure, windows))
    seen, values = judged.seen.pick(rows), {name: value[rows] for name, value in judged.values.items()}
    track = linked(seen, judged.detected[rows], params)
    return replace(judged, seen=seen, row=judged.row[rows], track=track, values=values)


def ways(rows: Rows) -> Iterator[tuple[str, list[float]]]:
    """Name and numbers of every way to add up."""
    tasks = list(rows.system.params.learned)
    equal, chosen = dict.fromkeys(tasks, 1.0), rows.system.weights
    yield "chosen weights " + ", ".join(f"{task} {share:g}" for task, share in chosen.items()), rows.measure(chosen)
    yield "equal weights", rows.measure(equal)
    yield "chosen weights, tails instead of z", rows.measure(chosen, calibration="tail")
    yield "chosen weights, nothing truncated", rows.measure(chosen, truncate=-10.0)
    yield "chosen weights, no smoothing along tracklets", rows.measure(chosen, smooth_frames=0.0)
    yield "chosen weights, presence", rows.measure(chosen, presence=True)
    yield "chosen weights, the detector's boxes alone", rows.measure(chosen, windows=False)
    yield "plain mean of raw values, as in the paper", rows.paper()
    for task in tasks:
        yield f"only {task}", rows.measure({**dict.fromkeys(tasks, 0.0), task: 1.0})
    for task in tasks:
        yield f"chosen weights without {task}", rows.measure({**chosen, task: 0.0})
    for least in (0.15, 0.3, 0.5):
        yield f"chosen weights, detector confidence {least}", rows.measure(chosen, least=least)


def shortened(section: Any, arguments: argparse.Namespace) -> Any:
    """The section with fewer steps, judging fewer frames, another teacher, where that was asked for."""
    steps = {"train": {"steps": arguments.steps}} if arguments.steps else {}
    every = {"score": {"every": arguments.every}} if arguments.every else {}
    teacher = {"imagenet": arguments.teacher} if arguments.teacher else {}
    return changed(section, steps | every | teacher)


def told() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("workspace")
    parser.add_argument("dataset")
    parser.add_argument(
        "--params", type=Path, help="instead of the workspace's params.yaml; its paths must be filled in"
    )
    parser.add_argument("--model", type=Path)
    parser.add_argument("--refit", nargs="*", choices=REFITS, default=[])
    parser.add_argument("--teacher", help="instead of the parameters' ImageNet teacher: see objects/imagenet.py")
    parser.add_argument("--steps", type=int, help="train each student this long instead")
    parser.add_argument("--every", type=int, help="judge every so many-th frame instead")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def main() -> None:
    """Print Markdown tables."""
    arguments = told()
    model, file = (path.absolute() if path else None for path in (arguments.model, arguments.params))
    os.chdir(arguments.workspace)
    from vadflow.layout import Layout
    from vadflow.metrics.gather import read_labels
    from vadflow.params import load
    from vadflow.training.split import split_normal
    from vadflow.training.store import load_system

    params = load(file or "params.yaml")
    section = shortened(params.systems.of("ssmtl"), arguments)
    train, test = (clip_views(params, arguments.dataset, split) for split in ("train", "test"))
    _, held = split_normal(train, params.training.held_out)
    labels = read_labels(Layout(arguments.dataset).truth("frames"))
    first = "row | pseudo" if arguments.refit else "row"
    print(f"| {first} | raw | smoothed | macro |\n" + "|---" * (first.count("|") + 4) + "|")
    for name in arguments.refit or [""]:
        with tempfile.TemporaryDirectory() as folder:
            own = changed(section, REFITS.get(name, {}))
            system = load_system(model) if model else fitted(params, own, train, arguments.seed, Path(folder))
            row = f"{name} | {pseudo_auc(Path(folder)):.1f}" if name else ""
        rows = Rows(system, held, test, labels, params.scoring)
        for title, values in [(row, rows.measure(rows.system.weights))] if name else ways(rows):
            print(f"| {title} | " + " | ".join(f"{100 * value:.2f}" for value in values) + " |", flush=True)


def pseudo_auc(folder: Path) -> float:
    """Of the chosen weights on held-out normal video, %."""
    from vadflow.io import read_table

    history = read_table(folder / "history.parquet")
    chosen = history[(history.phase == "choice") & (history.term == "auc")]
    return 100 * float(chosen.sort_values("step").value.iloc[-1])


if __name__ == "__main__":
    main()
