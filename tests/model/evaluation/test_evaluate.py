"""Evaluations use only what they may know, report what they did, and see what was planted."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.accounts.outcome import label_outcome, relabel_at
from icp_ml.accounts.split import choose_split
from icp_ml.model.evaluation.evaluate import EvaluationOptions, evaluate
from icp_ml.model.evaluation.metrics import METRICS
from icp_ml.study import Floor, Outcome

FITTED: list[Known] = []


class Known:
    """A classifier that says what it was told: the margin is the column ``score``, plus a shift."""

    learner_ = "known"

    def __init__(self, shift=0.0, slope=1.0):
        self.shift, self.slope = shift, slope

    def fit(self, X, y, sample_weight=None, groups=None):
        self.index_, self.y_, self.weight_, self.groups_ = X.index.to_numpy(), y, sample_weight, groups
        FITTED.append(self)
        return self

    def decision_function(self, X):
        return self.slope * X["score"].to_numpy() + self.shift


@pytest.fixture(autouse=True)
def _forget():
    FITTED.clear()


def company(n=600, seed=0, signal=1.0):
    """Accounts signed over two years; a year later it is known whether each is still a customer."""
    rng = np.random.default_rng(seed)
    score = rng.normal(0.3, 1.0, n)
    as_of = np.datetime64("2022-01-01") + rng.integers(0, 730, n).astype("timedelta64[D]")
    success = rng.random(n) < expit(signal * score)
    ended = np.where(success, np.datetime64("NaT"), as_of + rng.integers(30, 365, n).astype("timedelta64[D]"))
    return pd.DataFrame({"score": score}), as_of, {"ended": ended.astype("datetime64[D]")}


def judged(until=date(2024, 12, 31), as_of_known=True, groups=None, make=Known, data=None, **options):
    frame, as_of, columns = data or company()
    outcome = Outcome(
        horizon_days=365, column=None, success=(), failure=(), ended="ended", observed_until=until, base_rate=None
    )
    ended = columns["ended"].copy()
    ended[ended > np.datetime64(until)] = np.datetime64("NaT")
    labels = label_outcome(outcome, {"ended": ended}, as_of, until)
    relabel = lambda day: relabel_at(outcome, {"ended": ended}, as_of, day)  # noqa: E731
    split = choose_split(labels, as_of if as_of_known else None, groups, Floor(successes=30, failures=30), relabel)
    chosen = EvaluationOptions(n_boot=100, **options)
    return evaluate(make, frame, labels, split, groups=groups, options=chosen), split, labels


def test_out_of_time_fits_once_on_what_was_known_and_judges_later_accounts():
    evaluation, split, _ = judged()
    assert split.kind == "time"
    assert FITTED[0].index_.tolist() == split.train.tolist()
    assert FITTED[0].weight_.tolist() == split.train_labels.weight[split.train].tolist()
    assert evaluation.test_index.tolist() == split.test.tolist()
    assert evaluation.classifier is FITTED[0]
    assert (evaluation.n_train, evaluation.n_test) == (len(split.train), len(split.test))
    assert f"signed before {split.starts}" in evaluation.procedure


def test_metrics_json_has_the_keys_of_the_contract_and_is_json():
    document = judged(make_baseline=Known, rule=company()[0]["score"].to_numpy() > 0)[0].to_metrics_json()
    wanted = {"learner", "n_train", "n_test", "base_rate", "metrics", "baselines", "random_split", "gates", "ready"}
    assert wanted <= set(document)
    assert set(document["metrics"]) == set(METRICS) == set(document["random_split"])
    assert set(document["baselines"]) == {"random", "base_rate", "logistic", "rule"}
    assert set(document["metrics"]["roc_auc"]) == {"value", "low", "high"}
    assert {"name", "passed", "value", "bar"} <= set(document["gates"][0])
    json.dumps(document, allow_nan=False)


def test_the_truth_is_ready_and_noise_is_not():
    assert judged()[0].ready
    noise = judged(data=company(signal=0.0))[0]
    assert not noise.ready
    assert "roc_auc_low" in [gate.name for gate in noise.gates if not gate.passed]


def test_a_wrong_level_fails_the_gate_of_the_intercept():
    evaluation = judged(make=lambda: Known(shift=1.5))[0]
    assert "calibration_intercept" in [gate.name for gate in evaluation.gates if not gate.passed]


def test_baselines_are_what_they_are_called():
    evaluation = judged(make_baseline=lambda: Known(slope=0.0), rule=company()[0]["score"].to_numpy() > 0)[0]
    baselines = evaluation.baselines
    assert baselines["random"]["roc_auc"].value == pytest.approx(0.5)
    assert baselines["random"]["lift_at_10"].value == pytest.approx(1.0)
    assert baselines["random"]["average_precision"].value == pytest.approx(evaluation.base_rate)
    prior = np.average(FITTED[0].y_, weights=FITTED[0].weight_)
    rate = evaluation.base_rate
    assert baselines["base_rate"]["log_loss"].value == pytest.approx(
        -rate * np.log(prior) - (1 - rate) * np.log(1 - prior)
    )
    assert baselines["logistic"]["roc_auc"].value == pytest.approx(0.5)
    assert baselines["logistic"]["log_loss_difference"].high < 0
    assert 0.5 < baselines["rule"]["roc_auc"].value < evaluation.metrics["roc_auc"].value


def test_the_paired_comparison_with_itself_is_nothing():
    difference = judged(make_baseline=Known)[0].baselines["logistic"]["log_loss_difference"]
    assert (difference.low, difference.value, difference.high) == (0.0, 0.0, 0.0)


def test_a_random_split_stands_beside_an_out_of_time_evaluation():
    evaluation, _, labels = judged()
    assert len(FITTED) == 1 + 5
    assert evaluation.random_split["roc_auc"].value == pytest.approx(evaluation.metrics["roc_auc"].value, abs=0.08)
    assert sum(len(fit.index_) for fit in FITTED[1:]) == 4 * labels.known.sum()


def test_without_dates_cross_validation_is_repeated_and_says_so():
    evaluation, split, labels = judged(as_of_known=False)
    assert split.kind == "cross_validation"
    assert len(FITTED) == 15
    assert "repeated 3 times" in evaluation.procedure
    assert "unknown" in evaluation.procedure
    assert evaluation.classifier is None
    assert np.isnan(evaluation.random_split["roc_auc"].value)
    assert evaluation.n_test == labels.known.sum()


def test_out_of_fold_margins_stand_in_the_order_of_the_accounts():
    evaluation = judged(as_of_known=False)[0]
    assert evaluation.test_margin.tolist() == company()[0]["score"].to_numpy()[evaluation.test_index].tolist()


def test_groups_are_never_on_both_sides():
    groups = np.arange(600) // 3
    judged(as_of_known=False, groups=groups)
    for fit in FITTED[:5]:
        held_out = np.setdiff1d(np.arange(600), fit.index_)
        assert not set(groups[fit.index_]) & set(groups[held_out])
        assert fit.groups_.tolist() == groups[fit.index_].tolist()


def test_young_accounts_are_weighted_for_censoring():
    evaluation, split, _ = judged(until=date(2024, 3, 31))
    weight = split.test_labels.weight[split.test]
    assert weight.max() > 1
    assert evaluation.base_rate == pytest.approx(np.average(split.test_labels.label[split.test], weights=weight))


def test_a_true_base_rate_moves_the_weights_of_the_test():
    evaluation = judged(base_rate=0.8, make=lambda: Known(shift=1.1))[0]
    assert evaluation.base_rate == pytest.approx(0.8)
    assert abs(evaluation.metrics["calibration_intercept"].value) < 0.5


def test_many_accounts_need_one_random_fold_and_fewer_draws(monkeypatch):
    monkeypatch.setattr("icp_ml.model.evaluation.procedure.LARGE", 100)
    assert np.isfinite(judged()[0].random_split["roc_auc"].value)
    assert len(FITTED) == 2


def test_curves_and_bands_are_of_the_test_accounts():
    evaluation = judged(capacity=20)[0]
    assert sum(b["n"] for b in evaluation.reliability) == evaluation.n_test
    assert [b["n"] for b in evaluation.bands[:2]] == [20, 20]
    assert evaluation.lift_curve[-1]["lift"] == pytest.approx(1.0)
