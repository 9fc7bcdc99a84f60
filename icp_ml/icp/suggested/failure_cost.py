"""Add up what failed customers cost: to win and to take on where the study names it, else months that did not come."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.words import count_words

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

DAYS_PER_MONTH = 365.25 / 12
_PARTS = {"acquisition_cost": "winning", "onboarding_cost": "onboarding"}


@dataclass(frozen=True)
class Cost:
    """What some failed customers cost.

    Attributes
    ----------
    amount : float or None
        Money, in the study's currency; None where the study names no cost.
    words : str
        Part of a sentence.
    """

    amount: float | None
    words: str


def failure_cost(base: CustomerBase, failed: Flags) -> Cost:
    """Return what failed customers cost.

    Parameters
    ----------
    base : CustomerBase
        Its study names columns or numbers for the cost of winning (`acquisition_cost`) and taking on
        (`onboarding_cost`) a customer.
    failed : ndarray of bool, shape (n,)

    Notes
    -----
    A cost that is missing for an account counts as the mean of all customers that have one, and is counted.
    """
    amounts = {words: found for key, words in _PARTS.items() if (found := _amounts(base, key)) is not None}
    n, economics = int(failed.sum()), base.study.economics
    if not amounts or economics is None:
        return Cost(None, _lost(base, failed))
    known = [np.isfinite(found) for found in amounts.values()]
    filled = [np.where(np.isfinite(found), found, np.nanmean(found)) for found in amounts.values()]
    total = float(sum(found[failed].sum() for found in filled))
    n_filled = int((failed & ~np.logical_and.reduce(known)).sum())
    mean = f" (for {n_filled:,} of them the mean of all customers stands in)" if n_filled else ""
    named = " and ".join(amounts)
    return Cost(total, f"{named} these {n:,} cost {economics.currency} {total:,.0f}{mean}")


def _amounts(base: CustomerBase, key: str) -> Floats | None:
    """Return a cost of every customer, NaN where it is missing; None where the study has none or nobody has it."""
    named = getattr(base.study.economics, key, None)
    if named is None:
        return None
    if not isinstance(named, str):
        return np.full(len(base), float(named))
    if named not in base.rule_frame:
        return None
    numbers = pd.to_numeric(base.rule_frame[named], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    return numbers if np.isfinite(numbers).any() else None


def _lost(base: CustomerBase, failed: Flags) -> str:
    n, labels = int(failed.sum()), base.labels
    lost, why = count_words(n, "customer", "customers"), "the study names no cost"
    if labels.event_days is None or labels.horizon_days is None:
        return f"{lost} lost; {why}"
    months = float(np.nansum(labels.horizon_days - labels.event_days[failed])) / DAYS_PER_MONTH
    return f"{lost} lost, {months:,.0f} months in all before day {labels.horizon_days}; {why}"
