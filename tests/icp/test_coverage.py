"""Every account of the market is in one tier, and there a customer, worked or untouched."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.accounts.deals import Deals
from icp_ml.icp.coverage import coverage
from icp_ml.icp.market import Market

CRITERIA = ("size >= 10", "tools >= 4")
NEED = "region == west"
GATED = {"capabilities": [{"name": "west", "have": False, "needs": NEED}]}
STATUS = {"status": {"column": "stage", "pipeline": ["open"], "trial_lost": ["lost"]}, "unlisted": "ignore"}


@pytest.fixture
def market():
    """Five prospects: two meet all criteria, one misses the second, one needs what is missing, one knows nothing."""
    answers = {"size >= 10": [1, 1, 1, 1, -1], "tools >= 4": [1, 1, 0, 1, -1], NEED: [0, -1, 0, 1, -1]}
    held = {text: np.array(truth, dtype=np.int8) for text, truth in answers.items()}
    status = np.array(["pipeline", None, None, "trial_lost", None], dtype=object)
    ids = np.array([f"P{at}" for at in range(5)], dtype=object)
    counts = {"excluded": 3, "rejected": 0, "already_customers": 1}
    return Market(ids, held, np.ones(5, dtype=bool), status=status, counts=counts)


def deals_of(*accounts):
    day, none = np.datetime64("2026-06-01", "D"), np.datetime64("NaT", "D")
    n = len(accounts)
    return Deals(np.array(accounts, dtype=object), np.full(n, day), np.full(n, none), np.full(n, np.nan))


def without_status(market):
    return Market(**{**vars(market), "status": None})


def test_counts_and_shares_add_up(base_of, company, market):
    base = base_of(company(400), CRITERIA, situation=GATED, study=STATUS, deals=deals_of("P1", "A3", None))
    told = coverage(base, market).as_document()
    assert told["universe"] == 405 == sum(row["n"] for row in told["rows"])
    assert sum(row["share"] for row in told["rows"]) == pytest.approx(1)
    for row in told["rows"]:
        assert row["customers"] + row["worked"] + row["untouched"] == row["n"]
        assert sum(row[f"{name}_share"] for name in ("customers", "worked", "untouched")) == pytest.approx(1)
    assert sum(row["customers"] for row in told["rows"]) == 400


def test_tiers_count_what_is_missed(base_of, company, market):
    base = base_of(company(400), CRITERIA, situation=GATED, study=STATUS)
    rows = coverage(base, market).rows
    assert [row.prospects for row in rows] == [2, 2, 1]
    assert [row.worked for row in rows] == [1, 1, 0]
    assert rows[0].customers == base.in_profile().sum()


def test_a_deal_is_work(base_of, company, market):
    base = base_of(company(50), CRITERIA, situation=GATED, deals=deals_of("P1", "P1", "A3"))
    found = coverage(base, without_status(market))
    assert [row.worked for row in found.rows] == [1, 0, 0]
    assert "1 was worked without becoming one (1 with a deal still open), 1 is untouched" in found.sentence
    assert "Worked are prospects with a deal; `status` in the study would tell of the others." in found.notes


@pytest.mark.parametrize(("study", "key"), [({}, "`status` in the study"), (STATUS, "the column 'stage' among the")])
def test_who_was_worked_is_not_guessed(base_of, company, market, study, key):
    found = coverage(base_of(company(50), CRITERIA, situation=GATED, study=study), without_status(market))
    assert {row.worked for row in found.rows} == {row.untouched for row in found.rows} == {None}
    assert "who of the other 2 was worked cannot be told" in found.sentence
    assert [note for note in found.notes if key in note and "`deals`" in note]
    json.dumps(found.as_document(), allow_nan=False)


def test_deals_of_row_numbers_tell_nothing(base_of, company, market):
    base = base_of(company(50), CRITERIA, situation=GATED, study={"id": {"row_number": True}, "ignore": ["id"]})
    found = coverage(replace(base, deals=deals_of("P1")), without_status(market))
    assert found.rows[0].worked is None


def test_a_criterion_that_no_prospect_answers_is_left_out_for_everybody(base_of, company, market):
    answers = {**market.answers, "tools >= 4": np.full(5, -1, dtype=np.int8)}
    frame = company(100)
    found = coverage(base_of(frame, CRITERIA, situation=GATED), Market(**{**vars(market), "answers": answers}))
    assert found.rows[0].customers == ((frame["size"] >= 10) & (frame["region"] != "west")).sum()
    assert "'tools >= 4' is known of no prospect: tiers leave it out." in found.notes


def test_what_is_not_counted_is_said(base_of, company, market):
    notes = coverage(base_of(company(50), CRITERIA, situation=GATED), market).notes
    assert "Not counted, of the rows of the prospects: 3 excluded, 1 already customers." in notes


def test_a_market_without_prospects_is_the_customers(base_of, company, market):
    none = {text: truth[:0] for text, truth in market.answers.items()}
    empty = Market(np.empty(0, dtype=object), none, np.ones(0, dtype=bool))
    told = coverage(base_of(company(50), CRITERIA, situation=GATED), empty).as_document()
    assert told["universe"] == 50 == sum(row["customers"] for row in told["rows"])
