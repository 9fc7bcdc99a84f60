from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.icp.milestones.campaign import NOTHING_BEFORE, Reference
from icp_ml.icp.milestones.chance import chance_of_goal
from icp_ml.icp.milestones.cycle import deal_book
from icp_ml.icp.milestones.plan import plan_of


def _chance(campaign, reference=NOTHING_BEFORE, deals=None, **options):
    today = campaign.date_of(campaign.elapsed)
    book = None if deals is None else deal_book(deals, campaign.first, today)
    return chance_of_goal(plan_of(campaign, reference, book), reference, book, **options)


def test_a_reached_goal_is_certain_and_a_lost_one_too(campaign):
    assert _chance(campaign([1] * 20, elapsed=30)).value == 1.0
    assert _chance(campaign([1] * 19, elapsed=90)).value == 0.0


def test_more_wins_mean_a_better_chance(campaign):
    values = [_chance(campaign([1] * n, elapsed=30)).value for n in range(0, 20, 3)]
    assert (np.diff(values) > 0).all()


def test_on_plan_the_chance_is_about_even(campaign):
    found = _chance(campaign(range(1, 31, 4), elapsed=36))
    assert found.value == pytest.approx(0.5, abs=0.12)
    assert found.low < 0.15
    assert found.high > 0.85


def test_stated_chances_come_true(campaign):
    rng = np.random.default_rng(4)
    stated, came = [], []
    for _ in range(200):
        days = rng.integers(1, 91, rng.poisson(20 * rng.gamma(4, 0.25)))
        stated.append(_chance(campaign(days[days <= 30], elapsed=30)).value)
        came.append(len(days) >= 20)
    stated, came = np.array(stated), np.array(came)
    assert np.mean((stated - came) ** 2) < np.mean((came.mean() - came) ** 2) - 0.08
    assert stated.mean() == pytest.approx(came.mean(), abs=0.06)


def test_the_year_before_counts_until_wins_come_in(campaign):
    slow, fast = (Reference(n, 365, np.empty(0), "the customers") for n in (30, 160))
    early = campaign([1], elapsed=3)
    assert _chance(early, fast).value > _chance(early, slow).value + 0.2


def test_open_deals_feed_the_chance(campaign, usual_deals):
    made = campaign(range(1, 31), target=90.0, elapsed=30)
    deals = usual_deals()
    dry = usual_deals(last="2026-04-30")
    before = Reference(300, 365, np.ones(300), "the deals")
    assert _chance(made, before, deals).value > _chance(made, before, dry).value + 0.3


def test_a_limit_of_delivery_caps_the_goal(campaign):
    free, limited = (_chance(campaign([1] * 10, elapsed=30), most_wins=most) for most in (None, 19))
    assert limited.value == 0.0 < free.value
    assert limited.capped_share > 0.5
    assert free.capped_share == 0.0


def test_larger_wins_so_far_let_expect_larger_ones(campaign):
    before = Reference(60, 365, np.exp(0.5 * np.random.default_rng(0).standard_normal(60)), "the deals")
    made = campaign([5, 10, 15, 20, 25, 30], measure="revenue", target=20.0 * before.sizes.mean(), elapsed=30)
    larger = replace(made, amount=made.amount * 1.6, target=made.target + 0.6 * made.amount.sum())
    assert larger.missing == pytest.approx(made.missing)
    assert _chance(larger, before).value > _chance(made, before).value + 0.1


def test_the_interval_holds_the_value_and_a_seed_repeats_it(campaign):
    made = campaign([1, 2, 9], elapsed=20)
    found = _chance(made, seed=3)
    assert found == _chance(made, seed=3)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_before_the_start_the_plan_is_all_there_is(campaign):
    found = _chance(campaign(elapsed=0))
    assert campaign(elapsed=0).date_of(1) == dt.date(2026, 5, 1)
    assert 0.25 < found.value < 0.6
