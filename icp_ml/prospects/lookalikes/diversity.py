"""Choose a list whose prospects are similar to the seeds and unlike each other, and tell what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.model.likeness import Likeness
from icp_ml.model.search import ExactSearch

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_PER_RANK = 5
_LEAST_CANDIDATES = 2_000


def n_candidates(n_listed: int) -> int:
    """Return how many first ranks a diverse list is chosen from."""
    return max(_PER_RANK * n_listed, _LEAST_CANDIDATES)


def choose_diverse(similarity: Floats, coordinates: Floats, likeness: Likeness, *, n: int, value: float) -> Indices:
    """Choose prospects one by one: similar to the seeds, and unlike those chosen before.

    Parameters
    ----------
    similarity : ndarray of float64, shape (n_candidates,)
        Falling.
    coordinates : ndarray of float64, shape (n_candidates, n_attributes)
        In the likeness space.
    likeness : Likeness
        How close two prospects are.
    n : int
        How many are chosen; at most the candidates.
    value : float
        What being unlike is worth: 0 chooses the most similar.

    Returns
    -------
    ndarray of int64, shape (n,)
        Places of those chosen, rising, so that they are in the order of their similarity.

    Notes
    -----
    Each choice has the largest ``(1 - value) * similarity - value * closeness``, where closeness is that to the
    nearest one chosen before; of equal ones the first.

    References
    ----------
    Carbonell and Goldstein (1998), The use of MMR, diversity-based reranking for reordering documents, SIGIR.
    """
    closest = np.zeros(len(similarity))
    worth = (1.0 - value) * similarity
    is_free = np.ones(len(similarity), dtype=bool)
    for _ in range(n):
        best = int(np.argmax(np.where(is_free, worth - value * closest, -np.inf)))
        is_free[best] = False
        closeness = likeness.closeness(np.square(coordinates - coordinates[best]).sum(axis=1))
        closest = np.maximum(closest, closeness)
    return np.flatnonzero(~is_free)


@dataclass(frozen=True)
class Mixture:
    """What a list holds.

    Attributes
    ----------
    similarity : float
        Mean, 0 to 1; 0 where nobody is listed.
    distance : float
        Mean distance of a prospect to the nearest other one of the list, in bandwidths: 1 is what a customer is from
        its tenth nearest other.
    n_segments : int
        Segments of the seeds that the list resembles.
    """

    similarity: float
    distance: float
    n_segments: int


@dataclass(frozen=True)
class Diversity:
    """What a diverse list costs.

    Attributes
    ----------
    value : float
        What was asked for.
    chosen, plain : Mixture
        The list, and the one of the most similar.
    """

    value: float
    chosen: Mixture
    plain: Mixture

    @property
    def price(self) -> float:
        """Share of the mean similarity that is given up; 0: none."""
        return 1.0 - self.chosen.similarity / self.plain.similarity if self.plain.similarity else 0.0

    @property
    def sentence(self) -> str:
        """Say what it costs and what it gives."""
        return (
            f"Diversity {self.value:g} takes {self.price:.1%} off the mean similarity "
            f"({self.plain.similarity:.3f} to {self.chosen.similarity:.3f}); a prospect of the list is "
            f"{self.chosen.distance:.2f} typical distances from the nearest other one, "
            f"{self.plain.distance:.2f} without it."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the numbers and the sentence."""
        return {
            "value": self.value,
            "similarity": self.chosen.similarity,
            "similarity_without": self.plain.similarity,
            "price": self.price,
            "n_segments": self.chosen.n_segments,
            "n_segments_without": self.plain.n_segments,
            "distance": self.chosen.distance,
            "distance_without": self.plain.distance,
            "sentence": self.sentence,
        }


def mean_apart(coordinates: Floats, likeness: Likeness) -> float:
    """Return the mean distance of prospects to their nearest other one, in bandwidths; 0 for fewer than two."""
    if len(coordinates) < 2:
        return 0.0
    found = ExactSearch(coordinates).nearest(coordinates, 2)
    return float(np.sqrt(found.squared[:, 1]).mean() / likeness.bandwidth)
