"""Follow deals and customers by age through one period: what the chances of that period add up to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.values import Days
from icp_ml.icp.tactics.window import Window

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
N_BINS = 12
MIN_AT_RISK = 3.0
"""Accounts that must be at risk, on average, for an age to be told in a period."""


@dataclass(frozen=True, eq=False)
class Spells:
    """Deals while open, or customers while they stay.

    Attributes
    ----------
    start, end : ndarray of datetime64[D], shape (n,)
        ``end`` is NaT where none was seen.
    kind : ndarray of int, shape (n,)
        1: the end that is counted (won, churned); 0: another one (lost), or none.
    """

    start: Days
    end: Days
    kind: Ints

    def of(self, rows: Flags) -> Spells:
        """Return some of the spells."""
        return Spells(self.start[rows], self.end[rows], self.kind[rows])

    def __len__(self) -> int:
        """Return the number of spells."""
        return len(self.start)


@dataclass(frozen=True, eq=False)
class LifeTable:
    """What happened at which age inside one window.

    Attributes
    ----------
    edges : ndarray of int, shape (n_bins + 1,)
        Ages in days; a bin holds the ages from one edge up to the next.
    days : ndarray of float, shape (n_bins,)
        Days at risk.
    counted, other : ndarray of float, shape (n_bins,)
        Ends.
    n : int
        Spells that were at risk for a day or more.
    """

    edges: Ints
    days: Floats
    counted: Floats
    other: Floats
    n: int

    @property
    def reaches(self) -> int:
        """Return how many bins, from the first on, were lived through by accounts enough."""
        enough = self.days / np.diff(self.edges) >= MIN_AT_RISK
        return int(np.argmin(enough)) if not enough.all() else len(enough)

    def incidence(self, n_bins: int) -> float:
        """Return the chance of the counted end within the first bins, at this window's daily chances."""
        return float(_incidence(self.counted[None, :n_bins], self.other[None, :n_bins], self._days(n_bins))[0])

    def draws(self, n_bins: int, n_draws: int, rng: np.random.Generator) -> Floats:
        """Return the incidence of bootstrap samples, shape (n_draws,).

        Every end is drawn again with a random weight (Rubin's Bayesian bootstrap of the ends, gamma); half an end is
        added over all bins, so that "none seen" is not taken for "none possible".
        """
        extra = 0.5 / n_bins
        counted, other = (
            rng.gamma(ends[:n_bins] + extra, size=(n_draws, n_bins)) for ends in (self.counted, self.other)
        )
        return _incidence(counted, other, self._days(n_bins))

    def _days(self, n_bins: int) -> tuple[Floats, Ints]:
        return self.days[:n_bins], np.diff(self.edges)[:n_bins]


def life_table(spells: Spells, window: Window, longest: int) -> LifeTable:
    """Return what happened inside a window, by age up to `longest` days.

    Parameters
    ----------
    spells : Spells
    window : Window
        An account counts from the day on which it enters the window, at the age that it has then: what ended before is
        not seen, and what is still open at the last day counts as open.
    longest : int
        Age in days up to which is looked.

    References
    ----------
    Preston, Heuveline & Guillot (2001), Demography, chapter 3 (the period life table); Aalen & Johansen (1978),
    Scandinavian Journal of Statistics 5:141 (competing ends).
    """
    edges = np.unique(np.linspace(0, longest, N_BINS + 1).astype(np.int64))
    first, last = window.ends
    stop = np.where(np.isnat(spells.end) | (spells.end > last), last, spells.end)
    since = np.maximum((first - spells.start).astype(np.int64), 0)
    until = (stop - spells.start).astype(np.int64) + 1
    rows = (spells.start <= last) & (until > since) & ~np.isnat(spells.start)
    since, until = since[rows], until[rows]
    lived = [np.clip(np.minimum(until, high) - np.maximum(since, low), 0, None) for low, high in _pairs(edges)]
    days = np.array([part.sum() for part in lived], dtype=np.float64)
    ended = rows & window.holds(spells.end)
    age = (spells.end[ended] - spells.start[ended]).astype(np.int64)
    kinds = [
        np.histogram(age[spells.kind[ended] == kind], np.append(edges[:-1], edges[-1] - 0.5))[0] for kind in (1, 0)
    ]
    counted, other = (found.astype(np.float64) for found in kinds)
    return LifeTable(edges, days, counted, other, int((since < longest).sum()))


def _pairs(edges: Ints) -> list[tuple[int, int]]:
    return [(int(low), int(high)) for low, high in pairwise(edges)]


def _incidence(counted: Floats, other: Floats, lived: tuple[Floats, Ints]) -> Floats:
    """Return the chance of a counted end, row by row; chances are even within a bin."""
    days, width = lived
    per_day = np.divide(counted, days, out=np.zeros_like(counted), where=days > 0)
    rival = np.divide(other, days, out=np.zeros_like(other), where=days > 0)
    ends = np.clip(per_day + rival, 0.0, 1.0)
    stays = (1 - ends) ** width
    before = np.cumprod(np.concatenate([np.ones((len(stays), 1)), stays[:, :-1]], axis=1), axis=1)
    share = np.divide(per_day, per_day + rival, out=np.zeros_like(per_day), where=per_day + rival > 0)
    return np.asarray((before * share * (1 - stays)).sum(axis=1))
