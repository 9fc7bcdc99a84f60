"""Test whether success falls from the first tenth of the list to the last."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite, sqrt
from typing import Any

import numpy as np
from scipy.special import ndtr

from icp_ml.model.evaluation.chance import p_words
from icp_ml.model.evaluation.metrics import Floats, Integers, ScoredRows, equal_count_bins

_NOISE = 0.10


@dataclass(frozen=True)
class Monotonicity:
    """Whether success follows the order of the list.

    Attributes
    ----------
    n_steps, n_against : int
        Steps from a band to the one below it, and those in which the lower band did better.
    trend_p : float
        One-sided p-value of a falling trend; NaN with one outcome or one band.
    largest : float
        Success share by which the lower band did better in the worst step against the order, 0 if there is none.
    largest_p : float
        Two-sided p-value of that step, times the number of steps (Bonferroni).
    between : tuple of int
        The two bands of that step, numbered from 1, the first of the list.
    """

    n_steps: int
    n_against: int
    trend_p: float
    largest: float
    largest_p: float
    between: tuple[int, int]

    @property
    def ordered(self) -> bool:
        """Return whether no band did better than the one above it."""
        return self.n_against == 0

    @property
    def sentence(self) -> str:
        """Return what was found, in words."""
        if not isfinite(self.trend_p):
            return "Whether success falls along the list cannot be tested on these accounts."
        falls = "falls" if self.trend_p <= 0.05 else "does not clearly fall"
        trend = f"{falls} along the list (trend test, {p_words(self.trend_p)})"
        if self.ordered:
            return f"Success {trend}, in each of {self.n_steps} steps from band to band."
        told = "what chance gives" if self.largest_p > _NOISE else f"more than chance gives ({p_words(self.largest_p)})"
        return (
            f"Success {trend}; {self.n_against} of {self.n_steps} steps from band to band go the other way, by "
            f"{100 * self.largest:.0f} points at most (band {self.between[0]} to {self.between[1]}): {told}."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the test as a JSON object; NaN is None."""
        return {
            "ordered": self.ordered,
            "n_steps": self.n_steps,
            "n_against": self.n_against,
            "trend_p": self.trend_p if isfinite(self.trend_p) else None,
            "sentence": self.sentence,
        }


def monotonicity(rows: ScoredRows, n_bands: int = 10) -> Monotonicity:
    """Return whether success falls from band to band, and whether steps against the order are more than noise.

    Parameters
    ----------
    rows : ScoredRows
        From `icp_ml.model.evaluation.metrics.scored_rows`.
    n_bands : int
        Bands with equal numbers of accounts; equal margins share one.

    Notes
    -----
    The trend is the score test of Cochran and Armitage, the weighted covariance of outcome and band number, with a
    variance that sums over related accounts. The worst step compares two shares whose variances do the same.

    References
    ----------
    Armitage 1955, Tests for linear trends in proportions and frequencies, Biometrics 11:375.
    """
    bands = np.unique(equal_count_bins(-rows.margin, n_bands), return_inverse=True)[1].astype(np.int64)
    n_steps = int(bands.max())
    if n_steps == 0 or np.ptp(rows.outcome) == 0:
        return Monotonicity(n_steps, 0, float("nan"), 0.0, float("nan"), (1, 1))
    shares = np.bincount(bands, rows.weight * rows.outcome) / np.bincount(bands, rows.weight)
    rises = np.diff(shares)
    step, against = int(rises.argmax()), int((rises > 0).sum())
    p = _two_sided(rows, bands, step) * n_steps if against else float("nan")
    return Monotonicity(
        n_steps, against, _trend(rows, bands), float(max(rises[step], 0.0)), min(p, 1.0), (step + 1, step + 2)
    )


def _trend(rows: ScoredRows, bands: Integers) -> float:
    base = np.average(rows.outcome, weights=rows.weight)
    centred = bands - np.average(bands, weights=rows.weight)
    z = _standardised(rows, rows.weight * (rows.outcome - base) * centred)
    return float(ndtr(z))


def _two_sided(rows: ScoredRows, bands: Integers, step: int) -> float:
    """Return the p-value of the difference of the bands step and step + 1."""
    both = (bands == step) | (bands == step + 1)
    base = np.average(rows.outcome[both], weights=rows.weight[both])
    sign = np.where(bands == step + 1, 1.0, -1.0) * both
    for band in (step, step + 1):
        sign[bands == band] /= rows.weight[bands == band].sum()
    z = _standardised(rows, rows.weight * (rows.outcome - base) * sign)
    return float(2 * ndtr(-abs(z)))


def _standardised(rows: ScoredRows, parts: Floats) -> float:
    """Return the sum of parts over its standard error, summed within related accounts."""
    spread = sqrt(float((np.bincount(rows.clusters, parts) ** 2).sum()))
    return float(parts.sum()) / spread if spread > 0 else 0.0
