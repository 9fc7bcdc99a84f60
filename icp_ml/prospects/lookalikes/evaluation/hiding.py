"""Hide customers of both outcomes, and let the same learner learn from the others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from icp_ml.accounts.split import MIN_PER_CLASS, grouped_folds
from icp_ml.model.reference import JUDGED, TAUGHT, Reference
from icp_ml.prospects.lookalikes.evaluation.seen import Indices, Seen

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.success_model import SuccessModel

N_FOLDS = 5
FEWEST = 30
"""Customers of each outcome, and unrelated groups, below which nothing is said."""
FEWEST_LATER = MIN_PER_CLASS
"""Customers of each outcome that the later ones need, as in the test period of a training."""


@dataclass(frozen=True, eq=False)
class Hiding:
    """Who is hidden, and what is left to learn from.

    Attributes
    ----------
    seen : Seen
        The other customers.
    hidden : ndarray of int64, shape (n_hidden,)
        Positions of the hidden ones in the reference.
    """

    seen: Seen
    hidden: Indices


def shortage(reference: Reference) -> str:
    """Return what is too few to hide anybody, in words; empty when nothing is."""
    n_success, n_churned = counts(reference, np.arange(len(reference)))
    n_groups = len(np.unique(reference.group))
    have = {"successes": n_success, "churned customers": n_churned, "unrelated groups of customers": n_groups}
    return ", ".join(f"{count:,} {what}" for what, count in have.items() if count < FEWEST)


def crossed(model: SuccessModel, classifier: SuccessClassifier, reference: Reference, *, seed: int) -> Iterator[Hiding]:
    """Yield five hidings: each customer is hidden once, related ones together, and the learner is fitted without them.

    A fold on either side of which an outcome is missing says nothing and is left out.
    """
    for rows, hidden in grouped_folds(reference.outcome, reference.group, N_FOLDS, seed=seed):
        if all(min(counts(reference, side)) > 0 for side in (rows, hidden)):
            again = _fitted_on(classifier, reference, rows)
            yield Hiding(Seen.learn(reference, rows, again, kinds=kinds_of(model), seed=seed), hidden)


def later(model: SuccessModel, reference: Reference, *, seed: int) -> Hiding | None:
    """Return the later customers that judged the model, hidden from those that taught it; None without enough."""
    rows, hidden = (np.flatnonzero(reference.part == part) for part in (TAUGHT, JUDGED))
    few = any(min(counts(reference, side)) < FEWEST_LATER for side in (rows, hidden))
    if few or model.evaluation_classifier is None:
        return None
    seen = Seen.learn(reference, rows, model.evaluation_classifier, kinds=kinds_of(model), seed=seed)
    return Hiding(seen, hidden)


def kinds_of(model: SuccessModel) -> dict[str, str]:
    """Return the kind of each attribute, in the order of the model."""
    return {known.column: known.kind for known in model.contract.attributes}


def counts(reference: Reference, rows: NDArray[np.int64]) -> tuple[int, int]:
    """Return how many of these customers succeeded, and how many churned."""
    n_success = int((reference.outcome[rows] == 1.0).sum())
    return n_success, len(rows) - n_success


def _fitted_on(classifier: SuccessClassifier, reference: Reference, rows: Indices) -> SuccessClassifier:
    """Return the learner that is served, fitted on these customers: penalty, trees and line are chosen among them."""
    again: SuccessClassifier = clone(classifier).set_params(learner=classifier.learner_)
    columns = list(classifier.features_.attributes)
    frame = reference.frame[columns].iloc[rows]
    return again.fit(frame, reference.outcome[rows], reference.weight[rows], groups=reference.group[rows])
