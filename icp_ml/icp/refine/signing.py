"""Tell a rule that goes together with success from one that goes together with the time of signing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, norm

from icp_ml.accounts.outcome import Labels

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

N_PERIODS = 5
_PER_PERIOD = 40
ASSOCIATED = 0.001
"""Below this p-value a rule is met more often in some periods of signing than in others."""


@dataclass(frozen=True)
class Within:
    """A contrast among customers signed in the same period.

    Attributes
    ----------
    p_value : float
        One-sided; 1 when nobody was followed for the whole horizon.
    difference : float
        Success share of one side minus that of the other, averaged over periods; NaN when no period has both.
    """

    p_value: float
    difference: float


def differs_by_period(mask: Flags, as_of: npt.NDArray[np.datetime64]) -> bool:
    """Tell whether a rule is met more often in some periods of signing than in others; looks at no outcome."""
    period = _periods(as_of, N_PERIODS)
    sizes, met = np.bincount(period), np.bincount(period, mask)
    share = mask.mean()
    if not 0 < share < 1 or len(sizes) < 2:
        return False
    statistic = float(((met - sizes * share) ** 2 / (sizes * share * (1 - share))).sum())
    return bool(chi2.sf(statistic, len(sizes) - 1) < ASSOCIATED)


def within_periods(inside: Flags, against: Flags, labels: Labels, as_of: npt.NDArray[np.datetime64]) -> Within:
    """Return a contrast among customers signed in the same period.

    Parameters
    ----------
    inside, against : ndarray of bool, shape (n,)
        The two sides; the first is held to succeed more often.
    labels : Labels
        Only customers followed for the whole horizon count: among younger ones only churn is known.
    as_of : ndarray of datetime64[D], shape (n,)
        The day of signing.

    References
    ----------
    Mantel and Haenszel (1959), Statistical aspects of the analysis of data from retrospective studies of disease,
    Journal of the National Cancer Institute 22:719.
    """
    rows = labels.followed & (inside | against)
    if not rows.any():
        return Within(1.0, float("nan"))
    period = _periods(as_of[rows], max(2, min(2 * N_PERIODS, int(rows.sum()) // _PER_PERIOD)))
    side, outcome = inside[rows].astype(np.float64), labels.label[rows]
    n = np.bincount(period)
    met, success = np.bincount(period, side) / n, np.bincount(period, outcome) / n
    score = float((side - met[period]) @ (outcome - success[period]))
    both = float((n * met * (1 - met)).sum())
    several = n > 1
    variance = float((met * (1 - met) * success * (1 - success) * n**2)[several] @ (1 / (n[several] - 1)))
    p_value = float(norm.sf(score / np.sqrt(variance))) if variance > 0 else 1.0
    return Within(p_value, score / both if both > 0 else float("nan"))


def _periods(as_of: npt.NDArray[np.datetime64], n_periods: int) -> Integers:
    """Return the period of every customer: about equally many each, a day never divided."""
    day = as_of.astype("datetime64[D]").astype(np.int64)
    rank = np.searchsorted(np.sort(day), day, side="left")
    period = rank * n_periods // max(len(day), 1)
    return np.asarray(np.unique(period, return_inverse=True)[1], dtype=np.int64)
