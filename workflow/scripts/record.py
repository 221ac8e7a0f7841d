"""Write beside the table which commit, parameters and feedback made it, so that `vadflow verify` can make it again."""

import json
from pathlib import Path
from typing import Any

from vadflow import __version__, job, tracking
from vadflow.io import write_json


def main(snakemake: Any) -> None:
    """A `+` after the commit says that there were changes on top of it."""
    commit = tracking.git_commit(Path(tracking.__file__).parent)
    made_of = {"params": json.loads(snakemake.params.parameters), "normal_events": snakemake.params.normal_events}
    write_json(snakemake.output[0], {"commit": commit, "version": __version__} | made_of)


if "snakemake" in globals():
    job.run(main, globals()["snakemake"])
