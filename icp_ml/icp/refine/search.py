"""Judge the best rule of every attribute: chance, false discoveries, effect, later customers, stability."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.split import Split
from icp_ml.icp.refine.confirm import LEVEL, Later, later_judgement
from icp_ml.icp.refine.estimate import Effect, TwoGroups, cross_fitted, folds_of, two_groups
from icp_ml.icp.refine.grid import Grid
from icp_ml.icp.refine.sample import Sample, chosen_by, sample_of, sums_of
from icp_ml.icp.refine.screen import N_PERMUTATIONS, Screened, false_discovery_rates, screen
from icp_ml.icp.refine.signing import Within, differs_by_period, within_periods

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

N_HALVES = 50
ABOUT_THE_SAME = 0.7
"""Correlation of two rules over customers from which on they are about the same."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Evidence:
    """What rules are judged by.

    Attributes
    ----------
    labels : Labels
        Outcome of every customer, as known today.
    split : Split
        Earlier and later customers.
    as_of : ndarray of datetime64[D], shape (n,), or None
        Day of signing.
    groups : ndarray of int, shape (n,), or None
        Related accounts share a number.
    n_permutations, seed : int
        Of the test against chance.
    """

    labels: Labels
    split: Split
    as_of: npt.NDArray[np.datetime64] | None = None
    groups: Integers | None = None
    n_permutations: int = N_PERMUTATIONS
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Judged:
    """The best rule of one attribute, judged.

    Attributes
    ----------
    grid : Grid
    best : Screened
        Among all customers, with the p-value before signing is looked at.
    p_value, q_value : float
        Of the attribute, and over all attributes.
    effect : Effect
        Cross-fitted.
    within : Within or None
        The rule among customers signed in the same period, where it is met more often in some periods.
    goes_with_signing : bool
        It would be a discovery, were customers signed in the same period not compared.
    later : Later or None
        Of the rule that earlier customers chose, if it was among their best.
    """

    grid: Grid
    best: Screened
    p_value: float
    q_value: float
    effect: Effect
    within: Within | None
    goes_with_signing: bool
    later: Later | None

    @property
    def is_found(self) -> bool:
        """True when the rule is a discovery at a false discovery rate of .10."""
        return self.q_value <= LEVEL and isfinite(self.effect.step) and isfinite(self.effect.gain)


@dataclass(frozen=True, eq=False)
class Searched:
    """Every attribute judged, and what effects and steps are like over all of them.

    Steps are smaller than effects where the profile has a criterion, so each is shrunk towards its own kind.
    """

    judged: tuple[Judged, ...]
    sample: Sample
    gains: TwoGroups
    steps: TwoGroups


def search(grids: Sequence[Grid], evidence: Evidence) -> Searched:
    """Judge the best rule of every attribute.

    Parameters
    ----------
    grids : sequence of Grid
        One per attribute.
    evidence : Evidence
        Outcomes, split and days of signing.

    Returns
    -------
    Searched
        In the order of the grids.
    """
    sample = sample_of(evidence.labels, evidence.groups)
    permuted = {"n_permutations": evidence.n_permutations, "seed": evidence.seed}
    best = screen(grids, sample, **permuted)
    within = [_within(grid, one, evidence) for grid, one in zip(grids, best, strict=True)]
    pairs = zip(best, within, strict=True)
    p_values = [one.p_value if same is None else max(one.p_value, same.p_value) for one, same in pairs]
    q_values = false_discovery_rates(p_values)
    q_alone = false_discovery_rates([one.p_value for one in best])
    folds = folds_of(sample, evidence.seed)
    effects = [cross_fitted(grid, sample, folds) for grid in grids]
    later = later_judgement(grids, evidence.split, evidence.groups, **permuted)
    with_signing = (q_alone <= LEVEL) & (q_values > LEVEL) & np.array([same is not None for same in within], dtype=bool)
    judged = tuple(
        Judged(
            grid=grid,
            best=best[at],
            p_value=p_values[at],
            q_value=float(q_values[at]),
            effect=effects[at],
            within=within[at],
            goes_with_signing=bool(with_signing[at]),
            later=later.get(at),
        )
        for at, grid in enumerate(grids)
    )
    gains = two_groups([one.gain for one in effects], [one.gain_error for one in effects])
    steps = two_groups([one.step for one in effects], [one.step_error for one in effects])
    return Searched(judged, sample, gains, steps)


def stable_share(grid: Grid, which: int, sample: Sample, seed: int) -> float:
    """Return the share of half samples whose best rule of the attribute is about the same one.

    References
    ----------
    Meinshausen and Buehlmann (2010), Stability selection, JRSS B 72:417.
    """
    rng = np.random.default_rng([seed, 2])
    n = int(sample.clusters.max()) + 1
    mask = grid.mask(which)[sample.rows]
    chosen = []
    for _ in range(N_HALVES):
        half = np.where(rng.permutation(n) < n // 2, 0, -1)[sample.clusters]
        chosen.append(int(np.argmax(chosen_by(grid, sums_of(grid, sample, half))[0])))
    alike = {other: about_the_same(mask, grid.mask(other)[sample.rows]) for other in set(chosen)}
    return float(np.mean([alike[other] for other in chosen]))


def about_the_same(one: Flags, other: Flags) -> bool:
    """Tell whether two rules select about the same customers."""
    if one.std() == 0 or other.std() == 0:
        return False
    return bool(np.corrcoef(one, other)[0, 1] >= ABOUT_THE_SAME)


def _within(grid: Grid, best: Screened, evidence: Evidence) -> Within | None:
    if evidence.as_of is None or not differs_by_period(grid.mask(best.which), evidence.as_of):
        return None
    return within_periods(*grid.sides(best.which), evidence.labels, evidence.as_of)
