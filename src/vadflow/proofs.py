"""The sceptic's commands: evaluate again, compare, verify, conform, and "that was fine". Each returns the text to show.

Heavy imports wait until a command runs: `vadflow evaluate` must not pay for torch.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from vadflow.errors import VadflowError

if TYPE_CHECKING:
    import pandas as pd

    from vadflow.params import MetricsParams, ScoringParams


def evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `vadflow evaluate`."""
    parser.add_argument("scores", type=Path, help="results/<dataset>, or its scores folder")
    parser.add_argument("--protocol", default="vadflow-1", help="vadflow-1 (default), legacy, raw, padded or paper")
    parser.add_argument("--params", type=Path, help="params.yaml with the smoother (default: the workspace's own)")
    parser.add_argument("--csv", type=Path, help="also write the table here")


def evaluate(options: argparse.Namespace) -> str:
    """All systems of a score bank under one protocol, beside the headline."""
    from vadflow.io import write_text
    from vadflow.metrics.again import PROTOCOLS, evaluate_again
    from vadflow.metrics.bank import read_bank
    from vadflow.metrics.table import csv_text
    from vadflow.scoring.smooth import Kernel

    if options.protocol not in PROTOCOLS:
        known = ", ".join(PROTOCOLS)
        raise VadflowError(f"no protocol {options.protocol!r}", where="--protocol", fix=f"There are: {known}.")
    scoring, metrics = _sections(options)
    bank = read_bank(options.scores)
    kernel = Kernel(scoring.smoother, scoring.sigma_s, bank.fps)
    table = evaluate_again(bank, options.protocol, kernel, resamples=metrics.bootstrap, seed=metrics.seed)
    if options.csv:
        write_text(options.csv, csv_text(table))
    head = f"{bank.dataset}, protocol {options.protocol}: {PROTOCOLS[options.protocol].meaning}"
    return f"{head}\nsmoother: {scoring.smoother}, {scoring.sigma_s:g} s\n\n{aligned(table)}\n"


def compare_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `vadflow compare`."""
    parser.add_argument("a", help="a system of the table")
    parser.add_argument("b", help="another one")
    parser.add_argument("--scores", type=Path, required=True, help="results/<dataset>, or its scores folder")
    parser.add_argument("--params", type=Path, help="params.yaml with the bootstrap (default: the workspace's own)")


def compare(options: argparse.Namespace) -> str:
    """A paired clip-bootstrap test between two systems."""
    from vadflow.metrics.bank import read_bank
    from vadflow.metrics.comparisons import compare_systems

    _, metrics = _sections(options)
    bank = read_bank(options.scores)
    found = compare_systems(bank, options.a, options.b, resamples=metrics.bootstrap, seed=metrics.seed)
    return (
        f"{bank.dataset}: {found}\n"
        f"95 % interval of the difference, over {len(bank.labels)} clips: "
        f"{100 * found.low:+.1f} to {100 * found.high:+.1f} points ({metrics.bootstrap} resamples)\n"
    )


def verify_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `vadflow verify`."""
    parser.add_argument("a", type=Path, help="a results folder")
    parser.add_argument(
        "b", type=Path, nargs="?", help="another one (default: made again from the record of the first)"
    )
    parser.add_argument("--commit", help="recompute from this commit instead of the recorded one")
    parser.add_argument("--cores", type=int, default=1, help="for the recomputation (default: 1)")


def verify(options: argparse.Namespace) -> tuple[str, bool]:
    """The first stage in which two results differ, and whether any does."""
    import tempfile

    from vadflow.verify.recompute import recompute
    from vadflow.verify.stages import compare_results, told

    with tempfile.TemporaryDirectory(prefix="vadflow-verify-") as folder:
        other = options.b or recompute(options.a, Path(folder), cores=options.cores, commit=options.commit)
        found = compare_results(options.a, other)
    return told(found), bool(found[-1].differences)


def conform_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `vadflow conform`."""
    parser.add_argument("system", help="file name in src/vadflow/systems/, without .py")
    parser.add_argument(
        "--workspace", type=Path, default=Path(), help="its params.yaml has a section for the system (default: here)"
    )


def conform(options: argparse.Namespace) -> tuple[str, bool]:
    """Run the conformance checks on one system; what each said, and whether any failed. Trains it three times."""
    import tempfile

    from vadflow import params
    from vadflow.conformance.checks import Subject, run_checks
    from vadflow.systems.base import load_module

    chosen = params.load(options.workspace / "params.yaml")
    module = load_module(options.system)
    if options.system not in (chosen.systems.model_extra or {}):
        fix = f"Add its numbers under systems.{options.system}; {{}} where it has none."
        raise VadflowError(
            f"expected a section systems.{options.system}", where=f"{options.workspace}/params.yaml", fix=fix
        )
    section = module.Params.model_validate(chosen.systems.of(options.system))
    with tempfile.TemporaryDirectory(prefix="vadflow-conform-") as folder:
        found = list(run_checks(Subject(options.system, section, chosen, Path(folder))))
    lines = [f"{'FAILED' if fault else 'ok':6}  {name}" + (f": {fault}" if fault else "") for name, fault in found]
    failed = any(fault for _, fault in found)
    return "\n".join([*lines, "", "not yet conformant" if failed else f"{options.system} conforms"]) + "\n", failed


def fine_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `vadflow fine`."""
    parser.add_argument("dataset", help="a dataset without labels")
    parser.add_argument("clip", help="a watched clip")
    parser.add_argument("start", type=int, help="first frame that is fine, from 0")
    parser.add_argument("end", type=int, help="first frame after it")
    parser.add_argument("--note", default="", help="why it is fine")
    parser.add_argument("--workspace", type=Path, default=Path(), help="folder with a params.yaml (default: here)")


def fine(options: argparse.Namespace) -> str:
    """Mark frames of a watched clip as normal; the next run calibrates on them."""
    import contextlib

    from vadflow import params
    from vadflow.dag import Plan
    from vadflow.scoring.feedback import NormalEvent, add_event

    if not 0 <= options.start < options.end:
        fix = "Frames count from 0, and the end lies after the start."
        raise VadflowError(f"frames [{options.start}, {options.end})", where="vadflow fine", fix=fix)
    event = NormalEvent(options.dataset, options.clip, options.start, options.end, options.note)
    with contextlib.chdir(options.workspace):
        Plan(params.load(), clips_per_job=1).require_unlabelled(event)
        new = add_event(event)
    if not new:
        return "these frames are marked already; nothing changed\n"
    return "marked. The next `make results` recalibrates with these frames and redoes what follows, and nothing else.\n"


def _sections(options: argparse.Namespace) -> tuple[ScoringParams, MetricsParams]:
    """The smoother and the bootstrap, from --params or the workspace that the scores lie in."""
    from vadflow import params

    path = options.params
    if path is None:
        found = [folder / "params.yaml" for folder in options.scores.resolve().parents]
        path = next((one for one in found if one.is_file()), None)
    if path is None:
        fix = "Name the params.yaml whose smoother to use: --params <file>."
        raise VadflowError("no params.yaml above this folder", where=str(options.scores), fix=fix)
    scoring = params.load_section(params.ScoringParams, "scoring", path)
    return scoring, params.load_section(params.MetricsParams, "metrics", path)


def aligned(table: pd.DataFrame) -> str:
    """A table for a terminal: four decimals, points with their sign, what is not defined as a dash."""
    shown = {"points": "{:+.1f}".format}
    formats = {name: shown.get(name, "{:.4f}".format) for name in table.columns if table[name].dtype.kind == "f"}
    return table.to_string(index=False, na_rep="-", formatters=formats)
