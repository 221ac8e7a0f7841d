"""The one road from error maps to a frame score, for every frame-level system and baseline.

    squared error maps -> to a power -> each divided by what normal video shows at that place -> weighted sum
                       -> means over patches -> generalised mean of all patches

A mean over the whole frame drowns one cyclist in a hundred pedestrians; the largest raw patch is the nearest walker. Dividing by
the error that is usual *where there is something to err about* removes the perspective, the patch mean removes single noisy
cells, and the generalised mean (1: mean, 2: root mean square, towards the largest patch) says how local an anomaly is. Sizes are
in working pixels and not in cells: a flow map with cells of 3 px and an error map with cells of 8 px are judged by patches of the
same size on the ground. How the values in params.yaml were chosen, and what was seen: docs/choosing.md.

Letters: gh gw cells of the map, kh kw cells a patch.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter, uniform_filter

from vadflow.params import Section
from vadflow.systems.base import Region

AGGREGATE_NOTE = (
    "aggregate: chosen on rehearsals; they were made harder after an earlier choice had failed on Ped2's test set"
)
"""For the notes of every system that uses it: choices made while looking at a test set stand in the table."""

Maps = Mapping[str, np.ndarray]
"""Named (gh, gw) maps of one frame: squared errors or energies, non-negative."""


class AggregateParams(Section):
    """How error maps become a frame score."""

    power: float = Field(gt=0, le=2, description="exponent of every squared error; 0.5 makes it an amplitude")
    patch_px: float = Field(gt=0, le=512, description="side of the patch whose mean error counts, working px")
    reach_px: float = Field(
        ge=0, le=512, description="Gaussian reach over which places share their usual error, working px"
    )
    pool: float = Field(
        ge=1, le=64, description="exponent of the mean over patches; 1 is the mean, 64 nearly the largest"
    )
    floor: float = Field(
        ge=0,
        le=10,
        description="added to the usual error, in units of its mean over the frame: how little quiet places count",
    )
    regions: int = Field(
        ge=0, le=20, description="boxes a frame, around its largest patches, none with another's middle in it"
    )
    region_px: float = Field(gt=0, le=512, description="side of such a box, working px: about a person")


class Aggregator:
    """Fitted on normal error maps as a stream, then turns maps into scores."""

    def __init__(self, params: AggregateParams, weights: Mapping[str, float], frame_shape: tuple[int, ...]) -> None:
        """Start unfitted: every place counts alike.

        Args:
            params: see there.
            weights: share of each named map in the sum; maps without a weight are left out.
            frame_shape: (h, w, ...) of the working frames that every map covers, px.
        """
        self.params, self.size = params, (frame_shape[0], frame_shape[1])
        self.weights = {name: weight for name, weight in weights.items() if weight > 0}
        self.usual: dict[str, np.ndarray] = {}

    def fit(self, frames: Iterable[Maps]) -> None:
        """Learn the usual error at each place.

        It is the error-weighted mean error, E[e^2] / E[e], and not E[e]: a place where one walker passes in a thousand frames
        expects of him the same error as a place where they pass all day.

        Args:
            frames: maps of normal frames; an empty stream leaves the aggregator unfitted.
        """
        sums: dict[str, list[np.ndarray]] = {}
        for maps in frames:
            for name in self.weights:
                error = np.power(maps[name].astype(np.float64), self.params.power)
                first, second = sums.get(name, (np.zeros(error.shape), np.zeros(error.shape)))
                sums[name] = [first + error, second + np.square(error)]
        self.usual = {name: self._usual(*pair) for name, pair in sums.items()}

    def _usual(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        if self.params.reach_px > 0:
            reach = [self.params.reach_px * cells / side for cells, side in zip(first.shape, self.size, strict=True)]
            first, second = (gaussian_filter(total, reach, mode="nearest") for total in (first, second))
        tiny = np.finfo(np.float32).tiny
        usual = second / np.maximum(first, tiny)
        usual = usual + self.params.floor * usual.mean()
        return np.where(usual > tiny, usual, 1.0).astype(np.float32)

    def patches(self, maps: Maps) -> np.ndarray:
        """Weighted sum of the maps in units of their usual error, as patch means around each place, (gh, gw) float32."""
        total = sum(weight * self._relative(name, maps[name]) for name, weight in self.weights.items())
        return self._patch_means(np.asarray(total, dtype=np.float32))

    def score(self, maps: Maps) -> tuple[float, np.ndarray, dict[str, float]]:
        """Return (frame score, patch map (gh, gw) float32, frame score of each map alone)."""
        patches = self.patches(maps)
        terms = {name: self.pool(self._patch_means(self._relative(name, maps[name]))) for name in self.weights}
        return self.pool(patches), patches, terms

    def regions(self, patches: np.ndarray, size: tuple[int, int], reason: str) -> list[Region]:
        """Boxes of a person's size around the largest patches, none with another's middle in it.

        What is odd about somebody may be one cell of him: the patch that counts is no box that a person would draw.

        Args:
            patches: (gh, gw) patch map.
            size: (height, width) of the source, px.
            reason: what a person reads beside the box.
        """
        left, found = patches.copy(), []
        scale, patch = np.array(size) / patches.shape, np.array(self._cells(self.params.patch_px, patches.shape))
        side = np.maximum(self._cells(self.params.region_px, patches.shape), patch)
        for _ in range(self.params.regions):
            row, column = np.unravel_index(int(left.argmax()), left.shape)
            score = float(left[row, column])
            if not np.isfinite(score):
                break
            middle = np.array([row, column]) - patch // 2 + patch / 2
            corner = np.clip(middle - side / 2, 0, np.array(left.shape) - side)
            (y1, x1), (y2, x2) = corner * scale, (corner + side) * scale
            found.append(Region(float(x1), float(y1), float(x2), float(y2), score, reason))
            (kh, kw) = side
            left[max(row - kh + 1, 0) : row + kh, max(column - kw + 1, 0) : column + kw] = -np.inf
        return found

    def _relative(self, name: str, error: np.ndarray) -> np.ndarray:
        error = np.power(np.asarray(error, dtype=np.float32), self.params.power)
        return error / self.usual[name] if name in self.usual else error

    def _patch_means(self, error: np.ndarray) -> np.ndarray:
        return uniform_filter(error, self._cells(self.params.patch_px, error.shape), mode="nearest")

    def pool(self, patches: np.ndarray) -> float:
        """Generalised mean of a patch map, (gh, gw)."""
        largest = float(patches.max())
        relative = patches.astype(np.float64) / max(
            largest, np.finfo(np.float64).tiny
        )  # powers of what is at most 1 do not overflow
        return largest * float(np.mean(relative**self.params.pool)) ** (1 / self.params.pool)

    def _cells(self, side_px: float, shape: tuple[int, ...]) -> tuple[int, int]:
        """(height, width) in cells of a square of `side_px` on a map of `shape`: at least one, at most all."""
        height, width = (round(side_px * cells / side) for cells, side in zip(shape, self.size, strict=True))
        return min(max(height, 1), shape[0]), min(max(width, 1), shape[1])

    def state(self) -> dict[str, np.ndarray]:
        """What was learned."""
        return {f"usual.{name}": value for name, value in self.usual.items()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave.

        Raises:
            KeyError: something was saved, and not this.
        """
        head = "usual."
        self.usual = {name.removeprefix(head): np.array(v) for name, v in state.items() if name.startswith(head)}
        if state and not self.usual:
            raise KeyError(head)
