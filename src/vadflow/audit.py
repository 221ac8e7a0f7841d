"""The leakage audit: from Snakemake's own record of how each file was made, no model has a test file among its ancestors."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vadflow.errors import VadflowError
from vadflow.layout import CLIP_KINDS, FUSION, SCORED_KINDS, Layout

VERDICT = "no test file among the ancestors of any training or calibration job"
FED_BACK = "; except watched frames of unlabelled video that a person marked as normal, in the files marked fed_back"


def read_provenance(folder: str | Path = ".snakemake/metadata") -> dict[str, list[str]]:
    """Read which inputs each file was made from.

    Args:
        folder: Snakemake's metadata; one JSON record per output, named by the base64 of the output's path (long names in nested
            folders whose names begin with `@`).

    Returns:
        inputs by output.
    """
    folder = Path(folder)
    records = {}
    for path in folder.rglob("*"):
        if path.is_file():
            name = "".join(part.removeprefix("@") for part in path.relative_to(folder).parts)
            output = base64.b64decode(name).decode()
            records[output] = [str(item) for item in json.loads(path.read_text(encoding="utf-8")).get("input") or []]
    return records


def ancestors(output: str, provenance: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """Everything `output` was made from, transitively.

    Returns:
        ancestor -> the file that was made from it, so that a path can be told.
    """
    found: dict[str, str] = {}
    waiting = [output]
    while waiting:
        child = waiting.pop()
        for parent in provenance.get(child, ()):
            if parent not in found:
                found[parent] = child
                waiting.append(parent)
    return found


def is_test_file(path: str, dataset: str, sources: Iterable[str]) -> bool:
    """Whether a path belongs to the test split: a test source or label, anything made from one, or any truth.

    >>> is_test_file("results/plaza/frames/test/01.npy", "plaza", []), is_test_file("results/plaza/frames/train/01.npy", "plaza", [])
    (True, False)
    """
    root = Layout(dataset).root
    made = ["truth/", "events/", "metrics/", "clips_test", "source/test/"]
    made += [*(f"{kind}/" for kind in SCORED_KINDS), *(f"{kind}/test/" for kind in CLIP_KINDS)]
    return any(path.startswith(f"{root}/{part}") for part in made) or path in set(sources)


def audit(
    models: Iterable[str],
    provenance: Mapping[str, Iterable[str]],
    forbidden: Mapping[str, list[str]],
    fed_back: Iterable[str] = (),
) -> dict[str, Any]:
    """Check every model and calibration file.

    Args:
        models: outputs of training and calibration jobs.
        provenance: see `read_provenance`.
        forbidden: test sources and label files per dataset.
        fed_back: unlabelled datasets on which a person marked watched frames as normal. Their calibration rests on these
            frames, openly; their training still must not.

    Returns:
        for every model the number of its ancestors, to be written as JSON.

    Raises:
        VadflowError: a test file is among the ancestors (named, with the file made from it), or nothing is recorded.
    """
    report: dict[str, Any] = {}
    for model in models:
        if not provenance.get(model):
            raise VadflowError(
                "no provenance recorded", where=model, fix="Delete the file and run the same command again."
            )
        found = ancestors(model, provenance)
        if any(_may_be_fed_back(model, dataset) for dataset in fed_back):
            report[model] = {"ancestors": len(found), "fed_back": True}
            continue
        for path, child in sorted(found.items()):
            for dataset, sources in forbidden.items():
                if is_test_file(path, dataset, sources):
                    raise VadflowError(
                        f"leakage: the test file {path} is an ancestor, through {child}",
                        where=model,
                        fix="Remove that edge from workflow/rules: training and calibration never read a test file.",
                    )
        report[model] = {"ancestors": len(found), "test_files": 0}
    return {
        "verdict": VERDICT + (FED_BACK if any("fed_back" in one for one in report.values()) else ""),
        "models": report,
    }


def _may_be_fed_back(model: str, dataset: str) -> bool:
    """Scales, thresholds, and what `fusion` averages through its members' scales."""
    place = f"{Layout(dataset).root}/models/"
    return model.startswith(place) and (
        model.endswith(("/calibration.json", "/threshold.json")) or model.startswith(f"{place}{FUSION}/")
    )
