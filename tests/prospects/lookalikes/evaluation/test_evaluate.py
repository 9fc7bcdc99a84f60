"""What was planted is found, nothing is found where nothing was planted, and what is missing is said."""

import json
from dataclasses import replace

import numpy as np
import pytest

from icp_ml.errors import DataError
from icp_ml.model.reference import JUDGED, TAUGHT
from icp_ml.prospects.lookalikes.evaluation.evaluate import _sentence, evaluate_lookalikes
from icp_ml.prospects.lookalikes.evaluation.methods import METHODS
from icp_ml.prospects.lookalikes.evaluation.panel import Fold, measure


def test_hidden_successes_stand_above_hidden_churned_customers(evaluation):
    headline = evaluation.as_document()["headline"]
    assert 0.5 < headline["low"] < headline["auc"] < headline["high"] <= 1.0
    assert headline["auc"] > 0.65


def test_the_sentence_tells_counts_value_interval_and_chance(trained, evaluation):
    n_success = int(trained.reference.outcome.sum())
    assert evaluation.sentence.startswith(f"{n_success} successes and {400 - n_success} churned customers were hidden")
    assert "90 % interval" in evaluation.sentence
    assert ".50 by chance" in evaluation.sentence


def test_the_document_is_json_with_every_method_in_order(evaluation):
    document = json.loads(json.dumps(evaluation.as_document(), allow_nan=False))
    assert [row["method"] for row in document["rows"]] == list(METHODS)
    assert document["n_hidden"] == document["n_success"] + document["n_churned"] == 400
    assert document["n_prospects"] == 300
    assert any(row["on_front"] for row in document["rows"])


def test_the_headline_is_the_row_of_the_similarity(evaluation):
    document = evaluation.as_document()
    assert document["headline"] == {name: document["rows"][0][name] for name in ("auc", "low", "high")}


def test_the_same_seed_gives_the_same_document(trained, prospects, evaluation):
    again = evaluate_lookalikes(trained, prospects, seed=1, shares=(0.1, 1.0))
    assert json.dumps(again.as_document()) == json.dumps(evaluation.as_document())


def test_reach_is_told_for_every_share_asked_for(evaluation):
    assert list(evaluation.reach_of) == [0.1, 1.0]
    assert evaluation.reach_of[0.1] == evaluation.as_document()["rows"][0]["reach"]
    assert evaluation.reach_of[1.0] == 1.0


def test_where_nothing_is_associated_with_success_it_says_so(trained, prospects):
    shuffled = np.random.default_rng(4).permutation(trained.reference.outcome)
    found = evaluate_lookalikes(
        replace(trained, reference=replace(trained.reference, outcome=shuffled)), prospects, seed=1
    )
    headline = found.as_document()["headline"]
    assert headline["low"] <= 0.5 <= headline["high"]
    assert "not told from a random order" in found.sentence


def test_later_customers_are_told_beside(trained, prospects):
    part = np.repeat([TAUGHT, JUDGED], [250, 150]).astype(np.int8)
    known = replace(trained.reference, membership=replace(trained.reference.membership, part=part))
    model = replace(trained, reference=known, evaluation_classifier=trained.classifier, probability_withdrawn=True)
    document = evaluate_lookalikes(model, prospects, seed=1).as_document()
    assert document["later"]["n_hidden"] == 150
    assert document["later"]["sentence"].startswith("Later customers, hidden from the earlier ones: A success stands")
    assert [row["method"] for row in document["later"]["rows"]] == list(METHODS)
    assert all(row["probability"] is None for row in document["rows"])


def test_a_model_not_judged_by_time_says_why_nobody_is_later(evaluation):
    document = evaluation.as_document()
    assert document["later"] is None
    assert document["notes"][-1] == "Not repeated on later customers: the model was not judged by time."


def test_too_few_customers_of_an_outcome_give_a_sentence_and_no_numbers(trained, prospects):
    outcome = np.ones(len(trained.reference))
    outcome[:12] = 0.0
    found = evaluate_lookalikes(
        replace(trained, reference=replace(trained.reference, outcome=outcome)), prospects, seed=1
    )
    document = found.as_document()
    assert document["sentence"].startswith("Nobody was hidden: 12 churned customers; 30 of each are needed.")
    assert (document["headline"], document["rows"], document["later"]) == (None, [], None)
    assert found.reach_of == {}


def test_without_prospects_there_is_nowhere_to_hide(trained, prospects):
    assert "no prospects" in evaluate_lookalikes(trained, prospects.head(0), seed=1).sentence


def test_a_hypothesis_and_a_model_without_customers_are_refused(trained, prospects):
    with pytest.raises(DataError, match="a hypothesis; expected a trained model with its customers"):
        evaluate_lookalikes(replace(trained, kind="hypothesis", classifier=None), prospects, seed=1)
    with pytest.raises(DataError, match=r"without reference customers.*Train again"):
        evaluate_lookalikes(replace(trained, reference=None), prospects, seed=1)


def panel_of(**scores):
    outcome = np.repeat([1.0, 0.0], 40)
    given = {key: np.zeros(180) for key in METHODS} | scores
    return measure([Fold(outcome, np.ones(80), np.arange(80), given)], None, shares=(0.1,), seed=0)


def test_a_list_in_the_wrong_order_is_called_worse():
    assert "worse than a random order" in _sentence(panel_of(similarity=np.repeat([0.0, 1.0, 0.5], [40, 40, 100])))


def test_an_order_a_little_above_a_half_is_not_told_from_chance():
    panel = panel_of(similarity=np.concatenate([np.arange(40) + 0.5, np.arange(40), np.zeros(100)]))
    assert panel.row("similarity").auc.value == pytest.approx(0.5125)
    assert "not told from a random order" in _sentence(panel)


def test_the_method_that_reaches_more_and_orders_worse_is_named():
    ours = np.repeat([1.0, 0.0, 2.0], [40, 40, 100])
    signs = np.repeat([1.0, 1.0, 0.0], [40, 40, 100])
    said = _sentence(panel_of(similarity=ours, propensity=signs))
    assert "by “Who signs (customers against prospects)”" in said
    assert said.endswith("which orders them worse (.50).")
