"""Shapley values of a linear score, in closed form."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from icp_ml.errors import DataError, message
from icp_ml.fits.trees import Floats, as_labels


def linear_contributions(
    weights: ArrayLike,
    X: ArrayLike,
    mean: ArrayLike,
    groups: Sequence[int] | NDArray[np.integer],
    n_groups: int | None = None,
) -> Floats:
    """Return what each group of columns adds to a linear score, shape (n_rows, n_groups), in the score's unit.

    Parameters
    ----------
    weights
        (n_features,) coefficients.
    X
        (n_rows, n_features) columns as the linear model sees them, nothing missing.
    mean
        (n_features,) mean of the background rows in the same columns.
    groups
        (n_features,) the group of each column, numbered from 0.
    n_groups
        Number of groups; by default ``max(groups) + 1``.

    Raises
    ------
    DataError
        Shapes that do not agree, or values that are not finite.
    UsageError
        Groups that are not whole numbers, 0 or more and below ``n_groups``.

    Notes
    -----
    The score is additive, so the Shapley value of a group is the sum of ``weight * (x - mean)`` over its columns, and
    its Owen values are the single terms. Columns are added one by one, so the result does not depend on the batch.
    """
    matrix, centre, slopes = (np.asarray(each, dtype=np.float64) for each in (X, mean, weights))
    if matrix.ndim != 2 or not slopes.shape == centre.shape == matrix.shape[1:]:
        came = f"X {matrix.shape}, weights {slopes.shape}, mean {centre.shape}"
        raise DataError(message("linear part", came, "(n, f), (f,), (f,)", "Pass the linear model's own matrix"))
    if not np.isfinite(matrix).all():
        came = f"{int((~np.isfinite(matrix)).sum())} values of X that are missing or infinite"
        raise DataError(message("linear part", came, "finite values", "Fill missing values first"))
    labels = as_labels(groups, matrix.shape[1], "groups", below=n_groups)
    total = np.zeros((len(matrix), int(labels.max(initial=-1)) + 1 if n_groups is None else n_groups))
    for column, group in enumerate(labels):
        total[:, group] += slopes[column] * (matrix[:, column] - centre[column])
    return total
