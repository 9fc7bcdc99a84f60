import copy
import json
from itertools import product

import pandas as pd
import pytest

from icp_ml.icp.profile import profile_from_document
from icp_ml.icp.versions.diff import diff_profiles
from icp_ml.icp.versions.narrowing import how_changed
from icp_ml.rules import parse_rule

OLD = {
    "name": "mid-market",
    "version": 1,
    "situation": {
        "starts": "2026-07-01",
        "ends": "2026-09-30",
        "goal": {"measure": "revenue", "target": 100_000},
        "capabilities": [
            {"name": "sso", "have": False, "needs": "sso == true"},
            {"name": "onboarding", "per_period": 25},
        ],
        "milestones": [{"on": "2026-07-31", "measure": "goal", "at_least": 20_000}],
    },
    "criteria": ["employees >= 50", "crm in [salesforce, hubspot]"],
}


def profile(**changes):
    document = copy.deepcopy(OLD)
    for path, value in changes.items():
        inner, *rest = path.split("__")
        if rest:
            document[inner][rest[0]] = value
        else:
            document[inner] = value
    return profile_from_document(document, ".")


def sentences(**changes):
    return [one.sentence for one in diff_profiles(profile(), profile(version=2, **changes)).differences]


def test_the_same_profile_has_no_difference():
    found = diff_profiles(profile(), profile())
    assert (found.differences, found.notes) == ((), ("Both say the same.",))


def test_order_and_spelling_are_no_difference():
    assert sentences(criteria=["crm  in [salesforce,hubspot]", "employees >= 50.0"]) == []


@pytest.mark.parametrize(("changes", "sentence"), [
    ({"criteria": ["employees >= 80", OLD["criteria"][1]]},
     "criterion tightened: employees >= 50 before, employees >= 80 now."),
    ({"criteria": ["employees >= 50", "crm in [salesforce, hubspot, zoho]"]},
     "criterion loosened: crm in [salesforce, hubspot] before, crm in [salesforce, hubspot, zoho] now."),
    ({"criteria": ["employees < 50", OLD["criteria"][1]]},
     "criterion changed: employees >= 50 before, employees < 50 now."),
    ({"criteria": ["employees >= 50"]}, "criterion removed: crm in [salesforce, hubspot]."),
    ({"criteria": [*OLD["criteria"], "region == eu"]}, "criterion added: region == eu."),
    ({"situation__goal": {"measure": "customers", "target": 1_234_567}},
     "goal: 100,000 revenue before, 1,234,567 customers now."),
    ({"situation__ends": "2026-10-31"},
     "timeframe: 2026-07-01 to 2026-09-30 (92 days) before, 2026-07-01 to 2026-10-31 (123 days) now."),
    ({"situation__mode": "customer_success"}, "mode: acquisition before, customer_success now."),
    ({"situation__baseline": {"value": 12_000, "on": "2026-06-30"}}, "baseline: 12,000 on 2026-06-30 added."),
    ({"situation__milestones": []}, "milestone goal on 2026-07-31: at least 20,000 removed."),
    ({"situation__capabilities": [{"name": "sso", "have": True, "needs": "sso == true"},
                                  OLD["situation"]["capabilities"][1]]},
     "capability sso: missing, needed where sso == true before, there, needed where sso == true now."),
    ({"situation__capabilities": [OLD["situation"]["capabilities"][0], {"name": "onboarding", "per_period": 30}]},
     "capability onboarding: at most 25 per period before, at most 30 per period now."),
    ({"progress": "wins.csv"}, "table of progress: wins.csv added."),
])  # fmt: skip
def test_one_change_is_one_sentence(changes, sentence):
    assert sentences(**changes) == [sentence]


@pytest.mark.parametrize(("old", "new", "kind"), [
    ("a >= 50", "a > 50", "tightened"),
    ("a > 50", "a >= 50", "loosened"),
    ("a <= 9", "a < 8", "tightened"),
    ("a >= 5", "a >= 6 and a < 9", "tightened"),
    ("a >= 5 and a < 9", "a >= 4 and a < 8", "changed"),
    ("a >= 5", "not (a < 6)", "tightened"),
    ("a >= 2026-01-01", "a >= 2026-02-01", "tightened"),
    ("a == x", "a in [x, y]", "loosened"),
    ("a != x", "a not in [x, y]", "tightened"),
    ("a not in [x, y]", "a == z", "tightened"),
    ("a in [x, y]", "a in [y, z]", "changed"),
    ("a == 5", "a in [5.0, 6]", "loosened"),
    ("a >= 5", "a is null", "changed"),
    ("a >= 5", "b >= 5", None),
    ("a >= 5", "a >= 5 and b == x", None),
])  # fmt: skip
def test_how_a_rule_changed(old, new, kind):
    assert how_changed(parse_rule(old), parse_rule(new)) == kind


def test_the_wording_agrees_with_the_rows():
    frame = pd.DataFrame({"a": [k / 2 for k in range(-12, 13)]})
    rules = [parse_rule(f"a {operator} {cut}") for operator in (">=", ">", "<", "<=") for cut in range(-5, 6)]
    masks = [rule.matches(frame) for rule in rules]
    for (old, before), (new, after) in product(zip(rules, masks, strict=True), repeat=2):
        kind = how_changed(old, new)
        assert (kind == "tightened") == (not (after & ~before).any() and (before != after).any())
        assert (kind == "loosened") == (not (before & ~after).any() and (before != after).any())


def test_the_mirror_image_says_the_opposite():
    kinds = {"tightened": "loosened", "loosened": "tightened", "added": "removed", "removed": "added"}
    new = profile(criteria=["employees >= 80", "region == eu"], version=2)
    there = [one.kind for one in diff_profiles(profile(), new).differences]
    back = [one.kind for one in diff_profiles(new, profile()).differences]
    assert sorted(kinds[kind] for kind in there) == sorted(back)


def test_a_rule_that_narrows_is_paired_before_one_that_only_shares_the_column():
    old, new = profile(criteria=["a >= 5", "a <= 20"]), profile(criteria=["a <= 15", "a >= 6"], version=2)
    assert [one.kind for one in diff_profiles(old, new).differences] == ["tightened", "tightened"]


@pytest.mark.parametrize(("changes", "note"), [
    ({"criteria": ["a == b"]}, "Both are called version 1: give the new one another number."),
    ({"name": "other"}, "These are two profiles, mid-market and other: each has a ledger of its own."),
    ({"version": 2, "situation__ends": "2026-12-31"},
     "The two situations overlap: wins of the days they share count for both goals."),
])  # fmt: skip
def test_what_a_reader_should_know(changes, note):
    assert note in diff_profiles(profile(), profile(**changes)).notes


def test_the_order_of_versions_is_doubted():
    assert "is the order right?" in diff_profiles(profile(version=3), profile(criteria=["a == b"])).notes[0]


def test_the_document_is_json():
    document = diff_profiles(profile(), profile(version=2, criteria=["employees >= 80"])).as_document()
    assert json.loads(json.dumps(document))["new"]["version"] == 2
