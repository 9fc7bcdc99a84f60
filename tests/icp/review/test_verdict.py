"""The verdict follows its declared rules, and only the e-process says that a goal is behind plan."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.icp.contrast import contrast
from icp_ml.icp.verdict import decide


def sides(inside, outside):
    """Return a contrast of two sides given as (successes, customers)."""
    label = np.concatenate([np.arange(n) < wins for wins, n in (inside, outside)]).astype(float)
    return contrast(np.arange(len(label)) < inside[1], label, np.ones(len(label)))


def milestones(*, crossed=False, fair=50.0, elapsed=40, reached=40.0):
    return {
        "sentence": "40 of 100 reached.",
        "today": "2026-06-10",
        "ends": "2026-07-10",
        "elapsed_days": elapsed,
        "goal": {"target": 100.0, "reached": reached},
        "path": [{"day": "2026-06-10", "fair": fair}, {"day": "2026-07-10", "fair": 100.0}],
        "eprocess": {"crossed": crossed, "behind": crossed},
        "chance": {"value": 0.05},
        "written": [{"state": "missed"}],
    }


BETTER, WORSE, SAME = sides((80, 100), (50, 100)), sides((40, 100), (70, 100)), sides((60, 100), (58, 100))
CASES = [
    ("few", sides((20, 25), (10, 30)), milestones(crossed=True), "profile", "cannot_tell"),
    ("contradicted", WORSE, milestones(), "neither", "change_profile"),
    ("behind, profile holds", BETTER, milestones(crossed=True), "tactics", "change_tactics"),
    ("behind, success fell", BETTER, milestones(crossed=True), "profile", "change_profile"),
    ("behind, worthless", sides((590, 1000), (600, 1000)), milestones(crossed=True), "neither", "change_profile"),
    ("early", BETTER, milestones(fair=5.0), "neither", "too_early"),
    ("not started", BETTER, milestones(elapsed=0), "neither", "too_early"),
    ("on plan", BETTER, milestones(), "neither", "keep"),
    ("no difference seen", SAME, milestones(), "neither", "cannot_tell"),
    ("no progress told", BETTER, milestones(reached=None, fair=1.0), "cannot tell", "keep"),
]


@pytest.mark.parametrize(
    ("whole", "facts", "says", "expected"), [case[1:] for case in CASES], ids=[c[0] for c in CASES]
)
def test_the_first_rule_that_holds_decides(whole, facts, says, expected):
    assert decide(whole, facts, {"says": says, "sentence": "x"}).word == expected


def test_a_missed_milestone_and_a_low_chance_change_nothing():
    facts = milestones()
    calm = decide(BETTER, facts | {"chance": {"value": 0.9}, "written": [{"state": "met"}]}, {})
    assert decide(BETTER, facts, {}).word == calm.word == "keep"


def test_wins_that_caught_up_again_change_nothing():
    caught_up = milestones() | {"eprocess": {"crossed": True, "behind": False}}
    assert decide(BETTER, caught_up, {"says": "neither"}).word == "keep"


def test_the_reasons_name_counts_and_the_interval():
    reason = decide(BETTER, milestones(), {}).reasons[0]
    assert "80 of 100 succeeded (80 %); of the rest 50 of 100 succeeded (50 %)" in reason
    assert "+30 points (90 %: " in reason


@pytest.mark.parametrize(("facts", "said"), [
    (milestones(reached=100.0), "The goal is reached."),
    (milestones() | {"ends": "2026-06-10"}, "The goal was missed, though"),
    (milestones(), "The goal will probably be missed, yet"),
])  # fmt: skip
def test_a_goal_is_told_as_it_stands(facts, said):
    assert said in decide(BETTER, facts, {}).sentence


@pytest.mark.parametrize(("whole", "says", "said"), [
    (WORSE, "neither", "succeed less often than the rest."),
    (BETTER, "profile", "success of accounts that match the profile fell."),
    (sides((590, 1000), (600, 1000)), "neither", "succeed at most about 3 points more often than the rest."),
])  # fmt: skip
def test_a_change_of_the_profile_names_its_reason(whole, says, said):
    assert decide(whole, milestones(crossed=True), {"says": says}).sentence.endswith(said)
