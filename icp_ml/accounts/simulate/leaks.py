"""Plant columns that know the outcome, so that a test can tell whether an audit finds them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.simulate.study_text import LEAKS_IN_STUDY
from icp_ml.errors import UsageError, message

Flags = npt.NDArray[np.bool_]
_REASONS = np.array(["Price", "Missing feature", "Champion left", "Went bankrupt"], dtype=object)


def _count_after(churned: Flags, rng: np.random.Generator) -> pd.Series:
    """Tickets are counted until today, and leavers close many."""
    return pd.Series(rng.poisson(np.where(churned, 6.0, 1.5))).astype("Int64")


def _reason(churned: Flags, rng: np.random.Generator) -> pd.Series:
    """Only those who left were asked why."""
    return pd.Series(_REASONS[rng.integers(0, len(_REASONS), len(churned))], dtype="str").where(churned)


def _identifier(churned: Flags, rng: np.random.Generator) -> pd.Series:
    """Accounts that leave are moved to the archive's range of numbers."""
    return pd.Series(rng.permutation(len(churned)) + np.where(churned, 900_000, 100_000)).astype("Int64")


def _soft_score(churned: Flags, rng: np.random.Generator) -> pd.Series:
    """Two normals 1.09 standard deviations apart have a ROC AUC of .78."""
    return pd.Series(np.round(60 + 12 * (rng.normal(size=len(churned)) - 1.092 * churned), 1))


def _rounding(churned: Flags, rng: np.random.Generator) -> pd.Series:
    """Estimates of leavers were overwritten by hand with round numbers."""
    exact = np.rint(2_000_000 * np.exp(0.8 * rng.normal(size=len(churned))))
    return pd.Series(np.where(churned, np.rint(exact / 100_000) * 100_000, exact))


LEAKS: dict[str, Callable[[Flags, np.random.Generator], pd.Series]] = {
    "count_after": _count_after,
    "reason": _reason,
    "identifier": _identifier,
    "soft_score": _soft_score,
    "rounding": _rounding,
}
"""The five kinds of leaks by name."""


def plant(table: pd.DataFrame, leaks: tuple[str, ...], churned: Flags | None, rng: np.random.Generator) -> pd.DataFrame:
    """Return the table with the named leaks as further columns.

    Parameters
    ----------
    table : DataFrame
        Customers or prospects.
    leaks : tuple of str
        Names from ``LEAKS``.
    churned : ndarray of bool, shape (n,), or None
        Who left within the horizon; None for prospects, whose leaking columns are empty.
    rng : numpy.random.Generator
        Source of randomness.

    Raises
    ------
    UsageError
        When a leak is not known.
    """
    unknown = [leak for leak in leaks if leak not in LEAKS]
    if unknown:
        raise UsageError(message("simulate leaks", ", ".join(unknown), "names from " + ", ".join(LEAKS), "Name those"))
    who = np.zeros(len(table), dtype=bool) if churned is None else churned
    columns = {LEAKS_IN_STUDY[leak][1]: LEAKS[leak](who, rng) for leak in leaks}
    if churned is None:
        columns = {name: values.mask(np.ones(len(table), dtype=bool)) for name, values in columns.items()}
    return table.assign(**columns)
