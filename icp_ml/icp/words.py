"""Say shares of success and their differences the way every chapter of a review does."""

from __future__ import annotations

from math import isnan

from icp_ml.icp.contrast import Contrast, Rate
from icp_ml.model.evaluation.judged import percent


def points(difference: float) -> str:
    """Return a difference of shares in points.

    Examples
    --------
    >>> points(0.184), points(-0.01), points(0.002)
    ('+18 points', '-1 point', '0 points')
    """
    number = round(100 * difference)
    return f"{number:+d} point{'' if abs(number) == 1 else 's'}" if number else "0 points"


def share_words(rate: Rate) -> str:
    """Return a share of success with the customers it is of; n of m where nobody was weighted.

    Examples
    --------
    >>> share_words(Rate(40, 30, 0.75, 0.62, 0.85, 40.0)), share_words(Rate(40, 24, 0.75, 0.6, 0.9, 31.0))
    ('30 of 40 succeeded (75 %)', '75 % of 40 succeeded')
    """
    if not rate.n:
        return "of none the outcome is known"
    if abs(rate.n_success / rate.n - rate.share) < 0.005:
        return f"{rate.n_success:,} of {rate.n:,} succeeded ({percent(rate.share)})"
    return f"{percent(rate.share)} of {rate.n:,} succeeded"


def difference_words(found: Contrast) -> str:
    """Return a difference with its interval.

    Examples
    --------
    >>> side = Rate(10, 5, 0.5, 0.3, 0.7, 10.0)
    >>> difference_words(Contrast(side, side, 0.18, 0.08, 0.27, 2.9))
    '+18 points (90 %: +8 to +27)'
    """
    if isnan(found.difference):
        return "no difference can be told"
    return f"{points(found.difference)} (90 %: {signed(found.low)} to {signed(found.high)})"


def signed(difference: float) -> str:
    """Return a difference of shares as a signed whole number of points, without the word.

    Examples
    --------
    >>> signed(0.184), signed(-0.01), signed(0.002)
    ('+18', '-1', '0')
    """
    number = round(100 * difference)
    return f"{number:+d}" if number else "0"


def count_words(n: int, one: str, several: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> count_words(1, "customer", "customers"), count_words(1200, "customer", "customers")
    ('1 customer', '1,200 customers')
    """
    return f"{n:,} {one if n == 1 else several}"
