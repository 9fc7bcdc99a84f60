"""Test whether segments of customers differ in what goes with success, so that one profile would not serve all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Objects = NDArray[np.object_]

N_PERMUTATIONS = 999
SIGNIFICANT = 0.05
MIN_OUTCOME = 10
"""Successes and churned customers that a segment must have to say what goes with success in it."""
_STEPS, _RIDGE, _FLAT = 50, 1e-8, 1e-8
_BLOCK = 100


@dataclass(frozen=True)
class Several:
    """Whether one profile serves all segments.

    Attributes
    ----------
    p : float or None
        Share of permutations in which segments differ as much, 0 to 1; None: too few customers to test.
    n, n_segments : int
        Customers and segments that were tested.
    sentence : str
    """

    p: float | None
    n: int
    n_segments: int
    sentence: str

    @property
    def differ(self) -> bool:
        """Whether there is evidence that segments differ in what goes with success."""
        return self.p is not None and self.p <= SIGNIFICANT

    def as_document(self) -> dict[str, object]:
        """Return the test for JSON."""
        return {"p": self.p, "n": self.n, "n_segments": self.n_segments, "sentence": self.sentence}


def several_profiles(fits: Floats, outcome: Floats, weight: Floats, segment: Objects, *, seed: int) -> Several:
    """Test whether the fits go with success differently in different segments.

    Parameters
    ----------
    fits : ndarray of float64, shape (n, n_fits)
        Fit contributions of the customers with a known outcome, in log-odds.
    outcome, weight : ndarray of float64, shape (n,)
        1 success, 0 churned; weight above 0.
    segment : ndarray of object, shape (n,)
        Name or None; customers without a segment, and segments with fewer than ten of either outcome, are left out.
    seed : int
        Of the permutations.

    Returns
    -------
    Several
        "Not found to differ between the segments" is the usual answer.

    Notes
    -----
    A logistic regression of the outcome on fits and segments; its Pearson residuals are projected on the products of
    fits and segments (orthogonal to the regression), and the squared length is compared with that of permuted
    residuals: (1 + as long) / 1,000. It tells nothing of segments that only succeed more or less often, and it can miss
    what the model has learned itself from attributes that go with the segment.

    References
    ----------
    Winkler et al. (2014), NeuroImage 92:381, for permuted residuals; Cox & Hinkley (1974), Theoretical Statistics,
    section 9.3, for the score.
    """
    text = np.array(["" if one is None else f"={one}" for one in segment], dtype=object)
    names = [name for name in sorted(set(text)) if name and _is_told(text, outcome, name)]
    rows = np.flatnonzero(np.isin(text, names))
    if len(names) < 2:
        asked = f"two segments with {MIN_OUTCOME} successes and {MIN_OUTCOME} churned are needed"
        return Several(None, len(rows), len(names), f"Whether one profile serves all segments cannot be told: {asked}.")
    groups = np.array([names.index(one) for one in text[rows]])
    order = np.lexsort((groups, outcome[rows], *np.round(fits[rows], 9).T))
    with threadpool_limits(1, user_api="blas"):  # sums split over threads differ in their last bits
        p = _p_value(fits[rows][order], outcome[rows][order], weight[rows][order], groups[order], seed)
    return Several(p, len(rows), len(names), _sentence(p, len(rows), len(names)))


def _is_told(segment: Objects, outcome: Floats, name: str) -> bool:
    ended = outcome[segment == name]
    return bool(min((ended == 1).sum(), (ended == 0).sum()) >= MIN_OUTCOME)


def _sentence(p: float | None, n: int, n_segments: int) -> str:
    if p is None:
        return "Whether one profile serves all segments cannot be told: the fits do not vary inside them."
    numbers = f"p = {p:.3f}, {n:,} customers in {n_segments} segments"
    if p > SIGNIFICANT:
        found = "What goes with success was not found to differ between the segments"
        return f"{found} ({numbers}; small differences would not show)."
    return f"Segments differ in which fits are associated with success ({numbers}): consider a profile for each."


def _p_value(fits: Floats, outcome: Floats, weight: Floats, groups: NDArray[np.int64], seed: int) -> float | None:
    kept = fits[:, fits.std(axis=0) > _FLAT]
    if kept.shape[1] == 0:
        return None
    scaled = (kept - kept.mean(axis=0)) / kept.std(axis=0)
    dummies = (groups[:, None] == np.arange(groups.max() + 1)).astype(np.float64)
    main = np.hstack([dummies, scaled])
    products = np.hstack([dummies[:, [at]] * scaled for at in range(1, dummies.shape[1])])
    chance = _fitted(main, outcome, weight)
    spread = np.sqrt(chance * (1 - chance))
    residual = (outcome - chance) / spread
    bent = (weight * spread)[:, None]
    basis = _new_directions(bent * main, bent * products)
    if basis.shape[1] == 0:
        return None
    length = float(np.square(basis.T @ residual).sum())
    return (1 + _n_as_long(basis, residual, length, seed)) / (N_PERMUTATIONS + 1)


def _n_as_long(basis: Floats, residual: Floats, length: float, seed: int) -> int:
    rng, as_long = np.random.default_rng([seed, 3]), 0
    for start in range(0, N_PERMUTATIONS, _BLOCK):
        several = min(_BLOCK, N_PERMUTATIONS - start)
        drawn = rng.permuted(np.tile(residual, (several, 1)), axis=1)
        as_long += int((np.square(drawn @ basis).sum(axis=1) >= length * (1 - 1e-9)).sum())
    return as_long


def _fitted(matrix: Floats, outcome: Floats, weight: Floats) -> Floats:
    """Return the chances of a weighted logistic regression, by Newton steps with a ridge too small to matter."""
    beta = np.zeros(matrix.shape[1])
    for _ in range(_STEPS):
        chance = np.clip(expit(matrix @ beta), 1e-6, 1 - 1e-6)
        slope = matrix.T @ (weight * (outcome - chance))
        bend = (matrix * (weight * chance * (1 - chance))[:, None]).T @ matrix
        step = np.linalg.solve(bend + _RIDGE * np.trace(bend) * np.eye(len(beta)), slope)
        beta += np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < 1e-8:
            break
    return np.asarray(np.clip(expit(matrix @ beta), 1e-6, 1 - 1e-6))


def _new_directions(known: Floats, further: Floats) -> Floats:
    """Return an orthonormal basis of what further columns add to known ones."""
    basis, lengths, _ = np.linalg.svd(known, full_matrices=False)
    basis = basis[:, lengths > _FLAT * lengths[0]]
    rest = further - basis @ (basis.T @ further)
    added, sizes, _ = np.linalg.svd(rest, full_matrices=False)
    return np.asarray(added[:, sizes > _FLAT * max(float(np.linalg.norm(further)), _FLAT)])
