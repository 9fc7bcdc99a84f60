"""Surprises are the accounts that ended unlike their score, and chance alone explains most of them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.model.evaluation.judged import judged_rows
from icp_ml.model.evaluation.surprises import surprises


def company(seed=0, n=400, stretch=1.0, **options):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.0, 1.2, n)
    return judged_rows(rng.random(n) < expit(margin), stretch * margin, **options)


def speak(places):
    """Say for each account what raises and what lowers its score, and which account it is."""
    names = ("up 1", "up 2", "up 3", "down 1", "down 2", None)
    return np.array([[name and f"{place} {name}" for name in names] for place in places], dtype=object)


def found(rows, has_seen_them=False):
    return surprises(rows, [f"A{number:03}" for number in range(len(rows))], speak, has_seen_them=has_seen_them)


def test_the_strongest_come_first_with_what_spoke_for_their_score():
    rows = company()
    told = found(rows)
    successes, failures = np.flatnonzero(rows.outcome == 1), np.flatnonzero(rows.outcome == 0)
    lowest = successes[np.argsort(rows.margin[successes])[:5]]
    highest = failures[np.argsort(-rows.margin[failures])[:5]]
    assert [one.account for one in told.low_successes] == [f"A{place:03}" for place in lowest]
    assert [one.account for one in told.high_failures] == [f"A{place:03}" for place in highest]
    assert told.low_successes[0].reasons == (f"{lowest[0]} down 1", f"{lowest[0]} down 2")
    assert told.high_failures[0].reasons == tuple(f"{highest[0]} up {k}" for k in (1, 2, 3))
    assert told.low_successes[0].probability == pytest.approx(rows.probability[lowest[0]])


def test_right_chances_are_rarely_called_surprising():
    sentences = [found(company(seed)).sentence for seed in range(200)]
    assert 300 <= sum(text.count("as chance explains") for text in sentences) <= 390
    assert "Of the 80 accounts scored lowest" in sentences[0]


def test_chances_that_are_too_extreme_are_called_surprising():
    told = found(company(stretch=3.0)).sentence
    assert told.count(": more than chance explains") == 2


def test_related_accounts_widen_what_is_expected():
    rows = company()
    alike = [np.repeat(cells, 8) for cells in (rows.outcome, rows.margin)]
    related = judged_rows(*alike, clusters=np.repeat(range(400), 8))
    width = [np.diff([int(x) for x in text.split("90 %: ")[1].split(" %)")[0].replace(" %", "").split(" to ")])[0]
             for text in (found(judged_rows(*alike)).sentence, found(related).sentence)]  # fmt: skip
    assert width[1] > 2 * width[0]


def test_weights_are_said():
    told = found(company(weight=np.linspace(0.5, 2.0, 400))).sentence
    assert "weighted for censoring" in told
    assert "weighted" not in found(company()).sentence


def test_nobody_surprises_a_perfect_model_and_nothing_is_asked():
    rows = judged_rows([0] * 50 + [1] * 50, [-9.0] * 50 + [9.0] * 50)
    told = surprises(rows, [str(n) for n in range(100)], pytest.fail, has_seen_them=False)
    assert (told.low_successes, told.high_failures) == ((), ())


def test_a_fit_that_has_seen_them_is_named():
    rows = company()
    assert "has seen these accounts" in found(rows, has_seen_them=True).sentence
    assert "has seen these accounts" not in found(rows).sentence


def test_ties_are_told_by_id_whatever_the_order_of_rows():
    rows = judged_rows([1, 0] * 20, [0.0] * 40)
    turned = judged_rows([0, 1] * 20, [0.0] * 40)
    ids = [f"A{number:02}" for number in range(40)]
    one = surprises(rows, ids, speak, has_seen_them=False)
    other = surprises(turned, ids[::-1], speak, has_seen_them=False)
    assert [s.account for s in one.low_successes] == [s.account for s in other.low_successes]


def test_the_document_is_json_with_the_keys_of_the_report():
    document = found(company()).as_document()
    assert set(document) == {"sentence", "low_successes", "high_failures"}
    assert {"id", "probability", "reasons"} <= set(document["high_failures"][0])
    json.dumps(document, allow_nan=False)
