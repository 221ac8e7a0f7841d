"""Write beside the table which commit and which parameters made it, so that `vadflow verify` can make it again."""

import json
from pathlib import Path
from typing import Any

from vadflow import __version__, job, tracking
from vadflow.io import write_json


def main(snakemake: Any) -> None:
    """A `+` after the commit says that there were changes on top of it."""
    commit = tracking.git_commit(Path(tracking.__file__).parent)
    record = {"commit": commit, "version": __version__, "params": json.loads(snakemake.params.parameters)}
    write_json(snakemake.output[0], record)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
