"""An index of nearest points says how often it is right."""

import sys

import numpy as np
import pytest

from icp_ml.errors import UsageError
from icp_ml.model.approximate import ApproximateSearch
from icp_ml.model.search import ExactSearch


def draw(n, seed, n_coordinates=8):
    return np.random.default_rng(seed).normal(size=(n, n_coordinates))


def test_without_the_library_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UsageError, match=r"expected the extra ann. Install it: pip install 'icp-ml\[ann\]'"):
        ApproximateSearch(draw(30, 0), draw(5, 1), 3)


def test_the_recall_that_is_told_is_the_recall_of_other_rows():
    pytest.importorskip("faiss")
    points, others = draw(5_000, 0), draw(1_000, 2)
    index = ApproximateSearch(points, draw(500, 1), 10)
    found, exact = index.nearest(others), ExactSearch(points).nearest(others, 10)
    assert 0.98 <= index.recall <= 1.0
    assert abs((found.squared <= exact.squared[:, -1:]).mean() - index.recall) < 0.02


def test_what_is_found_is_measured_as_exactly_as_by_an_exact_search():
    pytest.importorskip("faiss")
    points, others = draw(500, 0), draw(100, 2)
    found, exact = ApproximateSearch(points, draw(50, 1), 3).nearest(others), ExactSearch(points).nearest(others, 3)
    right = (found.positions == exact.positions).all(axis=1)
    assert right.mean() > 0.9
    np.testing.assert_array_equal(found.squared[right], exact.squared[right])


def test_the_same_points_give_the_same_index():
    pytest.importorskip("faiss")
    one, two = (ApproximateSearch(draw(3_000, 0), draw(200, 1), 5) for _ in range(2))
    np.testing.assert_array_equal(one.nearest(draw(300, 2)).positions, two.nearest(draw(300, 2)).positions)
    assert (one.recall, one.effort) == (two.recall, two.effort)


def test_fewer_points_than_asked_for_are_all_found():
    pytest.importorskip("faiss")
    found = ApproximateSearch(draw(4, 0), draw(3, 1), 10).nearest(draw(20, 2))
    assert np.sort(found.positions, axis=1).tolist() == [[0, 1, 2, 3]] * 20
