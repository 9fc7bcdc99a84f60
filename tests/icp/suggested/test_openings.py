"""What gates, exclusions and limits keep out, and what opens with each of them."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.suggested.openings import openings
from icp_ml.icp.suggested.suggestions import rules_to_ask

SSO = {"name": "sso", "have": False, "needs": "region == north"}
API = {"name": "api", "have": False, "needs": "stack >= 6"}


def prospects():
    """Of 120 prospects 60 have a team of 20; of these 20 are in the north, and 30 have a stack of 8."""
    at = np.arange(120)
    return pd.DataFrame(
        {
            "team": np.where(at % 2, 20.0, 5.0),
            "region": np.where(at % 3 == 0, "north", "south"),
            "stack": np.where(at // 2 % 2, 8.0, 2.0),
        }
    )


def opened(made, *capabilities, study=(), **market):
    base = made.base(situation={"capabilities": list(capabilities)}, study=study)
    return openings(base, made.market(base, prospects(), rules_to_ask((), base), **market))


def test_a_missing_capability_counts_who_needs_it_and_who_would_match_with_it(made):
    row = opened(made, SSO).rows[0]
    assert (row.kind, row.name, row.rule) == ("capability", "sso", "region == north")
    assert (row.customers, row.prospects, row.opens) == (67, 40, 20)
    assert row.success.n == 67


def test_who_needs_two_missing_capabilities_is_opened_by_neither_alone(made):
    rows = {row.name: row for row in opened(made, SSO, API).rows}
    frame = prospects()
    large, north, stack = frame["team"] >= 10, frame["region"] == "north", frame["stack"] >= 6
    assert rows["sso"].opens == int((large & north & ~stack).sum())
    assert rows["api"].opens == int((large & ~north & stack).sum())


def test_what_opens_most_comes_first(made):
    assert [row["name"] for row in opened(made, SSO, API).as_document()] == ["api", "sso"]


def test_a_capability_that_is_there_opens_nothing(made):
    there = [{**SSO, "have": True}, {"name": "eu", "have_since": "2026-03-01", "needs": "region == north"}]
    assert not opened(made, *there).rows


def test_the_model_tells_the_chances_of_prospects_that_are_like_customers(made):
    base = made.base(situation={"capabilities": [SSO]})
    market = made.market(base, prospects(), rules_to_ask((), base), probability=np.linspace(0, 1, 120))
    market.in_domain[60:] = False
    inside = (prospects()["team"] >= 10) & (prospects()["region"] == "north") & (np.arange(120) < 60)
    row = openings(base, market).rows[0]
    assert row.expected_success == pytest.approx(np.linspace(0, 1, 120)[inside].mean())
    assert "by the model" in row.sentence


def test_without_a_model_customers_who_needed_it_stand_in(made):
    row = opened(made, SSO).rows[0]
    assert row.expected_success == pytest.approx(row.success.share)
    assert "of customers who needed it" in row.sentence


def test_nobody_known_means_no_chance(made):
    row = opened(made, {**SSO, "needs": "region == west"}).rows[0]
    assert (row.customers, row.opens, row.expected_success) == (0, 0, None)
    assert row.as_document()["success"] is None


def test_exclusions_are_counted_per_rule(made):
    study = {"exclude": ["region == south", "stack < 1"]}
    rows = opened(made, study=study, counts={"excluded_by_rule": {"region == south": 12}}).rows
    counted = [(row.kind, row.rule, row.customers, row.prospects) for row in rows]
    assert counted == [("exclusion", "region == south", 133, 12), ("exclusion", "stack < 1", 0, 0)]


def test_an_exclusion_of_a_column_that_customers_lack_is_counted_among_prospects_only(made):
    row = opened(made, study={"exclude": ["country in [XX]"]}).rows[0]
    assert row.customers is None
    assert row.sentence == "Excluded where country in [XX]: 0 prospects."


def test_a_limit_stands_beside_what_was_signed(made):
    frame = made.customers()
    frame.loc[:30, "signed"] = np.datetime64("2026-06-01")
    frame.loc[:30, "ended"] = np.datetime64("NaT", "D")
    base = made.base(frame, situation={"capabilities": [{"name": "onboarding", "per_period": 25}]})
    row = openings(base, None).rows[0]
    assert (row.kind, row.customers, row.per_period) == ("limit", 31, 25)
    assert "31 customers signed in the last 91 days, more than it serves" in row.sentence


def test_without_prospects_only_customers_are_counted(made):
    base = made.base(situation={"capabilities": [SSO]})
    found = openings(base, None)
    assert (found.rows[0].customers, found.rows[0].prospects, found.rows[0].opens) == (67, None, None)
    assert "prospect" not in found.rows[0].sentence
