"""Run the procedure that is judged: fit it on some accounts, and get the margins of others that it has not seen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from icp_ml.accounts.split import grouped_folds
from icp_ml.model.evaluation.gates import Bar
from icp_ml.model.evaluation.metrics import ScoredRows, scored_rows

if TYPE_CHECKING:
    from datetime import date

    from icp_ml.accounts.outcome import Days, Labels

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

LARGE = 10_000
"""Above this many rows 200 bootstrap draws and 500 permutations are enough, and one fold stands for a random split."""


class Classifier(Protocol):
    """What an evaluation asks of a model; `SuccessClassifier` has it."""

    learner_: str

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit on accounts with a known outcome."""

    def decision_function(self, X: Any) -> Floats:
        """Return the served log-odds."""


@dataclass(frozen=True)
class Timeline:
    """When accounts were signed, and what was known on an earlier day.

    Attributes
    ----------
    as_of : array of datetime64[D], shape (n,)
        The day each account was signed.
    relabel : callable
        Gives the labels as known at the end of an earlier day, as for `icp_ml.accounts.split.choose_split`.
    """

    as_of: Days
    relabel: Callable[[date], Labels]


@dataclass(frozen=True)
class EvaluationOptions:
    """What a study asks of its evaluation.

    Attributes
    ----------
    make_baseline : callable, optional
        Makes the simple classifier (plain logistic regression) that the model is compared with.
    capacity : int or None
        Accounts the team can work in a period.
    gates : mapping
        Bars of the study, see `icp_ml.model.evaluation.gates.judge`.
    rule : array of bool, shape (n,), or None
        Which accounts today's rule would choose.
    base_rate : float or None
        True share of successes where accounts were sampled by outcome; test weights are set to it.
    timeline : Timeline or None
        Needed for rolling origins.
    n_splits, n_boot, n_permutations, seed : int
        Folds, bootstrap draws, permutations, and the seed of all.
    """

    make_baseline: Callable[[], Classifier] | None = None
    capacity: int | None = None
    gates: Mapping[str, Bar] = field(default_factory=dict)
    rule: NDArray[np.bool_] | None = None
    base_rate: float | None = None
    timeline: Timeline | None = None
    n_splits: int = 5
    n_boot: int = 500
    n_permutations: int = 2000
    seed: int = 0

    def draws(self, n_rows: int) -> int:
        """Return the bootstrap draws for so many rows."""
        return self.n_boot if n_rows <= LARGE else min(self.n_boot, 200)

    def permutations(self, n_rows: int) -> int:
        """Return the permutations for so many rows."""
        return self.n_permutations if n_rows <= LARGE else min(self.n_permutations, 500)


@dataclass(frozen=True)
class Known:
    """Accounts with a known outcome: positions in the table, and what belongs to each account of the table."""

    rows: Indices
    table_label: Floats
    table_weight: Floats
    table_groups: Indices | None

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def label(self) -> Floats:
        """Return the outcomes, 1 or 0."""
        return self.table_label[self.rows]

    @property
    def weight(self) -> Floats:
        """Return the weights."""
        return self.table_weight[self.rows]

    @property
    def groups(self) -> Indices | None:
        """Return the group of each account, if any are related."""
        return None if self.table_groups is None else self.table_groups[self.rows]

    def at(self, places: Indices) -> Known:
        """Return some of the accounts, by their places among these."""
        return replace(self, rows=self.rows[places])


@dataclass(frozen=True)
class OutOfFold:
    """Margins of accounts from fits without them.

    Attributes
    ----------
    margins : list of tuple of array
        Per repeat the places among the known accounts, and their margins.
    learner : str
        What most fits chose.
    n_splits : int
        Folds of a repeat.
    """

    margins: list[tuple[Indices, Floats]]
    learner: str
    n_splits: int

    def in_order(self) -> list[Floats]:
        """Return the margins of each repeat in the order of the accounts."""
        return [margin[np.argsort(places)] for places, margin in self.margins]


def fitted(make_classifier: Callable[[], Classifier], frame: pd.DataFrame, train: Known) -> Classifier:
    """Return the procedure's fit on these accounts."""
    attributes = frame.iloc[train.rows]
    return make_classifier().fit(attributes, train.label, sample_weight=train.weight, groups=train.groups)


def cross_validated(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    known: Known,
    options: EvaluationOptions,
    *,
    n_repeats: int = 1,
    whole: bool = False,
) -> OutOfFold:
    """Return the margins of accounts from fits without them; of many accounts one fold is enough unless ``whole``."""
    n_splits = max(2, min(options.n_splits, int((known.label == 1).sum()), int((known.label == 0).sum())))
    folds = grouped_folds(known.label, known.groups, n_splits, n_repeats, options.seed)
    if len(known) > LARGE and not whole:
        folds = folds[:1]
    found, learners = [], []
    for train, test in folds:
        classifier = fitted(make_classifier, frame, known.at(train))
        found.append((test, classifier.decision_function(frame.iloc[known.rows[test]])))
        learners.append(classifier.learner_)
    repeats = [found[start : start + n_splits] for start in range(0, len(found), n_splits)]
    margins = [(np.concatenate([p for p, _ in part]), np.concatenate([m for _, m in part])) for part in repeats]
    return OutOfFold(margins, max(sorted(set(learners)), key=learners.count), n_splits)


def scored(known: Known, margin: Floats, options: EvaluationOptions) -> ScoredRows:
    """Return the accounts with what was said of them, weighted to the true base rate where the study states it."""
    weight = reweighted(known.label, known.weight, options.base_rate)
    return scored_rows(known.label, expit(margin), margin=margin, weight=weight, clusters=known.groups)


def reweighted(label: Floats, weight: Floats, base_rate: float | None) -> Floats:
    """Return weights under which the success share is the true base rate."""
    share = float(np.average(label, weights=weight))
    if base_rate is None or not 0 < share < 1:
        return weight
    return np.asarray(weight * np.where(label == 1, base_rate / share, (1 - base_rate) / (1 - share)))
