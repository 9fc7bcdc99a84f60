from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import poisson

from icp_ml.icp.milestones.campaign import NOTHING_BEFORE, Reference
from icp_ml.icp.milestones.eprocess import BAR, evidence_by_day, weigh_evidence
from icp_ml.icp.milestones.plan import plan_of

SIZES = np.exp(0.5 * np.random.default_rng(7).standard_normal(60))
BEFORE = Reference(60, 365, SIZES / SIZES.mean(), "the deals")


def _plan(campaign, reference=NOTHING_BEFORE):
    return plan_of(campaign, reference, None)


@pytest.mark.parametrize("day", [10, 45, 90])
def test_on_plan_the_evidence_is_one_on_average(campaign, day):
    counts = np.arange(80)
    evidence = [evidence_by_day(_plan(campaign([1] * n, elapsed=day)))[-1] for n in counts]
    assert poisson.pmf(counts, 20 * day / 90) @ evidence == pytest.approx(1.0)


def _share_of_alarms(campaign, rate, size, reference=BEFORE, n=400):
    rng = np.random.default_rng(1)
    found = 0
    for _ in range(n):
        wins = rng.poisson(rate)
        made = campaign(rng.integers(1, 91, wins), measure="revenue")
        made.amount[:] = size * rng.choice(BEFORE.sizes, wins)
        found += evidence_by_day(_plan(made, reference)).max() >= BAR
    return found / n


def test_campaigns_on_plan_are_rarely_alarmed_in_90_looks(campaign):
    assert _share_of_alarms(campaign, 20, 1.0) <= 0.05


def test_fewer_and_larger_wins_that_bring_the_goal_are_on_plan_too(campaign):
    assert _share_of_alarms(campaign, 20 / 1.25, 1.25) <= 0.05


def test_smaller_wins_are_behind_plan_too(campaign):
    assert _share_of_alarms(campaign, 20, 0.3) >= 0.5


def test_unknown_sizes_make_no_alarm_of_few_large_wins(campaign):
    assert _share_of_alarms(campaign, 5, 4.0, NOTHING_BEFORE) <= 0.05


def test_without_known_sizes_the_first_win_may_be_a_fifth_of_the_goal(campaign):
    assert not weigh_evidence(_plan(campaign(measure="revenue", elapsed=40))).crossed


def test_nothing_won_crosses_the_bar_on_a_day_that_is_told(campaign):
    found = weigh_evidence(_plan(campaign(elapsed=60)))
    assert found.crossed
    assert found.e == found.peak
    assert 10 < (found.crossed_on - campaign().first).days < 40
    assert "beyond chance" in found.sentence


def test_wins_after_an_alarm_do_not_take_it_back(campaign):
    found = weigh_evidence(_plan(campaign([50] * 20, elapsed=60)))
    assert found.crossed
    assert found.e < 1
    assert "picked up" in found.sentence
    assert not found.behind


def test_wins_as_planned_are_no_evidence(campaign):
    found = weigh_evidence(_plan(campaign(range(1, 90, 4), elapsed=90)))
    assert found.peak < 2
    assert found.as_document()["crossed_on"] is None


def test_the_evidence_of_a_day_does_not_depend_on_later_days(campaign):
    days = np.arange(3, 90, 6)
    whole = evidence_by_day(_plan(campaign(days, elapsed=90)))
    half = evidence_by_day(_plan(campaign(days[days <= 45], elapsed=45)))
    np.testing.assert_allclose(whole[:45], half)


def test_before_the_start_there_is_no_evidence(campaign):
    assert weigh_evidence(_plan(campaign(elapsed=0))).e == 1.0


def test_a_goal_that_was_there_already_cannot_be_behind(campaign):
    assert weigh_evidence(_plan(campaign(baseline=30.0))).e == 1.0
