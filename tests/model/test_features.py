"""Features remember their attribute, and unknown values never break a row."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.model.features import FeatureMap


@pytest.fixture
def frame():
    crm = ["a"] * 20 + ["b"] * 15 + ["c"] * 2 + [None] * 3
    return pd.DataFrame({"size": np.arange(40.0), "crm": pd.Series(crm, dtype="str")})


def test_columns_belong_to_their_attribute(frame):
    features = FeatureMap.learn(frame)
    assert features.attributes == ("size", "crm")
    assert features.attribute_of_feature.tolist() == [0, 1, 1, 1, 1]
    assert features.feature_labels == ("size", "crm = a", "crm = b", "crm: rare level", "crm: missing")


def test_known_answer(frame):
    matrix = FeatureMap.learn(frame).transform(frame.iloc[[0, 20, 35, 39]])
    assert matrix.tolist() == [[0, 1, 0, 0, 0], [20, 0, 1, 0, 0], [35, 0, 0, 1, 0], [39, 0, 0, 0, 1]]


def test_unseen_level_counts_as_missing(frame):
    new = pd.DataFrame({"size": [1.0], "crm": ["never seen"]})
    assert FeatureMap.learn(frame).transform(new).tolist() == [[1, 0, 0, 0, 1]]


def test_unseen_level_without_missing_values_in_training_is_all_zero(frame):
    features = FeatureMap.learn(frame.iloc[:35])
    new = pd.DataFrame({"size": [np.nan], "crm": ["never seen"]})
    np.testing.assert_array_equal(features.transform(new), [[np.nan, 0, 0]])


def test_category_and_text_give_the_same_matrix(frame):
    features = FeatureMap.learn(frame)
    as_category = frame.assign(crm=frame["crm"].astype(pd.CategoricalDtype(["c", "b", "a", "z"])))
    np.testing.assert_array_equal(features.transform(as_category), features.transform(frame))


def test_column_order_does_not_matter(frame):
    features = FeatureMap.learn(frame)
    np.testing.assert_array_equal(features.transform(frame[["crm", "size"]]), features.transform(frame))


def test_declared_kind_wins():
    frame = pd.DataFrame({"naics": [11.0] * 10 + [22.0] * 10})
    features = FeatureMap.learn(frame, {"naics": "categorical"})
    assert features.feature_labels == ("naics = 11", "naics = 22")


def test_at_most_fifty_levels_have_a_feature():
    frame = pd.DataFrame({"city": [f"c{i % 60:02d}" for i in range(600)]})
    features = FeatureMap.learn(frame)
    assert len(features.feature_labels) == 51


def test_document_brings_the_same_map_back(frame):
    features = FeatureMap.learn(frame)
    again = FeatureMap.from_document(features.to_document())
    assert again == features


def test_other_format_is_refused(frame):
    with pytest.raises(ValueError, match="format 99; expected 1"):
        FeatureMap.from_document(FeatureMap.learn(frame).to_document() | {"format": 99})


def test_unknown_kind_is_refused(frame):
    with pytest.raises(ValueError, match="attribute 'size' has kind 'date'"):
        FeatureMap.learn(frame, {"size": "date"})


def test_text_in_a_number_is_refused_without_showing_it(frame):
    features = FeatureMap.learn(frame)
    with pytest.raises(ValueError, match="column 'size' has values that are not numbers") as refusal:
        features.transform(frame.assign(size="secret"))
    assert "secret" not in str(refusal.value)
