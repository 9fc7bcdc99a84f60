"""Importance of the fits: the definition, what was planted, and nothing where nothing was planted."""

from itertools import permutations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.model import SuccessClassifier
from icp_ml.model.explanation.importance import importance, shapley_weights
from icp_ml.model.refits import refits
from icp_ml.names import PLAYERS

FITS = {
    "seats": "technical",
    "uses": "functional",
    "budget": "resource",
    "skills": "competence",
    "noise": "cultural",
}


def company(n=500, seed=1):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({name: rng.normal(size=n) for name in FITS})
    margin = 1.2 * frame["seats"] + 1.2 * frame["uses"] + 0.7 * frame["budget"]
    return frame, (rng.random(n) < expit(margin.to_numpy())).astype(int)


def found(frame, y, **settings):
    model = SuccessClassifier(FITS, learner="logistic", **settings).fit(frame, y)
    return importance(refits(model, frame, y))


@pytest.fixture(scope="module")
def result():
    return found(*company())


def by_fit(result):
    return {row.fit: row for row in result.rows}


def test_the_weights_give_the_mean_over_all_orders_of_arrival():
    worth = np.random.default_rng(0).normal(size=2**4)
    expected = np.zeros(4)
    for order in permutations(range(4)):
        arrived = 0
        for player in order:
            expected[player] += (worth[arrived | 1 << player] - worth[arrived]) / 24
            arrived |= 1 << player
    np.testing.assert_allclose(worth @ shapley_weights(4), expected, atol=1e-12)


def test_what_was_planted_is_found_and_the_noise_is_not(result):
    rows = by_fit(result)
    assert [fit for fit in PLAYERS if rows[fit].is_important] == ["technical", "functional", "resource"]
    assert rows["cultural"].low < 0 < rows["cultural"].high
    assert rows["technical"].value > 1.5 * rows["resource"].value


def test_equal_fits_are_tied_and_unequal_ones_are_not(result):
    rows = by_fit(result)
    assert "functional" in rows["technical"].tied_with
    assert "technical" in rows["functional"].tied_with
    assert "resource" not in rows["technical"].tied_with


def test_a_fit_without_attributes_is_not_measured(result):
    row = by_fit(result)["experience"]
    assert not row.measured
    assert np.isnan(row.value)
    assert result.rows[-2:] == (by_fit(result)["experience"], by_fit(result)["context"])


def test_values_add_up_to_what_the_refits_gain_on_accounts_they_did_not_see():
    frame, y = company(150)
    model = SuccessClassifier(FITS, learner="blend", n_folds=2).fit(frame, y)
    drawn = refits(model, frame, y)
    total, times = np.zeros(150), np.zeros(150)
    for refit in drawn.refits:
        rows = refit.out_of_bag
        margin, base = refit.served.margin(drawn.matrix[rows]), refit.served.base_value
        total[rows] += np.log(expit(np.where(y[rows] == 1, margin, -margin)))
        total[rows] -= np.log(expit(np.where(y[rows] == 1, base, -base)))
        times[rows] += 1
    values = [row.value for row in importance(drawn).rows if row.measured]
    assert sum(values) == pytest.approx((total / times).mean(), abs=1e-9)


def test_sampling_by_outcome_does_not_change_the_importance():
    plain, shifted = (found(*company(200), base_rate=rate) for rate in (None, 0.05))
    for row in plain.rows[:4]:
        assert row.value == pytest.approx(by_fit(shifted)[row.fit].value, abs=1e-9)


def test_nothing_is_found_where_nothing_was_planted():
    frame, _ = company(300)
    y = np.random.default_rng(5).integers(0, 2, 300)
    result = found(frame, y)
    assert not any(row.is_important for row in result.rows)
    assert "no fit lowers the log loss by more than noise" in result.sentence


def test_too_few_customers_are_said_to_be_too_few():
    frame, y = company(60)
    model = SuccessClassifier(FITS, learner="logistic").fit(frame, y)
    result = importance(refits(model, frame, y, groups=np.zeros(60)))
    assert (result.n_refits, result.n_accounts) == (0, 0)
    assert not any(row.measured for row in result.rows)
    assert "not measured: too few customers" in result.sentence


def test_the_document_has_rows_and_a_sentence_that_names_ties(result):
    document = result.as_document()
    assert set(document) == {"sentence", "n_refits", "n_accounts", "rows"}
    assert {row["fit"] for row in document["rows"]} == set(PLAYERS)
    assert next(row for row in document["rows"] if row["fit"] == "experience")["value"] is None
    assert "not told apart: " in document["sentence"]
    assert "Not measured (no attributes): experience." in document["sentence"]
    assert set(document["rows"][0]) == {"fit", "value", "low", "high", "z", "important", "tied_with", "measured"}
