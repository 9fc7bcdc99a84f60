"""Compare two sets of customers: their shares of success, the difference, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.intervals import Z_90, effective_n, wilson_interval

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rate:
    """A share of success.

    Attributes
    ----------
    n : int
        Customers with a known outcome.
    n_success : int
        Successes among them, unweighted.
    share, low, high : float
        Weighted share of success with its 90 % interval, 0 to 1; NaN, 0 and 1 when nobody is known.
    n_effective : float
        Independent accounts of equal weight that would tell as much.
    """

    n: int
    n_success: int
    share: float
    low: float
    high: float
    n_effective: float

    def as_document(self) -> dict[str, Any]:
        """Return the share as a JSON object; NaN is None."""
        return {
            "n": self.n,
            "n_success": self.n_success,
            "share": None if isnan(self.share) else self.share,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True)
class Contrast:
    """Success inside a set of customers against outside it.

    Attributes
    ----------
    inside, outside : Rate
    difference : float
        Share inside minus share outside, -1 to 1; 0 is no association; NaN when a side is empty.
    low, high : float
        90 % interval of the difference (Newcombe, at the effective numbers).
    z : float
        Difference over its standard error when there is none (pooled); NaN when it cannot be computed.
    """

    inside: Rate
    outside: Rate
    difference: float
    low: float
    high: float
    z: float

    def as_document(self) -> dict[str, Any]:
        """Return both shares and the difference as a JSON object; NaN is None."""
        known = not isnan(self.difference)
        return {
            "inside": self.inside.as_document(),
            "outside": self.outside.as_document(),
            "difference": self.difference if known else None,
            "low": self.low if known else None,
            "high": self.high if known else None,
        }


def rate(label: Floats, weight: Floats, groups: npt.NDArray[np.int64] | None = None) -> Rate:
    """Return the share of success of customers with a known outcome.

    Parameters
    ----------
    label, weight : ndarray of float, shape (n,)
        1 success, 0 churned, NaN not known; weights as in `icp_ml.accounts.outcome.Labels`.
    groups : ndarray of int, shape (n,), optional
        Related accounts share a number.
    """
    known = ~np.isnan(label) & (weight > 0)
    y, w = label[known], weight[known]
    if not known.any():
        return Rate(0, 0, nan, 0.0, 1.0, 0.0)
    n = effective_n(y, w, None if groups is None else groups[known])
    share = float(np.clip(y @ w / w.sum(), 0.0, 1.0))
    low, high = wilson_interval(share * n, n)
    return Rate(int(known.sum()), int(y.sum()), share, min(low, share), max(high, share), n)


def contrast(
    inside: Flags, label: Floats, weight: Floats, groups: npt.NDArray[np.int64] | None = None, *, z: float = Z_90
) -> Contrast:
    """Return success inside against outside; a row whose outcome is not known counts on neither side.

    Parameters
    ----------
    inside : ndarray of bool, shape (n,)
    label, weight, groups
        As for :func:`rate`.
    z : float
        Normal quantile of the interval; 90 % two-sided by default.

    References
    ----------
    Newcombe (1998), Interval estimation for the difference between independent proportions, Statistics in Medicine
    17:873, method 10.

    Examples
    --------
    >>> label, inside = np.array([1.0, 1, 1, 0, 1, 0, 0, 0]), np.array([True] * 4 + [False] * 4)
    >>> found = contrast(inside, label, np.ones(8))
    >>> round(found.difference, 2), found.low < 0.5 < found.high
    (0.5, True)
    """
    of = None if groups is None else groups
    met = rate(label[inside], weight[inside], None if of is None else of[inside])
    rest = rate(label[~inside], weight[~inside], None if of is None else of[~inside])
    if not met.n or not rest.n:
        return Contrast(met, rest, nan, nan, nan, nan)
    (low_in, high_in), (low_out, high_out) = (
        wilson_interval(side.share * side.n_effective, side.n_effective, z) for side in (met, rest)
    )
    difference = met.share - rest.share
    low = difference - sqrt((met.share - low_in) ** 2 + (high_out - rest.share) ** 2)
    high = difference + sqrt((high_in - met.share) ** 2 + (rest.share - low_out) ** 2)
    return Contrast(met, rest, difference, max(low, -1.0), min(high, 1.0), _z(met, rest))


def _z(met: Rate, rest: Rate) -> float:
    n = met.n_effective + rest.n_effective
    pooled = (met.share * met.n_effective + rest.share * rest.n_effective) / n
    error = sqrt(pooled * (1 - pooled) * (1 / met.n_effective + 1 / rest.n_effective))
    return (met.share - rest.share) / error if error > 0 else nan
