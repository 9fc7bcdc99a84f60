"""Random boosters, and the definitions of the values by brute force, with Booster.predict as the value function."""

from collections.abc import Callable
from itertools import combinations, permutations, product
from math import factorial
from types import SimpleNamespace
from typing import NamedTuple

import lightgbm as lgb
import numpy as np
import pytest

N_FEATURES, CATEGORICAL = 8, [5, 6]
MISSING = ({}, {"zero_as_missing": True}, {"use_missing": False})
ODD = np.array([np.nan, 0.0, 1e-36, -1e-36, 1e-34, np.inf, -np.inf, -0.0])
ODD_LEVELS = np.array([np.nan, -1.0, -0.5, 2.7, 99.0, 1e10, -1e10, np.inf])


class Case(NamedTuple):
    booster: lgb.Booster
    groups: np.ndarray
    background: np.ndarray
    X: np.ndarray


def draw_rows(rng: np.random.Generator, n: int) -> np.ndarray:
    X = rng.normal(size=(n, N_FEATURES)).round(2)
    X[:, CATEGORICAL] = rng.integers(0, 12, (n, 2))
    X[:, 1] = rng.integers(0, 3, n)
    return np.where(rng.random(X.shape) < 0.15, np.nan, X)


def draw_odd_rows(rng: np.random.Generator, n: int) -> np.ndarray:
    X = draw_rows(rng, n)
    odd = rng.choice(ODD, X.shape)
    odd[:, CATEGORICAL] = rng.choice(ODD_LEVELS, (n, 2))
    return np.where(rng.random(X.shape) < 0.3, odd, X)


def train(seed: int, rounds: int = 8, **params: object) -> lgb.Booster:
    rng = np.random.default_rng(seed)
    X = draw_rows(rng, 400)
    z = np.nan_to_num(X)
    y = z[:, 0] * z[:, 2] + np.isnan(X[:, 3]) + (z[:, 5] % 3 == 1) * z[:, 4] + (z[:, 6] % 2) + rng.normal(size=400) / 2
    settings = {"objective": "binary", "verbosity": -1, "num_threads": 1, "seed": seed, "learning_rate": 0.3}
    settings |= {"min_data_in_leaf": 3, "num_leaves": 24, "min_data_per_group": 3, "cat_smooth": 1.0, "cat_l2": 1.0}
    data = lgb.Dataset(X, (y > np.median(y)).astype(float), categorical_feature=CATEGORICAL)
    return lgb.train(settings | params, data, rounds)


def random_case(seed: int) -> Case:
    """Vary depth 2 to 12, 2 to 8 groups, 1 to 1,000 background rows and the kind of missing values by the seed."""
    rng = np.random.default_rng(seed)
    booster = train(seed, max_depth=2 + seed % 11, **MISSING[seed % 3])
    n_groups = 2 + seed % 7
    groups = np.concatenate([np.arange(n_groups), rng.integers(0, n_groups, N_FEATURES - n_groups)])
    background = draw_odd_rows(rng, (1, 7, 40)[seed // 7 % 3] if n_groups > 4 else (1, 30, 1000)[seed // 7 % 3])
    return Case(booster, rng.permutation(groups), background, draw_odd_rows(rng, 3))


def mean_raw_score(boosters: object, X: np.ndarray) -> np.ndarray:
    listed = boosters if isinstance(boosters, list) else [boosters]
    return np.mean([booster.predict(X, raw_score=True) for booster in listed], axis=0)


def coalition_values(boosters: object, players: np.ndarray, background: np.ndarray, X: np.ndarray) -> dict:
    """Return v(S) for every coalition S (a frozenset), an array with one value per row of X."""
    n = players.max() + 1
    coalitions = [frozenset(np.flatnonzero(bits).tolist()) for bits in product((0, 1), repeat=n)]
    inside = np.array([[player in coalition for player in players] for coalition in coalitions])
    mixed = np.where(inside[:, None, None, :], X[None, :, None, :], background[None, None])
    scores = mean_raw_score(boosters, mixed.reshape(-1, X.shape[1])).reshape(mixed.shape[:3])
    return dict(zip(coalitions, scores.mean(axis=2), strict=True))


def shapley(v: dict, n: int) -> np.ndarray:
    values = np.zeros((len(v[frozenset()]), n))
    for g in range(n):
        for S in (S for S in v if g not in S):
            values[:, g] += factorial(len(S)) * factorial(n - len(S) - 1) / factorial(n) * (v[S | {g}] - v[S])
    return values


def interactions(v: dict, n: int) -> np.ndarray:
    """Return shap's arrangement: half the Shapley interaction index off the diagonal, rows that sum to the values."""
    values = np.zeros((len(v[frozenset()]), n, n))
    for i, j in combinations(range(n), 2):
        for S in (S for S in v if not S & {i, j}):
            weight = factorial(len(S)) * factorial(n - len(S) - 2) / factorial(n - 1)
            values[:, i, j] += weight / 2 * (v[S | {i, j}] - v[S | {i}] - v[S | {j}] + v[S])
        values[:, j, i] = values[:, i, j]
    values[:, range(n), range(n)] = shapley(v, n) - values.sum(axis=2)
    return values


def owen(v: dict, unions: list[int]) -> np.ndarray:
    """Return the mean marginal contribution over all orders of unions and of the players inside each."""
    blocks = [[p for p, union in enumerate(unions) if union == name] for name in sorted(set(unions))]
    values, n_orders = np.zeros((len(v[frozenset()]), len(unions))), 0
    for order in permutations(blocks):
        for inner in product(*(permutations(block) for block in order)):
            arrived: frozenset = frozenset()
            for player in (player for block in inner for player in block):
                values[:, player] += v[arrived | {player}] - v[arrived]
                arrived |= {player}
            n_orders += 1
    return values / n_orders


@pytest.fixture(scope="session")
def brute() -> SimpleNamespace:
    tools: dict[str, Callable] = {
        f.__name__: f for f in (coalition_values, shapley, interactions, owen, mean_raw_score)
    }
    return SimpleNamespace(
        **tools, train=train, random_case=random_case, draw_rows=draw_rows, draw_odd_rows=draw_odd_rows
    )


@pytest.fixture(scope="session")
def case() -> Case:
    return random_case(30)
