"""Estimate the effect of rules that were chosen for it: on other accounts than chose them, then shrunk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.icp.refine.grid import Grid
from icp_ml.icp.refine.sample import Sample, Sums, chosen_by, sums_of

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

N_FOLDS, N_REPEATS = 5, 10
CHOICE_ERROR = 1.2
"""How much larger the error of a cross-fitted effect is than sampling alone makes it: folds share customers and choose
different cuts. Measured: 1.10 to 1.28 in every world and at every size of ``benchmarks/refinements.py``."""


@dataclass(frozen=True)
class Effect:
    """Differences in success share of the best rule of an attribute, cross-fitted.

    Attributes
    ----------
    step, step_error : float
        Of the contrast that was tested, and its standard error; NaN when it cannot be computed.
    gain, gain_error : float
        Of customers that meet the rule minus all others; the same but where a criterion is changed. With ``drop`` of
        the others minus those that meet it.
    """

    step: float
    step_error: float
    gain: float
    gain_error: float


def folds_of(sample: Sample, seed: int) -> Integers:
    """Return the fold of every customer in each repeat, shape (n_repeats, k); related customers share one."""
    rng = np.random.default_rng([seed, 1])
    n = int(sample.clusters.max()) + 1
    of_cluster = [rng.permutation(np.arange(n) % N_FOLDS) for _ in range(N_REPEATS)]
    return np.stack(of_cluster)[:, sample.clusters]


def cross_fitted(grid: Grid, sample: Sample, folds: Integers) -> Effect:
    """Return the effect of the best rule, chosen again without each fold and estimated on it.

    Notes
    -----
    Held-out customers are pooled over folds, so that every customer is estimated on once in each repeat; repeats are
    averaged. It estimates the rule that four fifths of the customers choose, without the optimism of the choice.
    """
    found = np.array([_one_repeat(grid, sample, fold) for fold in folds])
    usable = found[~np.isnan(found).any(axis=1)]
    if not len(usable):
        return Effect(*[float("nan")] * 4)
    step, step_error, gain, gain_error = usable.mean(axis=0)
    larger = CHOICE_ERROR * np.sqrt(sample.design_effect)
    return Effect(float(step), float(step_error * larger), float(gain), float(gain_error * larger))


def _one_repeat(grid: Grid, sample: Sample, fold: Integers) -> tuple[float, float, float, float]:
    held = sums_of(grid, sample, fold, N_FOLDS)
    z = chosen_by(grid, held.total() - held)
    best = np.argmax(z, axis=1)
    rows = np.isfinite(z[np.arange(N_FOLDS), best])
    sides = grid.inside[best] & rows[:, None], grid.against[best] & rows[:, None]
    return *_difference(held, *sides), *_difference(held, *_gain_sides(grid, best, rows))


def _gain_sides(grid: Grid, best: Integers, rows: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.bool_], ...]:
    dropped = np.array([grid.actions[which] == "drop" for which in best])[:, None]
    inside = grid.members[best] ^ dropped
    return inside & rows[:, None], ~inside & rows[:, None]


def _difference(sums: Sums, inside: npt.NDArray[np.bool_], against: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return the difference in weighted success share between two sides, and its standard error."""
    (share, error), (other, other_error) = (_share(sums, side) for side in (inside, against))
    return share - other, float(np.hypot(error, other_error))


def _share(sums: Sums, side: npt.NDArray[np.bool_]) -> tuple[float, float]:
    """Return a share with its standard error, taken a little away from 0 and 1, where nothing would be in doubt."""
    weight, square = float(sums.weight[side].sum()), float(sums.square[side].sum())
    if weight <= 0:
        return float("nan"), float("nan")
    share, n = float(sums.success[side].sum()) / weight, weight**2 / square
    cautious = (share * n + 1) / (n + 2)
    return share, float(np.sqrt(cautious * (1 - cautious) / n))


@dataclass(frozen=True)
class TwoGroups:
    """What effects are like over all attributes: nothing in some, something in the others.

    Attributes
    ----------
    null_share : float
        Share of attributes whose best rule has no effect to speak of, 0 to 1.
    middle, spread : float
        Mean and standard deviation of the true effects of the others.
    """

    null_share: float
    middle: float
    spread: float

    def shrunk(self, effect: float, error: float) -> tuple[float, float]:
        """Return the mean and the standard deviation of the true effect behind an estimate."""
        some, nothing = self._densities(np.array([effect]), np.array([error]))
        share = float(some[0] / (some[0] + nothing[0]))
        precision = 1 / self.spread**2 + 1 / error**2
        mean = (self.middle / self.spread**2 + effect / error**2) / precision
        null_precision = 1 / _NULL_SPREAD**2 + 1 / error**2
        null_mean = effect / error**2 / null_precision
        middle = share * mean + (1 - share) * null_mean
        square = share * (1 / precision + mean**2) + (1 - share) * (1 / null_precision + null_mean**2)
        return middle, float(np.sqrt(max(square - middle**2, 0.0)))

    def _densities(self, effect: Floats, error: Floats) -> tuple[Floats, Floats]:
        some = (1 - self.null_share) * _normal(effect - self.middle, self.spread**2 + error**2)
        nothing = self.null_share * _normal(effect, _NULL_SPREAD**2 + error**2)
        return some + 1e-300, nothing + 1e-300


_NULL_SPREAD = 0.01
_START = TwoGroups(0.5, 0.08, 0.06)
_WORTH = 2.0
"""Attributes that the starting values are worth, so that a handful of attributes do not decide alone."""


def two_groups(effects: Sequence[float], errors: Sequence[float]) -> TwoGroups:
    """Return the mixture of no effect and some effect that fits the estimates of all attributes best.

    Parameters
    ----------
    effects, errors : sequence of float
        Cross-fitted differences and their standard errors, one per attribute; NaN ones do not count.

    Notes
    -----
    Expectation-maximisation for a mixture of a narrow normal at 0 and a wide one, each convolved with the error of its
    estimate; the starting values count as two further attributes.

    References
    ----------
    Efron (2008), Microarrays, empirical Bayes and the two-groups model, Statistical Science 23:1.
    """
    d, s = np.asarray(effects, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    usable = np.isfinite(d) & np.isfinite(s) & (s > 0)
    d, s, found = d[usable], s[usable], _START
    for _ in range(200):
        some, nothing = found._densities(d, s)
        belongs = some / (some + nothing)
        precision = 1 / found.spread**2 + 1 / s**2
        mean = (found.middle / found.spread**2 + d / s**2) / precision
        total = belongs.sum() + _WORTH
        middle = (belongs @ mean + _WORTH * _START.middle) / total
        square = belongs @ (1 / precision + (mean - middle) ** 2)
        spread = np.sqrt((square + _WORTH * _START.spread**2) / total)
        null = (len(d) - belongs.sum() + _WORTH * _START.null_share) / (len(d) + _WORTH)
        found = TwoGroups(float(null), float(max(middle, 0.0)), float(spread))
    return found


def _normal(x: Floats, variance: Floats) -> Floats:
    return np.asarray(np.exp(-0.5 * x**2 / variance) / np.sqrt(variance))
