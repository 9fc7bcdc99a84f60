"""Weighted metrics equal scikit-learn's; intervals cover; laws of order and ties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn import metrics as peer
from sklearn.linear_model import LogisticRegression

from icp_ml.model.evaluation.curves import (
    bands_are_ordered,
    lift_curve,
    outcome_bands,
    reliability_bins,
    wilson_interval,
)
from icp_ml.model.evaluation.metrics import METRICS, estimate_metrics, mean_of_metrics, paired_log_loss, scored_rows


def world(n=400, seed=0, slope=1.0, shift=0.0, rounded=None):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.4, 1.0, n)
    if rounded is not None:
        margin = margin.round(rounded)
    outcome = (rng.random(n) < expit(shift + slope * margin)).astype(float)
    return outcome, margin, rng.uniform(0.5, 3.0, n)


def rows_of(outcome, margin, weight=None, **more):
    return scored_rows(outcome, expit(margin), margin=margin, weight=weight, **more)


def values(rows, **options):
    return {name: estimate.value for name, estimate in estimate_metrics(rows, n_boot=20, **options).items()}


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("rounded", [None, 1, 0])
def test_equal_to_scikit_learn_with_weights_and_ties(seed, rounded):
    y, m, w = world(seed=seed, rounded=rounded)
    found = values(rows_of(y, m, w))
    assert found["roc_auc"] == pytest.approx(peer.roc_auc_score(y, m, sample_weight=w), abs=1e-12)
    assert found["average_precision"] == pytest.approx(peer.average_precision_score(y, m, sample_weight=w), abs=1e-12)
    assert found["log_loss"] == pytest.approx(peer.log_loss(y, expit(m), sample_weight=w), abs=1e-12)
    assert found["brier"] == pytest.approx(peer.brier_score_loss(y, expit(m), sample_weight=w), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_calibration_line_equals_unpenalised_logistic_regression(seed):
    y, m, w = world(seed=seed)
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(m[:, None], y, sample_weight=w)
    found = values(rows_of(y, m, w))
    assert found["calibration_slope"] == pytest.approx(line.coef_[0, 0], abs=1e-5)
    assert np.average(expit(m + found["calibration_intercept"]), weights=w) == pytest.approx(np.average(y, weights=w))


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_weight_equals_repeated_rows(seed):
    y, m, _ = world(seed=seed, rounded=1)
    counts = np.random.default_rng(seed).integers(1, 4, len(y))
    once, again = values(rows_of(y, m, counts)), values(rows_of(np.repeat(y, counts), np.repeat(m, counts)))
    same = [name for name in METRICS if "capacity" not in name and name != "calibration_error"]
    assert [once[name] for name in same] == pytest.approx([again[name] for name in same], abs=1e-9)


def test_calibration_error_is_the_mean_gap_of_ten_equal_bins():
    y, m, w = world(n=500)
    order = np.argsort(m).reshape(10, 50)
    gaps = [abs(np.average(y[b] - expit(m[b]), weights=w[b])) * w[b].sum() for b in order]
    assert values(rows_of(y, m, w))["calibration_error"] == pytest.approx(sum(gaps) / w.sum())


def test_precision_and_lift_at_a_tenth_and_at_capacity():
    y, m, _ = world(n=500)
    top = np.argsort(-m)
    found = values(rows_of(y, m), capacity=20)
    assert found["precision_at_10"] == pytest.approx(y[top[:50]].mean())
    assert found["lift_at_10"] == pytest.approx(y[top[:50]].mean() / y.mean())
    assert found["precision_at_capacity"] == pytest.approx(y[top[:20]].mean())
    assert values(rows_of(y, m), capacity=10_000)["lift_at_capacity"] == pytest.approx(1.0)


@given(st.integers(0, 10_000), st.sampled_from([None, 1, 0]))
@settings(max_examples=25, deadline=None)
def test_row_order_does_not_matter(seed, rounded):
    y, m, w = world(n=80, seed=seed, rounded=rounded)
    mixed = np.random.default_rng(seed).permutation(len(y))
    first, second = values(rows_of(y, m, w)), values(rows_of(y[mixed], m[mixed], w[mixed]))
    assert list(first.values()) == pytest.approx(list(second.values()), abs=1e-9, nan_ok=True)


def test_a_constant_score_is_no_better_than_chance():
    y, _, w = world()
    found = values(rows_of(y, np.zeros(len(y)), w))
    assert found["roc_auc"] == pytest.approx(0.5)
    assert found["lift_at_10"] == pytest.approx(1.0)
    assert found["average_precision"] == pytest.approx(np.average(y, weights=w))
    assert np.isnan(found["calibration_slope"])


def test_unknown_outcomes_and_rows_without_weight_do_not_count():
    y, m, w = world()
    more = np.r_[y, np.nan, 1.0], np.r_[m, 9.0, 9.0], np.r_[w, 5.0, 0.0]
    assert values(rows_of(*more)) == pytest.approx(values(rows_of(y, m, w)))


def test_one_class_gives_no_ranking_metric_and_no_warning():
    found = estimate_metrics(rows_of(np.ones(30), np.arange(30.0)), n_boot=20)
    assert np.isnan(found["roc_auc"].value)
    assert found["roc_auc"].as_document() == {"value": None, "low": None, "high": None}
    assert found["precision_at_10"].value == 1.0


def test_outcomes_that_are_no_outcomes_are_refused():
    with pytest.raises(ValueError, match="0 or 1"):
        scored_rows([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="known outcomes"):
        scored_rows([np.nan], [0.1])


def test_the_interval_covers_the_true_auc_about_nine_times_in_ten():
    y, m, _ = world(n=400_000, seed=99)
    truth = values(rows_of(y, m))["roc_auc"]
    found = [estimate_metrics(rows_of(*world(n=200, seed=s)[:2]), n_boot=200)["roc_auc"] for s in range(150)]
    covered = np.mean([estimate.low <= truth <= estimate.high for estimate in found])
    assert 0.84 <= covered <= 0.96


def test_copies_in_one_cluster_leave_the_interval_as_wide_as_one_row_each():
    y, m, _ = world(n=200)
    single = estimate_metrics(rows_of(y, m))["roc_auc"]
    copied = rows_of(np.tile(y, 5), np.tile(m, 5), clusters=np.tile(np.arange(200), 5))
    clustered = estimate_metrics(copied)["roc_auc"]
    assert clustered.high - clustered.low == pytest.approx(single.high - single.low, rel=0.15)


def test_the_same_seed_gives_the_same_interval():
    rows = rows_of(*world(n=100))
    assert estimate_metrics(rows, seed=3) == estimate_metrics(rows, seed=3)
    assert estimate_metrics(rows, seed=3) != estimate_metrics(rows, seed=4)


def test_a_calibrated_model_of_few_rows_is_not_called_miscalibrated():
    found = [estimate_metrics(rows_of(*world(n=100, seed=s)[:2]), n_boot=200) for s in range(60)]
    assert np.mean([f["calibration_error"].low > 0.10 for f in found]) < 0.05
    assert np.mean([f["calibration_error"].value > 0.10 for f in found]) > 0.5


def test_an_overconfident_model_is_seen():
    y, m, _ = world(n=2000, slope=0.5, shift=-0.8)
    found = estimate_metrics(rows_of(y, m), n_boot=200)
    assert found["calibration_slope"].high < 0.8
    assert found["calibration_intercept"].high < -0.5
    assert found["calibration_error"].low > 0.10


def test_one_newton_step_in_large_samples_is_close_to_the_full_bootstrap(monkeypatch):
    rows = rows_of(*world(n=3000))
    exact = estimate_metrics(rows, n_boot=200)["calibration_slope"]
    monkeypatch.setattr("icp_ml.model.evaluation.metrics._EXACT_ROWS", 100)
    quick = estimate_metrics(rows, n_boot=200)["calibration_slope"]
    assert [quick.value, quick.low, quick.high] == pytest.approx([exact.value, exact.low, exact.high], abs=0.01)


def test_repeats_that_agree_give_the_metrics_of_one():
    rows = rows_of(*world())
    assert mean_of_metrics([rows, rows], n_boot=50) == estimate_metrics(rows, n_boot=50)


def test_paired_log_loss_against_itself_and_against_a_constant():
    y, m, w = world(n=1000)
    rows = rows_of(y, m, w)
    same = paired_log_loss(rows, rows.probability)
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)
    better = paired_log_loss(rows, float(np.average(y, weights=w)))
    constant = np.full(len(y), np.average(y, weights=w))
    expected = peer.log_loss(y, expit(m), sample_weight=w) - peer.log_loss(y, constant, sample_weight=w)
    assert better.value == pytest.approx(expected)
    assert better.high < 0


def test_wilson_interval_known_answers():
    assert wilson_interval(0, 0) == (0.0, 1.0)
    low, high = wilson_interval(0, 20)
    assert low == 0.0
    assert high == pytest.approx(1.645**2 / (20 + 1.645**2), abs=1e-3)


def test_reliability_bins_repeat_the_calibration_error():
    rows = rows_of(*world(n=500)[:2])
    bins = reliability_bins(rows)
    gap = sum(b["n"] * abs(b["observed"] - b["predicted"]) for b in bins) / len(rows)
    assert gap == pytest.approx(values(rows)["calibration_error"])
    assert all(b["low"] <= b["observed"] <= b["high"] for b in bins)


def test_the_lift_curve_ends_with_every_success():
    rows = rows_of(*world(n=500))
    curve = lift_curve(rows)
    assert curve[-1] == {"share": 1.0, "captured": pytest.approx(1.0), "lift": pytest.approx(1.0)}
    assert curve[1]["lift"] == pytest.approx(values(rows)["lift_at_10"])


def test_bands_hold_every_account_once_and_know_their_order():
    rows = rows_of(*world(n=1000, slope=3.0)[:2])
    bands = outcome_bands(rows, capacity=100)
    assert [(b["grade"], b["n"]) for b in bands] == [("A", 100), ("B", 100), ("C", 200), ("D", 600)]
    assert bands_are_ordered(bands)
    assert not bands_are_ordered(bands[::-1])


@pytest.mark.parametrize(("capacity", "grades"), [(1000, "A"), (600, "AB"), (5000, "A"), (None, "ABCD")])
def test_bands_without_accounts_are_left_out(capacity, grades):
    assert "".join(b["grade"] for b in outcome_bands(rows_of(*world(n=1000)), capacity)) == grades


def test_a_top_of_successes_only_has_an_interval():
    _, m, _ = world(n=300)
    y = (m > 0).astype(float)
    found = estimate_metrics(rows_of(y, m), n_boot=50)["precision_at_10"]
    assert found.value == 1.0
    assert found.low == pytest.approx(wilson_interval(30, 30)[0])


def test_the_interval_of_the_precision_of_a_high_base_rate_covers():
    y, m, _ = world(n=300_000, seed=99, shift=2.0)
    truth = y[np.argsort(-m)[:30_000]].mean()
    found = [estimate_metrics(rows_of(*world(n=200, seed=s, shift=2.0)[:2]), n_boot=1) for s in range(150)]
    covered = np.mean([each["precision_at_10"].low <= truth <= each["precision_at_10"].high for each in found])
    assert covered >= 0.85
