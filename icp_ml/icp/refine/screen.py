"""Test the best rule of every attribute against what the best of as many rules reaches by chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from threadpoolctl import threadpool_limits

from icp_ml.accounts.dealing import dealt
from icp_ml.icp.refine.grid import Grid
from icp_ml.icp.refine.sample import Sample, chosen_by, sums_of, z_values

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
N_PERMUTATIONS = 2000
_TIE = 1e-4
"""Permuted statistics are summed in single precision: what comes so close to the observed one counts as reaching it."""


@dataclass(frozen=True)
class Screened:
    """The best contrast of an attribute.

    Attributes
    ----------
    which : int
        Its number in the grid.
    z : float
        Its studentised difference less the handicap of its kind of rule; -inf when no contrast has enough customers.
    p_value : float
        Chance that the best contrast of this attribute is as large when outcomes have nothing to do with it.
    """

    which: int
    z: float
    p_value: float


def screen(
    grids: Sequence[Grid], sample: Sample, *, n_permutations: int = N_PERMUTATIONS, seed: int = 0
) -> list[Screened]:
    """Return the best contrast of every attribute with its permutation p-value over all contrasts of the attribute.

    Parameters
    ----------
    grids : sequence of Grid
        One per attribute; all attributes share the same permutations.
    sample : Sample
        Outcomes and weights are dealt together to other customers; those of related customers stay together.
    n_permutations, seed : int
        The smallest possible p-value is ``1 / (n_permutations + 1)``.

    References
    ----------
    Westfall and Young (1993), Resampling-based multiple testing, section 2.6 (max T). Phipson and Smyth (2010),
    Permutation p-values should never be zero, Statistical Applications in Genetics and Molecular Biology 9:39.
    """
    if not grids:
        return []
    observed = [chosen_by(grid, sums_of(grid, sample))[0] for grid in grids]
    best = [int(np.argmax(z)) for z in observed]
    reached = np.zeros(len(grids), dtype=np.int64)
    with threadpool_limits(1, user_api="blas"):  # sums split over threads differ in their last bits
        tests = [_Coefficients(grid, sample) for grid in grids]
        one_hot = np.concatenate([test.one_hot for test in tests], axis=1)
        ends = np.cumsum([test.one_hot.shape[1] for test in tests])
        score = _scores(sample)
        for source in dealt(sample.clusters, n_permutations, seed):
            parts: list[Singles] = np.split(score[source] @ one_hot, ends[:-1], axis=1)
            for at, (test, part) in enumerate(zip(tests, parts, strict=True)):
                reached[at] += test.n_reaching(part, observed[at][best[at]])
    return [
        Screened(which, float(z[which]), float((1 + count) / (n_permutations + 1)) if np.isfinite(z[which]) else 1.0)
        for which, z, count in zip(best, observed, reached, strict=True)
    ]


def _scores(sample: Sample) -> Singles:
    """Return weighted deviations from the mean, so scaled that contrasts of them are `z_values`."""
    mean = sample.weight @ sample.outcome / sample.weight.sum()
    scale = np.sqrt(mean * (1 - mean) * (sample.weight @ sample.weight) / len(sample))
    score: Singles = (sample.weight * (sample.outcome - mean) / max(scale, 1e-300)).astype(np.float32)
    return score


class _Coefficients:
    """What turns sums of scores over the cells of one attribute into its contrasts."""

    def __init__(self, grid: Grid, sample: Sample) -> None:
        sums = sums_of(grid, sample)
        usable = np.isfinite(z_values(grid, sums)[0])
        inside, against = grid.inside[usable].astype(np.float64), grid.against[usable].astype(np.float64)
        n_in, n_against = inside @ sums.count[0], against @ sums.count[0]
        spread = np.sqrt(1 / n_in + 1 / n_against)
        of_cell = inside / (n_in * spread)[:, None] - against / (n_against * spread)[:, None]
        self.of_cell = of_cell.T.astype(np.float32)
        self.handicap = grid.handicap[usable].astype(np.float32)
        self.one_hot = (grid.cell[sample.rows][:, None] == np.arange(grid.n_cells)).astype(np.float32)

    def n_reaching(self, sums: Singles, observed: float) -> int:
        """Return in how many permutations the largest contrast is as large as the observed one."""
        if not self.of_cell.shape[1]:
            return 0
        return int(((sums @ self.of_cell - self.handicap).max(axis=1) >= observed - _TIE).sum())


def false_discovery_rates(p_values: npt.ArrayLike) -> Floats:
    """Return the q-value of every p-value: the smallest false discovery rate at which it is a discovery.

    References
    ----------
    Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57:289.

    Examples
    --------
    >>> false_discovery_rates([0.01, 0.04, 0.5]).round(3).tolist()
    [0.03, 0.06, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    scaled = p[order] * len(p) / np.arange(1, len(p) + 1)
    q = np.empty(len(p))
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
