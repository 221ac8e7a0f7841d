"""The one smoother of the protocol, stated in seconds. Its kernel is renormalised at clip borders, so a constant score stays exactly constant.

With zero padding instead, a constant score reaches 70 % AUC and more on ShanghaiTech (evaluation.md, law 4): the smoother itself
would tell where a clip begins and ends.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.ndimage import correlate1d

Kind = Literal["gaussian", "causal", "none"]
_REACH = 4.0
"""The Gaussian is cut at this many sigmas."""
_NO_WIDTH = 0.1
"""Below this width the weight of the next frame is under 1e-4 (causal) or 1e-21 (Gaussian): nothing is smoothed."""


@dataclass(frozen=True)
class Kernel:
    """The smoother as `params.yaml` states it: the same time on every camera, whatever its frame rate.

    Attributes:
        smoother: see `smooth`.
        sigma_s: its width, s.
        fps: clip -> frames a second.
    """

    smoother: Kind
    sigma_s: float
    fps: Mapping[str, float]

    def __call__(self, scores: np.ndarray, clip: str) -> np.ndarray:
        """(T,) scores of a clip -> (T,) float64."""
        return smooth(scores, self.smoother, self.sigma_s * self.fps[clip])


def smooth(scores: np.ndarray, smoother: Kind, sigma_frames: float) -> np.ndarray:
    """Smooth the scores of one clip.

    Args:
        scores: (T,) finite.
        smoother: `gaussian` looks both ways, `causal` only back (for live video), `none` gives the scores back.
        sigma_frames: sigma of the Gaussian, or the time constant of the causal exponential, frames; under 0.1 smooths nothing.

    Returns:
        (T,) float64.
    """
    scores = np.asarray(scores, dtype=np.float64)
    if smoother == "none" or sigma_frames < _NO_WIDTH or len(scores) == 0:
        return scores.copy()
    return gaussian(scores, sigma_frames) if smoother == "gaussian" else causal(scores, sigma_frames)


def gaussian(scores: np.ndarray, sigma_frames: float) -> np.ndarray:
    """Weighted mean over both sides; at a border over the frames that exist."""
    reach = max(1, round(_REACH * sigma_frames))
    kernel = np.exp(-0.5 * np.square(np.arange(-reach, reach + 1) / sigma_frames))
    return _renormalised(scores, lambda values: correlate1d(values, kernel, mode="constant", cval=0.0))


def causal(scores: np.ndarray, tau_frames: float) -> np.ndarray:
    """Weighted mean over the past, weights falling by e in `tau_frames`; frame t never sees frame t + 1."""
    from scipy.signal import lfilter  # a second of import that the default smoother does not pay

    keep = float(np.exp(-1 / tau_frames))
    return _renormalised(scores, lambda values: lfilter([1.0], [1.0, -keep], values))


def _renormalised(scores: np.ndarray, weigh: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Divide the weighted sum by the sum of the weights. Taken from the first score, so that a constant has no rounding at all."""
    return scores[0] + weigh(scores - scores[0]) / weigh(np.ones_like(scores))
