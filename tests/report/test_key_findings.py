"""The first screen says at most three things: a doubt, a limit and a meaning where there are such."""

from __future__ import annotations

from pathlib import Path

from icp_ml.report.facts.key_findings import CHECKS, key_findings

REFERENCE = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def chosen(facts):
    return [item["sentence"] for item in key_findings(facts)]


def test_one_of_each_group_comes_first(full_facts):
    found = key_findings({**full_facts, "alarms": ["Too good to be true."]})
    assert [item["kind"] for item in found] == ["doubt", "limit", "meaning"]
    assert found[0]["sentence"] == "Too good to be true."
    assert found[1]["sentence"] == full_facts["gap"]["sentence"]
    assert found[2]["sentence"].startswith(
        "On held-out accounts success is associated most with: technical, resource (ti"
    )


def test_a_test_that_chance_passes_is_a_doubt(full_facts):
    chance = {"p_value": 0.31, "sentence": "A random order did as well in 31 % of tries."}
    assert chosen({**full_facts, "alarms": [], "chance": chance})[0] == chance["sentence"]


def test_the_first_warning_is_the_one_that_could_change_the_decision_most(full_facts):
    checks = ("spellings", "sensitive_proxy", "late_rating", "parity", "null_lift", "single_attribute")
    found = [
        {"severity": "warning", "check": check, "column": "the table", "evidence": f"{check} seen"} for check in checks
    ]
    for n in range(len(found), 1, -1):
        told = chosen({**full_facts, "alarms": [], "findings": found[:n]})[0]
        assert told == f"The audit has {n} warnings. First: {checks[n - 1]} seen."


def test_every_check_of_the_order_is_one_of_the_audit():
    listed = REFERENCE.read_text()
    assert [check for check in CHECKS if f"`{check}`" not in listed] == []


def test_without_doubts_two_limits_are_told(full_facts):
    calm = {**full_facts, "findings": [], "alarms": []}
    assert [item["kind"] for item in key_findings(calm)] == ["limit", "limit", "meaning"]


def test_a_gap_that_may_be_nothing_is_not_told(full_facts):
    gap = {"sentence": "No gap to speak of.", "rows": [{"metric": "roc_auc", "low": -0.05, "high": 0.02}]}
    assert gap["sentence"] not in chosen({**full_facts, "gap": gap})


def test_a_slice_that_differs_is_told_and_one_that_is_too_small_is_not(full_facts):
    calm = {**full_facts, "findings": [], "gap": None}
    assert full_facts["slices"][0]["sentence"] not in chosen(calm)
    (first, *rest), table = full_facts["slices"][0]["rows"], full_facts["slices"][0]
    differing = table | {"rows": [first | {"note": "worse calibrated than the rest"}, *rest]}
    assert chosen(calm | {"slices": [differing]})[0] == table["sentence"]


def test_where_no_fit_is_told_from_nothing_it_says_so(full_facts):
    rows = [row | {"important": False} for row in full_facts["importance"]["rows"]]
    found = chosen({**full_facts, "importance": full_facts["importance"] | {"rows": rows}})
    assert found[-1] == "On accounts held out of the fitting no fit can be told from one that is worth nothing."


def test_bands_out_of_order_are_told(full_facts):
    broken = full_facts["monotonicity"] | {"sentence": "Bands are out of order."}
    calm = {**full_facts, "findings": [], "gap": None}
    assert chosen(calm | {"monotonicity": broken | {"trend_p": 0.4}})[0] == "Bands are out of order."
    assert "Bands are out of order." not in chosen(calm | {"monotonicity": broken})


def test_overrides_are_told(full_facts):
    study = full_facts["study"] | {"overridden": ["term"]}
    assert chosen({**full_facts, "findings": [], "alarms": [], "study": study})[0].endswith("by name: term.")


def test_without_importance_it_says_what_scores_differ_by(facts):
    assert chosen({**facts, "findings": [], "importance": None})[-1] == facts["fits_sentence"]


def test_waiting_is_told_in_days(full_facts):
    bare = dict.fromkeys(("gap", "slices", "chance", "origins", "monotonicity"))
    audit = full_facts["audit"] | {"power": None}
    assert chosen({**full_facts, **bare, "findings": [], "audit": audit})[0] == (
        "In 90 days at least 120 more customers can be judged."
    )


def test_a_warning_about_what_the_model_uses_comes_before_one_about_what_it_does_not(full_facts):
    used = full_facts["attributes"][0]["column"]
    found = [
        {"severity": "warning", "check": "late_rating", "column": "a column of another stage", "evidence": "late"},
        {"severity": "warning", "check": "spellings", "column": used, "evidence": "two spellings"},
    ]
    told = chosen({**full_facts, "alarms": [], "findings": found})[0]
    assert told == f"The audit has 2 warnings. First: {used}: two spellings."


def test_without_later_accounts_that_is_the_first_limit(full_facts):
    origins = {"sentence": "", "why_none": "Judged by cross-validation.", "rows": []}
    calm = {**full_facts, "findings": [], "alarms": [], "gap": None, "origins": origins}
    assert chosen(calm)[0] == "Judged by cross-validation."


def test_test_periods_whose_intervals_are_apart_are_a_limit(full_facts):
    origins, first = full_facts["origins"], full_facts["origins"]["rows"][0]
    calm = {**full_facts, "findings": [], "alarms": [], "gap": None, "slices": None}
    assert chosen(calm)[0] != origins["sentence"]
    low = first | {"roc_auc": {"value": 0.5, "low": 0.45, "high": 0.55}}
    found = chosen({**calm, "origins": origins | {"rows": [low, *origins["rows"][1:]]}})
    assert found[0] == origins["sentence"]
    assert len(set(found)) == len(found) == 3


def test_a_sensitive_slice_that_is_chosen_more_often_is_a_limit(full_facts):
    table, *_ = full_facts["slices"]
    row = table["rows"][0] | {"name": "A", "selection_ratio": 2.04, "ratio_low": 1.7, "ratio_high": 2.44}
    calm = {**full_facts, "findings": [], "alarms": [], "gap": None}
    uneven = table | {"kind": "sensitive", "column": "origin", "rows": [row]}
    assert chosen({**calm, "slices": [uneven]})[0] == (
        "origin (sensitive): A is 2.04 times as often among the first of the list as others (90 %: 1.70 to 2.44)."
    )
    assert "origin" not in chosen({**calm, "slices": [uneven | {"rows": [row | {"ratio_low": 0.9}]}]})[0]
