"""Contributions of attributes inside their fits: exact Owen values, which sum to the fit's Shapley value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from icp_ml.fits.explainer import background_matrix
from icp_ml.fits.game import leaf_games
from icp_ml.fits.trees import as_labels, read_forest


class AttributeExplainer:
    """Explain a LightGBM model's raw score by attributes, exactly, so that a fit's attributes sum to the fit.

    One-hot and derived columns fold back to their attribute because they are one player. The Owen value treats the fits
    as unions: they enter the game as blocks, and each block's value is then shared among its attributes.

    Parameters
    ----------
    booster
        A ``lightgbm.Booster`` with one output, or a list of them, whose raw scores are averaged.
    players
        (n_features,) the attribute of each feature, numbered from 0.
    unions
        (n_players,) the fit of each attribute, numbered from 0.
    background
        (n_background, n_features) rows that stand for "on average"; NaN means missing.

    Raises
    ------
    UsageError
        Players or unions of the wrong length, or more than 12 attributes on the path to one leaf.
    DataError
        A background that is empty or does not fit the model.
    ModelError
        A model that is damaged, multiclass or has linear trees.

    References
    ----------
    Owen (1977), Values of games with a priori unions, in Mathematical Economics and Game Theory, Springer.
    """

    def __init__(
        self,
        booster: Any,
        players: Sequence[int] | NDArray[np.integer],
        unions: Sequence[int] | NDArray[np.integer],
        background: Any,
    ) -> None:
        self._forest = read_forest(booster)
        self._n_players = len(unions)
        union_of_player = as_labels(unions, self._n_players, "unions")
        player_of_feature = as_labels(players, len(self._forest.feature_names), "players", below=self._n_players)
        matrix = background_matrix(self._forest, background)
        self._games = leaf_games(self._forest, player_of_feature, union_of_player, matrix)
        self._tables = self._games.owen_tables("float64")

    @property
    def expected_value(self) -> float:
        """Mean raw score (log-odds for a binary model) of the background rows."""
        return self._games.expected_value

    def values(self, X: Any) -> NDArray[np.float64]:
        """Return the Owen value of each attribute, shape (n_rows, n_players), in log-odds.

        Parameters
        ----------
        X
            (n_rows, n_features) array in the model's order, or a DataFrame with the model's feature names; NaN missing.

        Returns
        -------
        array
            Sums over a fit's attributes are ``FitExplainer.shap_values``; an attribute outside every tree gets 0.
        """
        total = self._games.play(self._tables, self._forest.matrix(X), self._n_players)
        return np.ascontiguousarray(total.T)
