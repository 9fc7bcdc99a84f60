"""What is known of the outcome, and what will be."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.accounts.audit.maturity import maturity_of


def test_more_outcomes_come_when_their_horizon_ends(lifetimes):
    """Horizon 100 days: customers signed 95, 50, 10 days ago are known in 5, 50, 90 days."""
    _, labels = lifetimes([300, 300, 95, 50, 10], [np.nan, 20, np.nan, np.nan, np.nan])
    found = maturity_of(labels)
    assert found.followed == pytest.approx(2 / 5)
    assert (found.known, found.censored) == (2, 3)
    assert dict(found.next) == {30: 1, 90: 3, 180: 3, 365: 3}
    assert "In 30 days 1 more customers can be judged, in 365 days 3" in found.sentence


def test_the_naive_share_is_told_apart_from_the_weighted_one(lifetimes):
    _, labels = lifetimes(np.repeat([200, 60], 200), np.where(np.arange(400) % 2 == 0, 50.0, np.nan))
    found = maturity_of(labels)
    assert (found.naive, found.weighted) == (pytest.approx(1 / 3), pytest.approx(0.5))
    assert "show a success share of 33.3%; weighted for follow-up it is 50.0%" in found.sentence


def test_without_a_horizon_nothing_is_promised(finished):
    _, labels = finished(["yes", "no"] * 20, {"x": np.arange(40)})
    document = maturity_of(labels).as_document()
    assert (document["followed"], document["next"], document["known"]) == (None, [], 40)


def test_when_all_is_known_no_more_comes(lifetimes):
    _, labels = lifetimes([300] * 40, [np.nan, 20.0] * 20)
    assert "No more outcomes are on their way" in maturity_of(labels).sentence
