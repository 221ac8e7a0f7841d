"""How far each known sin would move the number on the same scores: what "legacy would print".

Nothing here enters the table; it stands beside it, so that a reader can translate our numbers into the literature's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter1d

from vadflow.metrics.inputs import Judged, Labels, Scores, Smoother, judged, one_class
from vadflow.metrics.protocol import legacy, macro_padded, micro

SINS = {
    "per_clip_min_max": "Scores stretched to [0, 1] with each test clip's own extremes, which no live camera can know.",
    "zero_padded_smoothing": "The same smoother, but with zeros beyond the clip's ends: both ends then look normal.",
    "smoothing_on_test": "The width of the smoother picked to suit the test labels.",
    "best_checkpoint_on_test": "The checkpoint picked that suits the test labels best, from the final weights and the snapshots "
    "kept along the training. A dash: not trained by steps, or training.snapshots is 0.",
    "padded_macro": "The mean over clips, after a perfectly scored normal and anomalous frame is added to each.",
}
"""name -> what is done, for a reader."""


def sins(
    scores: Scores,
    labels: Labels,
    *,
    smooth: Smoother,
    sigmas: Sequence[float],
    snapshots: Mapping[str, Scores] | None = None,
    where: str = "",
) -> dict[str, float | None]:
    """Compute the AUC under each sin.

    Args:
        scores: clip -> frame, raw, calibrated, smoothed.
        labels: clip -> (T,) uint8.
        smooth: the fixed smoother.
        sigmas: widths, frames, among which the tuned smoother is picked.
        snapshots: snapshot of the training -> clip -> frame, raw; none where the system has none.
        where: dataset and system, for messages.

    Returns:
        SINS -> AUC in [0, 1]; all None where the dataset has no AUC, the best checkpoint also where there are no snapshots.
    """
    smoothed = judged(scores, labels, "smoothed", where)
    if one_class(smoothed.labels):
        return dict.fromkeys(SINS)
    calibrated = judged(scores, labels, "calibrated", where)
    return {
        "per_clip_min_max": legacy(judged(scores, labels, "raw", where), smooth),
        "zero_padded_smoothing": zero_padded(calibrated, smooth),
        "smoothing_on_test": _tuned(calibrated, smoothed, sigmas),
        "best_checkpoint_on_test": _best_checkpoint(snapshots or {}, smoothed, labels, smooth, where),
        "padded_macro": macro_padded(smoothed),
    }


def zero_padded(pool: Judged, smooth: Smoother) -> float | None:
    """Return the micro AUC when the smoother sees zeros beyond the clip's ends.

    The scores are first shifted so that the lowest of the dataset is 0, as in codes that normalise to [0, 1]. Zeros
    are laid around the clip before the honest smoother runs, so that its own borders lie far away: this turns any
    smoother with a bounded kernel into its zero-padded form.
    """
    floor, top = (bound(float(bound(s)) for s in pool.scores if len(s)) for bound in (min, max))
    if floor == top:
        floor -= 1.0  # a constant score stands above the padding; that alone used to pass for a result

    def change(values: np.ndarray, clip: str) -> np.ndarray:
        room = np.zeros(max(len(values), 64))
        return smooth(np.concatenate([room, values - floor, room]), clip)[len(room) : len(room) + len(values)]

    return micro(pool.smoothed(change))


def gaussian(values: np.ndarray, sigma: float) -> np.ndarray:
    """Smooth (T,) values by a Gaussian of `sigma` frames, renormalised at the borders: a constant stays constant."""
    if sigma == 0:
        return values
    weight = gaussian_filter1d(np.ones(len(values)), sigma, mode="constant")
    start = values[0]  # taken off first: zero stays exactly zero, so a constant keeps its ties
    return gaussian_filter1d(values - start, sigma, mode="constant") / weight + start


def _tuned(calibrated: Judged, smoothed: Judged, sigmas: Sequence[float]) -> float | None:
    """Return the best micro AUC over the honest smoother and Gaussians of all given widths."""
    tried = [micro(calibrated.map(partial(gaussian, sigma=sigma))) for sigma in sigmas]
    values = [auc for auc in [micro(smoothed), *tried] if auc is not None]
    return max(values) if values else None


def _best_checkpoint(
    snapshots: Mapping[str, Scores], final: Judged, labels: Labels, smooth: Smoother, where: str
) -> float | None:
    """Return the best micro AUC over the final weights and every snapshot; None without snapshots.

    A snapshot's raw scores are smoothed as they are: calibration is one increasing line per system and the smoother is linear, so
    calibrating them would change no AUC.
    """
    tried = [
        micro(judged(scores, labels, "raw", f"{where} {name}").smoothed(smooth)) for name, scores in snapshots.items()
    ]
    values = [auc for auc in [micro(final), *tried] if auc is not None]
    return max(values) if tried and values else None
