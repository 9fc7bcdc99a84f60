from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.milestones import judge_milestones


def _written(base):
    return judge_milestones(base).as_document()["written"]


def _milestone(on, at_least, measure="goal"):
    return {"milestones": [{"on": on, "measure": measure, "at_least": at_least}]}


@pytest.mark.parametrize(
    ("on", "at_least", "state"),
    [
        ("2026-05-20", 10_000, "met"),
        ("2026-05-20", 10_001, "missed"),
        ("2026-05-30", 20_000, "met"),
        ("2026-05-31", 20_000, "met"),
        ("2026-05-31", 20_001, "still open"),
    ],
)
def test_a_milestone_of_the_goal_is_judged_on_its_day(judged_base, progress, on, at_least, state):
    wins = progress(["2026-05-02", "2026-05-20", "2026-05-21", "2026-05-30"])
    found = _written(judged_base(_milestone(on, at_least), progress=wins))[0]
    assert found["state"] == state
    assert state in found["sentence"]


def test_meetings_come_from_their_column(judged_base, progress):
    wins = progress(["2026-04-30", "2026-05-02", "2026-05-20"], meetings=[100, 3, 4])
    found = _written(judged_base(_milestone("2026-05-25", 8, "meetings"), progress=wins))[0]
    assert found["reached"] == 7
    assert found["state"] == "missed"


@pytest.mark.parametrize("measure", ["meetings", "trials", "onboarded"])
def test_what_nobody_counts_is_not_measured_and_says_which_key_would(judged_base, progress, measure):
    found = _written(judged_base(_milestone("2026-05-25", 8, measure), progress=progress()))[0]
    assert (found["state"], found["reached"]) == ("not measured", None)
    assert f"column '{measure}'" in found["sentence"]


def test_onboarded_customers_are_those_signed_since_with_the_early_signal(judged_base):
    signed = pd.to_datetime(["2026-05-02"] * 3 + ["2026-06-20", "2025-01-02"]).astype("datetime64[s]")
    ended = pd.Series(np.full(5, np.datetime64("NaT", "s")))
    signal = ["yes", "yes", "no", "yes", "yes"]
    frame = pd.DataFrame({"size": np.arange(5.0), "signed": signed, "ended": ended, "live": signal})
    leading = {"column": "live", "success": ["yes"], "horizon_days": 30}
    study = {"leading_outcome": leading, "fits": {"technical": ["size"]}}
    situation = _milestone("2026-05-25", 2, "onboarded")
    found = _written(judged_base(situation, frame=frame, study=study))[0]
    assert (found["reached"], found["state"]) == (2, "met")


def test_without_a_progress_table_the_goal_is_not_measured(judged_base):
    found = _written(judged_base(_milestone("2026-05-20", 10_000)))[0]
    assert found["state"] == "not measured"
    assert "'progress'" in found["sentence"]
