import numpy as np
import pandas as pd
import pytest

from icp_ml.prospects.people import chance_text, extreme_fits, qualified, questions, sentence


@pytest.mark.parametrize(
    ("probability", "horizon", "text"),
    [
        (0.7, 365, "about 7 in 10 within 365 days"),
        (0.25, 90, "about 3 in 10 within 90 days"),
        (0.049, 365, "less than 1 in 10 within 365 days"),
        (0.05, None, "about 1 in 10"),
        (0.951, 180, "more than 9 in 10 within 180 days"),
        (None, 365, "not stated (probability withdrawn)"),
        (float("nan"), 365, "not stated (probability withdrawn)"),
    ],
)
def test_chance_in_words(probability, horizon, text):
    assert chance_text(probability, horizon) == text


def test_a_chance_says_what_limits_it():
    assert qualified("about 7 in 10", is_ready=True, in_domain=True) == "about 7 in 10"
    assert qualified("about 7 in 10", is_ready=False, in_domain=False) == (
        "about 7 in 10 (model not ready; unlike every customer so far)"
    )


@pytest.mark.parametrize(
    ("reasons", "text"),
    [
        ([None, None], ""),
        (["crm = (x) (+0.41)"], "For: crm = (x)."),
        (["a = 1 (+1.00)", "b not known (+0.30)", "c (-0.01)"], "For: a = 1, b not known and c."),
    ],
)
def test_sentences_have_no_log_odds(reasons, text):
    assert sentence("For", reasons) == text


def test_the_question_is_the_unknown_attribute_that_varies_most():
    frame = pd.DataFrame({"crm": ["a", None, None], "budget": [1.0, 2.0, np.nan]})
    asked = questions(frame, {"crm": 0.5, "budget": 0.9, "unused": 0.0}, {"budget": "yearly budget"})
    assert asked.tolist() == ["", "Ask about crm.", "Ask about yearly budget."]


def test_what_is_known_only_after_discovery_is_unknown_for_everyone():
    frame = pd.DataFrame({"crm": ["a", None]})
    asked = questions(frame, {"crm": 0.5, "api_skill": 0.3}, {})
    assert asked.tolist() == ["Find out in discovery: api skill (not in this score).", "Ask about crm."]


def test_no_question_where_none_is_worth_asking():
    assert questions(pd.DataFrame({"a": [None]}), {}, {}).tolist() == [""]


def test_strongest_and_weakest_are_among_known_fits():
    contributions = np.array([[0.1, 0.9, -0.5, 0.0, 0.2, 0.3]] * 3)
    known = np.array([[1, 1, 1, 1, 1, 1], [1, 0, 0, 1, 0, 0], [0, 0, 1, 0, 0, 0]], dtype=bool)
    strongest, weakest = extreme_fits(contributions, known)
    assert strongest.tolist() == ["functional", "technical", "resource"]
    assert weakest.tolist() == ["resource", "competence", ""]


def test_no_known_fit_names_none():
    strongest, weakest = extreme_fits(np.zeros((1, 6)), np.zeros((1, 6), dtype=bool))
    assert (strongest[0], weakest[0]) == ("", "")
