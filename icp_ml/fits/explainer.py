"""Exact interventional Shapley values of groups of features: the six fits, and context beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from icp_ml.errors import DataError, UsageError, message
from icp_ml.fits.game import Table, leaf_games, summed_over_subsets
from icp_ml.fits.trees import Floats, Forest, as_labels, read_forest

MAX_GROUPS = 8
DTYPES = ("float64", "float32")


class FitExplainer:
    """Explain a LightGBM model's raw score by groups of features, exactly, whatever the size of the background.

    The value of a coalition of groups is the mean raw score when the coalition's features come from the account and all
    others from the background rows (interventional). A group outside every tree gets exactly 0.

    Parameters
    ----------
    booster
        A ``lightgbm.Booster`` with one output, or a list of them, whose raw scores are averaged.
    groups
        (n_features,) the group of each feature, numbered from 0; at most 8 groups.
    background
        (n_background, n_features) rows that stand for "on average"; NaN means missing.
    dtype
        "float64", or "float32" for bulk scoring: off by at most 2e-5 on log-odds.
    n_groups
        Number of groups when the last ones have no feature; by default ``max(groups) + 1``.

    Raises
    ------
    UsageError
        Groups, dtype or booster of the wrong kind, length or number.
    DataError
        A background that is empty or does not fit the model.
    ModelError
        A model that is damaged, multiclass or has linear trees.

    Notes
    -----
    Values are added leaf by leaf in one fixed order, so they do not depend on how rows are batched. See docs/fits.md.
    What is explained is ``Booster.predict(raw_score=True)``. For boosting="rf" LightGBM makes that the *sum* of the
    trees but takes its probability from their mean: divide by the number of trees to have log-odds.

    References
    ----------
    Jullum, Redelmeier & Aas (2021), groupShapley, arXiv:2106.12228. Janzing, Minorics & Blöbaum (2020), Feature
    relevance quantification in explainable AI, AISTATS.

    Examples
    --------
    >>> explainer = FitExplainer(booster, groups=[0, 0, 1], background=X)  # doctest: +SKIP
    >>> explainer.expected_value + explainer.shap_values(X).sum(axis=1)  # doctest: +SKIP
    """

    def __init__(
        self,
        booster: Any,
        groups: Sequence[int] | NDArray[np.integer],
        background: Any,
        dtype: str = "float64",
        n_groups: int | None = None,
    ) -> None:
        self._forest = read_forest(booster)
        labels = as_labels(groups, len(self._forest.feature_names), "groups")
        self.n_groups = _count_groups(labels, n_groups)
        if dtype not in DTYPES:
            raise UsageError(message("dtype", repr(dtype), f"one of {DTYPES}", "Use float64 unless scoring in bulk"))
        self._dtype = dtype
        matrix = background_matrix(self._forest, background)
        self._games = leaf_games(self._forest, labels, np.arange(self.n_groups), matrix)

    @property
    def expected_value(self) -> float:
        """Mean raw score (log-odds for a binary model) of the background rows."""
        return self._games.expected_value

    def shap_values(self, X: Any) -> NDArray[np.floating]:
        """Return the Shapley value of each group, shape (n_rows, n_groups), in log-odds.

        Parameters
        ----------
        X
            (n_rows, n_features) array in the model's order, or a DataFrame with the model's feature names; NaN missing.

        Returns
        -------
        array
            Rows sum to the raw score minus ``expected_value``; 0 means no better or worse than the background.
        """
        values = self._games.play(self._tables, self._forest.matrix(X), self.n_groups)
        return np.ascontiguousarray(values.T, dtype=self._dtype)

    def shap_interaction_values(self, X: Any) -> NDArray[np.floating]:
        """Return fit x fit interactions as shap does, shape (n_rows, n_groups, n_groups), in log-odds.

        Off the diagonal stands half the pairwise Shapley interaction index, on it what is left of the group's Shapley
        value, so that rows sum to ``shap_values``; 0 off the diagonal means that two groups do not interact.
        """
        matrix, n = self._forest.matrix(X), self.n_groups
        upper = self._games.play(self._pair_tables, matrix, n * n).reshape(n, n, -1)
        pairs = np.ascontiguousarray((upper + upper.transpose(1, 0, 2)).transpose(2, 0, 1))
        values = self._games.play(self._tables, matrix, n).T
        own = np.arange(n)
        pairs[:, own, own] = values - pairs.sum(axis=2)
        return pairs.astype(self._dtype, copy=False)

    def coalition_values(self, X: Any) -> NDArray[np.float64]:
        """Return what every coalition of groups is worth, shape (n_rows, 2**n_groups), in log-odds.

        Parameters
        ----------
        X
            (n_rows, n_features) array in the model's order, or a DataFrame with the model's feature names; NaN missing.

        Returns
        -------
        array
            Column S is the mean raw score with the groups of S from the account and all others from the background;
            bit g of S says that group g is in it. Column 0 is ``expected_value``, the last one the raw score. Always
            float64.
        """
        dividends = self._games.play(self._coalition_tables, self._forest.matrix(X), 2**self.n_groups)
        return np.ascontiguousarray(summed_over_subsets(dividends).T)

    @cached_property
    def _tables(self) -> list[Table]:
        return self._games.owen_tables(self._dtype)

    @cached_property
    def _coalition_tables(self) -> list[Table]:
        return self._games.coalition_tables()

    @cached_property
    def _pair_tables(self) -> list[Table]:
        return self._games.interaction_tables(self.n_groups, self._dtype)


def background_matrix(forest: Forest, background: Any) -> Floats:
    """Return the background as the model's matrix.

    Raises
    ------
    DataError
        No row, or a matrix that does not fit the model.
    """
    matrix = forest.matrix(background, "background")
    if not len(matrix):
        fix = "Pass the customers the model was trained on"
        raise DataError(message("background", "0 rows", "1 row or more", fix))
    return matrix


def _count_groups(labels: NDArray[np.intp], n_groups: int | None) -> int:
    needed = int(labels.max(initial=-1)) + 1
    count = needed if n_groups is None else n_groups
    if not max(needed, 1) <= count <= MAX_GROUPS:
        came = f"groups up to {needed - 1}" + ("" if n_groups is None else f" with n_groups={n_groups}")
        raise UsageError(message("groups", came, f"1 to {MAX_GROUPS} groups, numbered from 0", "Merge some groups"))
    return count
