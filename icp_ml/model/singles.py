"""Distances in float32 with a proven error, and the blocks and threads they are computed in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

Singles = NDArray[np.float32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Indices = NDArray[np.int64]
Part = TypeVar("Part")

CELLS = 2**20
"""Distances in a block: 4 megabytes in float32, what a core keeps at hand."""
UNIT = 2.0**-24
"""The relative error of one rounding to float32."""
_TOO_LARGE = 1e15
_TINY = 1e-30
_SMALLEST = 1e-150
_PAIRS = 2**11


@dataclass(frozen=True)
class Place:
    """How coordinates are moved and scaled for float32: centred at the points, which then lie within the unit ball.

    A row and a point have a *ranked* distance: the squared distance less the squared norm of the end that stays the
    same while the other changes. One matrix product gives those of a whole block.

    Attributes
    ----------
    centre : float64 array of shape (n_coordinates,)
    scale : float
        Above 0.
    error : float
        Of a ranked distance in units of ``2 |here| |there| + |there|^2``: coordinates, products and sum are rounded,
        ``n_coordinates + 4`` times at most (Higham, *Accuracy and Stability of Numerical Algorithms*, section 3.1).
    """

    centre: Floats
    scale: float
    error: float

    @classmethod
    def around(cls, points: Floats) -> Place:
        """Return the place whose unit ball is filled by these points."""
        centre = points.mean(axis=0)
        farthest = float(np.sqrt(np.square(points - centre).sum(axis=1).max()))
        return cls(centre, 1.0 / farthest if farthest > _SMALLEST else 1.0, (points.shape[1] + 8) * UNIT)

    def singles(self, coordinates: Floats) -> tuple[Singles, Floats]:
        """Return the placed coordinates in float32 and their squared norms.

        Rows too far away for float32 come as zeros with the largest norm: the error it implies is above all that tells
        one point from another, so that `reach` lets float64 decide.

        Raises
        ------
        ValueError
            If a coordinate is missing.
        """
        placed = (coordinates - self.centre) * self.scale
        norms = np.einsum("ij,ij->i", placed, placed)
        if np.isnan(norms).any():
            raise ValueError(f"coordinates: {np.isnan(norms).sum()} rows with missing values; expected numbers.")
        placed[norms > _TOO_LARGE] = 0.0
        return placed.astype(np.float32), np.minimum(norms, _TOO_LARGE)

    def reach(self, squared: Floats, norms: Floats) -> Singles:
        """Return up to which ranked distance the other end may be as near as ``squared``, ties and errors included.

        With Q the norm of this end and D the distance, the other end has a norm of Q + D at most, and the error is at
        most ``error * (2 Q (Q + D) + (Q + D)^2) <= error * (5 Q^2 + 3 D^2)``. It counts twice, since D itself may have
        been measured in float32.
        """
        largest = (np.maximum(squared, 0.0) + 5.0 * self.error * norms) / (1.0 - 3.0 * self.error)
        reach = largest - norms + self.error * (5.0 * norms + 3.0 * largest)
        return np.asarray(reach + 2.0 * UNIT * np.abs(reach) + _TINY, dtype=np.float32)


def squared_distance(here: Floats, at: Indices, there: Floats, other: Indices) -> Floats:
    """Return the squared distances of the rows ``at`` of ``here`` and ``other`` of ``there``, in float64."""
    found = [np.empty(0)]
    for part in blocks(len(at), _PAIRS):
        apart = here[at[part]]
        apart -= there[other[part]]
        found.append(np.square(apart, out=apart).sum(axis=1))
    return np.concatenate(found)


def stable_order(values: Indices, n: int) -> Indices:
    """Return the stable order of values from 0 to n - 1; those of 16 bits are sorted by their digits, which is fast."""
    return np.argsort(values.astype(np.uint16) if n <= 2**16 else values, kind="stable")


def places_in_group(counts: Indices) -> Indices:
    """Return 0, 1, ... within each group of members that lie side by side."""
    return np.asarray(np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))


def blocks(n: int, block_rows: int) -> Iterator[slice]:
    """Return the slices that cover n rows."""
    return (slice(start, end) for start, end in pairwise([*range(0, n, block_rows), n]))


def in_threads(work: Callable[[slice], Part], parts: Iterable[slice]) -> list[Part]:
    """Return what ``work`` gives for each part: in as many threads as BLAS has, each with products of its own.

    So that a product is never split over threads, which changes its last bits.
    """
    controller = _blas()
    n_threads = max([1, *(library["num_threads"] for library in controller.info())])
    with controller.limit(limits=1), ThreadPoolExecutor(n_threads) as pool:
        return list(pool.map(work, parts))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")
