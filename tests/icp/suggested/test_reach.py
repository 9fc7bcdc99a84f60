"""Whether the goal can still be reached: what is missing, what a prospect is worth, what stands in the way."""

import datetime as dt

import numpy as np
import pytest

from icp_ml.accounts.progress import Progress
from icp_ml.icp.suggested.reach import Conversion, Means, means_of, reach, wins_so_far

ENDS = dt.date(2026, 7, 30)
TENTH = Conversion(200, 20, 0.1, 0.07, 0.14)
NOTHING = {"goal": {"reached": None}}


def means(**changes):
    return Means(**({"missing": 20.0, "days_left": 30, "ends": ENDS, "conversion": TENTH, "value": 1.0} | changes))


@pytest.mark.parametrize(("n_left", "reachable"), [(300, True), (200, None), (100, False)])
def test_the_answer_is_only_given_where_the_interval_allows_it(n_left, reachable):
    assert reach(means(), n_left).reachable is reachable


def test_the_expected_wins_and_their_range_are_said():
    said = reach(means(), 300).sentence
    assert said.startswith(
        "Of 300 prospects left about 30 (21 to 42) would be won by 2026-07-30; the goal needs 20 more"
    )


def test_more_prospects_never_make_the_goal_less_reachable():
    order = {False: 0, None: 1, True: 2}
    answers = [order[reach(means(), n).reachable] for n in range(0, 400, 20)]
    assert answers == sorted(answers)


@pytest.mark.parametrize(
    ("limit", "why", "too_few"),
    [
        ({"workable": 50.0}, "can work no more accounts", False),
        ({"deliverable": 5.0}, "can serve no more", False),
        ({"missing": 200.0}, "too few prospects are left", True),
    ],
)
def test_what_stands_in_the_way_is_named(limit, why, too_few):
    found = reach(means(**limit), 1000)
    assert found.reachable is False
    assert why in found.sentence
    assert found.too_few is too_few


def test_without_deals_only_the_impossible_is_out_of_reach():
    enough, short = reach(means(conversion=None), 400), reach(means(conversion=None), 19)
    assert enough.reachable is None
    assert "20 wins from 400 prospects by 2026-07-30, 1 in 20" in enough.sentence
    assert (short.reachable, short.too_few) == (False, True)


@pytest.mark.parametrize(
    ("changes", "n_left", "reachable", "says"),
    [
        ({"missing": 0.0}, None, True, "reached already"),
        ({"silence": "over"}, 100, None, "over"),
        ({"value": None}, 100, None, "nothing says what a win adds"),
        ({}, None, None, "no table"),
    ],
)
def test_what_cannot_be_told_says_why(changes, n_left, reachable, says):
    found = reach(means(**changes), n_left, "no table")
    assert found.reachable is reachable
    assert says in found.sentence


def test_what_is_reached_already_is_taken_off_the_goal(made):
    base = made.base()
    assert means_of(base, {"goal": {"reached": 4.0}}).missing == 16
    assert "whole goal counts as missing" in means_of(base, NOTHING).assumptions[0]


def test_the_conversion_counts_deals_that_had_time_and_wins_that_came_in_time(made):
    won_days = [20] * 10 + [100] * 10 + [None] * 20  # 30 days are left: a win after 100 days comes too late
    found = means_of(made.base(deals=made.deals(40, won_days)), NOTHING).conversion
    assert (found.n, found.n_won) == (40, 10)
    assert found.low < found.share == 0.25 < found.high


def test_deals_that_are_too_few_or_too_young_tell_nothing(made):
    few, young = made.deals(19, [20] * 19), made.deals(40, [20] * 40)
    young.opened[:] += np.timedelta64(180, "D")
    for deals in (few, young):
        found = means_of(made.base(deals=deals), NOTHING)
        assert found.conversion is None
        assert any("too few to say" in one for one in found.assumptions)


