"""What a method of finding lookalikes may know: customers that are not hidden, how they ended, and a fit on them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.domain import Domain
from icp_ml.model.likeness import Likeness, like_share

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.reference import Reference
    from icp_ml.model.space import Placed

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

_BLOCK_ROWS = 2_048
_DECIMALS = 12
_NEAR = 1e-9


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
    def succeeded(self) -> Flags:
        """Which customers are seeds."""
        return np.asarray(self.outcome == 1.0)

    @cached_property
    def placed(self) -> tuple[Likeness, Floats]:
        """The likeness of these customers and their coordinates in it."""
        return Likeness.of(self.classifier, self.frame, self.weight)

    @cached_property
    def shares(self) -> Floats:
        """Weight of each customer among those of its outcome, (n, 2): as a seed, as a negative seed."""
        sides = np.stack([self.weight * self.succeeded, self.weight * ~self.succeeded], axis=1)
        return np.asarray(sides / sides.sum(axis=0))


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
    likeness, there = seen.placed
    columns = list(likeness.columns)
    here = likeness.place(seen.classifier.attribute_contributions(pool.frame[columns]).to_numpy(np.float64))
    sums = np.concatenate([_kernel_sums(likeness, block, there, seen.shares) for block in _blocks(here)])
    applicable = applicability(seen.domain, seen.domain.space.place(pool.frame))
    return np.asarray(np.round(like_share(sums[:, 0], sums[:, 1]) * applicable, _DECIMALS))


def applicability(domain: Domain, placed: Placed) -> Floats:
    """Return how far the evidence about the customers reaches an account, (n,): 1 in the domain, below outside it."""
    distance = np.maximum(domain.neighbours.mean_distance(placed.coordinates), _NEAR)
    surprise = np.maximum(placed.surprise.max(axis=1), _NEAR)
    return np.asarray(np.minimum(1.0, np.minimum(domain.far / distance, domain.rare / surprise)))


def _kernel_sums(likeness: Likeness, here: Floats, there: Floats, shares: Floats) -> Floats:
    squared = np.square(here).sum(axis=1)[:, None] + np.square(there).sum(axis=1) - 2.0 * here @ there.T
    return np.asarray(likeness.closeness(np.maximum(squared, 0.0)) @ shares)


def _blocks(rows: Floats) -> Iterator[Floats]:
    return (rows[start : start + _BLOCK_ROWS] for start in range(0, len(rows), _BLOCK_ROWS))
