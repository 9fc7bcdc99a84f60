"""Hold rules that earlier customers chose against later customers, which chose nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.split import Split
from icp_ml.icp.contrast import Contrast, contrast
from icp_ml.icp.refine.grid import Grid
from icp_ml.icp.refine.sample import sample_of
from icp_ml.icp.refine.screen import N_PERMUTATIONS, false_discovery_rates, screen

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

N_SCREENED = 10
"""Rules of the earlier customers that the later ones are asked about: fewer questions, more power."""
LEVEL = 0.10


@dataclass(frozen=True)
class Later:
    """What later customers say of a rule that earlier ones chose.

    Attributes
    ----------
    which : int
        Its number in the grid of its attribute.
    p_value, q_value : float
        One-sided, and corrected for the rules that were asked about.
    confirmed : bool
        Holds at a false discovery rate of .10, and its interval lies above 0.
    difference, low, high : float
        Success share of later customers that meet the rule (with ``drop`` that do not) minus that of all other later
        ones, with its interval:
        90 % for a rule that is not confirmed; for confirmed ones 90 % of such intervals hold the truth although only
        confirmed ones are looked at.
    n : int
        Later customers of known outcome that meet it.
    """

    which: int
    p_value: float
    q_value: float
    confirmed: bool
    difference: float
    low: float
    high: float
    n: int


def later_judgement(
    grids: Sequence[Grid],
    split: Split,
    groups: Integers | None = None,
    *,
    n_permutations: int = N_PERMUTATIONS,
    seed: int = 0,
) -> Mapping[int, Later]:
    """Return, by position of the grid, what later customers say of the ten best rules of the earlier ones.

    Parameters
    ----------
    grids : sequence of Grid
        One per attribute.
    split : Split
        By time; the earlier customers are taken with what was known of them when the later period starts.
    groups : ndarray of int, shape (n,), optional
        Related accounts share a number.
    n_permutations, seed : int
        As for `icp_ml.icp.refine.screen.screen`.

    Returns
    -------
    mapping of int to Later
        Empty without a split by time.

    References
    ----------
    Benjamini and Yekutieli (2005), False discovery rate-adjusted multiple confidence intervals for selected
    parameters, JASA 100:71.
    """
    if split.kind != "time":
        return {}
    earlier = sample_of(split.train_labels, groups, split.train)
    chosen = screen(grids, earlier, n_permutations=n_permutations, seed=seed)
    order = sorted(range(len(grids)), key=lambda at: (chosen[at].p_value, -chosen[at].z, at))
    asked = [at for at in order[:N_SCREENED] if isfinite(chosen[at].z)]
    tests = [_tested(grids[at], chosen[at].which, split, groups) for at in asked]
    p_values = [float(norm.sf(one.z)) if isfinite(one.z) else 1.0 for one in tests]
    q_values = false_discovery_rates(p_values) if asked else np.zeros(0)
    n_confirmed = int((q_values <= LEVEL).sum())
    found = {}
    for at, p, q in zip(asked, p_values, q_values, strict=True):
        confirmed = bool(q <= LEVEL)
        level = LEVEL * (n_confirmed / len(asked) if confirmed else 1.0)
        gain = later_contrast(grids[at].better(chosen[at].which), split, groups, z=float(norm.isf(level / 2)))
        holds = confirmed and gain.low > 0
        found[at] = Later(chosen[at].which, p, float(q), holds, gain.difference, gain.low, gain.high, gain.inside.n)
    return found


def _tested(grid: Grid, which: int, split: Split, groups: Integers | None) -> Contrast:
    inside, against = grid.sides(which)
    rows = np.zeros(len(grid.cell), dtype=bool)
    rows[split.test] = True
    return later_contrast(inside, split, groups, rows & (inside | against))


def later_contrast(
    inside: Flags, split: Split, groups: Integers | None, rows: Flags | None = None, z: float = norm.isf(LEVEL / 2)
) -> Contrast:
    """Return the contrast among the later customers, or some of them."""
    at = split.test if rows is None else np.flatnonzero(rows)
    labels: Labels = split.test_labels
    return contrast(inside[at], labels.label[at], labels.weight[at], None if groups is None else groups[at], z=z)
