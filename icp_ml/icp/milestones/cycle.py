"""Learn from deals how long a win takes, with lost deals as lost and open deals as open."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.deals import Deals

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
MIN_WON = 10
"""Won deals from which a cycle is learnt."""

_MAX_AGE = 3650


@dataclass(frozen=True, eq=False)
class Cycle:
    """The daily chances that an open deal is won or lost, by its age.

    Attributes
    ----------
    win, loss : ndarray of float, shape (n_ages,)
        Chance on the day on which the deal is 0, 1, 2, ... days old, given that it is open; 0 beyond the oldest.
    n_won, n_open : int
        Deals it was learnt from.

    Notes
    -----
    Aalen-Johansen: a lost deal is a competing end, an open one leaves when it was last seen.

    References
    ----------
    Aalen & Johansen (1978), An empirical transition matrix for non-homogeneous Markov chains, Scandinavian Journal of
    Statistics 5:141.
    """

    win: Floats
    loss: Floats
    n_won: int
    n_open: int

    def still_open(self) -> Floats:
        """Return the chance to be open at the start of each age, shape (n_ages + 1,); the last one stays."""
        return np.concatenate([[1.0], np.cumprod(np.maximum(1 - self.win - self.loss, 0))])

    def won_by(self) -> Floats:
        """Return the chance to be won before the start of each age, shape (n_ages + 1,); the last one stays."""
        return np.concatenate([[0.0], np.cumsum(self.still_open()[:-1] * self.win)])

    @property
    def ever_won(self) -> float:
        """Chance of a new deal to be won at all, 0 to 1."""
        return float(self.won_by()[-1])

    def days_until(self, share: float) -> int:
        """Return the age at which a share of the deals that win has been won."""
        won = self.won_by()
        return int(np.searchsorted(won, share * won[-1] - 1e-12)) - 1 if won[-1] else 0

    def wins_of_open(self, ages: Ints, days: int) -> Floats:
        """Return the expected wins among open deals of these ages, by the end of each of the coming days.

        Parameters
        ----------
        ages : ndarray of int, shape (n,)
            Days since each was opened, on the first of the coming days.
        days : int

        Returns
        -------
        ndarray of float, shape (days,)
            Cumulative.
        """
        of_age = np.bincount(np.minimum(ages, len(self.win)), minlength=len(self.win) + 1).astype(np.float64)
        alive, won = self.still_open(), self.won_by()
        weight = np.divide(of_age, alive, out=np.zeros_like(of_age), where=alive > 0)
        age = np.flatnonzero(weight)
        reached = np.minimum(age[:, None] + np.arange(1, days + 1)[None, :], len(won) - 1)
        return np.asarray(weight[age] @ (won[reached] - won[age][:, None]), dtype=np.float64)

    def wins_of_new(self, days: int) -> Floats:
        """Return the expected wins by the end of each day when one deal is opened every day, shape (days,)."""
        won = self.won_by()
        return np.cumsum(won[np.minimum(np.arange(1, days + 1), len(won) - 1)])

    def expected_wins(self, start_age: Ints, end_age: Ints) -> float:
        """Return the wins to be expected of deals that were watched from one age to another, both included."""
        summed = np.concatenate([[0.0], np.cumsum(self.win)])
        last = len(summed) - 1
        return float((summed[np.minimum(end_age + 1, last)] - summed[np.minimum(start_age, last)]).sum())


@dataclass(frozen=True, eq=False)
class DealBook:
    """Opened and closed days of deals as a campaign sees them, and the cycle known when it began.

    Attributes
    ----------
    opened, closed : ndarray of datetime64[D], shape (n,)
        ``closed`` is NaT while open.
    cycle : Cycle
    is_known_before : bool
        The cycle was learnt from what was known before the campaign, not from the campaign itself.
    """

    opened: npt.NDArray[np.datetime64]
    closed: npt.NDArray[np.datetime64]
    cycle: Cycle
    is_known_before: bool = True

    def open_ages(self, on: dt.date) -> Ints:
        """Return the ages, on a day, of the deals that were open when it began."""
        day = np.datetime64(on, "D")
        is_open = (self.opened < day) & (np.isnat(self.closed) | (self.closed >= day))
        return (day - self.opened[is_open]).astype("int64")

    def opened_between(self, first: dt.date, last: dt.date) -> int:
        """Return the number of deals opened from one day to another."""
        return int(((self.opened >= np.datetime64(first, "D")) & (self.opened <= np.datetime64(last, "D"))).sum())

    def expected_wins(self, first: dt.date, last: dt.date) -> float:
        """Return the wins to be expected from one day to another of the deals that were open, at usual chances."""
        starts, ends = np.datetime64(first, "D"), np.datetime64(last, "D")
        end = np.where(np.isnat(self.closed), ends, np.minimum(self.closed, ends))
        seen = (self.opened <= ends) & (end >= starts)
        begin = np.maximum(self.opened[seen], starts)
        age = [(day - self.opened[seen]).astype("int64") for day in (begin, end[seen])]
        return self.cycle.expected_wins(age[0], age[1])


def deal_book(deals: Deals, first: dt.date, today: dt.date) -> DealBook | None:
    """Return the deals as known today with their cycle, or None where fewer than ten were won.

    The cycle is the one known the day before the campaign, if ten deals had been won by then: a path that is drawn
    from the campaign itself would move with it.
    """
    known = deals.opened <= np.datetime64(today, "D")
    opened, closed, won = deals.opened[known], deals.closed[known], deals.won[known]
    closed = np.where(closed <= np.datetime64(today, "D"), closed, np.datetime64("NaT", "D"))
    before = learn_cycle(opened, closed, won, min(first - dt.timedelta(days=1), today))
    cycle = before if before is not None else learn_cycle(opened, closed, won, today)
    return None if cycle is None else DealBook(opened, closed, cycle, before is not None)


def learn_cycle(
    opened: npt.NDArray[np.datetime64], closed: npt.NDArray[np.datetime64], won: Floats, known_on: dt.date
) -> Cycle | None:
    """Return the cycle as known at the end of a day; None where fewer than ten deals had been won.

    Examples
    --------
    >>> opened = np.array(["2026-01-01"] * 20, dtype="datetime64[D]")
    >>> closed = opened + np.repeat([30, 60], 10)
    >>> cycle = learn_cycle(opened, closed, np.repeat([1.0, 0.0], 10), dt.date(2026, 6, 30))
    >>> cycle.ever_won, cycle.days_until(0.5)
    (0.5, 30)
    """
    until = np.datetime64(known_on, "D")
    rows = opened <= until
    opened, closed, won = opened[rows], closed[rows], won[rows]
    is_open = np.isnat(closed) | (closed > until)
    age = (np.where(is_open, until, closed) - opened).astype("int64").clip(0, _MAX_AGE)
    is_won, is_lost = ~is_open & (won == 1), ~is_open & (won != 1)
    if is_won.sum() < MIN_WON:
        return None
    n_ages = int(age.max()) + 1
    at_risk = np.bincount(age, minlength=n_ages)[::-1].cumsum()[::-1]
    win, loss = (np.bincount(age[ended], minlength=n_ages) / at_risk for ended in (is_won, is_lost))
    return Cycle(win, loss, int(is_won.sum()), int(is_open.sum()))
