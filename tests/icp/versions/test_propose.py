import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.accounts.audit.power import power_of
from icp_ml.icp.profile import profile_from_document
from icp_ml.icp.refine.found import Found, FoundRule
from icp_ml.icp.suggested.suggestions import suggestions
from icp_ml.icp.versions.propose import blank_profile, next_quarter, propose_profile, quarter_from
from icp_ml.strict.yaml import parse_yaml


def rule(base, text, gain=0.3, **changes):
    mask = base.matches(text)
    known = {"attribute": "size", "fit": "technical", "action": "add", "replaces": None, "step_gain": None}
    known |= {"n": int(mask.sum()), "n_outside": int((~mask).sum()), "confirmed": False, "stable_share": None}
    known |= {"low": gain - 0.1, "high": gain + 0.1, "p_value": 0.001, "q_value": 0.01, "threshold": None}
    return FoundRule(rule=text, mask=mask, gain=gain, **(known | changes))


@pytest.fixture
def blank(base_of, company):
    """Customers under a profile without criteria; those with a size of 10 succeed more often."""
    base = base_of(company(n=1200))
    return replace(base, profile=blank_profile(base.study, dt.date(2026, 7, 1), dt.date(2026, 9, 30)))


def proposed(base, *rules):
    found = Found(rules=rules, tried=40 * bool(rules), n_attributes=3, power=power_of(base.customers, base.labels))
    return propose_profile(base, found, suggestions(base, found))


def loaded(proposal):
    return profile_from_document(parse_yaml(proposal.text, "profile.yaml"), ".")


def test_what_is_proposed_is_a_profile(blank):
    profile = loaded(proposed(blank, rule(blank, "size >= 10")))
    assert [one.text for one in profile.criteria] == ["size >= 10"]
    assert (profile.name, profile.version, profile.situation.mode) == ("acme", 1, "acquisition")
    assert (profile.situation.starts, profile.situation.ends) == (dt.date(2026, 7, 1), dt.date(2026, 9, 30))


def test_every_criterion_has_its_evidence_as_a_comment(blank):
    text = proposed(blank, rule(blank, "size >= 10", confirmed=True)).text
    assert "succeeded, +30 points (90 %: +20 to +40) against the others; it held on later customers." in text
    assert "40 rules over 3 attributes were tried" in text


def test_the_goal_is_the_pace_of_the_last_year(blank):
    days = blank.customers.as_of
    n_signed = (days > np.datetime64(blank.today, "D") - np.timedelta64(365, "D")).sum()
    assert loaded(proposed(blank)).situation.goal.target == round(n_signed * 92 / 365)


def test_a_rule_that_says_the_same_again_is_left_out(blank):
    """Among those with a size of 10, one of 9 asks for nothing; the tools are another matter."""
    rules = (rule(blank, "size >= 10"), rule(blank, "size >= 9"), rule(blank, "size < 17", gain=0.01))
    assert proposed(blank, *rules[:2]).criteria == ("size >= 10",)


def test_criteria_leave_a_tenth_of_the_customers(blank):
    few, half = rule(blank, "size >= 18", gain=-1), rule(blank, "size >= 10", gain=1e-9)
    assert few.mask.mean() > 0.1
    assert proposed(blank, half, few).criteria == ("size >= 10", "size >= 18")
    assert proposed(blank, half, rule(blank, "size >= 19", gain=-1)).criteria == ("size >= 10",)


def test_at_most_four(blank):
    texts = [f"size >= {cut}" for cut in (1, 2, 3, 4, 5, 6)]
    same = [rule(blank, text, gain=1e-9) for text in texts]
    assert len(proposed(blank, *same).criteria) <= 4


@pytest.mark.parametrize("text", ["tools is not null", "size >= 10 or tools is null", "not (tools is null)"])
def test_whether_a_field_is_filled_is_no_criterion(blank, text):
    assert proposed(blank, rule(blank, text)).criteria != (text,)


def test_nothing_found_is_said_and_the_rule_of_today_stands_there(base_of, company):
    base = base_of(company(), study={"rule": "tools >= 3"})
    base = replace(base, profile=blank_profile(base.study, dt.date(2026, 7, 1), dt.date(2026, 9, 30)))
    proposal = proposed(base)
    assert loaded(proposal).criteria[0].text == "tools >= 3"
    assert "Your rule of today. Untested: " in proposal.text
    assert "nothing was found" in proposal.notes[0]


def test_without_a_rule_a_placeholder_stands_there(blank):
    proposal = proposed(blank)
    assert "A placeholder: write what you believe. Untested: " in proposal.text
    assert len(loaded(proposal).criteria) == 1


def test_without_a_day_of_signing_the_pace_is_a_placeholder(base_of, company):
    frame = company().drop(columns=["signed", "ended"]).assign(result=["yes", "no"] * 400)
    base = base_of(frame)
    base = replace(base, profile=blank_profile(base.study, dt.date(2026, 7, 1), dt.date(2026, 9, 30)))
    assert "a placeholder, because customers have no day of signing" in proposed(base).text


@pytest.mark.parametrize(
    "name", ['"the \\"big\\" one" >= 10', '"a: b # c" >= 10', '"caf\u00e9 \U0001f600" >= 10', '"a\x85b" >= 10']
)
def test_odd_names_survive_the_file(base_of, company, name):
    column = {'"the \\"': 'the "big" one', '"a: b ': "a: b # c"}.get(name[:7], name[1:-7])
    base = base_of(company().rename(columns={"size": column}), criteria=("tools >= 1",))
    base = replace(base, profile=blank_profile(base.study, dt.date(2026, 7, 1), dt.date(2026, 9, 30)))
    assert [one.text for one in loaded(proposed(base, rule(base, name))).criteria] == [name]


@pytest.mark.parametrize(("starts", "ends"), [
    ("2026-07-01", "2026-09-30"), ("2026-11-15", "2027-02-14"), ("2026-01-31", "2026-04-29"),
    ("2025-11-30", "2026-02-27"),
])  # fmt: skip
def test_three_months(starts, ends):
    assert quarter_from(dt.date.fromisoformat(starts)) == dt.date.fromisoformat(ends)


def test_the_next_quarter_begins_after_the_day():
    for number in range(0, 800, 7):
        day = dt.date(2026, 1, 1) + dt.timedelta(days=number)
        starts, ends = next_quarter(day)
        assert (starts - day).days in range(1, 93)
        assert (ends + dt.timedelta(days=1)).day == 1
        assert (ends - starts).days in range(89, 92)
