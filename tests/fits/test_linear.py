"""The linear part in closed form."""

import numpy as np
import pytest

from icp_ml.errors import DataError, UsageError
from icp_ml.fits.linear import linear_contributions

X = np.random.default_rng(0).normal(size=(50, 4))
WEIGHTS, MEAN = np.array([1.0, -2.0, 0.5, 0.0]), np.array([0.1, 0.2, 0.3, 0.4])


def test_groups_sum_to_the_score_minus_the_score_of_the_mean():
    values = linear_contributions(WEIGHTS, X, MEAN, [0, 2, 2, 3], n_groups=5)
    assert values.shape == (50, 5)
    np.testing.assert_allclose(values.sum(axis=1), X @ WEIGHTS - MEAN @ WEIGHTS, atol=1e-12)
    np.testing.assert_allclose(values[:, 2], -2 * (X[:, 1] - 0.2) + 0.5 * (X[:, 2] - 0.3), atol=1e-12)
    assert not values[:, [1, 3, 4]].any()


def test_equals_enumeration_of_all_coalitions(brute):
    background, groups = X[20:], np.array([0, 1, 1, 2])

    class Linear:
        def predict(self, rows, raw_score):
            return rows @ WEIGHTS

    v = brute.coalition_values(Linear(), groups, background, X[:3])
    values = linear_contributions(WEIGHTS, X[:3], background.mean(axis=0), groups)
    np.testing.assert_allclose(values, brute.shapley(v, 3), rtol=0, atol=1e-9)


def test_values_do_not_depend_on_the_batch():
    whole = linear_contributions(WEIGHTS, X, MEAN, [0, 1, 1, 0])
    assert all((linear_contributions(WEIGHTS, X[i : i + 1], MEAN, [0, 1, 1, 0]) == whole[i]).all() for i in range(50))


def test_what_does_not_fit_is_refused():
    with pytest.raises(DataError, match=r"linear part: X \(50, 4\), weights \(3,\), mean \(4,\); expected"):
        linear_contributions(WEIGHTS[:3], X, MEAN, [0] * 4)
    with pytest.raises(DataError, match=r"linear part: 50 values of X that are missing or infinite; expected finite"):
        linear_contributions(WEIGHTS, np.where(np.arange(4) == 1, np.nan, X), MEAN, [0] * 4)
    with pytest.raises(UsageError, match=r"groups: .* 0 to 4; expected 4 whole numbers from 0 to 3"):
        linear_contributions(WEIGHTS, X, MEAN, [0, 1, 2, 4], n_groups=4)
