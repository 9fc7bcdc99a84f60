"""Identical rows share a group number, and only they do."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icp_ml.accounts.duplicates import identical_groups, n_duplicate_rows

CELLS = st.tuples(st.sampled_from([1.0, 2.0, None]), st.sampled_from(["a", "b", None]), st.booleans())


@settings(max_examples=60, deadline=None)
@given(st.lists(CELLS, min_size=1, max_size=40))
def test_rows_share_a_group_exactly_when_they_are_equal(rows):
    frame = pd.DataFrame(rows, columns=["seats", "crm", "flag"]).astype({"seats": float})
    groups = identical_groups(frame)
    for i, left in enumerate(rows):
        for j, right in enumerate(rows):
            assert (groups[i] == groups[j]) == (left == right)


def test_missing_values_are_equal_and_not_a_level():
    frame = pd.DataFrame({"x": [np.nan, np.nan, 0.0], "y": pd.Categorical([None, None, "a"], categories=["b", "a"])})
    assert identical_groups(frame).tolist() == [0, 0, 1]


def test_many_columns_do_not_overflow():
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(200, 80)))
    frame = pd.concat([frame, frame.iloc[[3, 5]]])
    groups = identical_groups(frame)
    assert len(np.unique(groups)) == 200
    assert (groups[200], groups[201]) == (groups[3], groups[5])


def test_without_columns_no_row_equals_another():
    assert identical_groups(pd.DataFrame(index=range(3))).tolist() == [0, 1, 2]


@pytest.mark.parametrize(("groups", "repeated"), [([0, 1, 2], 0), ([0, 0, 0, 1], 2), ([], 0)])
def test_repeated_rows_are_counted(groups, repeated):
    assert n_duplicate_rows(np.array(groups, dtype=np.int64)) == repeated
