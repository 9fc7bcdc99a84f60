"""From a found rule to a suggestion: words, caveats, what it changes, and which rules prospects must answer."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.accounts.audit.finding import Finding
from icp_ml.icp.suggested.caveats import SALES_CHOSE, within
from icp_ml.icp.suggested.suggestions import changed_criteria, rules_to_ask, suggestion_id, suggestions

KEYS = {
    "rule", "fit", "action", "gain", "low", "high", "n", "q_value", "confirmed", "statement", "id", "replaces",
    "n_outside", "success_inside", "success_outside", "p_value", "threshold", "caveats", "old_evidence",
    "stable_share", "profile_after",
}  # fmt: skip


def suggested(made, base, **changes):
    return suggestions(base, made.found(base, made.rule(base, **changes)))[0]


def test_a_suggestion_has_the_keys_of_the_document_and_counts_of_both_sides(made):
    document = suggested(made, made.base()).as_document()
    assert document.keys() >= KEYS
    assert (document["success_inside"]["n_success"], document["success_outside"]["n_success"]) == (90, 50)


def test_the_statement_says_n_of_m_the_interval_and_how_many_were_tried(made):
    base = made.base(study={"labels": {"stack": "systems in use"}})
    statement = suggested(made, base, gain=0.3, low=0.2, high=0.4).statement
    assert "systems in use is 6 or more, 90 of 100 with a known outcome succeeded, against 50 %" in statement
    assert "associated with +30 points (90 %: +20 to +40), corrected for having been picked" in statement
    assert "412 rules were tried" in statement


@pytest.mark.parametrize("word", ["drives", "proves", "guarantees", "causes"])
def test_the_statement_claims_no_cause(made, word):
    assert word not in suggested(made, made.base()).statement


def test_a_rule_says_whether_it_held_on_later_customers(made):
    base = made.base()
    later = replace(base, split=replace(base.split, kind="time", test=np.arange(120, 200)))
    assert "no later customers" in suggested(made, base).statement
    assert "Held on 80 later customers" in suggested(made, later, confirmed=True).statement
    assert "Not confirmed yet on the 80 later customers" in suggested(made, later).statement


@pytest.mark.parametrize(
    ("action", "rule", "replaces", "after"),
    [
        ("add", "c > 3", None, ("a > 1", "b > 2", "c > 3")),
        ("exclude", "c != x", None, ("a > 1", "b > 2", "c != x")),
        ("tighten", "a > 2", "a > 1", ("a > 2", "b > 2")),
        ("loosen", "b > 1", "b > 2", ("a > 1", "b > 1")),
        ("drop", "a > 1", "a > 1", ("b > 2",)),
        ("drop", "a > 1", None, ("b > 2",)),
    ],
)
def test_adopting_a_rule_changes_the_criteria(made, action, rule, replaces, after):
    found = replace(made.rule(made.base()), action=action, rule=rule, replaces=replaces)
    assert changed_criteria(["a > 1", "b > 2"], [found]) == after


def test_the_name_of_a_suggestion_depends_on_rule_and_action_only(made):
    base = made.base()
    first, second = suggested(made, base, gain=0.1), suggested(made, base, gain=0.2)
    assert first.id == second.id == suggestion_id("stack >= 6", "add") != suggestion_id("stack >= 6", "drop")


def test_every_rule_that_prices_need_is_asked_once(made):
    needs = [{"name": "sso", "have": False, "needs": "region == north"}, {"name": "team", "per_period": 5}]
    base = made.base(situation={"capabilities": needs})
    asked = rules_to_ask(suggestions(base, made.found(base, made.rule(base))), base)
    assert asked == ("team >= 10", "region == north", "stack >= 6")


STACK = {"column": "stack"}


@pytest.mark.parametrize(
    ("attribute", "says"),
    [
        ({"proxy": True}, "stands in for the technical fit"),
        ({"point_in_time": False}, "today's value"),
        ({"available": "discovery"}, "only after a discovery call"),
        ({"available": "customer"}, "only of customers"),
        ({"changeable": True}, "whether changing it would help is not known"),
    ],
)
def test_what_the_study_says_of_a_column_travels_with_its_rule(made, attribute, says):
    base = made.base(study={"fits": {"technical": [STACK | attribute], "resource": ["team"]}})
    assert any(says in one for one in suggested(made, base).caveats)
    assert not any(says in one for one in suggested(made, base, rule="team >= 10").caveats)


def test_a_plain_column_has_only_the_caveat_that_sales_chose(made):
    assert suggested(made, made.base()).caveats == (SALES_CHOSE,)


def test_what_the_audit_and_the_search_said_travels_too(made):
    found = [
        Finding("warning", "single", "stack", 3, "AUC 0.80 alone", "look"),
        Finding("note", "x", "stack", 1, "no", ""),
    ]
    caveats = suggested(made, made.base(findings={"stack": found}), caveats=("from the search",)).caveats
    assert caveats[0] == "from the search"
    assert "The audit of stack says (single): AUC 0.80 alone" in caveats
    assert not any("(x)" in one for one in caveats)


def test_a_draft_map_and_a_model_that_is_not_ready_are_said(made):
    base = made.base(study={"map_reviewed": None})
    base.model.ready = False
    caveats = suggested(made, base).caveats
    assert any("Draft map" in one for one in caveats)
    assert any("every gate" in one for one in caveats)


def test_missing_values_and_small_sides_are_counted(made):
    frame = made.customers(80)
    frame.loc[:19, "stack"] = np.nan
    frame.loc[20:70, "stack"] = 2.0
    caveats = suggested(made, made.base(frame)).caveats
    assert "For 20 of 80 customers the answer is not known; they count as not meeting the rule." in caveats
    assert any(one.startswith("Only ") for one in caveats)


def test_a_rule_that_goes_with_a_segment_says_so(made):
    frame = made.customers()
    frame["region"] = np.where(frame["ended"].isna(), "north", "south")
    base = made.base(frame)
    inside = base.matches("stack >= 6")
    assert within(base, inside, "region") == pytest.approx(0.0)
    assert any("goes mostly with region" in one for one in suggested(made, base).caveats)


def test_a_difference_that_stays_within_segments_is_kept(made):
    base = made.base()
    assert within(base, base.matches("stack >= 6"), "region") == pytest.approx(0.4, abs=0.02)


def old(since):
    return {"capabilities": [{"name": "eu", "have_since": since, "needs": "stack <= 3"}]}


def test_churn_before_a_gap_was_closed_is_old_evidence(made):
    frame = made.customers()
    frame.loc[frame.index[:40], "ended"] = frame["ended"].iloc[:40] + np.timedelta64(100, "D")
    found = suggested(made, made.base(frame, situation=old("2024-07-01"))).old_evidence
    n_late = int((frame["ended"].iloc[:40].notna() & (frame["stack"].iloc[:40] == 2)).sum())
    assert (found.n, found.n_failures) == (50 - n_late, 50)
    assert found.gain_without == pytest.approx(90 / 100 - 50 / (50 + n_late))
    assert "needed something that came only later (eu)" in found.sentence


@pytest.mark.parametrize("since", ["2024-06-01", "2020-01-01"])
def test_churn_after_the_gap_was_closed_is_evidence_of_today(made, since):
    assert suggested(made, made.base(situation=old(since))).old_evidence is None


def test_old_evidence_looks_at_the_side_that_looks_worse(made):
    base = made.base(situation=old("2024-12-01"))
    assert suggested(made, base, gain=-0.1).old_evidence is None
    assert dt.date(2024, 12, 1) == base.profile.situation.capabilities[0].have_since


def test_old_evidence_is_a_caveat_only_where_the_difference_rests_on_it(made):
    lasting, resting = made.customers(), made.customers()
    resting.loc[resting["stack"] == 2, "stack"] = np.where(resting["ended"][resting["stack"] == 2].isna(), 3.0, 2.0)
    needs = {"capabilities": [{"name": "eu", "have_since": "2024-07-01", "needs": "stack == 2"}]}
    found = suggested(made, made.base(resting, situation=needs))
    assert found.old_evidence.matters
    assert found.old_evidence.sentence in found.caveats
    other = {"capabilities": [{"name": "eu", "have_since": "2024-07-01", "needs": "region == north"}]}
    found = suggested(made, made.base(lasting, situation=other))
    assert found.old_evidence.n > 0
    assert found.old_evidence.sentence not in found.caveats


def test_an_exclusion_says_who_is_left_out(made):
    base = made.base()
    statement = suggested(made, base, rule="region != north", action="exclude").statement
    assert statement.startswith("Worth testing: leave out accounts where region is north.")
