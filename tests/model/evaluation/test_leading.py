"""An early signal is read like an outcome, compared where both are known, and never called success."""

from __future__ import annotations

import json
from datetime import date

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.accounts.outcome import label_outcome
from icp_ml.model.evaluation.judged import judged_rows
from icp_ml.model.evaluation.leading import leading, read_signal
from icp_ml.study import Outcome
from icp_ml.study.schema import LeadingOutcome

SPEC = LeadingOutcome(column="onboarded_90", success=("yes", 1), horizon_days=90)
UNTIL = date(2026, 6, 30)


def company(seed=0, n=900, link=1.5, age_days=900, first_end=100):
    """Customers of up to ``age_days``; half are onboarded in time, who succeed more often by ``link`` log-odds."""
    rng = np.random.default_rng(seed)
    onboarded = rng.random(n) < 0.5
    success = rng.random(n) < expit(link * (onboarded - 0.5))
    as_of = np.datetime64(UNTIL) - rng.integers(1, age_days, n).astype("timedelta64[D]")
    ended = np.where(
        success, np.datetime64("NaT", "D"), as_of + rng.integers(first_end, 365, n).astype("timedelta64[D]")
    )
    ended[ended > np.datetime64(UNTIL)] = np.datetime64("NaT", "D")
    outcome = Outcome(
        horizon_days=365, column=None, success=(), failure=(), ended="ended", observed_until=UNTIL, base_rate=None
    )
    labels = label_outcome(outcome, {"ended": ended}, as_of, UNTIL)
    cells = np.where(onboarded, "yes", "no").astype(object)
    return cells, labels


def found(cells, labels, spec=SPEC, score=None, groups=None):
    at = np.flatnonzero(labels.known)
    margin = np.zeros(len(at)) if score is None else score[at]
    rows = judged_rows(labels.label[at], margin, weight=labels.weight[at])
    return leading(spec, list(cells), labels, groups, (at, rows))


def test_cells_are_compared_like_outcome_labels():
    signal = read_signal(SPEC, [" yes", "Yes", "1.0", "no", None, " "], None)
    assert signal.value.tolist() == pytest.approx([1, 0, 1, 0, np.nan, np.nan], nan_ok=True)
    assert (signal.n_empty, signal.empty_means_no) == (2, False)


def test_a_column_of_marks_has_no_in_its_empty_cells():
    signal = read_signal(SPEC, ["yes", None, "", "yes"], None)
    assert (signal.value.tolist(), signal.empty_means_no) == ([1, 0, 0, 1], True)


def test_a_signal_that_is_not_due_yet_is_not_known():
    signal = read_signal(SPEC, ["yes", "no", "no"], np.array([89.0, 90.0, np.nan]))
    assert signal.value.tolist() == pytest.approx([np.nan, 0, 0], nan_ok=True)


def test_a_planted_link_is_found_without_bias():
    truth = expit(0.75) - expit(-0.75)
    differences = [found(*company(seed)).difference for seed in range(60)]
    assert np.mean([one.value for one in differences]) == pytest.approx(truth, abs=0.02)
    assert 0.80 <= np.mean([one.low <= truth <= one.high for one in differences]) <= 0.98


def test_early_churners_of_young_accounts_do_not_bias_the_shares():
    spec = LeadingOutcome(column="onboarded", success=("yes",), horizon_days=180)
    shares = [found(*company(seed, 2000, age_days=500, first_end=1), spec).no.value for seed in range(40)]
    assert np.mean(shares) == pytest.approx(expit(-0.75), abs=0.02)


def test_a_signal_that_says_nothing_is_told():
    told = [found(*company(seed, link=0.0)) for seed in range(40)]
    assert np.mean(["not shown to be more than chance" in one.sentence for one in told]) >= 0.8
    assert np.mean([one.roc_auc.low <= 0.5 <= one.roc_auc.high for one in told]) >= 0.8


def test_the_sentence_never_calls_it_success():
    assert "is an early signal, not success" in found(*company()).sentence


def test_who_left_before_it_was_due_makes_no_difference_among_those_who_stayed():
    cells, labels = company(link=0.0)
    left_early = labels.event_days <= 200
    cells[left_early] = "no"
    told = found(cells, labels, LeadingOutcome(column="onboarded", success=("yes",), horizon_days=200))
    assert told.difference.low > 0.1
    assert told.survivors.low < 0 < told.survivors.high
    assert "still customers after its 200 days" in told.sentence


def test_accounts_that_wait_for_their_outcome_are_counted():
    cells, labels = company()
    due = labels.follow_up_days >= 90
    waiting = int((due & (labels.state == "censored")).sum())
    told = found(cells, labels)
    assert told.waiting == waiting > 0
    assert told.n == int((due & labels.known).sum())
    assert f"{waiting} accounts show it" in told.sentence


def test_how_well_the_model_orders_it():
    cells, labels = company()
    score = (cells == "yes").astype(float)
    assert found(cells, labels, score=score).model_auc.value == 1.0
    assert found(cells, labels).model_auc.value == 0.5


def test_too_few_accounts_are_not_compared():
    cells, labels = company()
    cells[:] = "no"
    cells[:5] = "yes"
    told = found(cells, labels)
    assert np.isnan([told.difference.value, told.yes.value, told.roc_auc.value]).all()
    assert "at least 10 of each are needed" in told.sentence


def test_related_accounts_widen_the_interval():
    cells, labels = company()
    groups = np.unique(labels.label * 10 + (cells == "yes"), return_inverse=True)[1] * 8 + np.arange(len(cells)) % 8
    alone, together = (found(cells, labels, groups=g).difference for g in (None, groups))
    assert together.high - together.low > 1.5 * (alone.high - alone.low)


def test_the_document_is_json_with_the_keys_of_the_report():
    document = found(*company()).as_document()
    assert {"sentence", "column", "n", "yes", "no", "difference", "roc_auc", "waiting"} <= set(document)
    assert {"n", "value", "low", "high"} == set(document["yes"])
    json.dumps(document, allow_nan=False)
