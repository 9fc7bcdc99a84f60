"""The two learners: scikit-learn's answer for the regression, declared capacity and signs for the trees."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from icp_ml.model.learners import LinearMap, LogisticLearner, TreeLearner, inverse_penalties, tree_capacity

RNG = np.random.default_rng(0)
X = np.column_stack([RNG.normal(size=(500, 3)), RNG.random(500) < 0.3]).astype(float)
X[RNG.random(500) < 0.2, 1] = np.nan
Y = (RNG.random(500) < expit(X[:, 0] - X[:, 3])).astype(float)
WEIGHT = RNG.uniform(0.5, 1.5, 500)
NUMERIC = np.array([True, True, True, False])
FREE = np.zeros(4, dtype=np.int64)


@pytest.mark.parametrize("chosen", [0.003, 0.1, 1.0])
def test_regression_equals_scikit_learn(chosen):
    model = LogisticLearner(NUMERIC, FREE, 500).fit(X, Y, WEIGHT, chosen)
    design = model.columns.transform(X)
    plain = LogisticRegression(C=chosen, tol=1e-10, max_iter=10_000).fit(design, Y, WEIGHT)
    np.testing.assert_allclose(model.weights, plain.coef_[0], atol=1e-4)
    np.testing.assert_allclose(model.margin(X), plain.decision_function(design), atol=1e-4)


def test_path_and_full_fit_agree():
    learner = LogisticLearner(NUMERIC, FREE, 500)
    margins = learner.margins(X, Y, WEIGHT, X)
    for j, chosen in enumerate(learner.path):
        np.testing.assert_allclose(margins[:, j], learner.fit(X, Y, WEIGHT, chosen).margin(X), atol=1e-5)


def test_design_is_centred_filled_and_clipped():
    wild = X.copy()
    wild[0, 0] = 1e9
    columns = LinearMap.learn(wild, NUMERIC)
    design = columns.transform(wild)
    assert design.shape == (500, 5)
    np.testing.assert_allclose(design.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(design[:, :3].std(axis=0), 1, atol=1e-12)
    assert design[0, 0] < 5
    assert columns.feature.tolist() == [0, 1, 2, 3, 1]


def test_signs_bind_the_regression():
    free = LogisticLearner(NUMERIC, FREE, 500).fit(X, Y, WEIGHT, 0.1)
    bound = LogisticLearner(NUMERIC, np.array([-1, 0, 0, 0]), 500).fit(X, Y, WEIGHT, 0.1)
    assert free.weights[0] > 0.3
    assert bound.weights[0] == 0.0


def test_tree_path_is_the_same_booster_cut_short():
    learner = TreeLearner(FREE, 1000)
    margins = learner.margins(X, Y, WEIGHT, X)
    for j, chosen in enumerate(learner.path):
        np.testing.assert_allclose(margins[:, j], learner.fit(X, Y, WEIGHT, chosen).margin(X), atol=1e-12)


@pytest.mark.parametrize(("n_rows", "leaves", "most_trees"), [(300, 6, 120), (1000, 6, 240), (5000, 15, 600)])
def test_capacity_grows_with_the_number_of_accounts(n_rows, leaves, most_trees):
    assert (tree_capacity(n_rows)[0], tree_capacity(n_rows)[1][-1]) == (leaves, most_trees)
    assert TreeLearner(FREE, n_rows).parameters()["num_leaves"] == leaves


def test_few_accounts_never_get_a_weak_penalty():
    assert max(inverse_penalties(999)) == 0.1
    assert max(inverse_penalties(1000)) == 1.0


def test_a_row_does_not_depend_on_the_others():
    model = LogisticLearner(NUMERIC, FREE, 500).fit(X, Y, WEIGHT, 0.1)
    alone = np.concatenate([model.margin(X[i : i + 1]) for i in range(50)])
    np.testing.assert_array_equal(alone, model.margin(X)[:50])
