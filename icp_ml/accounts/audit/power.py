"""Say how large a difference in success must be before so many customers can show it."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from scipy.optimize import brentq
from scipy.stats import norm

from icp_ml.accounts.customers import Customers
from icp_ml.accounts.intervals import effective_n
from icp_ml.accounts.outcome import Labels

SHARES = (0.5, 0.25, 0.1)
"""Shares of the customers that meet a criterion, for which the power is stated."""

POWER, ONE_ALPHA, FAMILY_RATE = 0.8, 0.05, 0.10
_SHARE_WORDS = {0.5: "half", 0.25: "a quarter", 0.1: "a tenth"}


@dataclass(frozen=True)
class PowerRow:
    """The smallest visible difference for criteria that a given share of the customers meets.

    Attributes
    ----------
    share : float
        Share of the customers that meet the criterion, 0 to 1.
    one : float
        For one question asked beforehand (two-sided level .05): difference in success share between those who meet
        it and the others, 0 to 1; NaN when no possible difference is visible.
    among_all : float
        For the best of all attributes (level .10 over their number, the hardest step of a false discovery rate of .10).
    """

    share: float
    one: float
    among_all: float


@dataclass(frozen=True)
class Power:
    """What differences the customers can show.

    Attributes
    ----------
    n_known, n_success, n_churned : int
        Customers with a known outcome.
    n_effective : float
        Independent customers of equal weight that would say as much.
    n_attributes : int
        Attributes that may be asked about.
    rows : tuple of PowerRow
        For half, a quarter and a tenth of the customers.
    sentence : str
        All of it in words.
    """

    n_known: int
    n_success: int
    n_churned: int
    n_effective: float
    n_attributes: int
    rows: tuple[PowerRow, ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the statement as a JSON object; a difference that cannot be seen is null."""
        rows = [
            {name: None if math.isnan(value) else value for name, value in asdict(row).items()} for row in self.rows
        ]
        return asdict(self) | {"rows": rows}


def power_of(customers: Customers, labels: Labels) -> Power:
    """Return the smallest differences in success share that these customers show with a chance of .8.

    Parameters
    ----------
    customers : Customers
        The loaded table: its groups and the number of attributes at the stage of the model count.
    labels : Labels
        Outcome of every customer, in the same order.

    Returns
    -------
    Power
        One row per share of customers that meet a criterion.

    Notes
    -----
    For the two-sample test of proportions at the effective number of customers (weights for censoring, related
    accounts). It holds for a criterion written down before looking; the best of all attributes pays for the others.
    """
    known, n_attributes = labels.known, len(customers.study.attributes_at())
    outcome, weight = labels.label[known], labels.weight[known]
    n = effective_n(outcome, weight, None if customers.groups is None else customers.groups[known])
    base = float(outcome @ weight / weight.sum()) if weight.sum() else math.nan
    family = FAMILY_RATE / max(n_attributes, 1)
    rows = tuple(
        PowerRow(share, visible_difference(n, base, share), visible_difference(n, base, share, min(ONE_ALPHA, family)))
        for share in SHARES
    )
    counts = (int(known.sum()), labels.n_success, labels.n_churned)
    return Power(*counts, n, n_attributes, rows, _sentence(counts, n, rows, n_attributes))


def visible_difference(n: float, base: float, share: float, alpha: float = ONE_ALPHA) -> float:
    """Return the smallest difference in success share that a table shows with a chance of .8.

    Parameters
    ----------
    n : float
        Effective number of customers.
    base : float
        Success share of all of them, 0 to 1.
    share : float
        Share of them that meet the criterion, 0 to 1.
    alpha : float
        Two-sided level of the test.

    Returns
    -------
    float
        The larger of what is needed upwards and downwards, 0 to 1; NaN when no possible difference is visible.

    References
    ----------
    Fleiss, Levin & Paik (2003), Statistical Methods for Rates and Proportions, section 4.3.

    Examples
    --------
    >>> round(visible_difference(310, 0.81, 0.5), 3)
    0.124
    """
    if not 0.0 < base < 1.0 or n <= 0:
        return math.nan
    bar = float(norm.isf(alpha / 2)) * math.sqrt(base * (1 - base) / (n * share * (1 - share)))
    found = [gap for sign in (1.0, -1.0) if (gap := _smallest(n, base, share, sign, bar)) is not None]
    return max(found, default=math.nan)


def _smallest(n: float, base: float, share: float, sign: float, bar: float) -> float | None:
    """Return the smallest visible difference in one direction; None when the largest possible one is not visible."""

    def missing(gap: float) -> float:
        met, others = base + sign * (1 - share) * gap, base - sign * share * gap
        spread = math.sqrt(max(met * (1 - met) / (n * share) + others * (1 - others) / (n * (1 - share)), 0.0))
        return gap - bar - float(norm.ppf(POWER)) * spread

    room_met, room_others = (1 - base, base) if sign > 0 else (base, 1 - base)
    largest = min(room_met / (1 - share), room_others / share)
    return float(brentq(missing, 0.0, largest)) if missing(largest) > 0 else None


def _sentence(counts: tuple[int, int, int], n: float, rows: tuple[PowerRow, ...], n_attributes: int) -> str:
    known, _, churned = counts
    worth = f" (related or weighted: worth {n:,.0f} independent ones)" if n < 0.95 * known else ""
    start = f"With {known:,} customers of known outcome and {churned:,} churned{worth}"
    if all(math.isnan(row.one) for row in rows):
        return f"{start} no difference in success can be seen."
    one, best = [_points(row.one) for row in rows], ", ".join(_points(row.among_all) for row in rows)
    others = ", ".join(f"{gap} when {_SHARE_WORDS[row.share]} do" for gap, row in zip(one[1:], rows[1:], strict=True))
    first = "any size cannot be seen" if one[0] == "none" else f"{one[0]} points and more can be seen (chance .8)"
    return (
        f"{start}, differences in success of {first} when half of them meet a criterion written down beforehand, "
        f"{others}; for the best of {n_attributes} attributes {best}. Smaller differences may be there and stay unseen."
    )


def _points(gap: float) -> str:
    return "none" if math.isnan(gap) else f"{math.ceil(100 * gap - 1e-9)}"
