from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.icp.milestones import judge_milestones

SIX = ["2026-05-03", "2026-05-08", "2026-05-12", "2026-05-19", "2026-05-24", "2026-05-28"]
NOTHING = "Nothing is known of what was won"


def _document(base):
    return judge_milestones(base).as_document()


def test_a_document_is_json_and_has_every_key(judged_base, progress, usual_deals):
    found = _document(judged_base(progress=progress(SIX), deals=usual_deals()))
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert {"goal", "written", "path", "cycle", "chance", "eprocess", "differ", "capacity"} < set(found)
    assert found["goal"] | {"words": ""} == {
        "measure": "revenue",
        "target": 100_000,
        "reached": 30_000,
        "share": 0.3,
        "words": "",
    }
    assert (found["elapsed_days"], found["length_days"]) == (30, 90)
    assert found["cycle"]["median_days"] == 40


def test_the_path_has_every_day_and_wins_up_to_today(judged_base, progress):
    path = _document(judged_base(progress=progress(SIX)))["path"]
    assert [path[0]["day"], path[-1]["day"]] == ["2026-05-01", "2026-07-29"]
    assert [path[1]["reached"], path[2]["reached"], path[29]["reached"], path[30]["reached"]] == [0, 5000, 30_000, None]
    assert path[-1]["fair"] == path[-1]["straight"] == pytest.approx(100_000)
    assert all(point["fair_low"] <= point["fair_high"] for point in path)


def test_without_progress_there_is_no_chance_and_no_evidence(judged_base):
    found = _document(judged_base())
    assert found["chance"] is None
    assert found["eprocess"] is None
    assert found["goal"]["reached"] is None
    assert NOTHING in found["sentence"]


def test_an_empty_table_means_nothing_won(judged_base, progress):
    found = _document(judged_base(progress=progress(), today=dt.date(2026, 7, 29)))
    assert found["goal"]["reached"] == 0
    assert found["eprocess"]["crossed"]
    assert found["chance"]["value"] < 0.01


def test_a_missed_milestone_that_is_not_behind_plan_says_so(judged_base, progress):
    situation = {"milestones": [{"on": "2026-05-30", "measure": "goal", "at_least": 34_000}]}
    found = _document(judged_base(situation, progress=progress(SIX)))
    assert found["written"][0]["state"] == "missed"
    assert "was missed, yet" in found["differ"]
    assert "of 100 campaigns that reach" in found["differ"]


def test_without_milestones_the_straight_line_is_held_against_the_evidence(judged_base, progress):
    assert "behind the straight line" in _document(judged_base(progress=progress(SIX)))["differ"]
    assert _document(judged_base(progress=progress(SIX, 6000.0)))["differ"] == ""


def test_met_milestones_of_a_goal_behind_plan_ask_for_too_little(judged_base, progress):
    situation = {"milestones": [{"on": "2026-05-30", "measure": "goal", "at_least": 1000}]}
    wins = progress(["2025-05-01", *["2025-09-01"] * 40, "2026-05-05"], 3000.0)
    found = _document(judged_base(situation, progress=wins, today=dt.date(2026, 7, 20)))
    assert found["eprocess"]["crossed"]
    assert "ask for too little" in found["differ"]


def test_a_baseline_counts_from_the_day_after(judged_base, progress):
    situation = {"baseline": {"value": 12_000, "on": "2026-05-03"}}
    found = _document(judged_base(situation, progress=progress(SIX)))
    assert found["goal"]["reached"] == 12_000 + 25_000
    assert found["path"][0]["day"] == "2026-05-04"


def test_wins_between_an_early_baseline_and_the_start_are_in_it(judged_base, progress):
    situation = {"baseline": {"value": 12_000, "on": "2026-04-20"}}
    found = _document(judged_base(situation, progress=progress(["2026-04-20", "2026-04-25", *SIX])))
    assert found["goal"]["reached"] == 12_000 + 35_000
    assert found["path"][0]["reached"] == 17_000


def test_days_after_today_and_before_the_start_do_not_count(judged_base, progress):
    wins = progress(["2026-04-30", *SIX, "2026-05-31"])
    assert _document(judged_base(progress=wins))["goal"]["reached"] == 30_000


