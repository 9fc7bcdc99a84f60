"""Clusters are found where they were planted, and nowhere else, whatever the order of the rows."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from icp_ml.prospects.lookalikes.clusters import find_clusters


def planted(n=200, n_clusters=2, shift=6.0, seed=0):
    """Return accounts in round clusters of which the first is the largest, and the cluster of each."""
    draw = np.random.default_rng(seed)
    of = draw.choice(n_clusters, n, p=np.arange(n_clusters, 0, -1) / np.arange(1, n_clusters + 1).sum())
    return draw.normal(size=(n, 4)) + shift * np.eye(4)[of], of


@pytest.mark.parametrize(("n", "n_clusters"), [(150, 2), (400, 3)])
def test_planted_clusters_are_found_largest_first(n, n_clusters):
    points, of = planted(n, n_clusters)
    found = find_clusters(points, 0)
    assert len(found.centers) == n_clusters
    assert adjusted_rand_score(of, found.nearest(points)) > 0.95
    sizes = np.bincount(found.nearest(points))
    assert (np.diff(sizes) <= 0).all()
    assert found.sentence.startswith(f"{n_clusters} clusters of successful customers (silhouette 0.")


def test_the_order_of_the_rows_changes_nothing():
    points, _ = planted()
    turned = np.random.default_rng(1).permutation(len(points))
    one, other = find_clusters(points, 0), find_clusters(points[turned], 0)
    np.testing.assert_array_equal(one.centers, other.centers)
    assert one.sentence == other.sentence


@pytest.mark.parametrize("seed", range(5))
def test_accounts_around_one_center_are_one_group(seed):
    found = find_clusters(np.random.default_rng(seed).normal(size=(200, 4)), 0)
    assert found.centers is None
    assert found.sentence.startswith("One group:")


def test_one_attribute_that_splits_customers_in_two_makes_no_clusters():
    draw = np.random.default_rng(0)
    points = np.column_stack([3.0 * draw.integers(0, 2, 200), 0.3 * draw.normal(size=(200, 3))])
    found = find_clusters(points, 0)
    assert found.centers is None
    assert "no more than chance" in found.sentence


def test_attributes_that_rise_together_make_no_clusters():
    draw = np.random.default_rng(0)
    points = np.exp(0.8 * draw.normal(size=(200, 1)) + 0.4 * draw.normal(size=(200, 4)))
    assert find_clusters(points, 0).centers is None


def test_an_agreement_that_is_not_enough_does_not_read_as_enough(monkeypatch):
    monkeypatch.setattr("icp_ml.prospects.lookalikes.clusters._agreement", lambda *_: 0.59999)
    points, _ = planted()
    assert "25 resamples 0.599, below the 0.6 asked)." in find_clusters(points, 0).sentence


def test_fewer_than_thirty_make_no_cluster():
    draw = np.random.default_rng(0)
    points = np.vstack([draw.normal(size=(150, 3)), draw.normal(size=(25, 3)) + 9])
    assert find_clusters(points, 0).centers is None
    assert "too few for clusters of 30" in find_clusters(points[:59], 0).sentence


@pytest.mark.parametrize("points", [np.zeros((100, 3)), np.zeros((100, 0)), np.repeat(np.eye(2), 50, axis=0)])
def test_accounts_with_hardly_different_values_break_nothing(points):
    found = find_clusters(points, 0)
    assert found.nearest(points).shape == (100,)


def test_large_tables_are_sampled(monkeypatch):
    monkeypatch.setattr("icp_ml.prospects.lookalikes.clusters._MAX_CLUSTERED", 120)
    points, of = planted(600)
    found = find_clusters(points, 0)
    assert adjusted_rand_score(of, found.nearest(points)) > 0.95
