"""Two ways of scoring the same accounts are compared with one bootstrap."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.model.evaluation.metrics import estimate_metrics, metric_lines, scored_rows
from icp_ml.model.evaluation.paired import Side, paired_differences, same_accounts


def two(n=400, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(0.4, 1.0, n)
    y = (rng.random(n) < expit(margin)).astype(float)
    worse = margin + rng.normal(0, 0.7, n)
    return [scored_rows(y, expit(m), margin=m) for m in (margin, worse)]


def lines(rows, weights):
    return metric_lines(rows, weights, 0.1)


def test_a_scoring_against_itself_is_nothing():
    first, _ = two()
    found = paired_differences(same_accounts([first]), same_accounts([first]), lines, n_boot=50, seed=0)
    assert all((each.low, each.value, each.high) == (0, 0, 0) for each in found.values())


def test_the_difference_is_that_of_the_metrics_and_surer_than_either():
    first, second = two()
    found = paired_differences(same_accounts([first]), same_accounts([second]), lines, n_boot=200, seed=0)["roc_auc"]
    ours, theirs = (estimate_metrics(rows, n_boot=200)["roc_auc"] for rows in (first, second))
    assert found.value == pytest.approx(ours.value - theirs.value)
    assert found.low > 0
    assert found.high - found.low < ours.high - ours.low


def test_sides_with_other_accounts_share_the_draws_of_those_in_both():
    first, _ = two()
    half = first.position < 200
    part = scored_rows(first.outcome[half], first.probability[half], margin=first.margin[half])
    codes = first.position[half][part.position]
    found = paired_differences(Side([part], [codes]), Side([first], [first.position]), lines, n_boot=200, seed=0)
    assert found["roc_auc"].low < 0 < found["roc_auc"].high
