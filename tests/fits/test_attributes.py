"""AttributeExplainer against the mean over all orders, and its sums against the fits."""

import numpy as np
import pytest

from icp_ml.errors import UsageError
from icp_ml.fits import AttributeExplainer, FitExplainer

PLAYERS = np.array([0, 1, 2, 3, 4, 5, 3, 5])  # features 6 and 7 fold into attributes 3 and 5


@pytest.mark.parametrize(
    "unions", [[0, 0, 0, 1, 1, 1], [0, 1, 0, 1, 0, 2], [2, 1, 0, 3, 4, 5], [0] * 6, [3, 0, 0, 3, 0, 1]]
)
@pytest.mark.parametrize("seed", [9, 10, 14])
def test_equals_the_mean_over_all_orders(brute, seed, unions):
    booster, _, background, X = brute.random_case(seed)
    v = brute.coalition_values(booster, PLAYERS, background[:40], X)
    explainer = AttributeExplainer(booster, PLAYERS, unions, background[:40])
    np.testing.assert_allclose(explainer.values(X), brute.owen(v, unions), rtol=0, atol=1e-9)
    np.testing.assert_allclose(explainer.expected_value, v[frozenset()][0], rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(10))
def test_attributes_sum_to_their_fit(brute, seed):
    booster, groups, background, X = brute.random_case(seed)
    fits = FitExplainer(booster, groups, background).shap_values(X)
    values = AttributeExplainer(booster, np.arange(8), groups, background).values(X)
    sums = np.stack([values[:, groups == fit].sum(axis=1) for fit in range(fits.shape[1])], axis=1)
    np.testing.assert_allclose(sums, fits, rtol=0, atol=1e-9)


def test_an_attribute_outside_the_model_is_exactly_zero(case):
    values = AttributeExplainer(case.booster, PLAYERS, [0, 0, 0, 1, 1, 1, 1, 2], case.background).values(case.X)
    assert values.shape == (3, 8)
    assert not values[:, 6:].any()


def test_players_and_unions_must_fit(case):
    with pytest.raises(UsageError, match=r"players: .* 0 to 5; expected 8 whole numbers from 0 to 4"):
        AttributeExplainer(case.booster, PLAYERS, [0] * 5, case.background)
    with pytest.raises(UsageError, match=r"unions: .*; expected 6 whole numbers from 0"):
        AttributeExplainer(case.booster, PLAYERS, [0, 0, 0, 0, 0, -1], case.background)
    with pytest.raises(UsageError, match=r"players: shape \(7,\)"):
        AttributeExplainer(case.booster, PLAYERS[:7], [0] * 6, case.background)


def chain(depth):
    """Return a model text with one tree that asks features 0, 1, 2, ... one after the other."""
    features = range(depth)
    lists = {"split_feature": features, "threshold": [0] * depth, "decision_type": [2] * depth}
    lists |= {"leaf_value": [1] * (depth + 1), "left_child": [-1 - feature for feature in features]}
    lists |= {"right_child": [*range(1, depth), -1 - depth]}
    names = " ".join(f"f{i}" for i in features)
    head = (
        f"tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx={depth - 1}\nfeature_names={names}"
    )
    body = "\n".join(f"{key}={' '.join(map(str, values))}" for key, values in lists.items())
    return f"{head}\ntree_sizes=1\n\nTree=0\nnum_leaves={depth + 1}\nnum_cat=0\n{body}\n\nend of trees\n"


def test_more_than_12_attributes_on_one_path_are_refused():
    X = np.zeros((1, 13))
    AttributeExplainer(chain(12), np.arange(12), [0] * 12, X[:, :12])
    with pytest.raises(UsageError, match=r"tree 0: 13 attributes on the path to one leaf; expected at most 12"):
        AttributeExplainer(chain(13), np.arange(13), [0] * 13, X)
    assert FitExplainer(chain(13), [0] * 13, X).expected_value == 1.0
