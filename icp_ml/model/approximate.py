"""An index of nearest points that answers sooner and sometimes wrongly; how often is measured when it is built."""

from __future__ import annotations

from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from icp_ml.errors import UsageError, message
from icp_ml.model.search import ExactSearch, Found
from icp_ml.model.singles import Floats, Place, squared_distance

ENOUGH = 0.98
"""The recall looked for: the first effort that reaches it is taken."""
_N_LINKS = 16
_EFFORTS = (16, 32, 64, 128, 256, 512)


class ApproximateSearch:
    """The k nearest points of each row by a graph of neighbours (HNSW), for many thousands of points.

    Parameters
    ----------
    points : float64 array of shape (n_points, n_coordinates)
    sample : float64 array of shape (n, n_coordinates)
        Rows like those that will be asked for, a few hundred: on them the recall is measured.
    k : int
        How many nearest points a row is given; at most all.

    Attributes
    ----------
    recall : float
        Share of the places of the k nearest points, 0 to 1, that went to points as near as the true ones, on the
        sample; 1: as `ExactSearch`.
    effort : int
        Points of the graph kept in view in a search (``efSearch``): the least of 16, 32, ..., 512 whose recall is 0.98
        or more, else 512.

    Raises
    ------
    UsageError
        If the extra ``ann`` (faiss) is not installed.

    Notes
    -----
    Worth it for the lists of millions of prospects over 10,000 customers and more whose likeness lies in few
    dimensions. Below that, `ExactSearch` is as fast, and exact. The graph is built in one thread, so that it is the
    same each time. Distances are measured in float64.

    References
    ----------
    Y. Malkov and D. Yashunin, *Efficient and robust approximate nearest neighbor search using hierarchical navigable
    small world graphs*, IEEE TPAMI 42 (2020).
    """

    def __init__(self, points: Floats, sample: Floats, k: int) -> None:
        self.points = points
        self.k = min(k, len(points))
        self._place = Place.around(points)
        self._graph = self._built()
        self.recall, self.effort = self._measured(sample)

    def nearest(self, queries: Floats) -> Found:
        """Return the nearest points of each row, nearest first; -1 and infinitely far where the graph led to fewer."""
        return self._search(queries, self.effort)

    def _measured(self, sample: Floats) -> tuple[float, int]:
        farthest = ExactSearch(self.points).nearest(sample, self.k).squared[:, -1:]
        for effort in _EFFORTS:
            recall = float((self._search(sample, effort).squared <= farthest).mean())
            if recall >= ENOUGH:
                break
        return recall, effort

    def _search(self, queries: Floats, effort: int) -> Found:
        self._graph.hnsw.efSearch = effort
        positions = self._graph.search(self._place.singles(queries)[0], self.k)[1]
        row = np.repeat(np.arange(len(queries)), self.k)
        squared = squared_distance(queries, row, self.points, positions.ravel()).reshape(positions.shape)
        squared[positions < 0] = np.inf
        order = np.lexsort((positions, squared), axis=1)
        return Found(np.take_along_axis(positions, order, axis=1), np.take_along_axis(squared, order, axis=1))

    def _built(self) -> Any:
        try:
            import faiss
        except ImportError as error:
            came = "the library faiss is not installed, which an approximate search needs"
            step = "Install it: pip install 'icp-ml[ann]'; or search exactly"
            raise UsageError(message("icp-ml", came, "the extra ann", step)) from error
        graph = faiss.IndexHNSWFlat(self.points.shape[1], _N_LINKS)
        with threadpool_limits(1, user_api="openmp"):
            graph.add(self._place.singles(self.points)[0])
        return graph
