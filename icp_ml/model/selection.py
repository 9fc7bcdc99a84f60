"""Compare learners on accounts they were not fitted on, and keep the simplest that is as good as the best."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.split import grouped_folds
from icp_ml.model.calibration import cross_fitted, log_losses

Floats = NDArray[np.float64]
Folds = NDArray[np.int64]

LEARNERS: Mapping[str, tuple[float, float]] = {"logistic": (1.0, 0.0), "lightgbm": (0.0, 1.0), "blend": (0.5, 0.5)}
"""Shares of the linear and the tree margin in each learner's margin, simplest learner first."""

TOLERANCE = 0.003
RULE = (
    "the simplest of logistic, lightgbm, blend (in this order) whose weighted out-of-fold log loss, after a "
    f"cross-fitted Platt line, is within one paired standard error of the best and within {TOLERANCE} of it"
)


class Learner(Protocol):  # pragma: no cover - a shape, not code
    """What can be compared: a path of complexities and the margins it gives to rows it has not seen."""

    @property
    def path(self) -> tuple[float, ...]:
        """Complexities to try, simplest first."""

    def margins(self, train: Floats, y: Floats, weight: Floats, test: Floats) -> Floats:
        """Return the margins of test rows under every complexity, (n_test, n_path)."""


@dataclass(frozen=True)
class OutOfFold:
    """Margins of one learner on accounts it was not fitted on.

    Attributes
    ----------
    margins
        (n_repeats, n).
    chosen
        The complexity to use in the full fit.
    path_loss
        Weighted out-of-fold log loss of each complexity of the path.
    """

    margins: Floats
    chosen: float
    path_loss: dict[float, float]


@dataclass(frozen=True)
class Comparison:
    """Which learner is served, and how each candidate did.

    Attributes
    ----------
    learner
        ``"logistic"``, ``"lightgbm"`` or ``"blend"``.
    margins
        (n_repeats, n) its out-of-fold margins before calibration; empty when there were too few accounts to compare.
    rows
        Per candidate its log loss, the difference to the best, and the standard error of that paired difference.
    """

    learner: str
    margins: Floats
    rows: dict[str, dict[str, float]]

    def as_dict(self) -> dict[str, Any]:
        """Return rule, choice and candidates, ready for JSON."""
        return {"rule": RULE, "chosen": self.learner, "candidates": self.rows}


def make_folds(y: Floats, groups: NDArray[np.int64] | None, n_folds: int, n_repeats: int, seed: int) -> Folds:
    """Return the fold of every account in every repeat, stratified by outcome and never splitting a group.

    Returns
    -------
    numpy.ndarray
        (n_repeats, n); no repeats (0, n) when a class has fewer than two accounts (or groups) to share out.
    """
    n_splits = min(n_folds, *(_n_units(y, groups, label) for label in (0.0, 1.0)))
    if n_splits < 2:
        return np.empty((0, len(y)), dtype=np.int64)
    codes = np.empty((n_repeats, len(y)), dtype=np.int64)
    for place, (_, held_out) in enumerate(grouped_folds(y, groups, n_splits, n_repeats, seed)):
        repeat, fold = divmod(place, n_splits)
        codes[repeat, held_out] = fold
    return codes


def _n_units(y: Floats, groups: NDArray[np.int64] | None, label: float) -> int:
    return int((y == label).sum()) if groups is None else len(np.unique(groups[y == label]))


def repeats_for(n_rows: int) -> int:
    """Return how often the folds are drawn anew: 3 times below 1,000 accounts, where one draw is noisy, else once."""
    return 3 if n_rows < 1000 else 1


def out_of_fold(learner: Learner, matrix: Floats, y: Floats, weight: Floats, folds: Folds) -> OutOfFold:
    """Fit a learner on all but each fold and return its margins there.

    The complexity of the full fit has the lowest weighted log loss of all folds together; the margins of a fold
    use the complexity that was best on the *other* folds, so that choosing does not flatter them.
    """
    path = learner.path
    margins = np.empty((*folds.shape, len(path)))
    for repeat, fold_of in enumerate(folds):
        for fold in np.unique(fold_of):
            rest, here = fold_of != fold, fold_of == fold
            margins[repeat, here] = learner.margins(matrix[rest], y[rest], weight[rest], matrix[here])
    losses = log_losses(y[:, None], margins) * weight[:, None]
    path_loss = losses.sum(axis=(0, 1)) / (weight.sum() * len(folds))
    kept = _cross_fitted_choice(margins, losses, folds)
    return OutOfFold(kept, path[int(path_loss.argmin())], dict(zip(path, path_loss.tolist(), strict=True)))


