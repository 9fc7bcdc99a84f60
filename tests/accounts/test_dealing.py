"""Outcomes are dealt at random, whole groups among groups of their size."""

from __future__ import annotations

import numpy as np

from icp_ml.accounts.dealing import dealt


def test_related_accounts_go_together_to_a_group_of_their_size():
    clusters = np.array([0, 1, 1, 2, 3, 3, 4, 4, 4, 5])
    sizes = np.bincount(clusters)
    for source in np.concatenate(list(dealt(clusters, 50, 0))):
        assert sorted(source) == list(range(10))
        assert (sizes[clusters[source]] == sizes[clusters]).all()
        assert all(len(set(clusters[source][clusters == group])) == 1 for group in range(6))


def test_single_accounts_get_every_outcome_equally_often():
    sources = np.concatenate(list(dealt(np.arange(4), 4000, 0)))
    counts = np.array([np.bincount(column, minlength=4) for column in sources.T])
    assert abs(counts - 1000).max() < 150
