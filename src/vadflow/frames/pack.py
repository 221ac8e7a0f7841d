"""Clip -> one packed, memory-mappable file at the systems' working size, and its index row from the same pass."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from tqdm import tqdm

from vadflow.errors import VadflowError
from vadflow.frames.decode import Decoder, Limits
from vadflow.frames.index import OnDamage, complaint, raise_all, row
from vadflow.io import ArrayWriter
from vadflow.types import ClipSource

log = logging.getLogger(__name__)


def pack_clip(
    source: ClipSource,
    path: Path,
    *,
    height: int,
    width: int,
    channels: int,
    limits: Limits,
    on_damage: OnDamage,
    threads: int = 1,
) -> dict[str, Any]:
    """Decode one clip into `path`, uint8 (T, height, width, channels).

    Args:
        source: the clip.
        path: `.npy` file to write; a clip that may not be used leaves none.
        height: working height, px.
        width: working width, px.
        channels: 1 = gray, 3 = RGB.
        limits: caps on the source.
        on_damage: stop at a short or damaged clip, or keep the frames that decode.
        threads: decoding threads.

    Returns:
        the clip's row of the index.

    Raises:
        VadflowError: the clip may not be used.
    """
    decoder = Decoder(source.path, limits=limits, fps=source.fps, threads=threads)
    with ArrayWriter(path, item_shape=(height, width, channels)) as packed:
        for frame in decoder:
            packed.append(resize(frame, height, width, channels))
        found = row(source, decoder.found)
        if fault := complaint(found, on_damage):
            raise fault
    if found["status"] != "ok":
        log.warning("clip %s (%s) is %s: %s", found["clip"], found["source"], found["status"], found["detail"])
    return found


def pack_clips(
    sources: Sequence[ClipSource], paths: Sequence[Path], *, limits: Limits, on_damage: OnDamage, **size: int
) -> list[dict[str, Any]]:
    """Pack several clips, all of them before stopping, so that one run names every bad file.

    Args:
        sources: the clips.
        paths: one `.npy` file per clip.
        limits: caps on the sources.
        on_damage: stop at a short or damaged clip, or keep the frames that decode.
        **size: `height`, `width`, `channels`, `threads` of `pack_clip`.

    Raises:
        VadflowError: lists every clip that may not be used.
    """
    rows, faults = [], []
    for source, path in zip(tqdm(sources, desc="frames", unit="clip"), paths, strict=True):
        try:
            rows.append(pack_clip(source, path, limits=limits, on_damage=on_damage, **size))
        except VadflowError as fault:
            faults.append(fault)
    raise_all(faults, len(sources))
    return rows


def resize(frame: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
    """Bring a frame to working size by area averaging, which neither aliases nor rings.

    Args:
        frame: (H, W, 3) uint8 RGB.
        height: px.
        width: px.
        channels: 1 = gray (ITU-R 601 luma), 3 = RGB.

    Returns:
        (height, width, channels) uint8.
    """
    image = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if channels == 1 else frame
    if image.shape[:2] != (height, width):
        image = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return image.reshape(height, width, channels)