def _cross_fitted_choice(margins: Floats, losses: Floats, folds: Folds) -> Floats:
    kept = np.empty(folds.shape)
    for repeat, fold_of in enumerate(folds):
        for fold in np.unique(fold_of):
            here = fold_of == fold
            best = int(losses[repeat, ~here].sum(axis=0).argmin())
            kept[repeat, here] = margins[repeat, here, best]
    return kept


def compare(
    candidates: Mapping[str, Floats], y: Floats, weight: Floats, folds: Folds, clusters: NDArray[np.int64]
) -> Comparison:
    """Return the learner that the rule keeps among out-of-fold margins of each candidate.

    Parameters
    ----------
    candidates
        ``{learner: (n_repeats, n) margins}``, simplest learner first.
    y, weight, clusters
        (n,) outcome 0 or 1, weight, and group number.
    folds
        (n_repeats, n).
    """
    losses = {
        name: log_losses(y, cross_fitted(margins, y, weight, folds)).mean(axis=0)
        for name, margins in candidates.items()
    }
    means = {name: float(np.average(loss, weights=weight)) for name, loss in losses.items()}
    best = min(means, key=lambda name: means[name])
    rows = {}
    for name, loss in losses.items():
        error = _standard_error(loss - losses[best], weight, clusters)
        rows[name] = {"log_loss": means[name], "above_best": means[name] - means[best], "standard_error": error}
    kept = next(name for name, row in rows.items() if row["above_best"] <= min(row["standard_error"], TOLERANCE))
    return Comparison(kept, candidates[kept], rows)


def _standard_error(difference: Floats, weight: Floats, clusters: NDArray[np.int64]) -> float:
    """Return the cluster-robust standard error of a weighted mean."""
    centred = weight * (difference - np.average(difference, weights=weight))
    sums = np.bincount(np.unique(clusters, return_inverse=True)[1], weights=centred)
    return float(np.sqrt((sums**2).sum() * len(sums) / max(len(sums) - 1, 1)) / weight.sum())


@dataclass(frozen=True)
class Sample:
    """The accounts a model is fitted on.

    Attributes
    ----------
    matrix
        (n, n_features) features.
    y, weight
        (n,) outcome 0 or 1, and weight with mean 1.
    clusters
        (n,) number of the group of each account; all different where accounts are unrelated.
    grouped
        Whether any two accounts share a group.
    """

    matrix: Floats
    y: Floats
    weight: Floats
    clusters: NDArray[np.int64]
    grouped: bool

    def folds(self, n_folds: int, seed: int) -> Folds:
        """Return folds (n_repeats, n), see `make_folds`."""
        groups = self.clusters if self.grouped else None
        return make_folds(self.y, groups, n_folds, repeats_for(len(self.y)), seed)


@dataclass(frozen=True)
class Selection:
    """The learner to fit on every account, its complexities, and its out-of-fold margins.

    Attributes
    ----------
    comparison
        The candidates and the one kept.
    complexity
        Per part (``"logistic"``: C, ``"lightgbm"``: number of trees) what the full fit uses.
    path_loss
        Per part the out-of-fold log loss along its path.
    """

    comparison: Comparison
    complexity: dict[str, float]
    path_loss: dict[str, dict[float, float]]


def select(wanted: str, parts: Mapping[str, Learner], sample: Sample, folds: Folds) -> Selection:
    """Choose complexities, and with ``wanted="auto"`` the learner, on out-of-fold log loss.

    Parameters
    ----------
    wanted
        ``"auto"`` or a name of `LEARNERS`.
    parts
        ``{"logistic": ..., "lightgbm": ...}``.
    """
    names = list(LEARNERS) if wanted == "auto" else [wanted]
    used = [part for i, part in enumerate(parts) if any(LEARNERS[name][i] for name in names)]
    if not len(folds):
        return _unmeasured(names[0], {part: parts[part] for part in used})
    found = {part: out_of_fold(parts[part], sample.matrix, sample.y, sample.weight, folds) for part in used}
    candidates = {name: _mixed(name, parts, found) for name in names}
    comparison = compare(candidates, sample.y, sample.weight, folds, sample.clusters)
    chosen = {part: each.chosen for part, each in found.items()}
    return Selection(comparison, chosen, {part: each.path_loss for part, each in found.items()})


def _mixed(name: str, parts: Mapping[str, Learner], found: Mapping[str, OutOfFold]) -> Floats:
    """Return the candidate's margins: its shares of its parts' margins."""
    shares = dict(zip(parts, LEARNERS[name], strict=True))
    return np.asarray(np.sum([share * found[part].margins for part, share in shares.items() if share], axis=0))


def _unmeasured(name: str, used: Mapping[str, Learner]) -> Selection:
    chosen = {part: learner.path[len(learner.path) // 2] for part, learner in used.items()}
    return Selection(Comparison(name, np.empty((0, 0)), {}), chosen, {})
