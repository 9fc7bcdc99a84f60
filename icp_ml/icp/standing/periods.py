"""Tell whether a difference in success is one between periods of signing rather than between customers."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.words import points

Flags = npt.NDArray[np.bool_]
FEWEST_PER_PERIOD, MOST_PERIODS = 40, 20
SHIFT_SHARE = 0.25
"""Share of a difference that goes with the time of signing, from which on what is left must stand for itself."""
STANDS = 2.576
"""Standard errors from 0 at which it does (two-sided 1 %)."""


@dataclass(frozen=True)
class Within:
    """A difference in success with and without comparing like periods of signing with like.

    Attributes
    ----------
    crude : float
        Difference over all customers that were followed for the whole horizon, -1 to 1.
    within : float
        The same, compared within periods of signing and averaged; 0 is no association.
    error : float
        Its standard error.
    n_periods : int
    """

    crude: float
    within: float
    error: float
    n_periods: int

    @property
    def explains(self) -> bool:
        """True when much of the difference goes with the time of signing, and what is left may be none."""
        # Crude and within share their luck, so the shift between them is known far better than either.
        shift = (self.crude - self.within) * np.sign(self.crude)
        return bool(shift > SHIFT_SHARE * abs(self.crude) and abs(self.within) < STANDS * self.error)

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
    return Within(whole[0], float(share @ difference), sqrt(float(share**2 @ variance)), len(parts))


def _part(outcome: npt.NDArray[np.float64], met: Flags) -> tuple[float, float, float] | None:
    """Return difference, weight and variance of one period; None when a side is empty."""
    n, m = int(met.sum()), int((~met).sum())
    if not n or not m:
        return None
    here, there = float(outcome[met].mean()), float(outcome[~met].mean())
    # One success and one failure are added to each side, so that a side that always ends alike has a variance too.
    spread = [((s * c + 1) / (c + 2)) * (1 - (s * c + 1) / (c + 2)) / c for s, c in ((here, n), (there, m))]
    return here - there, n * m / (n + m), sum(spread)
