"""What the picture of the fits owes to attributes that may stand under the wrong fit."""

import numpy as np
import pytest

from icp_ml.model.explanation.mapping import map_sensitivity
from icp_ml.names import PLAYERS

STUDY = {
    "fits": {
        "technical": [{"column": "integrations", "proxy": True}, "crm"],
        "resource": [{"column": "budget", "point_in_time": False}],
        "competence": ["skill"],
    },
    "context": [{"column": "noise", "proxy": True}],
}


def test_doubtful_attributes_are_moved_and_others_stay(classifier, known):
    found = map_sensitivity(classifier, known[0], STUDY, is_reviewed=True)
    assert sorted(move.column for move in found.moves) == ["budget", "integrations"]
    assert found.n_accounts == 300
    budget = next(move for move in found.moves if move.column == "budget")
    assert budget.why == "today's value, not that of the as_of day"
    assert budget.moved_bars[PLAYERS.index("resource")] == 0.0


def test_the_bars_are_those_of_a_model_with_the_other_map(classifier, known):
    found = map_sensitivity(classifier, known[0].head(50), STUDY, is_reviewed=True)
    move = next(move for move in found.moves if move.column == "integrations")
    by_attribute = classifier.attribute_contributions(known[0].head(50))
    assert move.moved_bars[PLAYERS.index("technical")] == pytest.approx(by_attribute["crm"].abs().mean(), rel=0.1)
    assert move.moved_bars[PLAYERS.index("context")] > move.bars[PLAYERS.index("context")]
    np.testing.assert_allclose(move.bars, np.abs(classifier.contributions_array(known[0].head(50))).mean(axis=0))


def test_in_a_map_nobody_reviewed_the_largest_of_each_fit_is_doubtful(classifier, known):
    found = map_sensitivity(classifier, known[0], STUDY, is_reviewed=False)
    assert sorted(move.column for move in found.moves) == ["budget", "integrations", "skill"]
    assert next(move.why for move in found.moves if move.column == "skill").startswith("the largest of its fit")


def test_the_document_says_whether_the_order_hangs_on_it(classifier, known):
    found = map_sensitivity(classifier, known[0], STUDY, is_reviewed=True)
    document = found.as_document({"integrations": "integrations in use"})
    moved = next(row for row in document["rows"] if row["column"] == "integrations")
    assert moved["label"] == "integrations in use"
    assert moved["fit_after"] < moved["fit_before"]
    assert ("order of the six fits changes with" in document["sentence"]) == any(
        row["changes_order"] for row in document["rows"]
    )


def test_a_map_without_doubts_has_no_moves(classifier, known):
    found = map_sensitivity(classifier, known[0], {"fits": {"technical": ["crm"]}}, is_reviewed=True)
    assert found.moves == ()
    assert "No attribute of the map is marked" in found.sentence
