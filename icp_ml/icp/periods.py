"""Tell whether a difference in success is one between periods of signing rather than between customers."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.intervals import Z_90
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.words import points

Flags = npt.NDArray[np.bool_]
FEWEST_PER_PERIOD, MOST_PERIODS = 60, 6


@dataclass(frozen=True)
class Within:
    """A difference in success with and without comparing like periods of signing with like.

    Attributes
    ----------
    crude : float
        Difference over all customers that were followed for the whole horizon, -1 to 1.
    within : float
        The same, compared within periods of signing and averaged; 0 is no association.
    low, high : float
        Its 90 % interval.
    n_periods : int
    """

    crude: float
    within: float
    low: float
    high: float
    n_periods: int

    @property
    def explains(self) -> bool:
        """True when the time of signing takes away more than half of the difference and what is left may be none."""
        return self.within * np.sign(self.crude) < abs(self.crude) / 2 and self.low <= 0 <= self.high

    @property
    def sentence(self) -> str:
        """Return the comparison in words."""
        return (
            f"It goes with the time of signing: compared within {self.n_periods} periods of signing, "
            f"{points(self.crude)} become {points(self.within)}."
        )


def within_periods(base: CustomerBase, inside: Flags, rows: Flags) -> Within | None:
    """Return the difference compared within periods of signing; None when there are no dates or too few customers.

    Parameters
    ----------
    base : CustomerBase
        Only customers followed for the whole horizon are compared: among them no weight stands for the time of signing.
    inside : ndarray of bool, shape (n,)
        Customers of the set.
    rows : ndarray of bool, shape (n,)
        Customers that are compared at all.

    References
    ----------
    Greenland & Robins (1985), Estimation of a common effect parameter from sparse follow-up data, Biometrics 41:55,
    for the weights.
    """
    as_of = base.customers.as_of
    used = rows & base.labels.followed
    if as_of is None or used.sum() < 2 * FEWEST_PER_PERIOD:
        return None
    outcome, met, day = base.labels.label[used], inside[used], as_of[used].astype("int64")
    k = min(MOST_PERIODS, int(used.sum()) // FEWEST_PER_PERIOD)
    ends = np.unique(np.quantile(day, np.arange(1, k + 1) / k, method="inverted_cdf"))
    period = np.searchsorted(ends, day)
    parts = [_part(outcome[period == at], met[period == at]) for at in range(len(ends))]
    whole, parts = _part(outcome, met), [part for part in parts if part is not None]
    if whole is None or not parts:
        return None
    difference, weight, variance = np.array(parts).T
    share = weight / weight.sum()
    middle, half = float(share @ difference), Z_90 * sqrt(float(share**2 @ variance))
    return Within(whole[0], middle, middle - half, middle + half, len(parts))


def _part(outcome: npt.NDArray[np.float64], met: Flags) -> tuple[float, float, float] | None:
    """Return difference, weight and variance of one period; None when a side is empty."""
    n, m = int(met.sum()), int((~met).sum())
    if not n or not m:
        return None
    here, there = float(outcome[met].mean()), float(outcome[~met].mean())
    # One success and one failure are added to each side, so that a side that always ends alike has a variance too.
    spread = [((s * c + 1) / (c + 2)) * (1 - (s * c + 1) / (c + 2)) / c for s, c in ((here, n), (there, m))]
    return here - there, n * m / (n + m), sum(spread)
