"""Other ways of finding lookalikes, as people build them: they know the seeds or who signed, and nothing of success."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from icp_ml.model.features import FeatureMap
from icp_ml.prospects.lookalikes.evaluation.seen import Floats, Indices, Pool, Seen

N_NEAREST = 10
N_BAGS = 30
N_BAGS_OF_SIGNING = 10
MAX_SEEDS_OF_GOWER = 1_000
"""More would cost seconds and change little: the ten nearest of a thousand say where an account stands."""
_MIN_LEAF = 15
_BLOCK_ROWS = 2_048
_LARGEST = 1e30
"""Larger numbers have no place in single precision, which trees and Gower distances are in."""


def random(_seen: Seen, pool: Pool) -> Floats:
    """Return one number for all: ties count in part, so this is the mean of every random order."""
    return np.zeros(len(pool))


def success_model(seen: Seen, pool: Pool) -> Floats:
    """Return the log-odds of success."""
    return seen.classifier.decision_function(pool.frame)


def centroid(seen: Seen, pool: Pool) -> Floats:
    """Return the cosine to the mean of the seeds, in coordinates that are 0 for the average account of the pool.

    Centred on the customers instead, it would know of the churned ones: the direction would be that from them.
    """
    space = seen.domain.space
    everybody = space.place(pool.frame).coordinates.astype(np.float64)
    seeds = space.place(seen.frame[seen.positive]).coordinates.astype(np.float64)
    center = everybody.mean(axis=0)
    direction = np.average(seeds, axis=0, weights=seen.weight[seen.positive]) - center
    offset = everybody - center
    return np.asarray(offset @ direction / np.maximum(np.linalg.norm(offset, axis=1), 1e-12))


def gower(seen: Seen, pool: Pool) -> Floats:
    """Return minus the mean Gower distance to the ten nearest seeds.

    References
    ----------
    Gower (1971), A general coefficient of similarity and some of its properties, Biometrics 27:857.
    """
    seeds = seen.frame[seen.positive]
    if len(seeds) > MAX_SEEDS_OF_GOWER:
        rng = np.random.default_rng([seen.seed, 2])
        seeds = seeds.iloc[np.sort(rng.choice(len(seeds), MAX_SEEDS_OF_GOWER, replace=False))]
    cells = _cells(pd.concat([seeds, pool.frame[list(seeds.columns)]], ignore_index=True), seen.kinds)
    is_level = np.array([kind == "categorical" for kind in seen.kinds.values()])
    there, here = cells[: len(seeds)], cells[len(seeds) :]
    blocks = [here[start : start + _BLOCK_ROWS] for start in range(0, len(here), _BLOCK_ROWS)]
    return np.concatenate([-_mean_of_nearest(_gower(block, there, is_level)) for block in blocks])


def pu_bagging(seen: Seen, pool: Pool) -> Floats:
    """Return how far seeds are told from the accounts around each one: trees on bags of the pool, out of bag.

    References
    ----------
    Mordelet and Vert (2014), A bagging SVM to learn from positive and unlabeled examples, Pattern Recognition
    Letters 37:201.
    """
    seed = seen.seed

    def tree(number: int) -> DecisionTreeClassifier:
        return DecisionTreeClassifier(min_samples_leaf=_MIN_LEAF, max_features="sqrt", random_state=seed + number)

    return _bagged(_features(seen, pool), np.flatnonzero(seen.positive), tree, n_bags=N_BAGS, seed=seed)


def propensity(seen: Seen, pool: Pool) -> Floats:
    """Return who signs: a logistic regression of customers, however they ended, against the pool, out of bag."""

    def regression(_number: int) -> Any:
        fill = SimpleImputer(strategy="median", add_indicator=True, keep_empty_features=True)
        return make_pipeline(fill, StandardScaler(), LogisticRegression(C=0.1, max_iter=1_000))

    everybody = np.arange(len(seen.frame))
    return _bagged(_features(seen, pool), everybody, regression, n_bags=N_BAGS_OF_SIGNING, seed=seen.seed)


def _features(seen: Seen, pool: Pool) -> tuple[Floats, Floats]:
    """Return the features of the customers and of the pool: numbers as they are, a 0/1 column per level."""
    both = pd.concat([seen.frame, pool.frame[list(seen.frame.columns)]], ignore_index=True)
    kinds = {name: "categorical" if kind == "categorical" else "numeric" for name, kind in seen.kinds.items()}
    matrix = np.clip(FeatureMap.learn(both, kinds).transform(both), -_LARGEST, _LARGEST)
    return matrix[: len(seen.frame)], matrix[len(seen.frame) :]


def _bagged(
    features: tuple[Floats, Floats], positives: Indices, make: Callable[[int], Any], *, n_bags: int, seed: int
) -> Floats:
    """Return the mean chance of being a positive, over the bags of the pool that did not hold the account."""
    rng = np.random.default_rng([seed, 3])
    customers, pool = features
    known = customers[positives]
    n_drawn = min(len(known), len(pool))
    total, count = np.zeros(len(pool)), np.zeros(len(pool))
    for number in range(n_bags):
        bag = rng.integers(0, len(pool), n_drawn)
        rows = np.concatenate([known, pool[bag]])
        label = np.repeat([1, 0], [len(known), n_drawn])
        out = np.ones(len(pool), dtype=bool)
        out[bag] = False
        if out.any():
            total[out] += make(number).fit(rows, label).predict_proba(pool[out])[:, 1]
            count += out
    return np.asarray(np.where(count > 0, total / np.maximum(count, 1), 0.5))


def _cells(frame: pd.DataFrame, kinds: dict[str, str]) -> NDArray[np.float32]:
    """Return numbers divided by their range and levels as codes, NaN where missing."""
    cells = np.empty((len(frame), len(kinds)), dtype=np.float32)
    for place, (name, kind) in enumerate(kinds.items()):
        if kind == "categorical":
            codes = pd.factorize(frame[name])[0]
            cells[:, place] = np.where(codes < 0, np.nan, codes)
            continue
        numbers = np.clip(frame[name].to_numpy(dtype=np.float64, na_value=np.nan), -_LARGEST, _LARGEST)
        known = numbers[~np.isnan(numbers)]
        cells[:, place] = numbers / ((np.ptp(known) if len(known) else 0.0) or 1.0)
    return cells


def _gower(here: NDArray[np.float32], there: NDArray[np.float32], is_level: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return the mean difference, 0 to 1, over the attributes that both accounts show, (n_here, n_there)."""
    shows_here, shows_there = ~np.isnan(here), ~np.isnan(there)
    total = np.zeros((len(here), len(there)), dtype=np.float32)
    for place, level in enumerate(is_level):
        a, b = here[:, place, None], there[:, place]
        apart = (a != b).astype(np.float32) if level else np.abs(a - b)
        apart[~shows_here[:, place]] = 0.0
        apart[:, ~shows_there[:, place]] = 0.0
        total += apart
    n_both = shows_here.astype(np.float32) @ shows_there.astype(np.float32).T
    return np.where(n_both > 0, total / np.maximum(n_both, 1.0), np.float32(1.0))


def _mean_of_nearest(distance: NDArray[np.float32]) -> Floats:
    k = min(N_NEAREST, distance.shape[1])
    return np.asarray(np.partition(distance, k - 1, axis=1)[:, :k].mean(axis=1, dtype=np.float64))
