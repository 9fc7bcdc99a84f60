"""One margin and its exact contributions: a line through a weighted sum of a linear and a tree margin."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import lightgbm
import numpy as np
from numpy.typing import NDArray

from icp_ml.fits import AttributeExplainer, FitExplainer
from icp_ml.model.learners import LinearMap, LogisticModel, TreeModel

Floats = NDArray[np.float64]

CHUNK_ROWS = 16_384


@dataclass(frozen=True)
class ServedMargin:
    """The served log-odds: ``offset + linear_share * linear margin + tree_share * tree margin``.

    Shares and offset already hold the calibration line and the shift to the true base rate.

    Attributes
    ----------
    offset, linear_share, tree_share
        Numbers of the formula above.
    linear, trees
        The fitted parts, None where a part is not served.
    fit_of_attribute, attribute_of_feature
        The player of each attribute (position in ``names.PLAYERS``) and the attribute of each feature.
    background
        (n_background, n_features) the reference customers' features.
    n_fits
        Number of players.
    """

    offset: float
    linear_share: float
    tree_share: float
    linear: LogisticModel | None
    trees: TreeModel | None
    fit_of_attribute: NDArray[np.int64]
    attribute_of_feature: NDArray[np.int64]
    background: Floats
    n_fits: int

    def margin(self, matrix: Floats) -> Floats:
        """Return the served log-odds (n_rows,) of a feature matrix."""
        total = np.full(len(matrix), self.offset)
        if self.linear is not None:
            total += self.linear_share * self.linear.margin(matrix)
        if self.trees is not None:
            total += self.tree_share * self.trees.margin(matrix)
        return total

    @cached_property
    def base_value(self) -> float:
        """Mean served log-odds of the reference customers."""
        total = self._linear_base
        if self.trees is not None:
            total += self.tree_share * self._fit_explainer.expected_value
        return float(total)

    def by_fit(self, matrix: Floats) -> Floats:
        """Return each player's Shapley value in log-odds, (n_rows, n_fits); rows sum to margin minus base value."""
        values = np.zeros((len(matrix), self.n_fits))
        for rows in _chunks(len(matrix)):
            values[rows] = self._linear_part(
                matrix[rows], self.fit_of_attribute[self.attribute_of_feature], self.n_fits
            )
            if self.trees is not None:
                values[rows] += self.tree_share * self._fit_explainer.shap_values(matrix[rows])
        return values

    def by_attribute(self, matrix: Floats) -> Floats:
        """Return each attribute's Owen value in log-odds, (n_rows, n_attributes); a fit's attributes sum to the fit."""
        values = np.zeros((len(matrix), len(self.fit_of_attribute)))
        for rows in _chunks(len(matrix)):
            values[rows] = self._linear_part(matrix[rows], self.attribute_of_feature, values.shape[1])
            if self.trees is not None:
                values[rows] += self.tree_share * self._attribute_explainer.values(matrix[rows])
        return values

    def by_coalition(self, matrix: Floats) -> Floats:
        """Return the mean served log-odds of every coalition of players, (n_rows, 2**n_fits).

        Column S has the players of S (bit p of S: player p) from the account and the others from the reference
        customers. Column 0 is the base value, the last one the margin.
        """
        coalitions = np.arange(2**self.n_fits)
        members = (coalitions >> np.arange(self.n_fits)[:, None] & 1).astype(np.float64)
        values = np.empty((len(matrix), len(coalitions)))
        for rows in _chunks(len(matrix)):
            groups = self.fit_of_attribute[self.attribute_of_feature]
            values[rows] = self._linear_part(matrix[rows], groups, self.n_fits) @ members + self._linear_base
            if self.trees is not None:
                values[rows] += self.tree_share * self._fit_explainer.coalition_values(matrix[rows])
        return values

    def by_pair(self, matrix: Floats) -> Floats:
        """Return interactions of players in log-odds, (n_rows, n_fits, n_fits); rows sum to `by_fit`.

        The linear part has none: it stands on the diagonal, as does what is a player's own of the trees.
        """
        values = np.zeros((len(matrix), self.n_fits, self.n_fits))
        own = np.arange(self.n_fits)
        for rows in _chunks(len(matrix)):
            groups = self.fit_of_attribute[self.attribute_of_feature]
            values[rows, own, own] = self._linear_part(matrix[rows], groups, self.n_fits)
            if self.trees is not None:
                values[rows] += self.tree_share * self._fit_explainer.shap_interaction_values(matrix[rows])
        return values

    def _linear_part(self, matrix: Floats, group_of_feature: NDArray[np.int64], n_groups: int) -> Floats:
        """Return the closed form, column by column, so that no design matrix is built and no row depends on others."""
        values = np.zeros((len(matrix), n_groups))
        if self.linear is None:
            return values
        columns = self.linear.columns
        for j in np.flatnonzero(self.linear.weights):
            weight = self.linear_share * self.linear.weights[j]
            group = group_of_feature[columns.feature[j]]
            values[:, group] += weight * (columns.column(matrix, int(j)) - self._linear_means[j])
        return values

    @property
    def _linear_base(self) -> float:
        """Offset and linear part of the base value."""
        if self.linear is None:
            return self.offset
        means = self.linear.intercept + float(self.linear.weights @ self._linear_means)
        return self.offset + self.linear_share * means

    @cached_property
    def _linear_means(self) -> Floats:
        columns: LinearMap | None = self.linear.columns if self.linear is not None else None
        if columns is None:
            return np.empty(0)
        return np.array([columns.column(self.background, j).mean() for j in range(len(columns.feature))])

    @cached_property
    def _booster(self) -> lightgbm.Booster:
        assert self.trees is not None  # noqa: S101 - only asked for where trees are served
        return self.trees.booster

    @cached_property
    def _fit_explainer(self) -> FitExplainer:
        groups = self.fit_of_attribute[self.attribute_of_feature]
        return FitExplainer(self._booster, groups, self.background, n_groups=self.n_fits)

    @cached_property
    def _attribute_explainer(self) -> AttributeExplainer:
        return AttributeExplainer(self._booster, self.attribute_of_feature, self.fit_of_attribute, self.background)


def _chunks(n_rows: int) -> Iterator[slice]:
    return (slice(start, start + CHUNK_ROWS) for start in range(0, n_rows, CHUNK_ROWS))
