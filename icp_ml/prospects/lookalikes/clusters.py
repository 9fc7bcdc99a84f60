"""Find clusters of successful customers, or say that there are none: most companies have none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

MIN_SUCCESSES = 30
"""Of a segment, whatever its kind: fewer say little."""
MAX_CLUSTERS = 6
MIN_SILHOUETTE = 0.25
MIN_AGREEMENT = 0.6
MAX_P = 0.05
_N_RESAMPLES = 25
_N_NULL = 39
_N_ROUNDS = 6
_MOST_RAISED = 0.8
_MAX_CLUSTERED = 2_000
_STARTS, _STARTS_AGAIN = 10, 3
_DECIMALS = 9
"""Of coordinates: what differs by less is arithmetic, and must not decide."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """The clusters of some accounts, or the reason why they count as one group.

    Attributes
    ----------
    centers : ndarray of float64, shape (k, n_attributes), or None
        Largest cluster first; None: no clusters.
    sentence : str
        What was found, with the numbers it rests on.
    """

    centers: Floats | None
    sentence: str

    def nearest(self, coordinates: Floats) -> Indices:
        """Return the number, from 0, of the cluster whose center is nearest, (n,); 0 for all without clusters."""
        if self.centers is None:
            return np.zeros(len(coordinates), dtype=np.int64)
        return np.asarray(_squared(coordinates, self.centers).argmin(axis=1))


def find_clusters(coordinates: Floats, seed: int) -> Clusters:
    """Return the clusters of accounts in a likeness space, when they are more than an accident.

    Parameters
    ----------
    coordinates : ndarray of float64, shape (n, n_attributes)
        Of the successful customers.
    seed : int
        Of starts, resamples and the comparison without clusters; the order of the rows does not matter.

    Returns
    -------
    Clusters
        Two to six, of at least 30 accounts each, or none.

    Notes
    -----
    K-means; the number of clusters is the one with the highest simplified silhouette (distance to the own center
    against the second nearest; 0 no structure, 1 perfect), among those with 30 accounts in every cluster. They count
    when (1) the silhouette is at least .25, (2) clusterings of 25 bootstrap samples agree with it (mean adjusted Rand
    index at least .6; 0 is chance), and (3) it is higher than in tables without clusters (p at most .05 of 39). Those
    tables keep the values of every attribute and the correlations between them, joined by a normal copula. The
    third is needed because an attribute that splits customers in two, or attributes that rise together, give stable
    groups in any data: resamples agreed by .6 in 61 of 90 simulated companies without clusters, where all three
    together found clusters in 1 of 120, and two planted kinds in 40 of 40 (benchmarks/segments.py); in 7 of 10 where
    the two kinds overlapped by much.

    References
    ----------
    Vendramin, Campello & Hruschka (2010), Statistical Analysis and Data Mining 3:209, for the simplified silhouette;
    Kaufman & Rousseeuw (1990), Finding Groups in Data, table 2.4, for what is no structure;
    Hennig (2007), Computational Statistics & Data Analysis 52:258, for stability; Liu, Hayes, Nobel & Marron (2008),
    JASA 103:1281, for the test against data without clusters.
    """
    points = _canonical(coordinates, seed)
    if len(points) < 2 * MIN_SUCCESSES or points.shape[1] == 0:
        few = f"{len(coordinates):,} successful customers are too few for clusters of {MIN_SUCCESSES}"
        return Clusters(None, f"One group: {few}.")
    with threadpool_limits(1):  # sums split over threads differ in their last bits
        return _judged(points, seed)


def _judged(points: Floats, seed: int) -> Clusters:
    found = _best(points, seed, _STARTS)
    if found is None:
        why = f"no split leaves {MIN_SUCCESSES} in every part"
        return Clusters(None, f"One group: successful customers form no clusters ({why}).")
    if found.silhouette < MIN_SILHOUETTE:
        why = f"silhouette {_floored(found.silhouette)}, below the {MIN_SILHOUETTE} asked"
        return Clusters(None, f"One group: successful customers form no clusters ({why}).")
    agreement = _agreement(points, found, seed)
    told = f"silhouette {_floored(found.silhouette)}, agreement of {_N_RESAMPLES} resamples {_floored(agreement)}"
    if agreement < MIN_AGREEMENT:
        return Clusters(None, f"One group: clusters change with the sample ({told}, below the {MIN_AGREEMENT} asked).")
    as_high = _n_as_high(points, found.silhouette, seed)
    if (1 + as_high) / (_N_NULL + 1) > MAX_P:
        why = "customers whose attributes only rise and fall together look the same"
        return Clusters(None, f"One group: the clusters are no more than chance ({told}; {why}).")
    told += f", {as_high} of {_N_NULL} tables without clusters reach it"
    return Clusters(found.centers, f"{len(found.centers)} clusters of successful customers ({told}).")


def _floored(share: float) -> str:
    """Return a number that never rounds up to the one asked of it."""
    return f"{np.floor(1_000 * share) / 1_000:.3f}"


@dataclass(frozen=True, eq=False)
class _Split:
    centers: Floats
    silhouette: float


def _best(points: Floats, seed: int, starts: int) -> _Split | None:
    """Return the split with the highest silhouette among those whose clusters are all large enough."""
    splits = [split for k in range(2, MAX_CLUSTERS + 1) if (split := _split(points, k, seed, starts)) is not None]
    return max(splits, key=lambda split: split.silhouette, default=None)


def _split(points: Floats, k: int, seed: int, starts: int) -> _Split | None:
    if len(points) < k * MIN_SUCCESSES:
        return None
    centers = _centers(points, k, seed, starts)
    squared = _squared(points, centers)
    sizes = np.bincount(squared.argmin(axis=1), minlength=len(centers))
    if len(centers) < k or sizes.min() < MIN_SUCCESSES:
        return None
    near = np.sqrt(np.sort(squared, axis=1)[:, :2])
    gap = np.divide(near[:, 1] - near[:, 0], near[:, 1], out=np.zeros(len(near)), where=near[:, 1] > 0)
    return _Split(centers[_by_size(centers, sizes)], float(gap.mean()))


def _by_size(centers: Floats, sizes: Indices) -> Indices:
    """Return the order of clusters: largest first, equal ones by where they are."""
    return np.asarray(np.lexsort(np.column_stack([centers[:, ::-1], -sizes]).T))


def _centers(points: Floats, k: int, seed: int, starts: int) -> Floats:
    """Return the centers of k clusters; as many as there are different points where these are fewer."""
    k = min(k, len(np.unique(points, axis=0)))
    return np.asarray(KMeans(k, n_init=starts, random_state=seed).fit(points).cluster_centers_)


def _agreement(points: Floats, found: _Split, seed: int) -> float:
    """Return the mean adjusted Rand index of the split and those of bootstrap samples."""
    rng, own = np.random.default_rng([seed, 1]), _squared(points, found.centers).argmin(axis=1)
    scores = []
    for _ in range(_N_RESAMPLES):
        drawn = points[rng.integers(0, len(points), len(points))]
        again = _centers(drawn, len(found.centers), seed, _STARTS_AGAIN)
        scores.append(adjusted_rand_score(own, _squared(points, again).argmin(axis=1)))
    return float(np.mean(scores))


def _n_as_high(points: Floats, silhouette: float, seed: int) -> int:
    """Return in how many tables without clusters the silhouette is as high; counts no further than needed."""
    as_high = 0
    for table in _without_clusters(points, seed):
        split = _best(table, seed, _STARTS_AGAIN)
        as_high += split is not None and split.silhouette >= silhouette
        if (1 + as_high) / (_N_NULL + 1) > MAX_P:
            break
    return as_high


def _without_clusters(points: Floats, seed: int) -> Iterator[Floats]:
    """Yield tables with the columns of the points and the correlations between them, joined by a normal copula.

    Columns with few values need a normal correlation higher than the one seen. It is raised to .8 at most: attributes
    that split the customers more alike than that are clusters, and not the correlation of one with the other.
    """
    points = points[:, np.ptp(points, axis=0) > 0]
    rng, columns = np.random.default_rng([seed, 2]), np.sort(points, axis=0)
    mixing = _mixing(_normal_correlation(points, rng))
    for _ in range(_N_NULL):
        yield _joined(columns, rng.standard_normal(points.shape) @ mixing.T)


def _normal_correlation(points: Floats, rng: np.random.Generator) -> Floats:
    """Return the correlation of normal scores whose ranks give the columns the correlation they have."""
    n, columns = len(points), np.sort(points, axis=0)
    ranks = [np.argsort(np.lexsort(np.stack([rng.random(n), column]))) for column in points.T]
    found = _correlation(ndtri((np.column_stack(ranks) + 0.5) / n))
    wanted, most = _correlation(points), np.maximum(np.abs(found), _MOST_RAISED)
    normal = rng.standard_normal(points.shape)
    for _ in range(_N_ROUNDS):
        drawn = _correlation(_joined(columns, normal @ _mixing(found).T))
        found = np.clip(found + wanted - drawn, -most, most)
    return found


def _correlation(values: Floats) -> Floats:
    return np.atleast_2d(np.corrcoef(values, rowvar=False))


def _mixing(correlation: Floats) -> Floats:
    values, vectors = np.linalg.eigh(correlation)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _joined(columns: Floats, scores: Floats) -> Floats:
    """Return a table of sorted columns in the order of scores."""
    return np.take_along_axis(columns, np.argsort(np.argsort(scores, axis=0), axis=0), axis=0)


def _canonical(coordinates: Floats, seed: int) -> Floats:
    """Return the points in an order of their own, at most 2,000 of them."""
    points = np.round(coordinates, _DECIMALS)
    points = points[np.lexsort(points.T[::-1])] if points.size else points
    if len(points) > _MAX_CLUSTERED:
        points = points[np.sort(np.random.default_rng(seed).choice(len(points), _MAX_CLUSTERED, replace=False))]
    return points


def _squared(points: Floats, centers: Floats) -> Floats:
    return np.stack([np.square(points - center).sum(axis=1) for center in centers], axis=1)
