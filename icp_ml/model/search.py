"""Exact nearest neighbours and kernel sums: float32 matrix products narrow the choice, float64 decides."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist
from threadpoolctl import ThreadpoolController

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]

Part = TypeVar("Part")
COARSE_ERROR = 1e-3
"""Largest error of a share of two coarse kernel sums, ``(a + 1e-12) / (a + b + 2e-12)``."""
_UNIT = 2.0**-24
_CELLS = 2**20
_PAIRS = 2**13
_POINTS = 2_048
_FAR_AWAY = 1e30
_TOO_LARGE = 1e15
_TINY = 1e-30
_SMALLEST_EXPONENT = -60.0


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
        block_rows = max(16, _CELLS // len(self.points))
        found += _in_threads(lambda rows: self._nearest_of_block(queries[rows], k), _blocks(len(queries), block_rows))
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
        columns = np.ascontiguousarray(weights.T)

        def sums(rows: slice) -> Floats:
            kernel = np.exp(cdist(queries[rows], self.points, "sqeuclidean") / (-2.0 * bandwidth**2))
            return np.stack([(kernel * column).sum(axis=1) for column in columns], axis=1)

        found = _in_threads(sums, _blocks(len(queries), max(16, _CELLS // 4 // len(self.points))))
        return np.concatenate([np.empty((0, len(columns))), *found])

    def coarse_kernel_sums(self, queries: Floats, weights: Floats, bandwidth: float) -> Floats:
        """Return `kernel_sums` in float32, about twenty times as fast.

        A share of two such sums, ``(a + 1e-12) / (a + b + 2e-12)``, where the weights of a and of b sum to 1 at most,
        is within `COARSE_ERROR` = 0.001 of the exact share (commonly within 0.00001). Rows so far from all points
        that float32 cannot promise it are computed in float64.
        """
        place = self._place.scaled(1.0 / bandwidth)
        kernel = _CoarseKernel.of(place, self.points, weights)
        found = _in_threads(lambda rows: kernel.sums(queries[rows]), _blocks(len(queries), kernel.block_rows))
        return np.concatenate([np.empty((0, weights.shape[1])), *found])

    @cached_property
    def _place(self) -> _Place:
        return _Place.around(self.points)

    @cached_property
    def _distinct(self) -> _Distinct:
        return _Distinct.of(self.points)

    @cached_property
    def _factor(self) -> Singles:
        """Return -2 points and their squared norms, (n distinct, n_coordinates + 1)."""
        placed, norms = self._place.singles(self._distinct.points)
        return np.column_stack([-2.0 * placed, norms]).astype(np.float32)

    def _nearest_of_block(self, queries: Floats, k: int) -> Found:
        distinct = self._distinct
        placed, norms = self._place.singles(queries)
        ranked = self._ranked(placed, k)
        reach = self._place.reach(_kth_of_groups(ranked, k) + norms, norms)
        n_points = len(distinct.points)
        close = ranked[:n_points] <= reach.astype(np.float32)
        close[:, norms > _TOO_LARGE] = True
        point, row = _where(close)
        squared = _squared_distance(queries, row, distinct.points, point)
        row, position, squared = distinct.expand(row, point, squared, k)
        return _first_of_rows(row, position, squared, (len(queries), k))

    def _ranked(self, placed: Singles, k: int) -> Singles:
        """Return squared distances less the row's own squared norm, (n_points and more far away, n)."""
        n_groups = _groups(k)
        factor = self._factor
        ones = np.ones((1, len(placed)), dtype=np.float32)
        n_more = -len(factor) % n_groups
        ranked = np.full((len(factor) + n_more, len(placed)), _FAR_AWAY, dtype=np.float32)
        np.matmul(factor, np.concatenate([placed.T, ones]), out=ranked[: len(factor)])
        return ranked


