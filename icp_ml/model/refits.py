"""Fit the served procedure again on redrawn customers: what stays, and what one draw of customers happened to say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from icp_ml.errors import UsageError, message
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.inputs import as_clusters, as_weight, signs_of
from icp_ml.model.learners import LogisticLearner, TreeLearner
from icp_ml.model.served import ServedMargin

Floats = NDArray[np.float64]

N_REFITS = 20
MANY_ROWS = 5000
N_REFITS_OF_MANY_ROWS = 12
"""Refits from 5,000 accounts on, where signs and importances vary little and one refit costs seconds."""

BACKGROUND_ROWS = 500
"""Reference customers of a refit: they only say what "on average" is, and every row is walked once per refit."""

DRAWS_PER_REFIT = 10


@dataclass(frozen=True)
class Refit:
    """One refit, and the accounts it did not see.

    Attributes
    ----------
    served
        The margin it would serve.
    out_of_bag
        (m,) positions, in `Refits.matrix`, of the accounts that were not drawn.
    """

    served: ServedMargin
    out_of_bag: NDArray[np.int64]


@dataclass(frozen=True)
class Refits:
    """Refits of one classifier on bootstrap draws of its customers.

    Attributes
    ----------
    refits
        The refits; fewer than asked for where draws had only one outcome, none where every draw had.
    matrix
        (n, n_features) features of the accounts with weight.
    y, weight, clusters
        (n,) outcome 0 or 1, weight with mean 1, number of the group of each account.
    shift
        Log-odds that the served offset adds because accounts were sampled by outcome; outcomes of this sample are
        judged without it.

    Notes
    -----
    Held as in the served fit: features and their levels, learner, penalty, number of trees, calibration line. What a
    refit redraws is customers (whole groups of them, with replacement) and the trees' own sampling, so the spread
    over refits leaves out that another draw might also have chosen another learner. A draw holds about 63 % of the
    customers, so a refit knows less than the served fit.

    References
    ----------
    Efron and Tibshirani (1997), Improvements on cross-validation: the .632+ bootstrap method, JASA 92.
    """

    refits: tuple[Refit, ...]
    matrix: Floats
    y: Floats
    weight: Floats
    clusters: NDArray[np.int64]
    shift: float

    def __len__(self) -> int:
        """Return the number of refits."""
        return len(self.refits)


def refits(
    classifier: SuccessClassifier,
    X: pd.DataFrame,
    y: ArrayLike,
    weight: ArrayLike | None = None,
    *,
    groups: ArrayLike | None = None,
    n_refits: int | None = None,
) -> Refits:
    """Return refits of a fitted classifier on its own training accounts.

    Parameters
    ----------
    classifier
        Fitted on these accounts; its seed is the seed of the draws.
    X, y, weight, groups
        What it was fitted on.
    n_refits
        How many; None: 20, and 12 from 5,000 accounts on.

    Raises
    ------
    UsageError
        No refit was asked for, or labels are not one per row.
    """
    weights = as_weight(weight, len(X))
    kept = np.flatnonzero(weights > 0)
    outcome = (np.asarray(y) == classifier.classes_[1]).astype(np.float64)
    if outcome.shape != (len(X),):
        came = f"an array of shape {outcome.shape}"
        raise UsageError(message("y", came, f"({len(X)},), one label per row of X", "Pass the training labels"))
    matrix = classifier.features_.transform(X)[kept]
    scaled = weights[kept] / weights[kept].mean()
    clusters = np.unique(as_clusters(groups, len(X))[kept], return_inverse=True)[1].astype(np.int64)
    empty = Refits((), matrix, outcome[kept], scaled, clusters, classifier.shift_)
    wanted = (N_REFITS if len(kept) < MANY_ROWS else N_REFITS_OF_MANY_ROWS) if n_refits is None else n_refits
    if wanted < 1:
        raise UsageError(message("n_refits", str(wanted), "1 or more", "Leave it out for the default"))
    with threadpool_limits(1, user_api="blas"):
        return replace(empty, refits=_fit_again(classifier, empty, wanted))


def _fit_again(classifier: SuccessClassifier, sample: Refits, wanted: int) -> tuple[Refit, ...]:
    seed = int(classifier.to_parts().document["settings"]["random_state"])
    served = replace(classifier._served, background=_drawn_background(classifier._served.background, seed))
    found: list[Refit] = []
    for number, bag, out in _draws(sample, seed, wanted):
        if len(found) == wanted:
            break
        found.append(Refit(_refit(classifier, served, sample, (bag, seed + number)), out))
    return tuple(found)


def _draws(sample: Refits, seed: int, wanted: int) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.int64]]]:
    """Yield draws with both outcomes inside and somebody outside: number, positions drawn, positions left out."""
    n_clusters = int(sample.clusters.max()) + 1
    for number in range(DRAWS_PER_REFIT * wanted):
        rng = np.random.default_rng([seed, number])
        counts = np.bincount(rng.integers(0, n_clusters, n_clusters), minlength=n_clusters)[sample.clusters]
        bag, out = np.repeat(np.arange(len(counts)), counts), np.flatnonzero(counts == 0)
        if len(out) and 0 < sample.y[bag].sum() < len(bag):
            yield number, bag, out


def _refit(
    classifier: SuccessClassifier, served: ServedMargin, sample: Refits, draw: tuple[NDArray[np.int64], int]
) -> ServedMargin:
    bag, seed = draw
    data = (sample.matrix[bag], sample.y[bag], sample.weight[bag] / sample.weight[bag].mean())
    complexity: dict[str, Any] = classifier.comparison_["complexity"]
    signs = signs_of(classifier.effects, classifier.features_)
    linear, trees = served.linear, served.trees
    if linear is not None:
        learner = LogisticLearner(classifier.features_.is_numeric, signs, len(sample.y))
        linear = learner.fit(*data, complexity["logistic"])
    if trees is not None:
        trees = TreeLearner(signs, len(sample.y), seed).fit(*data, complexity["lightgbm"])
    return replace(served, linear=linear, trees=trees)


def _drawn_background(background: Floats, seed: int) -> Floats:
    if len(background) <= BACKGROUND_ROWS:
        return background
    drawn = np.random.default_rng(seed).choice(len(background), BACKGROUND_ROWS, replace=False)
    return background[np.sort(drawn)]
