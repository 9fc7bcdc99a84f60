"""The two learners, a penalised logistic regression and small boosted trees, each as a path of complexities.

A learner fits every complexity of its path at once (penalties of the regression, numbers of trees); which one is
served is chosen on out-of-fold log loss in `icp_ml.model.selection`. Both read the matrix of
`icp_ml.model.features.FeatureMap`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import fmin_l_bfgs_b
from scipy.special import expit

Floats = NDArray[np.float64]

FEW_ROWS = 1000
MANY_ROWS = 5000
CLIPPED_TAIL = 0.01


@dataclass(frozen=True)
class LinearMap:
    """Columns a regression can read, each made from one feature: filled, clipped, centred and scaled.

    Numbers are clipped to their 1 % and 99 % quantiles, missing ones take the median and, where any was missing, an
    indicator column marks them; numbers are divided by their standard deviation, 0/1 features are only centred.
    """

    feature: NDArray[np.int64]
    is_indicator: NDArray[np.bool_]
    fill: Floats
    low: Floats
    high: Floats
    center: Floats
    scale: Floats

    @classmethod
    def learn(cls, matrix: Floats, is_numeric: NDArray[np.bool_]) -> LinearMap:
        """Learn the columns from a training matrix (n_rows, n_features)."""
        columns = [_plain_column(matrix[:, i], i, bool(is_numeric[i])) for i in range(matrix.shape[1])]
        gaps = [i for i in range(matrix.shape[1]) if np.isnan(matrix[:, i]).any()]
        columns += [_indicator_column(matrix[:, i], i) for i in gaps]
        table = np.array(columns, dtype=np.float64).reshape(len(columns), 7).T
        return cls(table[0].astype(np.int64), table[1] > 0, *table[2:])

    def column(self, matrix: Floats, j: int) -> Floats:
        """Return column ``j`` of the design for the rows of a feature matrix."""
        values = matrix[:, self.feature[j]]
        missing = np.isnan(values)
        if self.is_indicator[j]:
            values = missing.astype(np.float64)
        elif missing.any():
            values = np.where(missing, self.fill[j], values)
        clipped: Floats = np.clip(values, self.low[j], self.high[j])
        return np.asarray((clipped - self.center[j]) / self.scale[j])

    def transform(self, matrix: Floats) -> Floats:
        """Return the design (n_rows, n_columns) of a feature matrix."""
        design = np.empty((len(matrix), len(self.feature)), order="F")
        for j in range(len(self.feature)):
            design[:, j] = self.column(matrix, j)
        return design


def _plain_column(values: Floats, i: int, numeric: bool) -> tuple[float, ...]:
    present = values[~np.isnan(values)]
    if not numeric or not len(present):
        mean = float(present.mean()) if len(present) else 0.0
        return (i, 0, mean, min(mean, 0.0), max(mean, 1.0), mean, 1.0)
    low, fill, high = np.quantile(present, [CLIPPED_TAIL, 0.5, 1 - CLIPPED_TAIL])
    filled = np.clip(np.where(np.isnan(values), fill, values), low, high)
    spread = float(filled.std())
    return (i, 0, float(fill), float(low), float(high), float(filled.mean()), spread if spread > 0 else 1.0)


def _indicator_column(values: Floats, i: int) -> tuple[float, ...]:
    return (i, 1, 0.0, 0.0, 1.0, float(np.isnan(values).mean()), 1.0)


@dataclass(frozen=True)
class LogisticModel:
    """A fitted regression: margin = intercept + the weighted columns of its map."""

    columns: LinearMap
    weights: Floats
    intercept: float

    def margin(self, matrix: Floats) -> Floats:
        """Return log-odds (n_rows,), added column by column so that a row's value never depends on the other rows."""
        total = np.full(len(matrix), self.intercept)
        for j in np.flatnonzero(self.weights):
            total += self.weights[j] * self.columns.column(matrix, int(j))
        return total


@dataclass(frozen=True)
class TreeModel:
    """A fitted booster; margin = its raw score."""

    booster: lightgbm.Booster

    def margin(self, matrix: Floats) -> Floats:
        """Return log-odds (n_rows,)."""
        if not len(matrix):
            return np.empty(0)
        return np.asarray(self.booster.predict(matrix, raw_score=True, num_threads=1), dtype=np.float64)


@dataclass(frozen=True)
class LogisticLearner:
    """L2-penalised logistic regression, along a path of penalties.

    Parameters
    ----------
    is_numeric
        For each feature whether it is a number.
    signs
        For each feature 1 where its weight must not be negative, -1 where it must not be positive, else 0.
    n_rows
        Number of accounts of the whole training table; it decides the path, see `inverse_penalties`.
    """

    is_numeric: NDArray[np.bool_]
    signs: NDArray[np.int64]
    n_rows: int

    @property
    def path(self) -> tuple[float, ...]:
        """Values of ``C`` to try, simplest first."""
        return inverse_penalties(self.n_rows)

    def margins(self, train: Floats, y: Floats, weight: Floats, test: Floats) -> Floats:
        """Return the margins of test rows under every ``C`` of the path, (n_test, n_path)."""
        return np.column_stack([model.margin(test) for model in self._fit_path(train, y, weight, self.path)])

    def fit(self, matrix: Floats, y: Floats, weight: Floats, chosen: float) -> LogisticModel:
        """Return the regression fitted with ``C = chosen``."""
        return self._fit_path(matrix, y, weight, [chosen])[0]

    def _fit_path(self, matrix: Floats, y: Floats, weight: Floats, path: Sequence[float]) -> list[LogisticModel]:
        columns = LinearMap.learn(matrix, self.is_numeric)
        signs = np.where(columns.is_indicator, 0, self.signs[columns.feature])
        design = columns.transform(matrix)
        start = np.zeros(design.shape[1] + 1)
        start[-1] = _log_odds(float(np.average(y, weights=weight)))
        models = []
        for inverse_penalty in path:
            start = _fit_ridge(design, y, weight, 1.0 / inverse_penalty, signs, start)
            models.append(LogisticModel(columns, start[:-1].copy(), float(start[-1])))
        return models


