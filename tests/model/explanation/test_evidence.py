"""What is known of an account, and the question that would move its chance most."""

import dataclasses

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.model.explanation.evidence import Evidence, fit_evidence, questions_worth_asking

FIT_OF = {
    "integrations": "technical",
    "crm": "technical",
    "budget": "resource",
    "skill": "competence",
    "noise": "context",
}
VALUES = {"integrations": 0.9, "crm": 0.3, "budget": 0.0, "skill": 0.5}


def rows_of(case):
    return {row.fit: row for row in fit_evidence(case.row, FIT_OF, VALUES)}


def test_a_fit_is_known_as_far_as_its_attributes_matter(case_of):
    rows = rows_of(case_of(integrations=np.nan))
    assert rows["technical"].known_share == pytest.approx(0.25)
    assert rows["technical"].note == "1 of 2 attributes known, 25 % of what usually moves this fit"
    assert rows["competence"].note == "1 of 1 attributes known"
    assert rows["resource"].known_share is None
    assert rows["cultural"].note == "not measured: the study has no attribute for it"


def test_the_unknown_that_matters_is_asked_first(case_of):
    asked = questions_worth_asking(case_of(noise=np.nan, skill=np.nan), {})
    assert asked[0].column == "skill"
    assert asked[0].low < asked[0].high
    assert asked[0].n_alike == 100


def test_nothing_is_asked_of_an_account_that_is_known(case_of):
    assert questions_worth_asking(case_of(budget=50.0), {}) == ()


def test_the_range_is_that_of_the_answers_of_customers_like_it(case_of, reference):
    case = case_of(skill=np.nan, budget=50.0)
    (asked,) = questions_worth_asking(case, {})
    near = np.argsort(case.distances(case.is_known), kind="stable")[:100]
    chances = [
        case.chances(case.row.assign(skill=[value]))[0] for value in reference.frame["skill"].iloc[near].tolist()
    ]
    assert (asked.low, asked.high) == pytest.approx(tuple(np.quantile(chances, [0.1, 0.9])))


def test_what_few_customers_know_is_not_asked(case_of, reference):
    case = case_of(skill=np.nan, budget=50.0)
    sparse = reference.frame.assign(skill=reference.frame["skill"].where(reference.frame.index < 19))
    unknown = dataclasses.replace(case, reference=dataclasses.replace(reference, frame=sparse))
    assert questions_worth_asking(unknown, {}) == ()


def test_what_discovery_tells_moves_the_log_odds_as_among_customers(case_of, words):
    case = case_of(budget=50.0)
    (asked,) = questions_worth_asking(case, {"data_quality": 0.8, "skill": 3.0})
    assert asked.high == pytest.approx(expit(case.margin + 1.2816 * 0.8), abs=1e-4)
    told = asked.sentence(words, is_withdrawn=False)
    assert told.startswith("Find out in discovery: data quality (not in this score). The chance would move between .")


def test_an_account_does_not_answer_for_itself(case_of, reference):
    case = case_of(account="c3", skill=np.nan, budget=50.0)
    skill = reference.frame["skill"].where(reference.frame.index < 20, np.nan)
    assert questions_worth_asking(dataclasses.replace(case, id="p", reference=_with(reference, skill)), {}) != ()
    assert questions_worth_asking(dataclasses.replace(case, reference=_with(reference, skill)), {}) == ()


def _with(reference, skill):
    return dataclasses.replace(reference, frame=reference.frame.assign(skill=skill))


def test_a_withdrawn_probability_is_not_told(case_of, words):
    case = case_of(skill=np.nan)
    rows, asked = fit_evidence(case.row, FIT_OF, VALUES), questions_worth_asking(case, VALUES)
    document = Evidence(rows, asked).as_document(words, is_withdrawn=True)
    assert "chance" not in document["questions"][0]["sentence"]
    assert [row["fit"] for row in document["rows"]][:2] == ["technical", "functional"]
