"""Evaluations use only what they may know, report what they did, and see what was planted."""

from __future__ import annotations

import json
from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from threadpoolctl import threadpool_info, threadpool_limits

import icp_ml.model.evaluation.evaluate as module
from icp_ml.accounts.outcome import label_outcome, relabel_at
from icp_ml.accounts.split import Split, choose_split
from icp_ml.model.evaluation.evaluate import EvaluationOptions, Timeline, evaluate
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
    ended = np.where(success, np.datetime64("NaT", "D"), as_of + rng.integers(30, 365, n).astype("timedelta64[D]"))
    return pd.DataFrame({"score": score}), as_of, {"ended": ended.astype("datetime64[D]")}


def judged(
    until=date(2024, 12, 31), as_of_known=True, groups=None, make=Known, data=None, with_origins=False, **options
):
    frame, as_of, columns = data or company()
    outcome = Outcome(
        horizon_days=365, column=None, success=(), failure=(), ended="ended", observed_until=until, base_rate=None
    )
    ended = columns["ended"].copy()
    ended[ended > np.datetime64(until)] = np.datetime64("NaT", "D")
    labels = label_outcome(outcome, {"ended": ended}, as_of, until)
    relabel = lambda day: relabel_at(outcome, {"ended": ended}, as_of, day)  # noqa: E731
    split = choose_split(labels, as_of if as_of_known else None, groups, Floor(successes=30, failures=30), relabel)
    timeline = Timeline(as_of, relabel) if with_origins else None
    chosen = EvaluationOptions(n_boot=100, n_permutations=200, timeline=timeline, **options)
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


def test_the_document_of_a_report_has_the_agreed_keys_and_is_json():
    document = judged(with_origins=True)[0].as_document()
    assert set(document) == {
        *("chance", "gap", "origins", "ten_bands", "monotonicity", "capacity_note", "alarms"),
    }
    assert set(document["origins"]["rows"][0]) == {
        *("starts", "ends", "n_train", "n_test", "base_rate", "roc_auc", "log_loss", "calibration_slope"),
    }
    json.dumps(document, allow_nan=False)
    in_metrics = judged(with_origins=True)[0].to_metrics_json()
    assert {name: in_metrics[name] for name in ("chance", "gap", "origins", "monotonicity")} == {
        name: document[name] for name in ("chance", "gap", "origins", "monotonicity")
    }


def test_noise_does_not_beat_chance_and_the_truth_does():
    def p_of(evaluation):
        return next(gate for gate in evaluation.gates if gate.name == "beats_chance").value

    assert p_of(judged()[0]) == 1 / 201
    assert p_of(judged(data=company(signal=0.0))[0]) > 0.05


def test_origins_follow_each_other_and_each_knows_only_what_was_known():
    evaluation, split, _ = judged(with_origins=True)
    rows = evaluation.origins.rows
    assert len(rows) >= 3
    assert rows[-1].ends == split.ends
    assert all(before.ends < after.starts for before, after in pairwise(rows))
    as_of = company()[1]
    for row, fit in zip(rows, FITTED[-len(rows) :], strict=True):
        assert (as_of[fit.index_] < np.datetime64(row.starts)).all()
        successes = fit.index_[fit.y_ == 1]
        assert (as_of[successes] + np.timedelta64(365, "D") <= np.datetime64(row.starts)).all()
        assert row.n_train == len(fit.index_)


def test_related_accounts_are_not_on_both_sides_of_an_origin():
    groups = np.arange(600) // 2
    rows = judged(with_origins=True, groups=groups)[0].origins.rows
    alone = judged(with_origins=True)[0].origins.rows
    assert sum(row.n_test for row in rows) < sum(row.n_test for row in alone)


def test_a_market_that_turns_is_unstable_and_one_that_does_not_is_not():
    frame, as_of, columns = company(n=1500)
    turned = frame.copy()
    turned.loc[as_of > np.datetime64("2023-07-01"), "score"] *= -1
    calm = judged(with_origins=True, data=(frame, as_of, columns))[0].origins
    broken = judged(with_origins=True, data=(turned, as_of, columns))[0].origins
    assert "no more than chance gives" in calm.sentence
    assert "more than chance gives (p < 0.001)" in broken.sentence


def test_too_few_accounts_give_no_origins_and_say_why():
    assert "Too few accounts" in judged(with_origins=True, data=company(n=220))[0].origins.why_none
    assert "unknown" in judged(as_of_known=False)[0].origins.why_none


def test_the_rule_is_met_at_its_own_size():
    frame = company()[0]
    evaluation, split, _ = judged(rule=frame["score"].to_numpy() > 1.0)
    rule, chosen = evaluation.baselines["rule"], frame["score"].to_numpy()[split.test] > 1.0
    weight, label = split.test_labels.weight[split.test], split.test_labels.label[split.test]
    assert rule["precision_at_rule"].value == pytest.approx(np.average(label[chosen], weights=weight[chosen]))
    assert rule["lift_at_rule"].value == pytest.approx(rule["precision_at_rule"].value / evaluation.base_rate)
    assert rule["precision_at_rule_difference"].value == pytest.approx(0.0)  # the rule takes the model's own first
    assert rule["roc_auc_difference"].low > 0


def test_a_rule_that_chooses_nobody_has_no_precision_of_its_own():
    rule = judged(rule=np.zeros(600, dtype=bool))[0].baselines["rule"]
    assert "precision_at_rule" not in rule


def test_a_capacity_beyond_the_test_period_is_said_plainly():
    assert "says nothing about the order" in judged(capacity=10_000)[0].capacity_note
    assert "names no capacity" in judged()[0].capacity_note
    assert "lift" in judged(capacity=20)[0].capacity_note


def test_a_result_that_is_too_good_is_an_alarm_that_names_the_attribute():
    frame, as_of, columns = company(signal=12.0)
    found = judged(data=(frame, as_of, columns))[0].alarms
    assert found[0].startswith("Too good to be true")
    assert "'score' alone" in found[1]
    assert judged()[0].alarms == ()


@pytest.mark.parametrize(("kind", "name"), [("time", "out_of_time"), ("cross_validation", "cross_validated")])
def test_sums_are_not_split_over_threads_so_that_numbers_do_not_depend_on_their_number(kind, name, monkeypatch):
    split = Split(kind, None, None, *[np.arange(0)] * 2, None, None)
    found = []
    monkeypatch.setattr(module, f"evaluate_{name}", lambda *_, **__: found.extend(threadpool_info()))
    with threadpool_limits(2, user_api="blas"):
        evaluate(Known, pd.DataFrame(), None, split)
    assert {pool["num_threads"] for pool in found if pool["user_api"] == "blas"} == {1}
