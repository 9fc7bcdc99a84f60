"""Count customers by outcome, by segment and by period, and say what so many rows can and cannot be asked."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icp_ml.accounts.customers import Customers
from icp_ml.accounts.intervals import effective_n, wilson_interval
from icp_ml.accounts.outcome import (
    CENSORED,
    CHURNED,
    EXCLUDED,
    SUCCESS,
    WEIGHT_CAP,
    Days,
    Flags,
    Floats,
    Labels,
    reweighted,
)
from icp_ml.accounts.personal import personal_kind
from icp_ml.accounts.split import MIN_PER_CLASS, TEST_SHARES

if TYPE_CHECKING:
    from icp_ml.study import Study

FEW_KNOWN, FEW_PER_CLASS = 30, 5
"""Fewer known outcomes, or fewer of one class, say next to nothing about a segment."""

LEVELS_SHOWN = 20
"""Largest cohorts of a segment that are counted on their own."""

_DECIMALS = 12
"""Digits of a share beyond these depend on the order of the rows."""

_FEW_QUARTERS, _MANY_QUARTERS = 4, 24
_CLASS_NOTES = {
    SUCCESS: "reached the study's definition of success",
    CHURNED: "did not",
    CENSORED: "followed for too short, or no outcome: neither",
}


@dataclass(frozen=True)
class CountRow:
    """Customers of one cohort or period.

    Attributes
    ----------
    name : str
        The cohort, or the period of ``as_of``.
    n : int
        Customers: successes, churned and censored.
    success, churned, censored : int
        By outcome.
    share, low, high : float
        Success share, weighted for the follow-up of these customers, and its 90 % Wilson interval at the effective
        number of customers, all 0 to 1; NaN where nobody, or too few to weight by, was followed for the whole horizon.
    """

    name: str
    n: int
    success: int
    churned: int
    censored: int
    share: float
    low: float
    high: float

    @property
    def is_small(self) -> bool:
        """Tell whether too few outcomes are known to say anything."""
        return self.success + self.churned < FEW_KNOWN or min(self.success, self.churned) < FEW_PER_CLASS

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object; a share that is not known is null."""
        shares = {name: value for name, value in asdict(self).items() if isinstance(value, float)}
        return asdict(self) | {name: None if math.isnan(value) else value for name, value in shares.items()}


@dataclass(frozen=True)
class ClassRow:
    """How many customers ended in one way, and what that means."""

    name: str
    n: int
    note: str


@dataclass(frozen=True)
class Counts:
    """Customers by outcome, period and segment.

    Attributes
    ----------
    classes : tuple of ClassRow
        Success, churned, censored and, where there are any, excluded.
    periods : tuple of CountRow
        Quarters of ``as_of``: months when there are fewer than four, years when there are more than 24.
    segments : mapping of str to tuple of CountRow
        Per column under ``segments``: its 20 largest cohorts, then the others together.
    sentences : tuple of str
        What so many rows can and cannot be asked.
    """

    classes: tuple[ClassRow, ...]
    periods: tuple[CountRow, ...]
    segments: Mapping[str, tuple[CountRow, ...]]
    sentences: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the counts as a JSON object."""
        return {
            "classes": [asdict(row) for row in self.classes],
            "periods": [row.as_document() for row in self.periods],
            "segments": {column: [row.as_document() for row in rows] for column, rows in self.segments.items()},
            "sentences": list(self.sentences),
        }


def count_customers(customers: Customers, labels: Labels) -> Counts:
    """Return how many customers there are of every outcome, period and segment.

    Parameters
    ----------
    customers : Customers
        The loaded table.
    labels : Labels
        Outcome of every customer, in the same order.

    Returns
    -------
    Counts
        Rows that add up to the customers of the study, and sentences about what they are enough for.

    Notes
    -----
    Every row is weighted for its own follow-up, because later periods were followed for less time than the table.
    """
    periods: tuple[CountRow, ...] = ()
    if customers.as_of is not None:
        periods = _rows(customers, labels, _periods(customers.as_of))
    shown = [name for name in customers.study.segments if not _is_personal(customers, name)]
    segments = {name: _rows(customers, labels, _cohorts(customers.others[name])) for name in shown}
    hidden = [name for name in customers.study.segments if name not in shown]
    sentences = [*_floor_sentences(customers.study, labels), *_time_sentences(customers, labels)]
    sentences += [sentence for name, rows in segments.items() for sentence in _segment_sentences(name, rows)]
    sentences += [f"Segment {name!r} seems to hold data of persons: it is not counted by." for name in hidden]
    return Counts(tuple(_classes(labels)), periods, segments, tuple(sentences))


def _is_personal(customers: Customers, column: str) -> bool:
    allowed = column in customers.study.audit.personal_data
    return not allowed and personal_kind(column, customers.others[column].dropna()) is not None


def _classes(labels: Labels) -> Iterator[ClassRow]:
    for state, note in _CLASS_NOTES.items():
        yield ClassRow(state, labels.counts[state], note)
    if labels.counts[EXCLUDED]:
        out = {reason: n for reason, n in labels.reasons.items() if n}
        yield ClassRow(EXCLUDED, labels.counts[EXCLUDED], "; ".join(f"{reason}: {n:,}" for reason, n in out.items()))


def _periods(as_of: Days) -> pd.Series:
    """Return the period of every account as text that sorts by time."""
    days = pd.Series(pd.DatetimeIndex(as_of.astype("datetime64[s]")))
    quarters = days.dt.year.astype(str) + " Q" + days.dt.quarter.astype(str)
    n_quarters = (days.dt.year * 4 + days.dt.quarter).agg(np.ptp) + 1
    if n_quarters < _FEW_QUARTERS:
        return days.dt.strftime("%Y-%m")
    return days.dt.year.astype(str) if n_quarters > _MANY_QUARTERS else quarters


def _cohorts(cells: pd.Series) -> pd.Series:
    """Return the cohort of every account: the largest by name, then the others, then those without a value."""
    sizes = cells.value_counts(sort=False)
    largest = sorted(sizes.index, key=lambda level: (-sizes[level], level))[:LEVELS_SHOWN]
    n_others = len(sizes) - len(largest)
    names = cells.where(cells.isin(largest) | cells.isna(), f"{n_others:,} others").fillna("no value")
    order = [*largest, *([f"{n_others:,} others"] if n_others else []), *(["no value"] if cells.isna().any() else [])]
    return pd.Series(pd.Categorical(names, categories=list(dict.fromkeys(order)), ordered=True))


def _rows(customers: Customers, labels: Labels, names: pd.Series) -> tuple[CountRow, ...]:
    """Return one row per name, in the names' order, without accounts that can never be rows."""
    usable = labels.state != EXCLUDED
    grouped = pd.Series(np.flatnonzero(usable)).groupby(names[usable].reset_index(drop=True), observed=True)
    rows = []
    for name, where in grouped:
        inside = np.zeros(len(names), dtype=bool)
        inside[where.to_numpy()] = True
        rows.append(_row(str(name), customers, labels, inside))
    return tuple(rows)


