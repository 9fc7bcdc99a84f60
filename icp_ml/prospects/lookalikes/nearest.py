"""Find the seeds, or the negative seeds, that each listed prospect is most like."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.model.search import ExactSearch
from icp_ml.prospects.lookalikes.columns import N_NEAREST

if TYPE_CHECKING:
    from icp_ml.model.domain import Domain
    from icp_ml.model.reference import Reference

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

_LOOKED_AT = 32
_SAME = 9
"""Decimals of a distance within which two customers are equally near; then their raw values decide."""


class NearestCustomers:
    """Some of the reference customers, among which the nearest of each account are looked for.

    Parameters
    ----------
    reference : Reference
        The customers.
    coordinates : ndarray of float64, shape (n_reference, n_attributes)
        Their places in the likeness space.
    chosen : ndarray of bool, shape (n_reference,)
        Those among which is looked; at least one.
    domain : Domain or None
        Its space settles who is nearer of those that are equally near.

    Notes
    -----
    Many customers are equally near where attributes are few or trees cut them into few pieces. As in
    `icp_ml.model.explanation.nearest`, the raw attributes decide then, and at last the id, so that the order of the
    tables does not matter.
    """

    def __init__(
        self, reference: Reference, coordinates: Floats, chosen: npt.NDArray[np.bool_], domain: Domain | None
    ) -> None:
        rows = np.flatnonzero(chosen)
        self._rows = rows[np.argsort(reference.ids[rows].astype(str), kind="stable")]
        self.points = coordinates[self._rows]
        self._search = ExactSearch(self.points)
        self._domain = domain
        if domain is not None:
            self._raw = domain.space.place(reference.frame.iloc[self._rows]).coordinates.astype(np.float64)

    @property
    def rows(self) -> Indices:
        """Places of the customers in the reference, in the order of their ids."""
        return self._rows

    def nearest(self, coordinates: Floats, frame: pd.DataFrame) -> Indices:
        """Return the places in the reference of each account's nearest customers, (n, at most 3), nearest first."""
        k = min(N_NEAREST, len(self.points))
        found = self._search.nearest(coordinates, _LOOKED_AT)
        apart = np.round(np.sqrt(found.squared), _SAME)
        nearest = found.positions[:, :k].copy()
        tied = np.flatnonzero((apart[:, 1:] == apart[:, :-1])[:, :k].any(axis=1))
        if self._domain is None or not tied.size:
            return self._rows[nearest]
        raw = self._domain.space.place(frame.iloc[tied]).coordinates.astype(np.float64)
        for row, here in zip(tied.tolist(), raw, strict=True):
            positions, distances = found.positions[row], apart[row]
            if distances[k - 1] == distances[-1] and len(positions) < len(self.points):
                positions, distances = self._all(coordinates[row], distances[-1])
            order = np.lexsort((positions, np.square(self._raw[positions] - here).sum(axis=1), distances))
            nearest[row] = positions[order[:k]]
        return self._rows[nearest]

    def nearest_plainly(self, coordinates: Floats) -> Indices:
        """Return the same without a care for ties: for counts, not for evidence."""
        return self._rows[self._search.nearest(coordinates, N_NEAREST).positions]

    def _all(self, here: Floats, reach: float) -> tuple[Indices, Floats]:
        """Return all customers within a distance, and how far they are."""
        apart = np.round(np.sqrt(np.square(self.points - here).sum(axis=1)), _SAME)
        positions = np.flatnonzero(apart <= reach)
        return positions, apart[positions]


def segments_of(nearest: Indices, segment: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Return the segment of most of each account's nearest seeds, of the nearest one where all differ.

    Parameters
    ----------
    nearest : ndarray of int64, shape (n, 3)
        Places of the nearest seeds in the reference.
    segment : ndarray of object, shape (n_reference,)
        Names; None: in no segment.

    Returns
    -------
    ndarray of object, shape (n,)
        None where none of the nearest is in a segment.
    """
    names = segment[nearest]
    first, second, third = names.T
    known = [np.array([name is not None for name in column], dtype=bool) for column in (first, second, third)]
    agreed = np.where(known[1] & (second == third) & (first != second), second, first)
    return np.asarray(np.where(known[0] | (known[1] & (second == third)), agreed, np.where(known[1], second, third)))
