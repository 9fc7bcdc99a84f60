"""The test against chance holds its size, finds what was planted, and deals whole groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from scipy.stats import mannwhitneyu

from icp_ml.accounts.split import grouped_folds
from icp_ml.model.evaluation.chance import TESTED, against_chance, p_words
from icp_ml.model.evaluation.metrics import scored_rows


def rows_of(outcome, margin, **more):
    return scored_rows(outcome, expit(margin), margin=margin, **more)


def world(seed, n=120, signal=0.0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n)
    return (rng.random(n) < expit(signal * margin)).astype(float), margin


def out_of_fold(seed, n=100, k=20):
    """Return ridge margins of accounts from fits without them, in a world where nothing matters."""
    rng = np.random.default_rng(seed)
    X, y, margin = rng.normal(size=(n, k)), (rng.random(n) < 0.6).astype(float), np.empty(n)
    for train, test in grouped_folds(y, None, 5, 1, seed):
        weights = np.linalg.solve(X[train].T @ X[train] + 20 * np.eye(k), X[train].T @ (y[train] - y[train].mean()))
        margin[test] = X[test] @ weights
    return rows_of(y, margin)


@pytest.mark.parametrize("seed", range(4))
def test_the_p_value_of_the_area_is_that_of_the_rank_sum(seed):
    y, m = world(seed, signal=0.3)
    exact = mannwhitneyu(m[y == 1], m[y == 0], alternative="greater").pvalue
    assert against_chance([rows_of(y, m)], n_permutations=4000).p_value == pytest.approx(exact, abs=0.03)


def test_a_plain_signal_is_found_in_every_metric_and_none_is_smaller_than_possible():
    found = against_chance([rows_of(*world(0, n=400, signal=1.5))], n_permutations=500)
    assert set(found.p_values) == set(TESTED)
    assert all(p <= 0.05 for p in found.p_values.values())
    assert found.p_value == 1 / 501
    assert "is better than chance" in found.sentence


def test_where_nothing_matters_later_accounts_are_rejected_as_often_as_stated():
    p_values = [against_chance([rows_of(*world(s, n=80))], n_permutations=200, seed=s).p_value for s in range(200)]
    assert 0.015 <= np.mean(np.array(p_values) <= 0.05) <= 0.09


def test_out_of_fold_margins_need_the_widening():
    both = [
        [against_chance([out_of_fold(s)], cross_validated=cv, n_permutations=200, seed=s).p_value for s in range(150)]
        for cv in (True, False)
    ]
    widened, plain = (np.mean(np.array(each) <= 0.05) for each in both)
    assert widened <= 0.07 < plain


def test_repeats_are_averaged_and_their_row_orders_agree():
    y, m = world(1, signal=1.0)
    rows = rows_of(y, m)
    once, twice = (against_chance(each, n_permutations=300) for each in ([rows], [rows, rows_of(y, 2 * m - 1)]))
    assert twice.p_values["roc_auc"] == once.p_values["roc_auc"]


def test_row_order_of_equal_rows_and_weights_of_one_do_not_matter():
    y, m = world(2, signal=0.4)
    plain, weighted = rows_of(y, m), rows_of(y, m, weight=np.full(len(y), 3.0))
    ours, theirs = (against_chance([each], n_permutations=300).p_values for each in (plain, weighted))
    assert ours["roc_auc"] == theirs["roc_auc"]


def test_groups_that_are_alike_in_both_are_no_signal():
    def null(seed):
        rng = np.random.default_rng(seed)
        group = np.arange(200) // 5
        y = (rng.random(200) < expit(3 * rng.normal(size=40)[group])).astype(float)
        return y, rng.normal(size=40)[group] + 0.2 * rng.normal(size=200), group

    def share(related):
        worlds = [null(s + 5000) for s in range(120)]
        rows = [rows_of(y, m, clusters=g if related else None) for y, m, g in worlds]
        p_values = [against_chance([each], n_permutations=200, seed=s).p_value for s, each in enumerate(rows)]
        return np.mean(np.array(p_values) <= 0.05)

    assert share(related=True) <= 0.10 < share(related=False)


def test_a_capacity_of_everybody_says_nothing():
    found = against_chance([rows_of(*world(0, signal=2.0))], capacity=500, n_permutations=100)
    assert found.p_values["lift_at_capacity"] == 1.0


def test_one_outcome_cannot_be_tested_and_the_document_is_json():
    found = against_chance([rows_of(np.ones(30), np.arange(30.0))], n_permutations=50)
    assert found.as_document()["p_value"] is None
    assert "cannot be tested" in found.sentence


def test_a_p_value_is_never_written_as_zero():
    assert p_words(0.0004) == "p < 0.001"
