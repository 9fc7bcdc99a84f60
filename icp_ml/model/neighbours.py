"""Exact nearest neighbours by matrix products in float32, with answers that do not depend on the rows beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

N_NEIGHBOURS = 10
_BLOCK_ROWS = 4_096
_GROUPS = 100
_CLOSE = 1e-3
_FAR_AWAY = 1e30


@dataclass(frozen=True)
class Neighbours:
    """Points among which the nearest are looked for.

    Attributes
    ----------
    points : array of shape (n_points, n_coordinates)
        float32.

    Notes
    -----
    Points are dealt into 100 groups. The ten nearest points of an account lie in the ten groups whose nearest points
    are nearest, so only those are searched; and the mean over these ten is an upper bound of the mean distance.
    """

    points: Singles

    @property
    def k(self) -> int:
        """Number of neighbours: ten, or all points where there are fewer."""
        return min(N_NEIGHBOURS, len(self.points))

    def mean_distance(self, coordinates: Singles) -> Floats:
        """Return the mean Euclidean distance of each account to its nearest points."""
        found = [np.empty(0)]
        for block in _blocks(coordinates):
            found.append(self._distance_in_rows(self._ranked(block), block))
        return np.concatenate(found)

    def are_far(self, coordinates: Singles, far: float) -> Flags:
        """Return whether the mean distance is at least ``far``.

        Most accounts are cleared by the upper bound. Those close to the bar are decided in float64, one by one, so
        that the answer is the same in any batch.
        """
        found = [np.empty(0, dtype=bool)]
        for block in _blocks(coordinates):
            ranked = self._ranked(block)
            open_rows = np.flatnonzero(self._upper_bound(ranked, block) >= far * (1 - _CLOSE))
            distance = self._distance_in_rows(ranked[open_rows], block[open_rows])
            for place in np.flatnonzero(np.abs(distance - far) <= far * _CLOSE):
                distance[place] = self._exact_distance(block[open_rows[place]])
            is_far = np.zeros(len(block), dtype=bool)
            is_far[open_rows] = distance >= far
            found.append(is_far)
        return np.concatenate(found)

    def parts(self, coordinates: Singles, starts: Indices) -> Floats:
        """Return, (n, len(starts)), the part of each run of coordinates in the mean squared distance to the nearest."""
        found = [np.empty((0, len(starts)))]
        for block in _blocks(coordinates):
            nearest = self.points[self._nearest(self._ranked(block))]
            parts = np.square(nearest - block[:, None, :]).mean(axis=1, dtype=np.float64)
            found.append(np.add.reduceat(parts, starts, axis=1))
        return np.concatenate(found)

    @cached_property
    def _factor(self) -> Singles:
        """Return -2 points with their squared norms below, transposed, filled to whole groups with points far away."""
        n_more = -len(self.points) % _GROUPS
        norms = np.pad(np.square(self.points).sum(1), (0, n_more), constant_values=_FAR_AWAY)
        return np.ascontiguousarray(np.column_stack([-2.0 * np.pad(self.points, ((0, n_more), (0, 0))), norms]).T)

    def _ranked(self, coordinates: Singles) -> Singles:
        """Return squared distances less the account's own squared norm, (n, n_points): one matrix product."""
        ones = np.ones((len(coordinates), 1), dtype=np.float32)
        return np.asarray(np.concatenate([coordinates, ones], axis=1) @ self._factor)

    def _nearest(self, ranked: Singles) -> Indices:
        """Return the positions of each row's nearest points, in no order."""
        n_rounds = ranked.shape[1] // _GROUPS
        groups = np.argpartition(_least_of_groups(ranked), self.k - 1, axis=1)[:, : self.k]
        columns = (groups[:, :, None] + _GROUPS * np.arange(n_rounds)).reshape(len(ranked), self.k * n_rounds)
        best = np.argpartition(np.take_along_axis(ranked, columns, axis=1), self.k - 1, axis=1)[:, : self.k]
        return np.take_along_axis(columns, best, axis=1)

    def _distance_in_rows(self, ranked: Singles, coordinates: Singles) -> Floats:
        return _mean_root(np.take_along_axis(ranked, self._nearest(ranked), axis=1), coordinates)

    def _upper_bound(self, ranked: Singles, coordinates: Singles) -> Floats:
        return _mean_root(np.partition(_least_of_groups(ranked), self.k - 1, axis=1)[:, : self.k], coordinates)

    def _exact_distance(self, account: Singles) -> float:
        squared = np.square(self.points.astype(np.float64) - account).sum(1)
        return float(np.sqrt(np.sort(squared)[: self.k]).mean())


def _blocks(coordinates: Singles) -> Iterator[Singles]:
    for start in range(0, len(coordinates), _BLOCK_ROWS):
        yield coordinates[start : start + _BLOCK_ROWS]


def _least_of_groups(ranked: Singles) -> Singles:
    """Return the least of each group; point j is in group j modulo 100."""
    return np.asarray(ranked.reshape(len(ranked), ranked.shape[1] // _GROUPS, _GROUPS).min(axis=1))


def _mean_root(ranked: Singles, coordinates: Singles) -> Floats:
    squared = ranked + np.square(coordinates).sum(axis=1)[:, None]
    return np.asarray(np.sqrt(np.maximum(squared, 0.0), dtype=np.float64).mean(axis=1))