def _fit_ridge(
    design: Floats, y: Floats, weight: Floats, penalty: float, signs: NDArray[np.int64], start: Floats
) -> Floats:
    """Minimise weighted log loss + penalty / 2 * |weights|^2; the last parameter is the free intercept."""
    total = float(weight.sum())

    def loss_and_gradient(parameters: Floats, /) -> tuple[float, Floats]:
        margin = design @ parameters[:-1] + parameters[-1]
        loss = weight @ (np.logaddexp(0.0, margin) - y * margin) + 0.5 * penalty * parameters[:-1] @ parameters[:-1]
        residual = weight * (expit(margin) - y)
        gradient = np.append(design.T @ residual + penalty * parameters[:-1], residual.sum())
        return float(loss) / total, gradient / total

    bounds = [(0.0 if sign > 0 else None, 0.0 if sign < 0 else None) for sign in signs] + [(None, None)]
    found, *_ = fmin_l_bfgs_b(loss_and_gradient, start, bounds=bounds, factr=100.0, pgtol=1e-8, maxiter=1000)
    return np.asarray(found, dtype=np.float64)


def inverse_penalties(n_rows: int) -> tuple[float, ...]:
    """Return the values of ``C`` to try (as scikit-learn's, on weights of mean 1), simplest first.

    Below 1,000 accounts 0.01, 0.03 and 0.1, from there on 0.001 to 1: on few accounts a lucky draw of the folds was
    seen to choose a penalty so weak that log loss rose by 0.09.
    """
    return (0.01, 0.03, 0.1) if n_rows < FEW_ROWS else (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


def _log_odds(share: float) -> float:
    return float(np.log(share) - np.log1p(-share))


@dataclass(frozen=True)
class TreeLearner:
    """Small, strongly regularised boosted trees (LightGBM), along a path of numbers of trees.

    Parameters
    ----------
    signs
        For each feature 1 where the margin must not fall with it, -1 where it must not rise, else 0.
    n_rows
        Number of accounts of the whole training table; it decides the capacity, see `tree_capacity`.
    seed
        Seed of row and column sampling.
    """

    signs: NDArray[np.int64]
    n_rows: int
    seed: int = 0

    @property
    def path(self) -> tuple[float, ...]:
        """Numbers of trees to try, fewest first."""
        return tree_capacity(self.n_rows)[1]

    def margins(self, train: Floats, y: Floats, weight: Floats, test: Floats) -> Floats:
        """Return the margins of test rows under every number of trees of the path, (n_test, n_path)."""
        stops = [int(count) for count in self.path]
        booster = self._train(train, y, weight, stops[-1])
        steps = [
            booster.predict(test, raw_score=True, start_iteration=start, num_iteration=stop - start, num_threads=1)
            for start, stop in zip([0, *stops[:-1]], stops, strict=True)
        ]
        return np.cumsum(np.column_stack(steps), axis=1)

    def fit(self, matrix: Floats, y: Floats, weight: Floats, chosen: float) -> TreeModel:
        """Return the booster of ``chosen`` trees, read back from its own text so that it equals the saved one."""
        text = self._train(matrix, y, weight, int(chosen)).model_to_string()
        return TreeModel(lightgbm.Booster(model_str=text))

    def _train(self, matrix: Floats, y: Floats, weight: Floats, n_trees: int) -> lightgbm.Booster:
        parameters = self.parameters()
        names = [f"f{i}" for i in range(matrix.shape[1])]
        data = lightgbm.Dataset(matrix, y, weight=weight, feature_name=names, params=parameters)
        return lightgbm.train(parameters, data, num_boost_round=n_trees)

    def parameters(self) -> dict[str, Any]:
        """Return LightGBM's parameters."""
        chosen = {
            "objective": "binary",
            "learning_rate": 0.03,
            "num_leaves": tree_capacity(self.n_rows)[0],
            "max_depth": 8,
            "min_data_in_leaf": int(np.clip(self.n_rows // 10, 2, 30)),
            "bagging_fraction": 0.8,
            "bagging_freq": 1,
            "feature_fraction": 0.5,
            "lambda_l2": 5.0,
            "num_threads": 1,
            "deterministic": True,
            "force_row_wise": True,
            "seed": self.seed,
            "verbosity": -1,
        }
        return chosen | ({"monotone_constraints": self.signs.tolist()} if self.signs.any() else {})


def tree_capacity(n_rows: int) -> tuple[int, tuple[float, ...]]:
    """Return the leaves of a tree and the numbers of trees to try, by the number of training accounts.

    Notes
    -----
    ========== ====== =====================
    accounts   leaves trees
    ========== ====== =====================
    below 1000      6 120, nothing to choose
    below 5000      6 60, 120 or 240
    from 5000      15 60, 120, 240, 400 or 600
    ========== ====== =====================

    Searching settings on fewer than about 1,000 accounts was measured to be worse than good fixed ones; from 5,000 on
    six leaves underfit.
    """
    if n_rows < FEW_ROWS:
        return 6, (120,)
    return (6, (60, 120, 240)) if n_rows < MANY_ROWS else (15, (60, 120, 240, 400, 600))
