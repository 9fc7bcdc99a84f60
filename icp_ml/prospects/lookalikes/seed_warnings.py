"""Warn where the customers a list starts from are few, mixed, as different as any customers, or far from each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.personal import shown
from icp_ml.errors import OFFENDERS_SHOWN

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

ENOUGH = 30
"""Seeds below which a list says little."""
MAX_P = 0.05
_N_DRAWN = 199
_N_NEAR = 5
_FEWEST_JUDGED = 20
_FENCE = 5.0
"""Outliers lie beyond the upper quartile by so many times the upper half of the middle."""
_BLOCK = 500


def few(n: int) -> list[str]:
    """Warn below 30 seeds."""
    return [] if n >= ENOUGH else [f"Only {n:,} seeds: below {ENOUGH}, chance decides much of what is alike."]


def mixed(n_churned: int, n: int) -> list[str]:
    """Warn where seeds churned."""
    if not n_churned:
        return []
    return [f"{n_churned:,} of the {n:,} seeds churned: prospects like them are ranked as high as the others."]


def like_all_customers(
    coordinates: Floats, margin: Floats, positive: Flags, succeeded: Flags, *, seed: int
) -> list[str]:
    """Warn where a list of seeds says no more than 'all customers'.

    Parameters
    ----------
    coordinates : ndarray of float64, shape (n, n_attributes)
        Of the reference customers.
    margin : ndarray of float64, shape (n,)
        Their log-odds of success, up to a constant.
    positive, succeeded : ndarray of bool, shape (n,)
        The seeds; the successful customers.
    seed : int
        Of the draws.

    Notes
    -----
    Against 199 draws of as many customers, all of these: the seeds' mean squared distance from each other is not among
    the 5 % smallest, their mean log-odds are not among the 5 % highest or lowest; and against 199 draws of as many
    successful customers their mean log-odds are among the 5 % lowest. So a list drawn by chance from the successful
    customers is warned of in at most 1 of 20.
    """
    n = int(positive.sum())
    if n >= succeeded.sum():
        return []
    rng, seeds = np.random.default_rng([seed, 4]), np.flatnonzero(positive)
    of_all = [_drawn(rng, len(positive), n) for _ in range(_N_DRAWN)]
    of_successes = [np.flatnonzero(succeeded)[_drawn(rng, int(succeeded.sum()), n)] for _ in range(_N_DRAWN)]
    here = float(margin[seeds].mean())
    above = _rank([margin[rows].mean() for rows in of_all], here)
    is_wide = _rank([_spread(coordinates[rows]) for rows in of_all], _spread(coordinates[seeds])) > MAX_P
    is_worse = _rank([margin[rows].mean() for rows in of_successes], here) <= MAX_P
    if not (is_wide and is_worse and MAX_P < above < 1.0 - MAX_P):
        return []
    return [
        f"The {n:,} seeds differ from each other as much as {n:,} customers drawn at random do, and no more speaks for "
        f"their success: the list says no more than 'all customers'."
    ]


def far_from_the_others(coordinates: Floats, ids: Sequence[str], id_column: str | None) -> list[str]:
    """Warn of seeds far from every other seed.

    Parameters
    ----------
    coordinates : ndarray of float64, shape (n, n_attributes)
        Of the seeds.
    ids : sequence of str
        Of the seeds.
    id_column : str or None
        Column of the ids: values that seem to be of persons are not shown.
    """
    rows = outliers(coordinates)
    if not len(rows):
        return []
    named = sorted(str(ids[at]) for at in rows)[:OFFENDERS_SHOWN]
    told = ", ".join(shown(id_column or "", one) for one in named) + (", ..." if len(rows) > len(named) else "")
    verb = "is" if len(rows) == 1 else "are"
    return [f"{len(rows):,} of the {len(ids):,} seeds {verb} far from the others ({told}): check whether they belong."]


def outliers(coordinates: Floats) -> Indices:
    """Return the seeds whose fifth nearest other seed is unusually far, as positions.

    Notes
    -----
    Of the logarithm of that distance: beyond the upper quartile plus five times its gap to the median. None of fewer
    than 20 seeds. In 90 simulated companies without outliers, 1 list in 12 was warned of and 1 seed in 1,000 named.
    """
    n = len(coordinates)
    if n < _FEWEST_JUDGED:
        return np.zeros(0, dtype=np.int64)
    logs = np.log(np.maximum(_to_neighbour(coordinates), 1e-9))
    middle, upper = np.quantile(logs, [0.5, 0.75])
    return np.asarray(np.flatnonzero(logs > upper + _FENCE * max(upper - middle, 0.05)))


def _to_neighbour(coordinates: Floats) -> Floats:
    """Return how far each account's fifth nearest other one is, (n,)."""
    norms, parts = np.square(coordinates).sum(axis=1), []
    for start in range(0, len(coordinates), _BLOCK):
        some = slice(start, start + _BLOCK)
        squared = norms[some, None] + norms - 2.0 * coordinates[some] @ coordinates.T
        parts.append(np.partition(squared, _N_NEAR, axis=1)[:, _N_NEAR].copy())  # a view would keep the block
    return np.asarray(np.sqrt(np.maximum(np.concatenate(parts), 0.0)))


def _spread(coordinates: Floats) -> float:
    """Return the mean squared distance between two of the accounts."""
    return 2.0 * float(coordinates.var(axis=0).sum()) * len(coordinates) / max(len(coordinates) - 1, 1)


def _drawn(rng: np.random.Generator, n: int, size: int) -> Indices:
    return rng.choice(n, size, replace=False)


def _rank(drawn: Sequence[float], value: float) -> float:
    """Return the share of draws, the value among them, that are not above the value."""
    return (1 + sum(one <= value for one in drawn)) / (len(drawn) + 1)