def progress(amounts, day="2026-06-01"):
    days = np.full(len(amounts), np.datetime64(day, "D"))
    return Progress(days, None, np.array(amounts, dtype=float), {})


REVENUE = {"goal": {"measure": "revenue", "target": 1e6}}


def test_a_win_is_worth_what_wins_were_worth(made):
    values = np.array([100.0, 300, np.nan, 200, 200, 200])
    deals = made.deals(6, [20] * 6, value=values)
    assert means_of(made.base(), NOTHING).value == 1
    assert means_of(made.base(situation=REVENUE, progress=progress([10.0] * 5)), NOTHING).value == 10
    assert means_of(made.base(situation=REVENUE, progress=progress([10.0] * 4), deals=deals), NOTHING).value == 200
    assert means_of(made.base(situation=REVENUE), NOTHING).value is None


def test_advocates_and_columns_of_unknown_worth_are_not_guessed(made):
    for measure in ("advocates", {"column": "seats"}):
        base = made.base(situation={"goal": {"measure": measure, "target": 5}})
        assert reach(means_of(base, NOTHING), 100).reachable is None


def test_the_team_works_at_its_pace_so_far_or_its_capacity(made):
    deals = made.deals(60, [20] * 60)
    assert means_of(made.base(study={"capacity": 90}, deals=deals), NOTHING).workable == pytest.approx(90 * 30 / 91)
    deals.opened[:] += np.timedelta64(50, "D")
    assert means_of(made.base(study={"capacity": 90}, deals=deals), NOTHING).workable == pytest.approx(60 * 30 / 180)
    assert means_of(made.base(), NOTHING).workable == float("inf")


def test_what_can_be_worked_and_served_is_said_apart():
    said = reach(means(workable=250.0, deliverable=3.0), 300).sentence
    assert "300 prospects left 250 can be worked, and about 25 (18 to 35) would be won" in said
    assert "; 3 more can be served" in said


def test_wins_so_far_use_up_what_can_be_delivered(made):
    limits = {"capabilities": [{"name": "onboarding", "per_period": 25}, {"name": "training", "per_period": 40}]}
    base = made.base(situation=limits, progress=progress([1.0] * 7 + [0.0]))
    assert wins_so_far(base) == 7
    assert means_of(base, NOTHING).deliverable == 18
    assert wins_so_far(made.base(progress=progress([1.0], "2026-04-30"))) == 0


def test_nothing_is_asked_after_the_end_or_after_signing(made):
    over = made.base(situation={"starts": "2026-01-01", "ends": "2026-06-30"})
    assert "ended on 2026-06-30" in reach(means_of(over, NOTHING), 100).sentence
    assert "after signing" in reach(means_of(made.base(situation={"mode": "customer_success"}), NOTHING), 100).sentence


def test_a_situation_that_has_not_started_has_all_its_days(made):
    assert means_of(made.base(situation={"starts": "2026-07-20"}), NOTHING).days_left == 11


def test_open_deals_add_to_what_prospects_bring():
    assert reach(means(pipeline=0.0), 100).reachable is False
    found = reach(means(pipeline=15.0, n_open=60), 100)
    assert found.reachable is True
    assert "and about 15 of the 60 deals that are open" in found.sentence


def test_open_deals_are_won_at_the_usual_cycle(made):
    deals = made.deals(
        60, [40] * 20 + [None] * 40
    )  # after day 10, when others are lost, all that are left win on day 40
    deals.closed[:5] = np.datetime64("NaT", "D")
    deals.won[:5] = np.nan
    deals.opened[:5] += np.timedelta64(180, "D")
    found = means_of(made.base(deals=deals), NOTHING)
    assert found.n_open == 5
    assert found.pipeline == pytest.approx(5)


def test_an_open_deal_may_be_won_where_nothing_is_known_of_the_others(made):
    assert reach(means(conversion=None, n_open=5), 16).reachable is None
    assert reach(means(conversion=None, n_open=3), 16).reachable is False
