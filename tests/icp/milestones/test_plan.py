from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from icp_ml.icp.milestones.campaign import NOTHING_BEFORE, Reference
from icp_ml.icp.milestones.cycle import deal_book
from icp_ml.icp.milestones.plan import plan_of, sizes_of

TODAY = dt.date(2026, 5, 30)
STRAIGHT = np.arange(1, 91) / 90


def _book(deals):
    return deal_book(deals, dt.date(2026, 5, 1), TODAY)


def test_without_deals_the_path_is_straight(campaign):
    plan = plan_of(campaign(), NOTHING_BEFORE, None)
    np.testing.assert_allclose(plan.share, STRAIGHT)
    assert plan.is_straight


def test_a_business_that_goes_on_has_a_straight_path(campaign, usual_deals):
    plan = plan_of(campaign(target=90.0), NOTHING_BEFORE, _book(usual_deals()))
    np.testing.assert_allclose(plan.share, STRAIGHT, atol=0.02)
    assert plan.opened_per_day == pytest.approx(4, rel=0.05)


def test_with_nothing_open_the_first_wins_are_due_after_a_cycle(campaign, usual_deals):
    deals = usual_deals(last="2026-03-01")
    plan = plan_of(campaign(), NOTHING_BEFORE, _book(deals))
    assert plan.share[38] == 0.0
    assert plan.share[-1] == pytest.approx(1.0)
    assert plan.share[64] == pytest.approx(25 / 50)


def test_a_path_rises_and_is_never_ahead_of_the_straight_line(campaign, usual_deals):
    for target in (5.0, 45.0, 200.0):
        share = plan_of(campaign(target=target), NOTHING_BEFORE, _book(usual_deals())).share
        assert (np.diff(share) >= 0).all()
        assert (share <= STRAIGHT + 1e-12).all()


def test_a_situation_shorter_than_any_cycle_has_a_straight_path(campaign, usual_deals):
    deals = usual_deals(first="2025-01-01", last="2025-12-15")
    deals.closed[:] += np.timedelta64(60, "D")
    assert plan_of(campaign(), NOTHING_BEFORE, _book(deals)).is_straight


def test_the_band_holds_nine_of_ten_campaigns_on_plan(campaign):
    plan = plan_of(campaign(), NOTHING_BEFORE, None)
    low, high = plan.band
    wins = np.random.default_rng(3).poisson(20 / 3, 4000)
    assert ((wins >= low[29]) & (wins <= high[29])).mean() == pytest.approx(0.9, abs=0.05)


def test_sizes_come_from_before_then_from_so_far_then_from_the_goal(campaign):
    before = Reference(12, 365, np.full(12, 4000.0), "the deals")
    some = campaign(range(1, 9), 6000.0, measure="revenue", target=100_000.0)
    assert sizes_of(some, before).mean == 4000.0
    assert sizes_of(some, NOTHING_BEFORE).mean == 6000.0
    assert sizes_of(campaign([1], 6000.0, measure="revenue", target=100_000.0), NOTHING_BEFORE).mean == 10_000.0
    assert sizes_of(campaign(), before).source == "count"


def test_the_sum_of_drawn_sizes_has_the_mean_and_spread_of_the_sum(campaign):
    before = np.exp(0.5 * np.random.default_rng(0).standard_normal(4000))
    sizes = sizes_of(campaign(measure="revenue"), Reference(4000, 365, before, "the deals"))
    total = sizes.total(np.full(40_000, 8), np.random.default_rng(1))
    assert total.mean() == pytest.approx(8 * before.mean(), rel=0.02)
    assert total.var() == pytest.approx(8 * before.var(), rel=0.08)
    assert sizes.total(np.zeros(3, dtype="int64"), np.random.default_rng(1)).tolist() == [0, 0, 0]


def test_fewer_campaigns_that_reach_the_goal_are_as_low_later(campaign):
    plan = plan_of(campaign(), NOTHING_BEFORE, None)
    early, late = plan.share_as_low(30, 5.0), plan.share_as_low(60, 5.0)
    assert 0.05 < early < 0.4
    assert late < early / 3
