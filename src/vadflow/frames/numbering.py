"""Whether the images of a folder are numbered without a gap."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from statistics import median


def gaps(paths: Sequence[Path]) -> list[str]:
    """Tell each place where a folder's frame numbers do not go up by one.

    Only folders that mostly count by one are judged: names may as well be timestamps, or every second frame of a video.

    Args:
        paths: image files in natural order.

    >>> gaps([Path("000.jpg"), Path("001.jpg"), Path("003.jpg"), Path("004.jpg")])
    ['003.jpg follows 001.jpg: 1 missing']
    """
    numbers = [_number(path) for path in paths]
    steps = [after - before for before, after in pairwise(numbers) if before is not None and after is not None]
    if len(steps) != len(paths) - 1 or not steps or median(steps) != 1:
        return []
    told = zip(pairwise(paths), steps, strict=True)
    return [_tell(before, after, step) for (before, after), step in told if step != 1]


def _number(path: Path) -> int | None:
    digits = re.findall(r"[0-9]+", path.stem)
    return int(digits[-1]) if digits else None


def _tell(before: Path, after: Path, step: int) -> str:
    what = f"{step - 1} missing" if step > 1 else "numbered twice or backwards"
    return f"{after.name} follows {before.name}: {what}"
