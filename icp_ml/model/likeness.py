"""Place accounts where two are near when the same things are associated with their success, to the same extent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.names import CONTEXT, PLAYERS

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier

Floats = NDArray[np.float64]

N_TYPICAL = 10
"""The bandwidth is the distance at which a customer typically has its tenth nearest other customer."""
_MAX_PAIRED = 2_000
"""Customers among which this distance is measured, spread evenly over the table."""
_FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class Likeness:
    """The space in which accounts resemble each other: attribute contributions, each on its own scale.

    Attributes
    ----------
    columns, fits : tuple of str
        The attributes, in the order of the model, and the fit or context of each.
    scale : ndarray of float64, shape (n_attributes,)
        Square root of the spread of each attribute's contributions among the customers; 1 where they do not vary.
    bandwidth : float
        Distance, above 0, at which two accounts count as typically near.

    Notes
    -----
    With contributions phi (log-odds) the coordinate is ``phi / sqrt(spread)``. The squared distance of two accounts is
    then the sum over attributes of the standardised difference squared times the spread: an attribute counts in
    proportion to how much it moves the score, and one that the model does not use counts nothing. In plain
    contributions the strong attributes would count twice, by their size and by their spread; standardised ones would
    count alike, noise with the rest (docs/decisions/015-likeness.md has the measurements).
    """

    columns: tuple[str, ...]
    fits: tuple[str, ...]
    scale: Floats
    bandwidth: float

    @classmethod
    def learn(cls, contributions: pd.DataFrame, weight: Floats, fit_of: Mapping[str, str]) -> Likeness:
        """Learn the scales and the bandwidth.

        Parameters
        ----------
        contributions : DataFrame, shape (n, n_attributes)
            Attribute contributions of the customers whose outcome is known, in log-odds.
        weight : ndarray of float64, shape (n,)
            Of each customer, above 0.
        fit_of : mapping of str to str
            The fit of the attributes; those without one are context.
        """
        columns = tuple(str(name) for name in contributions.columns)
        values = contributions.to_numpy(np.float64)
        center = np.average(values, axis=0, weights=weight)
        spread = np.sqrt(np.average(np.square(values - center), axis=0, weights=weight))
        scale = np.where(spread > _FLAT, np.sqrt(spread), 1.0)
        return cls(
            columns, tuple(fit_of.get(name, CONTEXT) for name in columns), scale, _typical_distance(values / scale)
        )

    @classmethod
    def of(cls, classifier: SuccessClassifier, frame: pd.DataFrame, weight: Floats) -> tuple[Likeness, Floats]:
        """Return the likeness of a classifier's customers, and their coordinates (n, n_attributes)."""
        contributions = classifier.attribute_contributions(frame[list(classifier.features_.attributes)])
        likeness = cls.learn(contributions, weight, classifier.fits or {})
        return likeness, likeness.place(contributions.to_numpy(np.float64))

    def place(self, contributions: Floats) -> Floats:
        """Return the coordinates, (n, n_attributes), of accounts with these contributions in log-odds."""
        return np.asarray(contributions / self.scale)

    def closeness(self, squared_distance: Floats) -> Floats:
        """Return how close accounts are, 0 to 1: 1 where nothing that matters differs, .61 at the bandwidth."""
        return np.asarray(np.exp(-squared_distance / (2.0 * self.bandwidth**2)))

    @property
    def measured(self) -> tuple[str, ...]:
        """The fits, and context, that have attributes, in the order of the players."""
        return tuple(player for player in PLAYERS if player in self.fits)

    def matches(self, here: Floats, there: Floats) -> dict[str, Floats]:
        """Return how well each fit of an account matches that of the customers it is held against.

        Parameters
        ----------
        here : ndarray of float64, shape (n, n_attributes)
            Coordinates of the accounts.
        there : ndarray of float64, shape (n, k, n_attributes)
            Coordinates of the k customers that each is held against.

        Returns
        -------
        dict of str to ndarray, each of shape (n,)
            For every fit that has attributes, and context: geometric mean over the k customers of the closeness in
            this fit alone, 0 to 1. Their product is the geometric mean of the whole closeness.
        """
        squared = np.square(there - here[:, None, :]).mean(axis=1)
        fits = np.array(self.fits)
        return {player: self.closeness(squared[:, fits == player].sum(axis=1)) for player in self.measured}


def like_share(like: Floats, unlike: Floats) -> Floats:
    """Return the share of likeness that is likeness to the seeds.

    Parameters
    ----------
    like, unlike : ndarray of float64, shape (n,)
        Mean closeness to the seeds and to the negative seeds.

    Returns
    -------
    ndarray of float64, shape (n,)
        0 to 1; 0.5: as close to the negative seeds as to the seeds, or far from both.
    """
    return np.asarray((like + _FLAT) / (like + unlike + 2.0 * _FLAT))


def _typical_distance(coordinates: Floats) -> float:
    """Return the median distance of a customer to its tenth nearest other customer; 1 where they are all alike."""
    step = -(-len(coordinates) // _MAX_PAIRED)
    some = coordinates[::step]
    norms = np.square(coordinates).sum(axis=1)
    squared = np.square(some).sum(axis=1)[:, None] + norms - 2.0 * some @ coordinates.T
    place = min(N_TYPICAL, len(coordinates) - 1)  # place 0 is the customer itself
    near = np.partition(np.maximum(squared, 0.0), place, axis=1)[:, place]
    typical = float(np.sqrt(np.median(near)))
    return typical if typical > np.sqrt(_FLAT) else 1.0
