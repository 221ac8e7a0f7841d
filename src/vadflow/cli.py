"""The command line: one table of subcommands, each its own function that returns an exit status."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from vadflow import proofs
from vadflow.errors import VadflowError


@dataclass(frozen=True)
class Command:
    """A subcommand: its help line, how it declares its arguments, what it does."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Returns:
        0 = all is well, 1 = trouble with the data or parameters, told in one line each.
    """
    logging.basicConfig(level=logging.INFO, format="vadflow: %(message)s", stream=sys.stderr)
    options = _parser().parse_args(arguments)
    try:
        return COMMANDS[options.command].run(options)
    except VadflowError as fault:
        logging.getLogger("vadflow").error("%s", fault)
        return 1


def show(text: str) -> None:
    """Write a result (not a log line) to standard output."""
    sys.stdout.write(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vadflow", description="Video anomaly detection as one workflow.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.help, description=command.help))
    return parser


def _check_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--workspace", type=Path, default=Path(), help="folder with a params.yaml (default: here)")


def _check(options: argparse.Namespace) -> int:
    from vadflow import check, params

    if not options.workspace.is_dir():
        raise VadflowError(
            "no such folder", where=f"--workspace {options.workspace}", fix="Name a folder with a params.yaml."
        )
    with contextlib.chdir(options.workspace):  # paths in params.yaml are relative to their workspace
        chosen = params.load()
        lines = check.check(chosen.datasets, chosen.frames)
    show(check.table(lines))
    return int(check.in_trouble(lines))


def _shown(text_of: Callable[[argparse.Namespace], str]) -> Callable[[argparse.Namespace], int]:
    """A command that only has something to say."""

    def run(options: argparse.Namespace) -> int:
        show(text_of(options))
        return 0

    return run


def _judged(verdict_of: Callable[[argparse.Namespace], tuple[str, bool]]) -> Callable[[argparse.Namespace], int]:
    """A command that says something and ends with 1 when it found trouble."""

    def run(options: argparse.Namespace) -> int:
        text, trouble = verdict_of(options)
        show(text)
        return int(trouble)

    return run


def _workspace_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="the workspace; made where it is missing")
    # One option takes name and values: argparse would lose positionals that follow an option.
    parser.add_argument(
        "--example",
        nargs="+",
        required=True,
        metavar=("NAME", "KEY=VALUE"),
        help="a folder of examples/, and its places",
    )


def _workspace(options: argparse.Namespace) -> int:
    from vadflow import workspace

    name, *pairs = options.example
    values = dict(pair.partition("=")[::2] for pair in pairs)
    show(f"{workspace.create(options.folder, name, values)}\n")
    return 0


def _schema_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the file is not in step")


def _schema(options: argparse.Namespace) -> int:
    from vadflow import schema

    if options.check:
        schema.require_in_step()
    else:
        show(f"{schema.write()}\n")
    return 0


COMMANDS = {
    "check": Command("hold the datasets' files against what is expected of them", _check_arguments, _check),
    "evaluate": Command(
        "judge existing scores again, under any protocol", proofs.evaluate_arguments, _shown(proofs.evaluate)
    ),
    "compare": Command("test whether one system beats another", proofs.compare_arguments, _shown(proofs.compare)),
    "verify": Command(
        "name the first stage in which two results differ", proofs.verify_arguments, _judged(proofs.verify)
    ),
    "conform": Command("check one's own system", proofs.conform_arguments, _judged(proofs.conform)),
    "fine": Command("mark an event on unlabelled video as normal", proofs.fine_arguments, _shown(proofs.fine)),
    "workspace": Command("make a workspace from an example", _workspace_arguments, _workspace),
    "schema": Command("write workflow/schemas/params.schema.json", _schema_arguments, _schema),
}


if __name__ == "__main__":
    sys.exit(main())