def test_customer_success_has_no_cycle(judged_base, progress, usual_deals):
    found = _document(judged_base({"mode": "customer_success"}, progress=progress(SIX), deals=usual_deals()))
    assert found["cycle"] is None
    assert found["path"][44]["fair"] == pytest.approx(50_000)
    assert "no sales cycle" in found["assumptions"][0]


def test_a_month_without_a_win_is_behind_plan_only_where_no_cycle_explains_it(judged_base, progress):
    goal = {"goal": {"measure": "customers", "target": 20}}
    after_signing = _document(judged_base(goal | {"mode": "customer_success"}, progress=progress()))
    selling = _document(judged_base(goal, progress=progress()))
    assert after_signing["eprocess"]["crossed"]
    assert not selling["eprocess"]["crossed"]
    assert "longest cycles" in selling["assumptions"][0]


def test_before_and_after_the_situation(judged_base, progress):
    before = _document(judged_base(progress=progress(), today=dt.date(2026, 4, 1)))
    assert (before["elapsed_days"], before["eprocess"]["e"]) == (0, 1.0)
    assert "begins on 2026-05-01" in before["sentence"]
    after = _document(judged_base(progress=progress(SIX), today=dt.date(2026, 12, 1)))
    assert after["chance"]["value"] == 0.0
    assert "was not reached" in after["sentence"]


def test_a_reached_goal_is_said_and_differs_in_nothing(judged_base, progress):
    found = _document(judged_base(progress=progress(SIX, 20_000.0)))
    assert "The goal is reached." in found["sentence"]
    assert found["chance"]["value"] == 1.0
    assert found["differ"] == ""


def test_a_goal_that_the_baseline_has_already(judged_base, progress):
    found = _document(judged_base({"baseline": {"value": 100_000, "on": "2026-04-30"}}, progress=progress()))
    assert found["chance"]["value"] == 1.0
    assert found["eprocess"]["crossed"] is False


def test_a_goal_of_a_million_customers_without_one_win(judged_base, progress):
    found = _document(judged_base({"goal": {"measure": "customers", "target": 1_000_000}}, progress=progress()))
    assert found["eprocess"]["crossed_on"] == "2026-05-01"
    assert np.isfinite(found["eprocess"]["e"])


def test_a_limit_below_what_the_goal_needs_is_told(judged_base, progress):
    situation = {"capabilities": [{"name": "onboarding", "per_period": 8}]}
    found = _document(judged_base(situation, progress=progress(SIX)))
    assert found["capacity"]["most_wins"] == 8
    assert "out of reach" in found["capacity"]["sentence"]
    assert found["chance"]["value"] < 0.05


def test_a_limit_that_was_exceeded_limits_nothing(judged_base, progress):
    situation = {"capabilities": [{"name": "onboarding", "per_period": 5}]}
    exceeded = _document(judged_base(situation, progress=progress(SIX)))
    assert "6 were won" in exceeded["capacity"]["sentence"]
    assert exceeded["chance"]["value"] > 0.1


@pytest.mark.parametrize("measure", ["customers", "advocates", {"column": "seats"}])
def test_every_measure_is_judged_in_its_own_words(judged_base, progress, measure):
    goal = {"goal": {"measure": measure, "target": 12}}
    found = _document(judged_base(goal, progress=progress(SIX, 1.0)))
    assert found["goal"]["reached"] == 6
    assert (measure if isinstance(measure, str) else "seats") in found["goal"]["words"]
    assert 0 < found["chance"]["value"] < 1


def test_the_order_of_rows_changes_nothing(judged_base, progress, usual_deals):
    wins, deals = progress(SIX, [1000, 2000, 3000, 4000, 5000, 6000]), usual_deals()
    turned = replace(wins, day=wins.day[::-1], amount=wins.amount[::-1])
    order = np.random.default_rng(0).permutation(len(deals))
    names = ("account", "opened", "closed", "won", "value")
    shuffled = replace(deals, **{name: getattr(deals, name)[order] for name in names})
    assert _document(judged_base(progress=wins, deals=deals)) == _document(judged_base(progress=turned, deals=shuffled))


def test_last_years_customers_tell_the_pace_of_a_goal_in_customers(judged_base, progress, company):
    goal = {"goal": {"measure": "customers", "target": 20}}
    base = judged_base(goal, frame=company(300), progress=progress(SIX, 1.0))
    assert "by the customers" in " ".join(_document(base)["assumptions"])