def _row(name: str, customers: Customers, labels: Labels, inside: Flags) -> CountRow:
    n = {state: int((labels.state[inside] == state).sum()) for state in (SUCCESS, CHURNED, CENSORED)}
    share, low, high = _share(customers, labels, inside)
    return CountRow(name, int(inside.sum()), n[SUCCESS], n[CHURNED], n[CENSORED], share, low, high)


def _share(customers: Customers, labels: Labels, inside: Flags) -> tuple[float, float, float]:
    """Return the weighted success share with its interval; NaN when capped weights would make it too low."""
    own = reweighted(labels, inside, "another cohort")
    known = own.known
    if labels.event_days is not None and own.followed.sum() * WEIGHT_CAP < inside.sum():
        known = np.zeros_like(known)
    if not known.any():
        return math.nan, math.nan, math.nan
    outcome, weight = own.label[known], own.weight[known]
    share = float(np.average(outcome, weights=weight))
    n = effective_n(outcome, weight, None if customers.groups is None else customers.groups[known])
    low, high = wilson_interval(share * n, n)
    return round(share, _DECIMALS), round(low, _DECIMALS), round(high, _DECIMALS)


def _floor_sentences(study: Study, labels: Labels) -> Iterator[str]:
    floor = study.floor
    if labels.n_success < floor.successes or labels.n_churned < floor.failures:
        yield (
            f"{labels.n_success:,} successes and {labels.n_churned:,} churned are below the floor of {floor.successes} "
            f"and {floor.failures}: no success model is trained. Written criteria (--profile) can order accounts, "
            "untested."
        )
    else:
        known = labels.n_success + labels.n_churned
        yield (
            f"{known:,} known outcomes with {min(labels.n_success, labels.n_churned):,} of the rarer class are enough "
            f"for a success model (floor {floor.successes} and {floor.failures})."
        )


def _time_sentences(customers: Customers, labels: Labels) -> Iterator[str]:
    """Say whether the latest accounts can judge a model out of time."""
    if customers.as_of is None:
        yield "Without as_of nothing can be asked about time: periods, drift, or how a model does on later accounts."
        return
    n_success, n_churned = _latest(customers.as_of[labels.followed], labels.label[labels.followed])
    if min(n_success, n_churned) < MIN_PER_CLASS:
        yield (
            f"The latest {TEST_SHARES[0]:.0%} of the accounts followed for long enough hold {n_success:,} successes "
            f"and {n_churned:,} churned; {MIN_PER_CLASS} of each are needed to judge a model on later accounts with "
            "narrow intervals."
        )


def _latest(as_of: Days, label: Floats) -> tuple[int, int]:
    """Return the successes and the churned of the latest share of accounts, those of its first day all counted."""
    starts = np.sort(as_of)[-round(len(as_of) * TEST_SHARES[0]) :][:1]
    inside = label[as_of >= starts] if len(starts) else label[:0]
    return int((inside == 1).sum()), int((inside == 0).sum())


def _segment_sentences(column: str, rows: tuple[CountRow, ...]) -> Iterator[str]:
    small = [row.name for row in rows if row.is_small]
    if small:
        named = ", ".join(small[:5]) + (", ..." if len(small) > 5 else "")
        yield (
            f"{len(small)} of {len(rows)} cohorts of {column!r} have fewer than {FEW_KNOWN} known outcomes or "
            f"{FEW_PER_CLASS} of a class and cannot be reported on their own ({named})."
        )
