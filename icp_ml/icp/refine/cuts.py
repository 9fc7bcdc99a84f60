"""Choose cuts of an ordered attribute that people would write, without looking at outcomes."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

DECILES = tuple(tenth / 10 for tenth in range(1, 10))
_SLACK = 0.02
"""A cut may move by this share of the values, when that makes it a rounder number."""
_STEPS = (5.0, 2.0, 1.0)
_MONTHS = (12, 3, 1)
_EPOCH = dt.date(1970, 1, 1)


def number_cuts(values: Floats) -> list[float]:
    """Return cuts near the deciles, ascending; ``value >= cut`` and ``value < cut`` are the two sides of each.

    Parameters
    ----------
    values : ndarray of float, shape (n,)
        Without missing values.

    Examples
    --------
    >>> number_cuts(np.arange(1.0, 1001.0))
    [100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0, 800.0, 900.0]
    """
    return sorted({round_number(low, high) for low, high in _gaps(np.sort(values))})


def day_cuts(days: npt.NDArray[np.datetime64]) -> list[dt.date]:
    """Return cuts near the deciles on the first day of a year, quarter or month where there is one."""
    numbers = np.sort(days.astype("datetime64[D]").astype(np.int64)).astype(np.float64)
    return sorted({_round_day(low, high) for low, high in _gaps(numbers)})


def round_number(low: float, high: float) -> float:
    """Return the roundest number above ``low`` and up to ``high``; of equally round ones the nearest to the middle.

    Examples
    --------
    >>> round_number(46.2, 53.9), round_number(5.0, 6.0), round_number(0.4712, 0.4744)
    (50.0, 6.0, 0.472)
    """
    middle = (low + high) / 2
    for power in range(math.ceil(math.log10(max(abs(low), abs(high), 1e-12))), -16, -1):
        for step in _STEPS:
            digits = max(-power, 0)
            size = step * 10.0**power
            for multiple in (math.floor(middle / size), math.ceil(middle / size)):
                number = round(multiple * size, digits)
                if low < number <= high:
                    return number + 0.0  # never -0
    return high


def _gaps(ordered: Floats) -> list[tuple[float, float]]:
    """Return, for every decile, the open-closed range a cut may lie in."""
    distinct = np.unique(ordered)
    found = []
    for share in DECILES if len(distinct) > 1 else ():
        low, high = (float(_quantile(ordered, np.clip(share + by, 0, 1))) for by in (-_SLACK, _SLACK))
        if low < high:
            found.append((low, high))
        else:  # one value has this whole range: both of its sides
            at = int(np.searchsorted(distinct, high))
            found += [(float(distinct[i - 1]), float(distinct[i])) for i in (at, at + 1) if 0 < i < len(distinct)]
    return found


def _quantile(ordered: Floats, share: float) -> float:
    return float(ordered[min(int(share * len(ordered)), len(ordered) - 1)])


def _round_day(low: float, high: float) -> dt.date:
    """Return the first day of a year, quarter or month after ``low`` and up to ``high``; else ``high``."""
    first, last = (_EPOCH + dt.timedelta(days=int(number)) for number in (low, high))
    for months in _MONTHS:
        start = last.replace(month=(last.month - 1) // months * months + 1, day=1)
        if first < start:
            return start
    return last
