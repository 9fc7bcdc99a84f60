"""Shares and areas among some accounts are those of plain arithmetic, and their errors cover the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from icp_ml.model.evaluation.judged import (
    auc_estimate,
    auc_of,
    end_of_list,
    judged_rows,
    share_of,
    success_share,
    top_share,
    two_sided_p,
)


def drawn(seed, n=200, weighted=False):
    rng = np.random.default_rng(seed)
    margin = np.round(rng.normal(0.3, 1.0, n), 1)
    weight = rng.uniform(0.5, 3.0, n) if weighted else None
    return judged_rows(rng.random(n) < expit(margin), margin, weight=weight)


@pytest.mark.parametrize("seed", range(10))
def test_the_area_is_that_of_scikit_learn(seed):
    rows = drawn(seed, weighted=True)
    inside = (np.arange(200) % 3 > 0).astype(float)
    chosen = inside > 0
    expected = roc_auc_score(rows.outcome[chosen], rows.margin[chosen], sample_weight=rows.weight[chosen])
    assert auc_of(rows, inside).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("measure", [auc_of, lambda rows, inside: share_of(rows, rows.outcome, inside)])
def test_influences_sum_to_nothing_and_outsiders_have_none(measure):
    inside = (np.arange(200) < 120).astype(float)
    found = measure(drawn(1, weighted=True), inside)
    assert found.influence.sum() == pytest.approx(0.0, abs=1e-12)
    assert not found.influence[120:].any()


def test_the_error_of_a_share_is_that_of_the_textbook():
    rows, everybody = drawn(2), np.ones(200)
    p = rows.outcome.mean()
    assert share_of(rows, rows.outcome, everybody).error == pytest.approx(np.sqrt(p * (1 - p) / 199))


def test_rows_that_stand_twice_are_no_more_evidence():
    single = drawn(3)
    twice = judged_rows(*(np.repeat(a, 2) for a in (single.outcome, single.margin)), clusters=np.repeat(range(200), 2))
    for measure in (lambda r: auc_of(r, np.ones(len(r))), lambda r: share_of(r, r.probability, np.ones(len(r)))):
        assert measure(twice).value == pytest.approx(measure(single).value)
        assert measure(twice).error == pytest.approx(measure(single).error, rel=0.01)


def test_intervals_cover_the_truth():
    everybody, truth = np.ones(60), auc_of(drawn(99, 200_000), np.ones(200_000)).value
    found = [drawn(seed, 60) for seed in range(400)]
    areas = [auc_estimate(rows, auc_of(rows, everybody), everybody) for rows in found]
    gaps = [share_of(rows, rows.outcome - rows.probability, everybody).estimate() for rows in found]
    assert 0.86 <= np.mean([area.low <= truth <= area.high for area in areas]) <= 0.95
    assert 0.86 <= np.mean([gap.low <= 0 <= gap.high for gap in gaps]) <= 0.95


def test_a_perfect_order_of_few_accounts_still_has_an_interval():
    rows = judged_rows([0] * 20 + [1] * 6, range(26))
    area = auc_estimate(rows, auc_of(rows, np.ones(26)), np.ones(26))
    assert (area.value, area.high) == (1.0, 1.0)
    assert 0.5 < area.low < 0.8


def test_a_perfect_order_with_weights_has_an_interval_too():
    rows = judged_rows([0] * 20 + [1] * 20, range(40), weight=np.linspace(0.7, 3.1, 40))
    assert auc_estimate(rows, auc_of(rows, np.ones(40)), np.ones(40)).low < 0.95


def test_one_class_has_no_area_and_everybody_succeeding_still_has_an_interval():
    rows, everybody = judged_rows([1] * 30, range(30)), np.ones(30)
    assert np.isnan(auc_estimate(rows, auc_of(rows, everybody), everybody).low)
    assert 0.85 < success_share(rows, everybody).low < 1.0
    assert np.isnan(two_sided_p(share_of(rows, rows.outcome, everybody) - share_of(rows, rows.outcome, 1 - everybody)))


def test_a_difference_without_any_spread_has_no_p_value():
    rows, first = judged_rows([0, 1] * 20, range(40)), (np.arange(40) < 20).astype(float)
    assert np.isnan(two_sided_p(share_of(rows, np.ones(40), first) - share_of(rows, np.zeros(40), 1 - first)))


def test_the_ends_of_the_list_take_ties_in_part():
    rows = judged_rows([0, 1, 0, 1, 1], [3, 2, 2, 1, 0])
    assert end_of_list(rows, 0.4).tolist() == [1.0, 0.5, 0.5, 0.0, 0.0]
    assert end_of_list(rows, 0.2, lowest=True).tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]


def test_a_capacity_that_leaves_no_choice_is_not_the_top():
    assert [top_share(100, capacity) for capacity in (None, 80, 50, 10)] == [0.2, 0.2, 0.5, 0.1]


def test_outcomes_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="expected outcomes 0 or 1"):
        judged_rows([0, 1, np.nan], [0, 0, 0])