class NearestRows:
    """For each point the nearest rows of a stream, whatever its length.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_coordinates)
        Finite; at least one.
    k : int
        Rows to keep for each point.

    Notes
    -----
    Kept are k rows a point and as many waiting to be sorted. As in `ExactSearch`, float32 narrows and float64 decides.
    """

    def __init__(self, points: Floats, k: int) -> None:
        self.points = points
        self.k = k
        self._place = _Place.around(points)
        placed, self._norms = self._place.singles(points)
        self._factor = np.column_stack([-2.0 * placed, np.ones(len(points))]).astype(np.float32)
        self._bar = np.full(len(points), np.inf)
        self._kept = _Pairs.none()
        self._waiting: list[_Pairs] = []

    def offer(self, queries: Floats, first_row: int) -> None:
        """Take rows of the stream, the first of them being number ``first_row``."""
        for rows in _blocks(len(queries), max(16, _CELLS // len(self.points))):
            self._waiting.append(self._candidates(queries[rows], first_row + rows.start))
            if sum(len(pairs.point) for pairs in self._waiting) > len(self.points) * self.k:
                self._sort()

    def found(self) -> Found:
        """Return the nearest rows so far, (n_points, k), or all rows where there are fewer."""
        self._sort()
        k = len(self._kept.point) // len(self.points)
        shape = (len(self.points), k)
        return Found(self._kept.row.reshape(shape), self._kept.squared.reshape(shape))

    def _candidates(self, queries: Floats, first_row: int) -> _Pairs:
        placed, norms = self._place.singles(queries)
        factor = np.concatenate([placed.T, norms.astype(np.float32)[None, :]])
        reach = self._place.reach(self._bar * self._place.scale**2, self._norms)
        close = self._factor @ factor <= reach.astype(np.float32)[:, None]
        close[:, norms > _TOO_LARGE] = True
        place = np.flatnonzero(close.ravel())
        point, row = np.divmod(place, len(queries))
        squared = _squared_distance(self.points, point, queries, row)
        near = squared <= self._bar[point]
        return _Pairs(point[near], row[near] + first_row, squared[near])

    def _sort(self) -> None:
        pairs = _Pairs.joined([self._kept, *self._waiting])
        order = np.lexsort((pairs.row, pairs.squared, pairs.point))
        counts = np.bincount(pairs.point, minlength=len(self.points))
        rank = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
        self._kept = pairs.at(order[rank < self.k])
        self._waiting = []
        if len(self._kept.point) == self.k * len(self.points):
            self._bar = self._kept.squared[self.k - 1 :: self.k]


@dataclass(frozen=True)
class _Pairs:
    """Points and rows of a stream with their squared distances."""

    point: Indices
    row: Indices
    squared: Floats

    @classmethod
    def none(cls) -> _Pairs:
        return cls(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0))

    @classmethod
    def joined(cls, parts: list[_Pairs]) -> _Pairs:
        return cls(*(np.concatenate([getattr(p, name) for p in parts]) for name in ("point", "row", "squared")))

    def at(self, places: Indices) -> _Pairs:
        return _Pairs(self.point[places], self.row[places], self.squared[places])


@dataclass(frozen=True)
class _Place:
    """How coordinates are moved and scaled for float32: centred at the points, which then lie within the unit ball.

    Attributes
    ----------
    centre : float64 array of shape (n_coordinates,)
    scale : float
    error : float
        Of a ranked distance (the squared distance less the row's own squared norm) in units of
        ``2 |row| |point| + |point|^2``: rounding of the coordinates, of their products and of the sum.
    """

    centre: Floats
    scale: float
    error: float

    @classmethod
    def around(cls, points: Floats) -> _Place:
        centre = points.mean(axis=0)
        largest = float(np.sqrt(np.square(points - centre).sum(axis=1).max()))
        return cls(centre, 1.0 / largest if largest > 0 else 1.0, (points.shape[1] + 8) * _UNIT)

    def scaled(self, scale: float) -> _Place:
        return _Place(self.centre, scale, self.error)

    def singles(self, coordinates: Floats) -> tuple[Singles, Floats]:
        """Return the placed coordinates in float32 and their squared norms."""
        placed = (coordinates - self.centre) * self.scale
        norms = np.einsum("ij,ij->i", placed, placed)
        placed[norms > _TOO_LARGE] = 0.0
        return placed.astype(np.float32), np.minimum(norms, 2.0 * _TOO_LARGE)

    def reach(self, squared: Floats, norms: Floats) -> Floats:
        """Return which ranked distances can belong to squared distances up to these, ties and errors included.

        With Q = |row| and a distance D, the other end has a norm of Q + D at most, so that the error is at most
        ``error * (2 Q (Q + D) + (Q + D)^2) <= error * (5 Q^2 + 3 D^2)``. It counts twice: the squared distance itself
        was measured in float32.
        """
        largest = (np.maximum(squared, 0.0) + 5.0 * self.error * norms) / (1.0 - 3.0 * self.error)
        bar = largest - norms + self.error * (5.0 * norms + 3.0 * largest)
        return bar + 2.0 * _UNIT * np.abs(bar) + _TINY


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

    def expand(self, row: Indices, point: Indices, squared: Floats, k: int) -> tuple[Indices, Indices, Floats]:
        """Return the pairs with the positions of the points, the first ``k`` of each, ascending within each row."""
        if len(self.points) == len(self.positions):
            return row, point, squared
        counts = np.minimum(np.diff(self.starts)[point], k)
        offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        position = self.positions[np.repeat(self.starts[point], counts) + offset]
        row, squared = np.repeat(row, counts), np.repeat(squared, counts)
        order = np.lexsort((position, row))
        return row[order], position[order], squared[order]


@dataclass(frozen=True)
class _CoarseKernel:
    """The points as factors of ``-squared distance / 2``, in units of the bandwidth, some of them at a time."""

    place: _Place
    factors: tuple[tuple[Floats, Floats], ...]
    block_rows: int

    @classmethod
    def of(cls, place: _Place, points: Floats, weights: Floats) -> _CoarseKernel:
        placed = (points - place.centre) * place.scale
        halves = -0.5 * np.einsum("ij,ij->i", placed, placed)
        full = np.concatenate([placed.T, halves[None, :], np.ones((1, len(points)))])
        starts = range(0, len(points), _POINTS)
        factors = tuple((full[:, s : s + _POINTS], weights[s : s + _POINTS]) for s in starts)
        return cls(place, factors, max(16, _CELLS // min(_POINTS, len(points))))

    def sums(self, queries: Floats) -> Floats:
        placed = (queries - self.place.centre) * self.place.scale
        norms = np.einsum("ij,ij->i", placed, placed)
        full = np.column_stack([placed, np.ones(len(placed)), -0.5 * norms])
        # Points farther than 8 bandwidths weigh below 1e-13; the others have a norm of |row| + 8 at most.
        error = self.place.error * np.square(2.0 * np.sqrt(norms) + 8.0) / 2.0 + _POINTS * _UNIT
        far = np.flatnonzero(error > 2.0 * COARSE_ERROR)
        full[far] = 0.0
        sums = self._sums(full, np.float32)
        full = np.column_stack([placed[far], np.ones(len(far)), -0.5 * norms[far]])
        sums[far] = self._sums(full, np.float64)
        return sums

    def _sums(self, full: Floats, dtype: type) -> Floats:
        total = np.zeros((len(full), self.factors[0][1].shape[1]))
        for factor, weights in self.factors:
            exponent: NDArray[Any] = full.astype(dtype) @ factor.astype(dtype)
            np.maximum(exponent, _SMALLEST_EXPONENT, out=exponent)  # subnormal numbers are slow
            total += np.exp(exponent, out=exponent) @ weights.astype(dtype)
        return total


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
    order = np.argsort(second.astype(np.uint16 if close.shape[1] < 2**16 else np.int64), kind="stable")
    return first[order], second[order]


def _squared_distance(here: Floats, rows: Indices, there: Floats, others: Indices) -> Floats:
    found = [np.empty(0)]
    for part in _blocks(len(rows), _PAIRS):
        found.append(np.square(here[rows[part]] - there[others[part]]).sum(axis=1))
    return np.concatenate(found)


def _first_of_rows(row: Indices, position: Indices, squared: Floats, shape: tuple[int, int]) -> Found:
    """Return the k smallest of each row; ``row`` is sorted, positions ascend within it."""
    n, k = shape
    counts = np.bincount(row, minlength=n)
    slot = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    distances = np.full((n, counts.max(initial=k)), np.inf)
    positions = np.zeros(distances.shape, dtype=np.int64)
    distances[row, slot], positions[row, slot] = squared, position
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Found(np.take_along_axis(positions, order, axis=1), np.take_along_axis(distances, order, axis=1))


def _blocks(n: int, block_rows: int) -> Iterator[slice]:
    bounds = [*range(0, n, block_rows), n]
    return (slice(start, end) for start, end in pairwise(bounds) if end > start)


def _in_threads(work: Callable[[slice], Part], blocks: Iterator[slice]) -> list[Part]:
    """Return what ``work`` gives for each block: as many threads as BLAS has, each with products of its own."""
    controller = ThreadpoolController()
    n_threads = max([1, *(library["num_threads"] for library in controller.info() if library["user_api"] == "blas")])
    with controller.limit(limits=1, user_api="blas"), ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, blocks))
