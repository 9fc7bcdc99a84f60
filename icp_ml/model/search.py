"""Exact nearest neighbours and kernel sums: float32 matrix products narrow the choice, float64 decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from icp_ml.model.kernel import CoarseKernel, exact_sums
from icp_ml.model.singles import (
    CELLS,
    Flags,
    Floats,
    Indices,
    Place,
    Singles,
    blocks,
    in_threads,
    places_in_group,
    squared_distance,
    stable_order,
)

_FEWEST_ROWS = 16
_SMALLEST_ROUND, _LARGEST_ROUND = 2_048, 16_384
_FAR_AWAY = 1e30


@dataclass(frozen=True)
class Found:
    """The nearest of each row, nearest first; equally near ones in the order of their positions.

    Attributes
    ----------
    positions : int64 array of shape (n, k)
    squared : float64 array of shape (n, k)
        Squared Euclidean distance, 0 or more.
    """

    positions: Indices
    squared: Floats


@dataclass(frozen=True)
class ExactSearch:
    """Points among which the nearest are looked for.

    Attributes
    ----------
    points : float64 array of shape (n_points, n_coordinates)
        Finite; at least one.

    Notes
    -----
    One matrix product in float32 gives all distances of a block of rows. The points are dealt into groups: the k-th
    smallest of the groups' least distances is an upper bound of the k-th nearest distance. Every point within that
    bound and the error of float32 (a proven bound, Higham 2002, section 3.1) is a candidate, commonly one or two more
    than k, and is measured again in float64. So the answer is that of brute force in float64, bit by bit, for any
    threads and whatever rows stand beside. Never held at once: a matrix of rows by points.

    References
    ----------
    N. J. Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., SIAM 2002.
    """

    points: Floats

    def nearest(self, queries: Floats, k: int) -> Found:
        """Return the nearest ``k`` points of each row, or all points where there are fewer."""
        k = min(k, len(self.points))
        found = [Found(np.empty((0, k), dtype=np.int64), np.empty((0, k)))]
        n_distinct = self._distinct.enough(k)
        factor = self._factor(n_distinct)
        parts = blocks(len(queries), _block_rows(len(factor)))
        found += in_threads(lambda rows: self._nearest_of_block(queries[rows], factor, (n_distinct, k)), parts)
        return Found(np.concatenate([f.positions for f in found]), np.concatenate([f.squared for f in found]))

    def kernel_sums(self, queries: Floats, weights: Floats, bandwidth: float) -> Floats:
        """Return the sums over the points of ``weight * exp(-squared distance / (2 bandwidth^2))``.

        Parameters
        ----------
        queries : float64 array of shape (n, n_coordinates)
        weights : float64 array of shape (n_points, m)
            0 or more.
        bandwidth : float
            Above 0.

        Returns
        -------
        float64 array of shape (n, m)
            The same, bit by bit, whatever rows stand beside.
        """
        parts = blocks(len(queries), _block_rows(4 * len(self.points)))
        found = in_threads(lambda rows: exact_sums(queries[rows], self.points, weights, bandwidth), parts)
        return np.concatenate([np.empty((0, weights.shape[1])), *found])

    def coarse_kernel_sums(self, queries: Floats, weights: Floats, bandwidth: float) -> Floats:
        """Return `kernel_sums` in float32, about six times as fast.

        A share of two such sums, ``(a + 1e-12) / (a + b + 2e-12)``, where the weights of a and of b sum to 1 at most,
        is within `COARSE_ERROR` = 0.00025 of the exact share (commonly within 0.000001). Rows so far from all points
        that float32 cannot promise it are computed in float64.
        """
        kernel = CoarseKernel.of(self.points, weights, bandwidth)
        found = in_threads(lambda rows: kernel.sums(queries[rows]), blocks(len(queries), kernel.block_rows))
        return np.concatenate([np.empty((0, weights.shape[1])), *found])

    @cached_property
    def _place(self) -> Place:
        return Place.around(self.points)

    @cached_property
    def _distinct(self) -> _Distinct:
        return _Distinct.of(self.points)

    def _factor(self, k: int) -> Singles:
        """Return -2 points and their squared norms, filled to whole groups with points far away."""
        placed, norms = self._place.singles(self._distinct.points)
        n_more = -len(placed) % _groups(k)
        norms = np.pad(norms, (0, n_more), constant_values=_FAR_AWAY)
        return np.column_stack([-2.0 * np.pad(placed, ((0, n_more), (0, 0))), norms]).astype(np.float32)

    def _nearest_of_block(self, queries: Floats, factor: Singles, sizes: tuple[int, int]) -> Found:
        n_distinct, k = sizes
        distinct = self._distinct
        placed, norms = self._place.singles(queries)
        ranked = factor @ np.concatenate([placed.T, np.ones((1, len(placed)), dtype=np.float32)])
        reach = self._place.reach(_kth_of_groups(ranked, n_distinct) + norms, norms)
        close = ranked[: len(distinct.points)] <= reach
        point, row = _where(close)
        squared = squared_distance(queries, row, distinct.points, point)
        row, position, squared = distinct.expand(row, point, squared, k)
        return _first_of_rows(row, position, squared, (len(queries), k))


class NearestRows:
    """For each point the nearest rows of a stream, whatever its length.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_coordinates)
        Finite; at least one.
    k : int
        Rows to keep for each point, 1 or more.

    Notes
    -----
    Kept are k rows a point, and about as many that wait to be merged. As in `ExactSearch`, float32 narrows and float64
    decides.
    """

    def __init__(self, points: Floats, k: int) -> None:
        self.points = points
        self.k = k
        self._place = Place.around(points)
        placed, self._norms = self._place.singles(points)
        self._factor = np.column_stack([-2.0 * placed, np.ones(len(points))]).astype(np.float32)
        self._squared = np.full((len(points), k), np.inf)
        self._rows = np.full((len(points), k), -1, dtype=np.int64)
        self._waiting: list[_Pairs] = []
        self._next_row = 0
        self._n_seen = 0

    def offer(self, queries: Floats, first_row: int) -> None:
        """Take the next rows of the stream, the first of them being number ``first_row``.

        Raises
        ------
        ValueError
            If a row of that number or a later one was offered before.
        """
        if first_row < self._next_row:
            raise ValueError(f"first_row: {first_row} came after row {self._next_row - 1}; expected a later row.")
        self._next_row = first_row + len(queries)
        start = 0
        while start < len(queries):
            n_rows = int(np.clip(self._n_seen // 4, _SMALLEST_ROUND, _LARGEST_ROUND))
            self._take(queries[start : start + n_rows], first_row + start)
            start += n_rows

    def found(self) -> Found:
        """Return the nearest rows so far, (n_points, k), or all rows where there are fewer."""
        self._merge()
        n_found = np.count_nonzero(self._rows[0] >= 0)
        return Found(self._rows[:, :n_found].copy(), self._squared[:, :n_found].copy())

    def _take(self, queries: Floats, first_row: int) -> None:
        cells = CELLS if self._n_seen else 4 * CELLS  # the first bar is the better the more rows it is drawn from
        parts = blocks(len(queries), max(_FEWEST_ROWS, cells // len(self.points)))
        self._waiting += in_threads(lambda rows: self._candidates(queries[rows], first_row + rows.start), parts)
        self._n_seen += len(queries)
        if sum(len(pairs.row) for pairs in self._waiting) > self._squared.size // 4:
            self._merge()

    def _candidates(self, queries: Floats, first_row: int) -> _Pairs:
        """Return the rows that may be among the nearest of a point, by point, the rows ascending."""
        placed, norms = self._place.singles(queries)
        ranked = self._factor @ np.concatenate([placed.T, norms[None, :]], dtype=np.float32)
        bar = self._squared[:, -1] * self._place.scale**2
        if not np.isfinite(bar[0]) and len(queries) >= self.k:
            bar = np.partition(ranked, self.k - 1, axis=1)[:, self.k - 1] + self._norms
        close = ranked <= self._place.reach(bar, self._norms)[:, None]
        point, row = np.divmod(np.flatnonzero(close.ravel()), len(queries))
        squared = squared_distance(self.points, point, queries, row)
        is_nearer = squared < self._squared[point, -1]  # as near as the last one kept: the earlier row stays
        return _Pairs(point[is_nearer], row[is_nearer] + first_row, squared[is_nearer])

    def _merge(self) -> None:
        waiting = _Pairs.by_point(self._waiting, len(self.points))
        counts = np.bincount(waiting.point, minlength=len(self.points))
        ends = np.cumsum(counts)

        def merge(points: slice) -> None:
            start, end = ends[points][0] - counts[points][0], ends[points][-1]
            slot = self.k + places_in_group(counts[points])
            n_points, n_columns = len(counts[points]), self.k + counts[points].max()
            squared, rows = np.full((n_points, n_columns), np.inf), np.full((n_points, n_columns), -1)
            squared[:, : self.k], rows[:, : self.k] = self._squared[points], self._rows[points]
            at = (waiting.point[start:end] - points.start, slot)
            squared[at], rows[at] = waiting.squared[start:end], waiting.row[start:end]
            order = np.argsort(squared, axis=1, kind="stable")[:, : self.k]  # equally near: the earlier row
            self._squared[points] = np.take_along_axis(squared, order, axis=1)
            self._rows[points] = np.take_along_axis(rows, order, axis=1)

        in_threads(merge, blocks(len(self.points), max(1, CELLS // (self.k + counts.max()))))
        self._waiting = []


@dataclass(frozen=True)
class _Pairs:
    """Points and rows of a stream with their squared distances."""

    point: Indices
    row: Indices
    squared: Floats

    @classmethod
    def by_point(cls, parts: list[_Pairs], n_points: int) -> _Pairs:
        point = np.concatenate([np.empty(0, dtype=np.int64), *(part.point for part in parts)])
        order = stable_order(point, n_points)
        row = np.concatenate([np.empty(0, dtype=np.int64), *(part.row for part in parts)])
        squared = np.concatenate([np.empty(0), *(part.squared for part in parts)])
        return cls(point[order], row[order], squared[order])


@dataclass(frozen=True)
class _Distinct:
    """Distinct points in the order of their first positions, and the positions of each."""

    points: Floats
    positions: Indices
    starts: Indices

    @classmethod
    def of(cls, points: Floats) -> _Distinct:
        rows = np.ascontiguousarray(points + 0.0)  # no negative zeros: equal values have equal bytes
        keys = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel()
        _, first, group = np.unique(keys, return_index=True, return_inverse=True)
        rank = np.empty(len(first), dtype=np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        group = rank[group]
        counts = np.bincount(group)
        return cls(rows[np.sort(first)], np.argsort(group, kind="stable"), np.concatenate([[0], np.cumsum(counts)]))

    def enough(self, k: int) -> int:
        """Return how many distinct points always cover ``k`` points."""
        return int(np.searchsorted(np.cumsum(np.sort(np.diff(self.starts))), k)) + 1

    def expand(self, row: Indices, point: Indices, squared: Floats, k: int) -> tuple[Indices, Indices, Floats]:
        """Return the pairs with the positions of the points, the first ``k`` of each, ascending within each row."""
        if len(self.points) == len(self.positions):
            return row, point, squared
        counts = np.minimum(np.diff(self.starts)[point], k)
        position = self.positions[np.repeat(self.starts[point], counts) + places_in_group(counts)]
        row, squared = np.repeat(row, counts), np.repeat(squared, counts)
        order = np.argsort(row * len(self.positions) + position)
        return row[order], position[order], squared[order]


def _block_rows(n_points: int) -> int:
    return max(_FEWEST_ROWS, CELLS // n_points)


def _groups(k: int) -> int:
    return max(32, 4 * k)


def _kth_of_groups(ranked: Singles, k: int) -> Singles:
    """Return the k-th smallest of the groups' minima of each column; row j is in group j modulo the groups."""
    n_groups = _groups(k)
    least = ranked.reshape(-1, n_groups, ranked.shape[1]).min(axis=0)
    return np.asarray(np.partition(np.ascontiguousarray(least.T), k - 1, axis=1)[:, k - 1])


def _where(close: Flags) -> tuple[Indices, Indices]:
    """Return the rows and columns of what is true, in the order of columns."""
    first, second = np.divmod(np.flatnonzero(close.ravel()), close.shape[1])
    order = stable_order(second, close.shape[1])
    return first[order], second[order]


def _first_of_rows(row: Indices, position: Indices, squared: Floats, shape: tuple[int, int]) -> Found:
    """Return the k smallest of each row; ``row`` is sorted, positions ascend within it."""
    n, k = shape
    counts = np.bincount(row, minlength=n)
    slot = places_in_group(counts)
    distances = np.full((n, counts.max(initial=k)), np.inf)
    positions = np.zeros(distances.shape, dtype=np.int64)
    distances[row, slot], positions[row, slot] = squared, position
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Found(np.take_along_axis(positions, order, axis=1), np.take_along_axis(distances, order, axis=1))
