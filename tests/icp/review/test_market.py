"""Prospects are held against rules in one pass, with the chances of the score file."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import DataError
from icp_ml.icp.ledger import Ledger
from icp_ml.icp.market import read_market
from icp_ml.icp.review import review_base
from icp_ml.workflow import score

RULES = ("integrations >= 4", "crm == HubSpot", "never_seen == 1")


@pytest.fixture(scope="module")
def market(base, reviewed):
    return read_market(reviewed[0] / "prospects.parquet", base, RULES)


def test_chances_are_those_of_the_score_file(market, reviewed):
    scored = score(reviewed[0] / "prospects.parquet", reviewed[1]).frame
    assert market.ids.tolist() == scored["account_id"].tolist()
    assert np.allclose(market.probability, scored["probability"], atol=1e-12)
    assert (market.in_domain == scored["in_domain"]).all()


def test_answers_are_those_of_the_table(market, reviewed):
    raw = pd.read_parquet(reviewed[0] / "prospects.parquet")
    assert market.matches("integrations >= 4").sum() == (raw["integrations"] >= 4).sum()
    assert (market.answers["integrations >= 4"] == -1).sum() == raw["integrations"].isna().sum()


def test_a_column_that_prospects_lack_is_unknown_and_told(market):
    assert (market.answers["never_seen == 1"] == -1).all()
    assert any("never_seen" in note for note in market.notes)


def test_customers_are_left_out_and_counted(base, reviewed):
    frame = pd.read_parquet(reviewed[0] / "prospects.parquet").head(20)
    frame.loc[0, "account_id"] = str(base.customers.ids[0])
    found = read_market(frame, base, RULES)
    assert len(found) == 19
    assert found.counts["already_customers"] == 1


def test_a_table_without_rows_is_an_empty_market(base, reviewed):
    frame = pd.read_parquet(reviewed[0] / "prospects.parquet").head(0)
    found = read_market(frame, base, RULES)
    assert len(found) == 0
    assert found.probability.shape == (0,)
    assert found.contributions.shape == (0, 7)


def test_ids_that_come_twice_are_refused(base, reviewed):
    frame = pd.read_parquet(reviewed[0] / "prospects.parquet").head(5)
    with pytest.raises(DataError, match="ids that came before"):
        read_market(pd.concat([frame, frame]), base, RULES)


def test_who_needs_what_is_missing_is_out_and_not_unknown(base, reviewed, tmp_path):
    path = reviewed[0] / "prospects.parquet"
    told = review_base(base, path, Ledger.read(tmp_path / "none.jsonl")).as_document()["market"]
    frame, (gate,) = pd.read_parquet(path), (one for one in base.profile.situation.capabilities if one.is_missing)
    answers = np.array([rule.evaluate(frame) for rule in base.profile.criteria])
    may = (answers != 0).all(axis=0) & (answers < 0).any(axis=0)
    needs = gate.rule.matches(frame)
    assert (may & needs).any()
    assert told["unknown"] == (may & ~needs).sum()
    assert told["matching"] == ((answers > 0).all(axis=0) & ~needs).sum()
