"""Customers of known outcome, and the sums over cells that every contrast is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.intervals import effective_n
from icp_ml.accounts.outcome import Labels
from icp_ml.icp.refine.grid import Grid

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

LEAST_SIDE = 5
"""Customers of known outcome that a contrast needs on each side, and the share of the sample below."""
LEAST_SIDE_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class Sample:
    """Customers of known outcome.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        Their positions in the customer base.
    outcome, weight : ndarray of float, shape (k,)
        1 success, 0 churned; more than 0.
    clusters : ndarray of int, shape (k,)
        Related accounts share a number, from 0 without gaps.
    """

    rows: Integers
    outcome: Floats
    weight: Floats
    clusters: Integers

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.rows)

    @cached_property
    def design_effect(self) -> float:
        """Return how many of these customers, related and so alike, say as much as one unrelated one; 1 or more."""
        alone = effective_n(self.outcome, self.weight)
        return alone / max(effective_n(self.outcome, self.weight, self.clusters), 1.0)


def sample_of(labels: Labels, groups: Integers | None, rows: Integers | None = None) -> Sample:
    """Return the customers of known outcome with weight, all of them or among some positions."""
    usable = labels.known & (labels.weight > 0)
    at = np.flatnonzero(usable) if rows is None else rows[usable[rows]]
    codes = np.arange(len(at)) if groups is None else np.unique(groups[at], return_inverse=True)[1]
    return Sample(at.astype(np.int64), labels.label[at], labels.weight[at], codes.astype(np.int64))


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the cells of one attribute, in each of some parts of a sample; arrays of shape (n_parts, n_cells).

    Attributes
    ----------
    success, weight, square, count : ndarray
        Sums of weight times outcome, of weight, of squared weight, and customers.
    """

    success: Floats
    weight: Floats
    square: Floats
    count: Floats

    def __sub__(self, other: Sums) -> Sums:
        """Return the sums over what is left without a part."""
        return Sums(
            self.success - other.success,
            self.weight - other.weight,
            self.square - other.square,
            self.count - other.count,
        )

    def total(self) -> Sums:
        """Return the sums over all parts, shape (1, n_cells)."""
        return Sums(*(part.sum(axis=0, keepdims=True) for part in (self.success, self.weight, self.square, self.count)))


def sums_of(grid: Grid, sample: Sample, part: Integers | None = None, n_parts: int = 1) -> Sums:
    """Return the sums over cells, in each part of a sample; customers of a negative part are left out."""
    cell, rows = grid.cell[sample.rows], np.ones(len(sample), dtype=bool)
    if part is not None:
        cell, rows = cell + part * grid.n_cells, part >= 0
    weight = sample.weight[rows]
    size = n_parts * grid.n_cells

    def added(values: Floats | None) -> Floats:
        return np.bincount(cell[rows], values, size).astype(np.float64).reshape(n_parts, grid.n_cells)

    return Sums(added(weight * sample.outcome[rows]), added(weight), added(weight**2), added(None))


def z_values(grid: Grid, sums: Sums) -> Floats:
    """Return the studentised difference of every contrast in every part, shape (n_parts, n_contrasts).

    Notes
    -----
    With scores ``w (y - mean)`` the mean over one side minus that over the other, divided by what permutations of the
    scores give as its standard deviation. With equal weights this is the pooled z of two proportions. -inf where a
    side has too few customers.
    """
    mean = sums.success.sum(axis=1, keepdims=True) / sums.weight.sum(axis=1, keepdims=True)
    score = sums.success - mean * sums.weight
    variance = _score_variance(sums, mean)
    inside, against = grid.inside.T.astype(np.float64), grid.against.T.astype(np.float64)
    n_in, n_against = sums.count @ inside, sums.count @ against
    least = np.maximum(LEAST_SIDE, LEAST_SIDE_SHARE * sums.count.sum(axis=1, keepdims=True))
    enough = np.minimum(n_in, n_against) >= least
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(variance * (1 / n_in + 1 / n_against))
        z = (score @ inside / n_in - score @ against / n_against) / spread
    return np.where(enough & (variance > 0), z, -np.inf)


def chosen_by(grid: Grid, sums: Sums) -> Floats:
    """Return what the best contrast is chosen by: its studentised difference less the handicap of its kind of rule."""
    return z_values(grid, sums) - grid.handicap


def _score_variance(sums: Sums, mean: Floats) -> Floats:
    """Return the mean square of the scores, were weights unrelated to outcomes: enough to put contrasts to scale."""
    count = sums.count.sum(axis=1, keepdims=True)
    return np.asarray(mean * (1 - mean) * sums.square.sum(axis=1, keepdims=True) / count)
