"""What a situation asks for and what it has won so far, day by day, and what the year before it looked like."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
COUNTED = ("customers", "advocates")
"""Goals that count accounts."""

REFERENCE_DAYS, MIN_REFERENCE_DAYS, MIN_REFERENCE = 365, 60, 10
"""The year before the situation; it must have so many days and wins to say something."""


@dataclass(frozen=True, eq=False)
class Campaign:
    """A goal, a timeframe and the wins up to today.

    Attributes
    ----------
    measure : str
        ``revenue``, ``customers``, ``advocates`` or the column that the goal names.
    target : float
        What the counter must show at the end.
    baseline : float
        What the counter showed before the first day.
    first, last : date
        First and last day on which wins count.
    elapsed : int
        Days of these that are over, 0 to ``n_days``.
    day : ndarray of int, shape (n_wins,)
        Number of the day of each win, from 1; not after today.
    amount : ndarray of float, shape (n_wins,)
        What each adds; above 0.
    has_cycle : bool
        Wins come some time after the work for them: not so after signing.
    """

    measure: str
    target: float
    baseline: float
    first: dt.date
    last: dt.date
    elapsed: int
    day: Ints
    amount: Floats
    has_cycle: bool = False

    @property
    def n_days(self) -> int:
        """Length in days."""
        return (self.last - self.first).days + 1

    @property
    def days_left(self) -> int:
        """Days from tomorrow to the last one."""
        return self.n_days - self.elapsed

    @property
    def is_count(self) -> bool:
        """True where every win adds 1."""
        return self.measure in COUNTED

    @property
    def need(self) -> float:
        """What had to be won when it began; 0 or less where the baseline was there already."""
        return self.target - self.baseline

    @property
    def reached(self) -> float:
        """What the counter shows today."""
        return self.baseline + float(self.amount.sum())

    @property
    def missing(self) -> float:
        """What is missing to the target; 0 or less when it is reached."""
        return self.target - self.reached

    def added(self) -> Floats:
        """Return what each day added, shape (n_days,); 0 for days to come."""
        return np.bincount(self.day - 1, self.amount, self.n_days).astype(np.float64)

    def won_by(self, day: dt.date) -> float:
        """Return what the counter showed at the end of a day."""
        return self.baseline + float(self.amount[self.day <= (day - self.first).days + 1].sum())

    def date_of(self, number: int) -> dt.date:
        """Return the date of a numbered day."""
        return self.first + dt.timedelta(days=number - 1)


@dataclass(frozen=True, eq=False)
class Reference:
    """Wins of the year before the situation.

    Attributes
    ----------
    n_wins, n_days : int
        How many in how many days; both 0 where nothing is known.
    sizes : ndarray of float, shape (n,)
        What each added; empty where it is not known.
    source : str
        Where it was read.
    """

    n_wins: int
    n_days: int
    sizes: Floats
    source: str

    @property
    def per_day(self) -> float:
        """Wins per day; 0 where nothing is known."""
        return self.n_wins / self.n_days if self.n_days else 0.0


NOTHING_BEFORE = Reference(0, 0, np.empty(0), "")


def campaign_of(base: CustomerBase) -> Campaign:
    """Return the goal of a base's profile with the wins up to today; without a progress table nothing is won.

    Notes
    -----
    A baseline is what the counter showed at the end of its day: later wins count, wins of that day are in it. Without
    one the counter starts at 0 on the first day of the situation.
    """
    situation = base.profile.situation
    counts_from = situation.starts
    if situation.baseline is not None:
        counts_from = situation.baseline.on + dt.timedelta(days=1)
    first = min(max(situation.starts, counts_from), situation.ends)
    elapsed = min(max((base.today - first).days + 1, 0), (situation.ends - first).days + 1)
    day, amount = _wins(base, counts_from, min(base.today, situation.ends))
    number = (day - np.datetime64(first, "D")).astype("int64") + 1
    early = number < 1
    measure = situation.goal.measure if isinstance(situation.goal.measure, str) else situation.goal.measure.column
    return Campaign(
        measure=measure,
        target=situation.goal.target,
        baseline=base.profile.baseline.value + float(amount[early].sum()),
        first=first,
        last=situation.ends,
        elapsed=elapsed,
        day=number[~early],
        amount=amount[~early],
        has_cycle=situation.mode == "acquisition",
    )


def reference_of(base: CustomerBase, campaign: Campaign) -> Reference:
    """Return the wins of the year before: from the progress table, else the deals, else the customers' first days."""
    starts = np.datetime64(campaign.first, "D")
    found = [_reference(*_wins(base, dt.date.min, base.today), starts, "the progress table")]
    if campaign.measure in ("revenue", "customers") and base.deals is not None:
        won = base.deals.won == 1
        value = None if base.deals.value is None else base.deals.value[won]
        sizes = np.ones(int(won.sum())) if campaign.is_count else value
        found.append(_reference(base.deals.closed[won], sizes, starts, "the deals"))
    if campaign.measure == "customers" and base.customers.as_of is not None and base.study.as_of is not None:
        signed = base.customers.as_of - np.timedelta64(base.study.as_of.plus_days, "D")
        found.append(_reference(signed, np.ones(len(signed)), starts, "the customers"))
    return next((one for one in found if one.n_wins), NOTHING_BEFORE)


def _wins(base: CustomerBase, since: dt.date, until: dt.date) -> tuple[npt.NDArray[np.datetime64], Floats]:
    """Return day and amount of the wins from one day to another."""
    progress = base.progress
    if progress is None:
        return np.empty(0, dtype="datetime64[D]"), np.empty(0)
    day = progress.day.astype("datetime64[D]")
    counts = (day >= np.datetime64(since, "D")) & (day <= np.datetime64(until, "D")) & (progress.amount > 0)
    return day[counts], progress.amount[counts]


def _reference(day: npt.NDArray[np.datetime64], sizes: Floats | None, starts: np.datetime64, source: str) -> Reference:
    day = day.astype("datetime64[D]")
    inside = (day < starts) & (day >= starts - np.timedelta64(REFERENCE_DAYS, "D"))
    if inside.sum() < MIN_REFERENCE:
        return NOTHING_BEFORE
    n_days = min(REFERENCE_DAYS, int((starts - day[day < starts].min()).astype("int64")))
    if n_days < MIN_REFERENCE_DAYS:
        return NOTHING_BEFORE
    known = np.empty(0) if sizes is None else sizes[inside]
    return Reference(int(inside.sum()), n_days, known[known > 0], source)
