"""What a method of finding lookalikes may know: customers that are not hidden, how they ended, and a fit on them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.domain import Domain
from icp_ml.model.likeness import Likeness
from icp_ml.prospects.lookalikes.similarity import Similarity

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.reference import Reference

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Seen:
    """The customers that a method may learn from.

    Attributes
    ----------
    frame : DataFrame, shape (n, n_attributes)
        Their attributes, as the model reads them.
    outcome, weight : ndarray of float64, shape (n,)
        1 success, 0 churned; weight in training, above 0.
    classifier : SuccessClassifier
        Fitted on these customers and no others.
    domain : Domain
        Learned from these customers and no others.
    kinds : dict of str to str
        Kind of each attribute: numeric, categorical or date.
    seed : int
        Of everything that is drawn.
    """

    frame: pd.DataFrame
    outcome: Floats
    weight: Floats
    classifier: SuccessClassifier
    domain: Domain
    kinds: dict[str, str]
    seed: int

    @classmethod
    def learn(
        cls, reference: Reference, rows: Indices, classifier: SuccessClassifier, *, kinds: dict[str, str], seed: int
    ) -> Seen:
        """Return some customers of a reference, with the fit that was made on them."""
        frame = reference.frame.iloc[rows].reset_index(drop=True)
        fit_of = {name: (classifier.fits or {}).get(name, "context") for name in kinds}
        domain = Domain.learn(frame, kinds, fit_of, seed, groups=reference.group[rows])
        return cls(frame, reference.outcome[rows], reference.weight[rows], classifier, domain, kinds, seed)

    @property
    def positive(self) -> Flags:
        """Which customers are seeds: those that succeeded."""
        return np.asarray(self.outcome == 1.0)

    @property
    def negative(self) -> Flags:
        """Which customers are negative seeds: those that churned."""
        return ~self.positive


@dataclass(frozen=True, eq=False)
class Pool:
    """The accounts to put in order: hidden customers first, then prospects.

    Attributes
    ----------
    frame : DataFrame, shape (n_hidden + n_prospects, n_attributes)
        Their attributes.
    n_hidden : int
        How many of them are hidden customers.
    """

    frame: pd.DataFrame
    n_hidden: int

    @classmethod
    def of(cls, hidden: pd.DataFrame, prospects: pd.DataFrame) -> Pool:
        """Return hidden customers and prospects together."""
        columns = list(hidden.columns)
        return cls(pd.concat([hidden, prospects[columns]], ignore_index=True), len(hidden))

    def __len__(self) -> int:
        """Return the number of accounts."""
        return len(self.frame)


def similarity(seen: Seen, pool: Pool) -> Floats:
    """Return the similarity that lists are ordered by, (n,), 0 to 1: likeness times applicability."""
    likeness, coordinates = Likeness.of(seen.classifier, seen.frame, seen.weight)
    measure = Similarity(
        seen.classifier, seen.domain, likeness, coordinates=coordinates, weight=seen.weight, seeds=seen
    )
    found = measure.locate(pool.frame)
    return measure.exact(found.coordinates, found.applicability)
