"""FitExplainer against its definition, its laws, and what it refuses."""

import lightgbm as lgb
import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import DataError, ModelError, UsageError
from icp_ml.fits import FIT_NAMES, FitExplainer


@pytest.mark.parametrize("seed", range(33))
def test_equals_enumeration_of_all_coalitions(brute, seed):
    booster, groups, background, X = brute.random_case(seed)
    v = brute.coalition_values(booster, groups, background, X)
    explainer = FitExplainer(booster, groups, background)
    n = groups.max() + 1
    np.testing.assert_allclose(explainer.expected_value, v[frozenset()][0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(explainer.shap_values(X), brute.shapley(v, n), rtol=0, atol=1e-9)
    np.testing.assert_allclose(explainer.shap_interaction_values(X), brute.interactions(v, n), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", range(0, 33, 2))
def test_every_coalition_is_worth_what_enumeration_says(brute, seed):
    booster, groups, background, X = brute.random_case(seed)
    worth = brute.coalition_values(booster, groups, background, X)
    found = FitExplainer(booster, groups, background).coalition_values(X)
    assert found.shape == (len(X), 2 ** (groups.max() + 1))
    for coalition, values in worth.items():
        column = sum(1 << int(group) for group in coalition)
        np.testing.assert_allclose(found[:, column], values, rtol=0, atol=1e-9)


def test_a_group_without_features_changes_no_coalition(brute):
    booster, _, background, X = brute.random_case(0)
    found = FitExplainer(booster, [0] * 8, background, n_groups=2).coalition_values(X)
    assert np.array_equal(found[:, :2], found[:, 2:])


def test_the_worked_example_of_the_docs():
    tree = """tree\nversion=v4\nnum_class=1\nnum_tree_per_iteration=1\nmax_feature_idx=1\nfeature_names=seats has_api
tree_sizes=1\n\nTree=0\nnum_leaves=3\nnum_cat=0\nsplit_feature=0 1\nthreshold=10 0.5\ndecision_type=2 2
left_child=-1 -2\nright_child=1 -3\nleaf_value=0 1 3\n\nend of trees\n"""
    explainer = FitExplainer(tree, groups=[0, 1], background=[[5, 0]])
    assert explainer.expected_value == 0
    assert explainer.shap_values([[50, 1]]).tolist() == [[2, 1]]
    assert explainer.shap_interaction_values([[50, 1]]).tolist() == [[[1, 1], [1, 0]]]


def test_a_list_of_boosters_is_their_mean(brute):
    boosters = [brute.train(1), brute.train(2, rounds=3, max_depth=3), brute.train(3, zero_as_missing=True)]
    rng = np.random.default_rng(0)
    groups, background, X = np.arange(8) // 2, brute.draw_odd_rows(rng, 20), brute.draw_odd_rows(rng, 5)
    v = brute.coalition_values(boosters, groups, background, X)
    values = FitExplainer(boosters, groups, background).shap_values(X)
    np.testing.assert_allclose(values, brute.shapley(v, 4), rtol=0, atol=1e-9)


def test_a_random_forest_has_the_raw_score_that_lightgbm_gives_it(brute):
    booster = brute.train(4, boosting="rf", bagging_fraction=0.6, bagging_freq=1)
    rng = np.random.default_rng(0)
    background, X = brute.draw_odd_rows(rng, 20), brute.draw_odd_rows(rng, 5)
    v = brute.coalition_values(booster, np.arange(8) // 3, background, X)
    values = FitExplainer(booster, np.arange(8) // 3, background).shap_values(X)
    np.testing.assert_allclose(values, brute.shapley(v, 3), rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    "params", [{"boosting": "dart", "drop_rate": 0.5}, {"objective": "regression", "max_depth": 20}]
)
def test_values_add_up_to_the_raw_score(brute, params):
    booster = brute.train(5, rounds=40, **params)
    rng = np.random.default_rng(1)
    explainer = FitExplainer(booster, np.arange(8), brute.draw_odd_rows(rng, 300))
    X = brute.draw_odd_rows(rng, 9000)
    total = explainer.expected_value + explainer.shap_values(X).sum(axis=1)
    np.testing.assert_allclose(total, booster.predict(X, raw_score=True), rtol=0, atol=1e-9)


def test_only_the_trees_up_to_the_best_iteration_count(brute, case):
    booster = brute.train(6)
    booster.best_iteration = 3
    explainer = FitExplainer(booster, case.groups, case.background)
    total = explainer.expected_value + explainer.shap_values(case.X).sum(axis=1)
    np.testing.assert_allclose(total, booster.predict(case.X, raw_score=True), rtol=0, atol=1e-9)
    assert np.abs(total - booster.predict(case.X, raw_score=True, num_iteration=8)).max() > 1e-3


def test_a_tree_of_one_leaf_is_a_constant(brute, case):
    booster = brute.train(7, rounds=2, min_data_in_leaf=400)
    explainer = FitExplainer(booster, case.groups, case.background)
    assert explainer.expected_value == booster.predict(case.X, raw_score=True)[0]
    assert not explainer.shap_values(case.X).any()
    assert not explainer.shap_interaction_values(case.X).any()


def test_a_group_outside_the_model_is_exactly_zero(case):
    groups = np.array([0, 2, 0, 2, 0, 4, 4, 4])
    explainer = FitExplainer(case.booster, groups, case.background, n_groups=7)
    values, pairs = explainer.shap_values(case.X), explainer.shap_interaction_values(case.X)
    assert values.shape == (3, 7)
    absent = [1, 3, 5, 6]
    assert not values[:, absent].any()
    assert not pairs[:, absent].any()
    assert not pairs[:, :, absent].any()


def test_splitting_a_feature_inside_its_group_changes_nothing(case):
    text, copy = case.booster.model_to_string(), 8  # every second question about feature 0 asks its copy instead
    lines, asked = text.split("\n"), 0
    for number, line in enumerate(lines):
        if line.startswith("split_feature="):
            features = line.removeprefix("split_feature=").split()
            for place, feature in enumerate(features):
                asked += feature == "0"
                features[place] = str(copy) if feature == "0" and asked % 2 else feature
            lines[number] = "split_feature=" + " ".join(features)
    changed = (
        "\n".join(lines).replace("max_feature_idx=7", "max_feature_idx=8").replace("Column_7", "Column_7 Column_8", 1)
    )
    wide = FitExplainer(changed, [*case.groups, case.groups[0]], np.c_[case.background, case.background[:, 0]])
    narrow = FitExplainer(case.booster, case.groups, case.background)
    assert asked > 4
    assert (wide.shap_values(np.c_[case.X, case.X[:, 0]]) == narrow.shap_values(case.X)).all()


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_values_do_not_depend_on_the_batch(brute, case, dtype):
    X = brute.draw_odd_rows(np.random.default_rng(2), 9000)
    explainer = FitExplainer(case.booster, case.groups, case.background, dtype=dtype)
    whole = explainer.shap_values(X)
    assert whole.dtype == dtype
    assert (
        np.concatenate(
            [explainer.shap_values(X[:1]), explainer.shap_values(X[1:4999]), explainer.shap_values(X[4999:])]
        )
        == whole
    ).all()
    assert (explainer.shap_values(X[::-1])[::-1] == whole).all()


def test_float32_is_off_by_at_most_2e_5_in_a_large_model(brute):
    booster = brute.train(8, rounds=400, learning_rate=0.1)
    rng = np.random.default_rng(3)
    background, X = brute.draw_rows(rng, 500), brute.draw_odd_rows(rng, 2000)
    exact = FitExplainer(booster, np.arange(8) % 7, background).shap_values(X)
    fast = FitExplainer(booster, np.arange(8) % 7, background, dtype="float32")
    assert np.abs(exact).max() > 1
    np.testing.assert_allclose(fast.shap_values(X), exact, rtol=0, atol=2e-5)
    assert fast.shap_interaction_values(X[:5]).dtype == np.float32


def test_the_order_and_number_of_background_rows_do_not_matter(case):
    once = FitExplainer(case.booster, case.groups, case.background).shap_values(case.X)
    twice = FitExplainer(case.booster, case.groups, np.r_[case.background[::-1], case.background]).shap_values(case.X)
    np.testing.assert_allclose(twice, once, rtol=0, atol=1e-12)


def test_a_data_frame_is_read_by_name(brute):
    X = brute.draw_rows(np.random.default_rng(4), 300)
    frame = pd.DataFrame(X, columns=[f"column {i}" for i in range(8)])
    params = {"objective": "binary", "verbosity": -1, "num_threads": 1}
    booster = lgb.train(params, lgb.Dataset(frame, X[:, 1] > 0), 5)
    explainer = FitExplainer(booster, np.arange(8) // 4, frame)
    shuffled = frame.iloc[:, ::-1].assign(extra="text", **{"column 1": frame["column 1"].astype("Int64")})
    assert (explainer.shap_values(shuffled) == explainer.shap_values(X)).all()
    with pytest.raises(DataError, match=r"X: 1 features not among the columns \['column_3'\]; expected each feature"):
        explainer.shap_values(frame.drop(columns="column 3"))
    with pytest.raises(DataError, match=r"X: repeated column names"):
        explainer.shap_values(frame.assign(column_3=1.0))
    with pytest.raises(DataError, match=r"1 columns without numbers \['column 2'\]; expected numeric"):
        explainer.shap_values(frame.assign(**{"column 2": frame["column 2"].astype("category")}))


@pytest.mark.parametrize(
    ("groups", "options", "match"),
    [
        (range(7), {}, r"groups: shape \(7,\) of int64, 0 to 6; expected 8 whole numbers from 0"),
        ([0] * 7 + [-1], {}, r"groups: .*-1 to 0; expected 8 whole numbers"),
        ([0.0] * 8, {}, r"groups: .*float64"),
        ([0] * 7 + [8], {}, r"groups: groups up to 8; expected 1 to 8 groups"),
        ([0] * 7 + [3], {"n_groups": 3}, r"groups up to 3 with n_groups=3"),
        ([0] * 8, {"n_groups": 9}, r"with n_groups=9; expected 1 to 8"),
        ([0] * 8, {"dtype": "float16"}, r"dtype: 'float16'; expected one of"),
    ],
)
def test_wrong_groups_are_refused(case, groups, options, match):
    with pytest.raises(UsageError, match=match):
        FitExplainer(case.booster, list(groups), case.background, **options)


def test_wrong_rows_are_refused(case):
    with pytest.raises(DataError, match=r"background: 0 rows; expected 1 row or more"):
        FitExplainer(case.booster, case.groups, case.background[:0])
    with pytest.raises(DataError, match=r"background: an array of shape \(1, 7\); expected \(n, 8\)"):
        FitExplainer(case.booster, case.groups, case.background[:1, :7])
    explainer = FitExplainer(case.booster, case.groups, case.background)
    with pytest.raises(DataError, match=r"X: an array of shape \(8,\)"):
        explainer.shap_values(case.X[0])
    with pytest.raises(DataError, match=r"X: values that are not numbers .*; expected a float matrix"):
        explainer.shap_values([["a"] * 8])
    assert explainer.shap_values(case.X[:0]).shape == (0, case.groups.max() + 1)
    assert explainer.shap_interaction_values(case.X[:0]).shape[0] == 0


def test_a_background_of_missing_values_is_allowed(case):
    explainer = FitExplainer(case.booster, case.groups, np.full((2, 8), np.nan))
    np.testing.assert_allclose(
        explainer.expected_value, case.booster.predict(np.full((1, 8), np.nan), raw_score=True)[0]
    )


def test_models_that_are_not_one_sum_of_constants_are_refused(brute, case):
    X, y = np.random.default_rng(5).normal(size=(200, 8)), np.arange(200) % 3
    quiet = {"verbosity": -1, "num_threads": 1}
    multiclass = lgb.train({"objective": "multiclass", "num_class": 3, **quiet}, lgb.Dataset(X, y), 2)
    with pytest.raises(ModelError, match=r"a multiclass model; expected one output"):
        FitExplainer(multiclass, case.groups, X)
    linear = lgb.train({"linear_tree": True, **quiet}, lgb.Dataset(X, X[:, 0], params={"linear_tree": True}), 2)
    with pytest.raises(ModelError, match=r"tree \d: linear models in the leaves; expected one constant per leaf"):
        FitExplainer(linear, case.groups, X)
    with pytest.raises(UsageError, match=r"booster: a int; expected a lightgbm.Booster"):
        FitExplainer(3, case.groups, X)
    with pytest.raises(UsageError, match=r"booster: an empty list"):
        FitExplainer([], case.groups, X)


def test_boosters_of_different_features_are_refused(case):
    other = case.booster.model_to_string().replace("Column_7", "Column_9")
    with pytest.raises(ModelError, match=r"boosters: lists of features that differ"):
        FitExplainer([case.booster, other], case.groups, case.background)


def test_the_six_fits_have_fixed_names():
    assert FIT_NAMES == ("technical", "functional", "resource", "competence", "experience", "cultural")
