"""Every review ends in something to do, with names and questions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.icp.actions import actions
from icp_ml.icp.ledger import Ledger
from icp_ml.icp.market import read_market
from icp_ml.icp.review import _to_decide
from icp_ml.icp.suggested.suggestions import rules_to_ask

UNCLEAR = {"rule": "x >= 1", "state": "cannot tell", "n_yes": 10, "n_no": 10, "n_unknown": 0, "needed": 9000}
GAPS = UNCLEAR | {"n_unknown": 20}


def kinds(found):
    return [one.kind for one in found]


@pytest.fixture(scope="module")
def market(base, reviewed):
    return read_market(reviewed[0] / "prospects.parquet", base, rules_to_ask((), base))


def test_surprises_are_later_customers_with_a_known_outcome(base):
    (interview,) = [one for one in actions(base, None, [], []) if one.kind == "interview"]
    place = {str(name): at for at, name in enumerate(base.customers.ids)}
    rows = [place[one["id"]] for one in interview.who]
    assert len(rows) == 6
    assert base.later()[rows].all()
    assert base.labels.label[rows].tolist() == [0.0] * 3 + [1.0] * 3
    assert all(one["question"].startswith("Ask what") for one in interview.who)


def test_prospects_match_the_profile_and_have_the_best_chances(base, market):
    found = [one for one in actions(base, market, [], []) if "prospects" in one.sentence]
    place = {str(name): at for at, name in enumerate(market.ids)}
    rows = [place[one["id"]] for one in found[0].who]
    assert all(market.matches(rule.text)[rows].all() for rule in base.profile.criteria)
    assert not market.matches("support_tier_needed == 'Around the clock'")[rows].any()
    assert market.status is None or not any(market.status[rows])


def test_the_gaps_of_a_criterion_are_to_be_filled(base):
    (fill,) = [one for one in actions(base, None, [GAPS], []) if one.kind == "fill"]
    assert "`x >= 1`" in fill.sentence
    assert "50 %" in fill.sentence


def test_waiting_names_the_accounts_and_a_day(base):
    (wait,) = [one for one in actions(base, None, [UNCLEAR], []) if one.kind == "wait"]
    assert "about 9,000 would show a difference of 10 points" in wait.sentence
    assert wait.due > base.today


def test_a_confirmed_suggestion_asks_for_a_decision_and_another_for_a_test(base):
    one = {"rule": "a >= 1", "action": "add", "id": "0123456789ab", "confirmed": True}
    other = {"rule": "b == x", "action": "add", "id": "9876543210ab", "confirmed": False}
    found = actions(base, None, [], [one, other])
    assert kinds(found)[:2] == ["decide", "test"]
    assert "--suggestion 0123456789ab" in found[0].sentence


def test_an_expired_profile_is_to_be_written_anew(base):
    late = replace(base, today=base.profile.situation.ends + dt.timedelta(days=1))
    assert actions(late, None, [], [])[0].kind == "write"


def test_there_is_always_something_to_do(base):
    nobody = replace(base.labels, label=np.full(len(base), np.nan), weight=np.zeros(len(base)))
    model = replace(base.model, classifier=None, evaluation_classifier=None, question_value={})
    assert actions(replace(base, labels=nobody, model=model), None, [], [])


def test_nothing_is_asked_that_was_decided_or_is_not_offered(tmp_path):
    entry = {"kind": "decision", "suggestion": "decided", "accepted": False, "by": "Ann"}
    one = {"id": "open", "offered": True}
    suggested = [one, {"id": "decided", "offered": True}, {"id": "narrow", "offered": False}]
    assert _to_decide(suggested, Ledger(tmp_path / "x.ledger.jsonl", (entry,))) == [one]


def test_an_exclusion_is_named_by_what_it_leaves_out(base):
    one = {"rule": "not (crm in [Zoho])", "action": "exclude", "id": "0123456789ab", "confirmed": True}
    assert "Decide whether to leave out `crm in [Zoho]`" in actions(base, None, [], [one])[0].sentence
