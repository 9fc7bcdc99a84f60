"""Sums of a Gaussian kernel over points: float64 for a few rows, float32 for millions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from icp_ml.model.singles import CELLS, UNIT, Floats, Place

COARSE_ERROR = 2.5e-4
"""Largest error of a share of two coarse sums, ``(a + 1e-12) / (a + b + 2e-12)``."""
_POINTS = 512
_NEAR = 8.0
_SMALLEST_EXPONENT = -60.0


def exact_sums(queries: Floats, points: Floats, weights: Floats, bandwidth: float) -> Floats:
    """Return ``sum of weight * exp(-squared distance / (2 bandwidth^2))``, (n, m): each row as if it stood alone."""
    kernel = np.exp(cdist(queries, points, "sqeuclidean") / (-2.0 * bandwidth**2))
    return np.stack([(kernel * column).sum(axis=1) for column in np.ascontiguousarray(weights.T)], axis=1)


@dataclass(frozen=True)
class CoarseKernel:
    """The same sums by matrix products.

    Attributes
    ----------
    place : Place
        Of the points, in units of the bandwidth.
    factors : tuple of (float64 array of shape (n_coordinates + 2, n), float64 array of shape (n, m))
        At most 512 points at a time, so that few roundings add up: their coordinates with minus half their squared
        norms below, and their weights.

    Notes
    -----
    The product of a row and a point is minus half their squared distance in bandwidths. Its error is at most
    ``error * (|row| + |point|)^2 / 2``, that of a share of two sums half of it. A point farther than 8 bandwidths
    weighs below 1e-13; a nearer one has a norm of ``|row| + 8`` at most. Where that does not promise `COARSE_ERROR`,
    the row's products are computed in float64.
    """

    place: Place
    factors: tuple[tuple[Floats, Floats], ...]

    @classmethod
    def of(cls, points: Floats, weights: Floats, bandwidth: float) -> CoarseKernel:
        """Return the kernel of these points."""
        around = Place.around(points)
        place = Place(around.centre, 1.0 / bandwidth, around.error)
        placed = (points - place.centre) * place.scale
        halves = -0.5 * np.einsum("ij,ij->i", placed, placed)
        full = np.concatenate([placed.T, halves[None, :], np.ones((1, len(points)))])
        starts = range(0, len(points), _POINTS)
        return cls(place, tuple((full[:, s : s + _POINTS], weights[s : s + _POINTS]) for s in starts))

    @property
    def block_rows(self) -> int:
        """Rows to compute at a time."""
        return CELLS // len(self.factors[0][1])

    def sums(self, queries: Floats) -> Floats:
        """Return the sums, (n, m)."""
        placed = (queries - self.place.centre) * self.place.scale
        norms = np.einsum("ij,ij->i", placed, placed)
        error = self.place.error * np.square(2.0 * np.sqrt(norms) + _NEAR) / 2.0 + (_POINTS + 8) * UNIT
        is_far = error > 1.9 * COARSE_ERROR
        full = np.column_stack([placed, np.ones(len(placed)), -0.5 * norms])
        sums = np.empty((len(queries), self.factors[0][1].shape[1]))
        sums[~is_far] = self._sums(full[~is_far], np.float32)
        sums[is_far] = self._sums(full[is_far], np.float64)
        return sums

    def _sums(self, full: Floats, dtype: type) -> Floats:
        total = np.zeros((len(full), self.factors[0][1].shape[1]))
        for factor, weights in self.factors:
            exponent: NDArray[Any] = full.astype(dtype) @ factor.astype(dtype)
            np.maximum(exponent, _SMALLEST_EXPONENT, out=exponent)  # what is too small for float32 is slow, and nothing
            total += np.exp(exponent, out=exponent) @ weights.astype(dtype)
        return total
