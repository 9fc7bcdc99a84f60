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
"""Accounts that must be at risk, on average, for an age to be told in the reference window."""
MIN_SEEN = 10
"""Accounts that must be seen in either window."""
MIN_ENDS = 5
"""Counted ends that the reference window must have."""


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

    def per_day(self, n_bins: int) -> tuple[Floats, Floats]:
        """Return the daily chances of the counted end and of another one, by bin; 0 where nobody lived."""
        found = (
            np.divide(ends[:n_bins], self.days[:n_bins], out=np.zeros(n_bins), where=self.days[:n_bins] > 0)
            for ends in (self.counted, self.other)
        )
        counted, other = found
        return counted, other


@dataclass(frozen=True, eq=False)
class Compared:
    """The chance of the counted end up to an age, in two windows, with bootstrap samples of each.

    Attributes
    ----------
    now, reference : float
        0 to 1.
    now_draws, reference_draws : ndarray of float, shape (n_draws,)
        Drawn together: sample k of one goes with sample k of the other.
    days : int
        The age.
    """

    now: float
    reference: float
    now_draws: Floats
    reference_draws: Floats
    days: int


def compared(now: LifeTable, reference: LifeTable, n_draws: int, rng: np.random.Generator) -> Compared | None:
    """Return what the chances of two windows add up to; None where either has too little to tell.

    Notes
    -----
    Ages follow the reference window. Of the window now only the ratio of its ends to those that the reference would
    have led to is used (indirect standardisation), for the counted end and for other ends: few accounts of an age then
    do no harm. Samples are a Bayesian bootstrap of the ends: gamma with shape number of ends plus a half in all, so
    that "none seen" is not taken for "none possible".

    References
    ----------
    Breslow & Day (1987), Statistical Methods in Cancer Research II, chapter 2 (indirect standardisation).
    """
    bins = reference.reaches
    if not bins or min(now.n, reference.n) < MIN_SEEN or reference.counted[:bins].sum() < MIN_ENDS:
        return None
    width = np.diff(reference.edges)[:bins]
    lived, pace = now.days[:bins], reference.per_day(bins)
    ratios = [_ratio(float(ends[:bins].sum()), float(lived @ one)) for ends, one in zip(_ends(now), pace, strict=True)]
    drawn = [_pace_draws(ends[:bins], reference.days[:bins], n_draws, rng) for ends in _ends(reference)]
    ratio_draws = [
        rng.gamma(ends[:bins].sum() + 0.5, size=n_draws) / np.maximum(one @ lived, 1e-9)
        for ends, one in zip(_ends(now), drawn, strict=True)
    ]
    return Compared(
        now=float(_incidence(pace[0][None, :] * ratios[0], pace[1][None, :] * ratios[1], width)[0]),
        reference=float(_incidence(pace[0][None, :], pace[1][None, :], width)[0]),
        now_draws=_incidence(drawn[0] * ratio_draws[0][:, None], drawn[1] * ratio_draws[1][:, None], width),
        reference_draws=_incidence(drawn[0], drawn[1], width),
        days=int(reference.edges[bins]) - 1,
    )


def _ends(table: LifeTable) -> tuple[Floats, Floats]:
    return table.counted, table.other


def _ratio(seen: float, expected: float) -> float:
    return seen / expected if expected > 0 else 1.0


def _pace_draws(ends: Floats, days: Floats, n_draws: int, rng: np.random.Generator) -> Floats:
    drawn = rng.gamma(ends + 0.5 / len(ends), size=(n_draws, len(ends)))
    return np.asarray(drawn / np.maximum(days, 1.0))


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


def _incidence(counted: Floats, other: Floats, width: Ints) -> Floats:
    """Return the chance of a counted end from daily chances, row by row; they are even within a bin."""
    ends = np.clip(counted + other, 0.0, 1.0)
    stays = (1 - ends) ** width
    before = np.cumprod(np.concatenate([np.ones((len(stays), 1)), stays[:, :-1]], axis=1), axis=1)
    share = np.divide(counted, counted + other, out=np.zeros_like(counted), where=counted + other > 0)
    return np.asarray((before * share * (1 - stays)).sum(axis=1))
