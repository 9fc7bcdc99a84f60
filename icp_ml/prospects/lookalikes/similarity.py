"""How much accounts resemble the seeds and not the negative seeds, in what is associated with success."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.kernel import COARSE_ERROR
from icp_ml.model.likeness import Likeness, like_share
from icp_ml.model.search import ExactSearch

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.domain import Domain

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

DECIMALS = 12
"""Of a similarity: what is beyond them is rounding of the sums, and must not decide a rank."""
MARGIN = COARSE_ERROR + 1e-6
"""Most that a similarity in single precision may be wrong, its own rounding included."""
_LEAST_DISTANCE = 1e-9


@dataclass(frozen=True)
class Located:
    """Accounts in the likeness space and in the domain.

    Attributes
    ----------
    contributions : ndarray of float64, shape (n, n_attributes)
        In log-odds.
    coordinates : ndarray of float64, shape (n, n_attributes)
        In the likeness space.
    in_domain : ndarray of bool, shape (n,)
        False where the account is unlike every customer.
    applicability : ndarray of float64, shape (n,)
        1 in the domain, less the further the account is outside; above 0.
    """

    contributions: Floats
    coordinates: Floats
    in_domain: Flags
    applicability: Floats


class Sides(Protocol):
    """Whoever says which customers are seeds and which negative seeds."""

    @property
    def positive(self) -> Flags:
        """Which customers are to be resembled, (n_reference,)."""

    @property
    def negative(self) -> Flags:
        """Which are not to be, (n_reference,)."""


class Similarity:
    """Measure the similarity of accounts to the seeds.

    Parameters
    ----------
    classifier : SuccessClassifier
        Whose contributions say what matters.
    domain : Domain or None
        Where there is evidence; None: everywhere.
    likeness : Likeness
        The space of the classifier's customers.
    coordinates : ndarray of float64, shape (n_reference, n_attributes)
        The customers in this space.
    weight : ndarray of float64, shape (n_reference,)
        Of each customer, above 0.
    seeds : Sides
        Which of them are to be resembled, and which not.

    Notes
    -----
    ``similarity = a / (a + b) * applicability``, where a and b are the weighted mean closeness of the account to the
    seeds and to the negative seeds: 0 to 1, and 0.5 is as close to the negative seeds as to the seeds.
    """

    def __init__(
        self,
        classifier: SuccessClassifier,
        domain: Domain | None,
        likeness: Likeness,
        *,
        coordinates: Floats,
        weight: Floats,
        seeds: Sides,
    ) -> None:
        self._classifier, self._domain, self.likeness = classifier, domain, likeness
        chosen = np.flatnonzero(seeds.positive | seeds.negative)
        self._search = ExactSearch(coordinates[chosen])
        sides = np.column_stack([np.where(side, weight, 0.0) for side in (seeds.positive, seeds.negative)])
        self._weights = (sides / sides.sum(axis=0))[chosen]
        self._prototypes = None if domain is None else ExactSearch(domain.neighbours.points.astype(np.float64))

    def locate(self, frame: pd.DataFrame) -> Located:
        """Place accounts by their attribute frame."""
        contributions = self.contributions(frame)
        in_domain, applicability = self._applicability(frame)
        return Located(contributions, self.likeness.place(contributions), in_domain, applicability)

    def contributions(self, frame: pd.DataFrame) -> Floats:
        """Return the attribute contributions, (n, n_attributes), in log-odds."""
        if not len(frame):
            return np.empty((0, len(self.likeness.columns)))
        return self._classifier.attribute_contributions(frame[list(self.likeness.columns)]).to_numpy(np.float64)

    def exact(self, coordinates: Floats, applicability: Floats) -> Floats:
        """Return the similarity, (n,), rounded to 12 decimals."""
        sums = self._search.kernel_sums(coordinates, self._weights, self.likeness.bandwidth)
        return np.round(like_share(sums[:, 0], sums[:, 1]) * applicability, DECIMALS)

    def coarse(self, coordinates: Floats, applicability: Floats) -> Floats:
        """Return the similarity, (n,), in single precision."""
        sums = self._search.coarse_kernel_sums(coordinates, self._weights, self.likeness.bandwidth)
        return np.asarray(like_share(sums[:, 0], sums[:, 1]) * applicability)

    def _applicability(self, frame: pd.DataFrame) -> tuple[Flags, Floats]:
        """Return which accounts are in the domain, and how far the model applies to each.

        Outside it is the allowed over the found, of distance or of surprise, whichever is less.
        """
        if self._domain is None or self._prototypes is None or not len(frame):
            return np.ones(len(frame), dtype=bool), np.ones(len(frame))
        in_domain, _ = self._domain.assess(frame)
        applicability = np.ones(len(frame))
        outside = np.flatnonzero(~in_domain)
        if outside.size:
            placed = self._domain.space.place(frame.iloc[outside])
            found = self._prototypes.nearest(placed.coordinates.astype(np.float64), self._domain.neighbours.k)
            distance = np.sqrt(found.squared).mean(axis=1)
            near = self._domain.far / np.maximum(distance, _LEAST_DISTANCE)
            usual = self._domain.rare / np.maximum(placed.surprise.max(axis=1), _LEAST_DISTANCE)
            applicability[outside] = np.minimum(np.minimum(near, usual), 1.0)
        return in_domain, applicability
