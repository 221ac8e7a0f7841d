"""The one road from error maps to a frame score, for every frame-level system and baseline.

    error maps -> each divided by what normal video shows at that place -> weighted sum -> mean over patches -> largest patch

A mean over the whole frame drowns one cyclist in a hundred pedestrians; the largest raw patch is the nearest walker. Dividing by
the error that is usual *where there is something to err about* removes the perspective, and the patch mean removes single
noisy cells.

Letters: gh gw cells of the map, k cells a patch side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
from pydantic import Field
from scipy.ndimage import gaussian_filter, uniform_filter

from vadflow.params import Section
from vadflow.systems.base import Region

Maps = Mapping[str, np.ndarray]
"""Named (gh, gw) non-negative error maps of one frame."""


class AggregateParams(Section):
    """How error maps become a frame score."""

    patch_cells: int = Field(ge=1, le=32, description="side of the patch whose mean error counts, map cells")
    reach_cells: float = Field(
        ge=0, le=64, description="Gaussian reach over which places share their usual error, map cells"
    )
    floor: float = Field(
        ge=0,
        le=10,
        description="added to the usual error, in units of its mean over the frame: how little quiet places count",
    )
    regions: int = Field(ge=0, le=20, description="boxes a frame: its largest patches that do not overlap")


class Aggregator:
    """Fitted on normal error maps as a stream, then turns maps into scores."""

    def __init__(self, params: AggregateParams, weights: Mapping[str, float]) -> None:
        """Start unfitted: every place counts alike.

        Args:
            params: see there.
            weights: share of each named map in the sum; maps without a weight are left out.
        """
        self.params = params
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
                error = maps[name].astype(np.float64)
                first, second = sums.get(name, (np.zeros(error.shape), np.zeros(error.shape)))
                sums[name] = [first + error, second + np.square(error)]
        self.usual = {name: self._usual(*pair) for name, pair in sums.items()}

    def _usual(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        reach = self.params.reach_cells
        if reach > 0:
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
        """Return (largest patch, patch map (gh, gw) float32, largest patch of each map alone)."""
        patches = self.patches(maps)
        terms = {name: float(self._patch_means(self._relative(name, maps[name])).max()) for name in self.weights}
        return float(patches.max()), patches, terms

    def regions(self, patches: np.ndarray, size: tuple[int, int], reason: str) -> list[Region]:
        """The largest patches that do not overlap, as boxes.

        Args:
            patches: (gh, gw) patch map.
            size: (height, width) of the source, px.
            reason: what a person reads beside the box.
        """
        left, found = patches.copy(), []
        scale, reach = np.array(size) / patches.shape, self.params.patch_cells
        for _ in range(self.params.regions):
            row, column = np.unravel_index(int(left.argmax()), left.shape)
            score = float(left[row, column])
            if not np.isfinite(score):
                break
            corner = np.clip(np.array([row, column]) + 0.5 - reach / 2, 0, np.maximum(np.array(left.shape) - reach, 0))
            (y1, x1), (y2, x2) = corner * scale, np.minimum((corner + reach) * scale, size)
            found.append(Region(float(x1), float(y1), float(x2), float(y2), score, reason))
            left[max(row - reach + 1, 0) : row + reach, max(column - reach + 1, 0) : column + reach] = -np.inf
        return found

    def _relative(self, name: str, error: np.ndarray) -> np.ndarray:
        error = np.asarray(error, dtype=np.float32)
        return error / self.usual[name] if name in self.usual else error

    def _patch_means(self, error: np.ndarray) -> np.ndarray:
        return uniform_filter(error, min(self.params.patch_cells, *error.shape), mode="nearest")

    def state(self) -> dict[str, np.ndarray]:
        """What was learned."""
        return {f"usual.{name}": value for name, value in self.usual.items()}

    def load(self, state: Mapping[str, np.ndarray]) -> None:
        """Take back what `state` gave."""
        head = "usual."
        self.usual = {name.removeprefix(head): np.array(v) for name, v in state.items() if name.startswith(head)}
