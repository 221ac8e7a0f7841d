"""The command line: one table of subcommands, each its own function that returns an exit status."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

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
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
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


COMMANDS = {
    "check": Command("hold the datasets' files against what is expected of them", _check_arguments, _check),
}


if __name__ == "__main__":
    sys.exit(main())
