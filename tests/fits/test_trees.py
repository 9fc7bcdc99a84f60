"""The reader of model texts believes nothing."""

import lightgbm as lgb
import numpy as np
import pytest

from icp_ml.errors import ModelError
from icp_ml.fits import FitExplainer
from icp_ml.fits.trees import parse_forest, read_forest


@pytest.fixture(scope="module")
def text(brute):
    return brute.train(11, rounds=3, num_leaves=6).model_to_string()


def swapped(text, key, change):
    """Return the text with the first line of this key changed, value by value."""
    old = next(line for line in text.split("\n") if line.startswith(f"{key}="))
    values = old.partition("=")[2].split()
    return text.replace(old, f"{key}={' '.join(change(values))}", 1)


@pytest.mark.parametrize(
    ("key", "change", "match"),
    [
        ("version", lambda v: ["v2"], "model text: no complete LightGBM model of format v3 or v4"),
        ("max_feature_idx", lambda v: ["9"], "model text: 8 feature names, another max_feature_idx"),
        ("max_feature_idx", lambda v: ["many"], "no list of whole numbers under max_feature_idx"),
        ("tree_sizes", lambda v: v[1:], "model text: 3 trees, another number of tree_sizes"),
        ("num_leaves", lambda v: ["999999999999"], "tree 0: leaf values that are not num_leaves finite numbers"),
        ("leaf_value", lambda v: ["nan", *v[1:]], "tree 0: leaf values that are not num_leaves finite numbers"),
        ("leaf_value", lambda v: ["one", *v[1:]], "tree 0: no list of numbers under leaf_value"),
        ("threshold", lambda v: v[1:], "tree 0: lists that do not have num_leaves - 1 = 5 values"),
        ("threshold", lambda v: ["nan"] * 5, "tree 0: an unknown decision_type or a threshold"),
        ("split_feature", lambda v: ["8", *v[1:]], "tree 0: a split_feature outside 0 to 7"),
        ("split_feature", lambda v: ["1" * 30, *v[1:]], "tree 0: a split_feature outside 0 to 7"),
        ("decision_type", lambda v: ["12", *v[1:]], "tree 0: an unknown decision_type"),
        ("left_child", lambda v: ["0", *v[1:]], "tree 0: children that do not form a tree"),
        ("left_child", lambda v: [v[-1], *v[1:]], "tree 0: children that do not form a tree"),
        ("cat_boundaries", lambda v: ["0", "99"], "tree 0: cat_boundaries that do not fit cat_threshold"),
        ("cat_threshold", lambda v: ["4294967296"] * len(v), "tree 0: a word of cat_threshold outside 32 bits"),
    ],
)
def test_a_changed_model_is_refused(text, key, change, match):
    with pytest.raises(ModelError, match=match):
        parse_forest(swapped(text, key, change))


def test_children_in_a_circle_are_refused(text):
    circle = swapped(text, "left_child", lambda v: ["-1", "2", "1", "4", "-6"])
    with pytest.raises(ModelError, match="tree 0: children that do not form a tree"):
        parse_forest(swapped(circle, "right_child", lambda v: ["3", "-2", "-3", "-4", "-5"]))


def test_a_truncated_or_foreign_text_is_refused(text):
    for piece in (text[:900], text[: text.index("end of trees")], "", "PK\x03\x04", "tree\nend of trees"):
        with pytest.raises(ModelError, match="no complete LightGBM model"):
            parse_forest(piece)


def test_a_categorical_split_without_levels_is_refused(text):
    with pytest.raises(ModelError, match="tree 0: a categorical split without its levels"):
        parse_forest(swapped(swapped(text, "decision_type", lambda v: ["1"] * 5), "threshold", lambda v: ["0.5"] * 5))


@pytest.mark.parametrize("seed", range(10))
def test_random_damage_is_read_or_refused_but_never_crashes(text, seed):
    rng = np.random.default_rng(seed)
    body, tail = text[: text.index("end of trees") + 12], ""
    for _ in range(60):
        letters = list(body + tail)
        for place in rng.integers(0, len(letters), rng.integers(1, 6)):
            letters[place] = rng.choice(list("0123456789-=. \neT\0é"))
        try:
            parse_forest("".join(letters))
        except ModelError as error:
            assert "expected" in str(error)  # noqa: PT017


def test_a_model_without_trees_scores_zero():
    X = np.arange(40.0).reshape(20, 2)
    booster = lgb.Booster({"verbosity": -1, "num_threads": 1, "min_data_in_leaf": 1}, lgb.Dataset(X, X[:, 0]))
    assert read_forest(booster).trees == ()
    explainer = FitExplainer(booster, [0, 1], X)
    assert explainer.expected_value == 0
    assert not explainer.shap_values(X).any()
