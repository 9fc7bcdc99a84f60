"""How exact and how fast are the six fits? Prints two tables.

1. The largest difference of ``FitExplainer`` and ``AttributeExplainer`` from enumerating every coalition, with
   ``Booster.predict(raw_score=True)`` as the value function.
2. Microseconds of CPU per row, one thread, on the same rows in one run, beside LightGBM's ``predict`` and
   ``pred_contrib`` (another quantity: path-dependent, one value per feature). Quote the ratios, not the times.

Run with ``OMP_NUM_THREADS=1 python benchmarks/fits_exact.py``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import product
from math import factorial

import lightgbm as lgb
import numpy as np

from icp_ml.fits import AttributeExplainer, FitExplainer

N_FEATURES, CATEGORICAL, N_GROUPS = 40, [3, 13], 7
GROUPS = np.arange(N_FEATURES) % N_GROUPS
MISSING: dict[str, dict[str, bool]] = {"NaN": {}, "zero": {"zero_as_missing": True}, "none": {"use_missing": False}}


def draw(rng: np.random.Generator, n: int) -> np.ndarray:
    X = rng.normal(size=(n, N_FEATURES)).round(2)
    X[:, CATEGORICAL] = rng.integers(-1, 40, (n, 2))
    return np.where(rng.random(X.shape) < 0.2, np.nan, X)


def train(trees: int, leaves: int, **params: object) -> lgb.Booster:
    rng = np.random.default_rng(0)
    X = draw(rng, 5000)
    X[:, CATEGORICAL] = np.where(X[:, CATEGORICAL] > 30, np.nan, np.abs(X[:, CATEGORICAL]))  # above 30 stays unseen
    z = np.nan_to_num(X)
    y = z[:, 0] + z[:, 1] * z[:, 2] + z[:, 4] + z[:, 5] + (z[:, 3] % 3 == 1) + rng.normal(size=len(X)) > 0
    settings = {"objective": "binary", "learning_rate": 0.03, "num_leaves": leaves, "feature_fraction": 0.5}
    settings |= {"min_data_in_leaf": 10, "verbosity": -1, "num_threads": 1, "seed": 0, "deterministic": True}
    return lgb.train(settings | params, lgb.Dataset(X, y, categorical_feature=CATEGORICAL), trees)


def enumerated(booster: lgb.Booster, n_groups: int, background: np.ndarray, X: np.ndarray) -> np.ndarray:
    """Return Shapley values by their definition: every coalition, every background row, through predict."""
    groups = np.arange(N_FEATURES) % n_groups
    value = {}
    for coalition in product((False, True), repeat=n_groups):
        mixed = np.where(np.array(coalition)[groups], X[:, None], background[None])
        scores = booster.predict(mixed.reshape(-1, N_FEATURES), raw_score=True, num_threads=1)
        value[coalition] = scores.reshape(len(X), -1).mean(axis=1)
    values = np.zeros((len(X), n_groups))
    for coalition, without in value.items():
        size = sum(coalition)
        weight = factorial(size) * factorial(n_groups - size - 1) / factorial(n_groups) if size < n_groups else 0.0
        for group in (group for group in range(n_groups) if not coalition[group]):
            joined = (*coalition[:group], True, *coalition[group + 1 :])
            values[:, group] += weight * (value[joined] - without)
    return values


def print_exactness() -> None:
    print("| trees x leaves, depth | missing | groups | background | float64 | float32 | Owen sums |")
    print("|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(1)
    for (trees, leaves, depth), (kind, params), n_groups, n_background in (
        ((120, 6, -1), ("NaN", MISSING["NaN"]), 7, 25),
        ((120, 6, -1), ("zero", MISSING["zero"]), 4, 200),
        ((120, 6, -1), ("none", MISSING["none"]), 2, 1000),
        ((60, 31, 2), ("NaN", MISSING["NaN"]), 8, 1),
        ((60, 31, 12), ("zero", MISSING["zero"]), 8, 10),
        ((60, 31, 12), ("NaN", MISSING["NaN"]), 6, 50),
    ):
        booster = train(trees, leaves, max_depth=depth, **params)
        groups, background, X = np.arange(N_FEATURES) % n_groups, draw(rng, n_background), draw(rng, 10)
        exact = enumerated(booster, n_groups, background, X)
        off = [
            float(np.abs(FitExplainer(booster, groups, background, dtype).shap_values(X) - exact).max())
            for dtype in ("float64", "float32")
        ]
        owen = AttributeExplainer(booster, np.arange(N_FEATURES), groups, background).values(X)
        sums = np.stack([owen[:, groups == group].sum(axis=1) for group in range(n_groups)], axis=1)
        print(
            f"| {trees} x {leaves}, {depth} | {kind} | {n_groups} | {n_background:,} "
            f"| {off[0]:.0e} | {off[1]:.0e} | {np.abs(sums - exact).max():.0e} |"
        )


def cpu_seconds(run: Callable[[], object], repeats: int = 3) -> float:
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def print_speed(n_rows: int = 20_000, n_background: int = 5_000) -> None:
    print(f"\nus of CPU per row, {n_rows:,} rows, {n_background:,} background rows, {N_FEATURES} features, 1 thread")
    heads = "trees x leaves | fits | float32 | attributes | interactions | predict | pred_contrib"
    print(f"| {heads} | build s, fits / attributes |")
    print("|---|---|---|---|---|---|---|---|")
    rng = np.random.default_rng(2)
    background, X = draw(rng, n_background), draw(rng, n_rows)
    for trees, leaves in ((120, 6), (200, 8), (1000, 6), (300, 31)):
        booster = train(trees, leaves, max_depth=12)
        builds = (
            lambda b=booster: FitExplainer(b, GROUPS, background),
            lambda b=booster: AttributeExplainer(b, np.arange(N_FEATURES), GROUPS, background),
        )
        fits, attributes = (build() for build in builds)
        fits32 = FitExplainer(booster, GROUPS, background, dtype="float32")
        runs: list[tuple[Callable[[], object], int]] = [
            (lambda e=fits: e.shap_values(X), n_rows),
            (lambda e=fits32: e.shap_values(X), n_rows),
            (lambda e=attributes: e.values(X), n_rows),
            (lambda e=fits: e.shap_interaction_values(X), n_rows),
            (lambda b=booster: b.predict(X, raw_score=True, num_threads=1), n_rows),
            (lambda b=booster: b.predict(X[:1000], pred_contrib=True, num_threads=1), 1000),
        ]
        cells = [f"{1e6 * cpu_seconds(run) / rows:.1f}" for run, rows in runs]
        build = " / ".join(f"{cpu_seconds(build, 1):.2f}" for build in builds)
        print(f"| {trees} x {leaves} | {' | '.join(cells)} | {build} |")


if __name__ == "__main__":
    print_exactness()
    print_speed()
