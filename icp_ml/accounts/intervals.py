"""Intervals of shares, and how many independent accounts a weighted, grouped table is worth."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Z_90 = 1.6448536269514722
"""Two-sided 90 % quantile of the normal distribution."""

Floats = npt.NDArray[np.float64]


def wilson_interval(successes: float, n: float, z: float = Z_90) -> tuple[float, float]:
    """Return the 90 % Wilson interval of a share; (0, 1) when nothing was seen.

    Examples
    --------
    >>> [round(end, 3) for end in wilson_interval(8, 10)]
    [0.541, 0.931]
    """
    if n <= 0:
        return 0.0, 1.0
    share, square = successes / n, z * z / n
    middle, half = share + square / 2, z * np.sqrt(share * (1 - share) / n + square / (4 * n))
    return float(max(0.0, (middle - half) / (1 + square))), float(min(1.0, (middle + half) / (1 + square)))


def effective_n(outcome: Floats, weight: Floats, groups: npt.NDArray[np.int64] | None = None) -> float:
    """Return how many independent accounts of equal weight would give the same precision.

    Parameters
    ----------
    outcome : ndarray of float, shape (n,)
        1 success, 0 churned.
    weight : ndarray of float, shape (n,)
        0 or more; accounts of weight 0 do not count.
    groups : ndarray of int, shape (n,), optional
        Related accounts share a number.

    Returns
    -------
    float
        At most the number of accounts with weight; 0 when there is none. Without groups (sum w)^2 / sum w^2; with
        groups the number at which a binomial share has the cluster-robust variance of the weighted share, between
        what it would be if related accounts were independent and if they always ended alike.

    References
    ----------
    Kish (1965), Survey Sampling, section 11.7, for weights; Liang & Zeger (1986), Biometrika 73:13, for groups.

    Examples
    --------
    >>> outcome = np.array([1.0, 0, 1, 0, 1, 0])
    >>> round(effective_n(outcome, np.ones(6)), 1), round(effective_n(outcome[[0, 0, 1, 1]], np.ones(4),
    ...     np.array([0, 0, 1, 1])), 1)
    (6.0, 2.0)
    """
    total = float(weight.sum())
    if total <= 0:
        return 0.0
    independent = total**2 / float((weight**2).sum())
    if groups is None:
        return independent
    codes = np.unique(groups, return_inverse=True)[1]
    alike = total**2 / float((np.bincount(codes, weight) ** 2).sum())
    share = float(weight @ outcome) / total
    spread = np.bincount(codes, weight * (outcome - share))
    variance = float((spread**2).sum()) / total**2
    if variance == 0.0:  # all succeeded, or none: nothing tells how alike related accounts are
        return alike
    return float(np.clip(share * (1.0 - share) / variance, alike, independent))
