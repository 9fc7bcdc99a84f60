"""Counts add up, shares are weighted, and small numbers are said to be small."""

from __future__ import annotations

import json

import numpy as np
import pytest

from icp_ml.accounts.audit.counts import LEVELS_SHOWN, CountRow, count_customers


def won(n, share=0.6):
    return np.where(np.arange(n) % 20 < 20 * share, "yes", "no").astype(object)


def counted(finished, outcome, columns, **keys):
    return count_customers(*finished(outcome, columns, **keys))


def test_classes_periods_and_segments_add_up(finished):
    outcome = won(400)
    outcome[:20] = None
    columns = {"region": ["north", "south", None, "east"] * 100}
    counts = counted(finished, outcome, columns, segments=["region"])
    for rows in (counts.periods, counts.segments["region"]):
        assert sum(row.n for row in rows) == sum(row.n for row in counts.classes) == 400
        assert sum(row.success + row.churned + row.censored for row in rows) == 400
        assert sum(row.censored for row in rows) == 20


def test_cohorts_come_by_size_with_those_without_a_value_last(finished):
    columns = {"region": ["north"] * 150 + ["south"] * 200 + [None] * 50}
    rows = counted(finished, won(400), columns, segments=["region"]).segments["region"]
    assert [row.name for row in rows] == ["south", "north", "no value"]


def test_beyond_twenty_cohorts_the_rest_is_one_row(finished):
    columns = {"city": [f"c{i % 40:02}" for i in range(400)]}
    counts = counted(finished, won(400), columns, segments=["city"])
    rows = counts.segments["city"]
    assert len(rows) == LEVELS_SHOWN + 1
    assert (rows[-1].name, rows[-1].n) == ("20 others", 200)
    assert "20 of 21 cohorts of 'city' have fewer than 30 known outcomes" in " ".join(counts.sentences)


@pytest.mark.parametrize(("days", "first"), [(200, "2024-01"), (700, "2024 Q1"), (2600, "2024")])
def test_periods_are_months_quarters_or_years(finished, days, first):
    counts = counted(finished, won(days), {"x": np.arange(days)})
    assert counts.periods[0].name == first
    assert [row.name for row in counts.periods] == sorted(row.name for row in counts.periods)


def test_a_share_lies_in_its_interval_and_matches_the_counts(finished):
    (row,) = counted(finished, won(300), {"region": ["all"] * 300}, segments=["region"]).segments["region"]
    assert row.share == pytest.approx(0.6)
    assert 0.53 < row.low < row.share < row.high < 0.67


def test_a_period_nobody_was_followed_through_has_no_share(lifetimes):
    """Young customers can only have churned: their share of successes would be 0."""
    ago = np.r_[np.linspace(150, 700, 200), np.linspace(1, 80, 100)]
    lived = np.where(np.arange(300) % 3 == 0, 20.0, np.nan)
    lived[lived > ago] = np.nan
    counts = count_customers(*lifetimes(ago, lived))
    assert counts.periods[0].share == pytest.approx(2 / 3, abs=0.1)
    assert np.isnan(counts.periods[-1].share)
    assert counts.as_document()["periods"][-1]["share"] is None


def test_a_share_is_weighted_for_the_follow_up_of_its_own_rows(lifetimes):
    """Half of the customers leave on day 50 of 100; half are followed for 60 days only."""
    ago = np.repeat([200, 60], 200)
    lived = np.where(np.arange(400) % 2 == 0, 50.0, np.nan)
    counts = count_customers(*lifetimes(ago, lived))
    whole = {row.name: row.n for row in counts.classes}
    assert whole == {"success": 100, "churned": 200, "censored": 100}
    months = {row.name: row.share for row in counts.periods}
    assert months["2025-12"] == pytest.approx(0.5)


def test_accounts_that_can_never_be_rows_stand_in_no_period(lifetimes):
    """One account left before it signed."""
    counts = count_customers(*lifetimes([300, 200, 200, 200], [np.nan, 20, -5, np.nan]))
    assert {row.name: row.n for row in counts.classes} == {"success": 2, "churned": 1, "censored": 0, "excluded": 1}
    assert sum(row.n for row in counts.periods) == 3


def test_too_few_outcomes_are_below_the_floor_and_cannot_judge(finished):
    text = " ".join(counted(finished, won(40, 0.8), {"x": np.arange(40)}).sentences)
    assert "32 successes and 8 churned are below the floor of 30 and 30: no success model" in text
    assert "hold 8 successes and 4 churned; 20 of each are needed" in text


@pytest.mark.parametrize("share", [0.05, 0.95])
def test_either_class_may_be_too_rare(finished, share):
    assert "are below the floor" in counted(finished, won(300, share), {"x": np.arange(300)}).sentences[0]


def test_enough_outcomes_are_said_to_be_enough(finished):
    (sentence,) = counted(finished, won(400), {"x": np.arange(400)}).sentences
    assert sentence.startswith("400 known outcomes with 160 of the rarer class are enough for a success model")


@pytest.mark.parametrize(("success", "churned", "is_small"), [(20, 9, True), (26, 4, True), (25, 5, False)])
def test_a_cohort_is_small_below_thirty_outcomes_or_five_of_a_class(success, churned, is_small):
    assert CountRow("x", 500, success, churned, 500 - success - churned, 0.5, 0.4, 0.6).is_small == is_small


def test_personal_cohorts_are_not_listed(finished):
    columns = {"x": np.arange(60), "owner_email": [f"p{i % 3}@firm.org" for i in range(60)]}
    counts = counted(finished, won(60), columns, fits={"technical": ["x"]}, segments=["owner_email"])
    assert not counts.segments
    assert "@" not in json.dumps(counts.as_document())
    assert "Segment 'owner_email' seems to hold data of persons" in " ".join(counts.sentences)
