"""The stages in the order of the pipeline, and the first one in which two results folders differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from vadflow.errors import VadflowError
from vadflow.layout import AUC_TABLE, CLIP_KINDS, MODEL_FILES, RESULTS, Layout
from vadflow.verify.differ import differ

_ANY = Layout("*")


def _made(kind: str) -> str:
    return _ANY.clip(kind, "*", "*") if kind in CLIP_KINDS else _ANY.scored(kind, "*", "*", "*")


def _model(file: str) -> str:
    return _ANY.model(file, "*", "*")


STAGES = {
    "frames": (_made("frames"), _ANY.index("*")),
    "differences": (_made("differences"),),
    "flow": (_made("flow"), _ANY.flow_size),
    "objects": (_made("objects"), _made("poses")),
    "pseudo": (_ANY.pseudo,),
    "training": tuple(map(_model, MODEL_FILES)),
    "raw scores": (_made("raw"), _made("maps"), _made("regions"), _made("snapshot_scores")),
    "calibration": (_model("calibration.json"), _model("threshold.json")),
    "scores": (_made("scores"), _ANY.events("*", "*")),
    "metrics": (_ANY.metrics("*", "*"), AUC_TABLE),
}
"""stage -> patterns of its files, as `layout.py` names them. Costs, logs and pages are no stage: they may differ."""


@dataclass(frozen=True)
class Difference:
    """One file that differs: `results/<...>` relative to the folder, and by how much, in words."""

    file: str
    size: str

    @property
    def place(self) -> str:
        """Read from the file's name: `clip plaza/test/01`, `clip plaza/std/0/01` (system, seed), `plaza/std/0` for a model."""
        parts = Path(self.file).with_suffix("").parts
        if len(parts) < 4:
            return "/".join(parts)
        if parts[1] in ("models", "metrics", "events"):
            return "/".join((parts[0], *parts[2:4]))
        return "clip " + "/".join((parts[0], *parts[2:]))


@dataclass(frozen=True)
class StageResult:
    """One stage of both folders.

    Attributes:
        stage: a key of STAGES.
        files: compared.
        differences: by file name; empty where all are equal.
        missing: "", or which of the folders lacks the whole stage, which is then not compared.
    """

    stage: str
    files: int
    differences: tuple[Difference, ...] = ()
    missing: str = ""


def compare_results(a: Path, b: Path) -> list[StageResult]:
    """Compare two results folders by content, down to the first stage that differs.

    Args:
        a: a `results` folder.
        b: another one.

    Returns:
        the stages in order; the last one differs, or all are equal.

    Raises:
        VadflowError: a folder is missing, or the two have no stage in common.
    """
    for folder in (a, b):
        if not folder.is_dir():
            raise VadflowError("no such folder", where=str(folder), fix="Name a results folder.")
    done: list[StageResult] = []
    for stage, patterns in STAGES.items():
        done.append(_compare_stage(stage, patterns, a, b))
        if done[-1].differences:
            break
    if not any(result.files for result in done):
        raise VadflowError("nothing to compare", where=f"{a} and {b}", fix="Name two results folders.")
    return done


def _compare_stage(stage: str, patterns: Iterable[str], a: Path, b: Path) -> StageResult:
    files = [_listed(folder, patterns) for folder in (a, b)]
    for own, folder in zip(files, (a, b), strict=True):
        if not own:
            return StageResult(stage, 0, missing=str(folder))
    differences = [Difference(file, f"only in {a}") for file in sorted(files[0] - files[1])]
    differences += [Difference(file, f"only in {b}") for file in sorted(files[1] - files[0])]
    both = sorted(files[0] & files[1])
    found = ((file, differ(a / file, b / file)) for file in both)
    differences += [Difference(file, size) for file, size in found if size]
    return StageResult(stage, len(files[0] | files[1]), tuple(differences))


def _listed(folder: Path, patterns: Iterable[str]) -> set[str]:
    below = (pattern.removeprefix(f"{RESULTS}/") for pattern in patterns)
    found = {path for pattern in below for path in folder.glob(pattern)}
    return {path.relative_to(folder).as_posix() for path in found if not path.name.startswith(".")}


def told(results: list[StageResult], *, most: int = 10) -> str:
    """The comparison in words: one line a stage, then the first difference, file by file."""
    lines = []
    for result in results:
        if result.missing:
            lines.append(f"{result.stage}: not compared, {result.missing} has none")
        elif result.differences:
            lines.append(f"{result.stage}: {len(result.differences)} of {result.files} files DIFFER")
        else:
            lines.append(f"{result.stage}: {result.files} files, equal")
    last = results[-1]
    if not last.differences:
        return "\n".join([*lines, "", "no difference"]) + "\n"
    shown = [f"  {one.place}: {one.size} ({one.file})" for one in last.differences[:most]]
    more = len(last.differences) - most
    shown += [f"  and {more} more files"] if more > 0 else []
    return "\n".join([*lines, "", f"the first stage that differs is: {last.stage}", *shown]) + "\n"
