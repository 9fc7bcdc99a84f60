"""What to expect of a query is counted, and what cannot be counted is said."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.export.expected import count_customers, count_prospects, rules_to_count
from icp_ml.icp.market import Market


@pytest.fixture
def query(query_of):
    return query_of(["size >= 10", "tools >= 3"], ["region == west"], ["crm == Excel"], absent={"tools": "is absent"})


def market_of(answers, **changes):
    n = len(next(iter(answers.values())))
    ids = np.array([f"P{at}" for at in range(n)], dtype=object)
    held = {text: np.array(truth, dtype=np.int8) for text, truth in answers.items()}
    return Market(ids, held, np.ones(n, dtype=bool), **changes)


ANSWERS = {
    "size >= 10": [1, 1, 1, 1, 0, -1, -1, 1],
    "tools >= 3": [1, 0, -1, 1, 1, 1, 1, 1],
    "region == west": [0, 0, 0, 1, 0, 0, 1, -1],
    "crm == Excel": [0, -1, 0, 0, 0, 0, 0, 0],
}


def test_selected_whole_and_unknown(query):
    found = count_prospects(query, market_of(ANSWERS))
    assert (found.n, found.selected, found.whole, found.unknown) == (8, 4, 2, 1)
    assert "It selects 4 of 8 prospects (50 %); 2 of these meet the whole profile. 1 more could" in found.sentence


def test_the_rules_to_count_are_asked_or_left_out(query):
    assert set(rules_to_count(query)) == set(ANSWERS)


def test_the_chance_is_of_those_like_customers(query):
    chance = np.array([0.9, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2])
    domain = np.array([1, 1, 0, 1, 1, 1, 1, 1], dtype=bool)
    scored = {"probability": chance, "contributions": np.zeros((8, 7), dtype=np.float32), "in_domain": domain}
    market = market_of(ANSWERS)
    found = count_prospects(query, Market(**{**vars(market), **scored}))
    assert found.in_domain == 3
    assert found.probability == pytest.approx(0.6)
    assert found.probability_all == pytest.approx(2.2 / 7)
    assert "3 of these that are like customers a mean chance of success of 60 %, given that they sign" in found.sentence
    assert found.sentence.endswith("; all prospects like customers: 31 %.")


def test_a_criterion_without_any_answer_is_not_counted_as_zero(query):
    silent = count_prospects(query, market_of(ANSWERS | {"size >= 10": [-1] * 8}))
    assert (silent.selected, silent.whole) == (None, None)
    assert "cannot be told: `size >= 10` has an answer for none of 8" in silent.sentence
    partly = count_prospects(query, market_of(ANSWERS | {"tools >= 3": [-1] * 8}))
    assert (partly.selected, partly.whole) == (4, None)
    assert "whole profile cannot be told: `tools >= 3` has an answer for none" in partly.sentence


def test_an_empty_market_selects_nobody(query):
    found = count_prospects(query, market_of({text: [] for text in ANSWERS}))
    assert (found.n, found.selected, found.whole) == (0, 0, 0)
    json.dumps(found.as_document(), allow_nan=False)


def test_customers_are_those_that_the_query_would_have_selected(base_of, company, query_of):
    frame = company(600, gain=0.4)
    base = base_of(frame)
    query = query_of(["size >= 10"], ["region == west"], ["crm == Excel"])
    found = count_customers(query, base)
    inside = (frame["size"] >= 10) & (frame["region"] != "west")
    assert found.selected == inside.sum()
    assert found.success.inside.n == (inside & pd.notna(base.labels.label)).sum()
    assert found.success.inside.share > found.success.outside.share + 0.2
    assert (
        f"of {found.success.inside.n} with a known outcome {found.success.inside.n_success} succeeded" in found.sentence
    )
    json.dumps(found.as_document(), allow_nan=False)


def test_customers_without_an_outcome_are_said_to_tell_nothing(base_of, company, query_of):
    found = count_customers(query_of(["size >= 1000"]), base_of(company(100)))
    assert found.sentence.endswith("It would have selected 0 of 100 customers; of none of these the outcome is known.")
