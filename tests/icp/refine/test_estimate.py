"""Effects are estimated on accounts that did not choose the rule, then shrunk."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.icp.refine.estimate import TwoGroups, cross_fitted, folds_of, two_groups
from icp_ml.icp.refine.sample import Sample, chosen_by, sums_of


def test_where_nothing_matters_the_cross_fitted_effect_is_nothing_on_average(world):
    crossed, naive = [], []
    for seed in range(40):
        grids, sample = world(n=200, seed=seed)
        folds = folds_of(sample, seed)
        for grid in grids:
            crossed.append(cross_fitted(grid, sample, folds).step)
            best = int(np.argmax(chosen_by(grid, sums_of(grid, sample))[0]))
            inside, against = grid.sides(best)
            naive.append(sample.outcome[inside].mean() - sample.outcome[against].mean())
    assert abs(np.mean(crossed)) < 0.02
    assert np.mean(naive) > 0.10


def test_a_planted_effect_comes_back(world):
    found = [
        cross_fitted(grids[0], s, folds_of(s, 0)).gain
        for grids, s in (world(n=800, gain=0.3, seed=i) for i in range(10))
    ]
    assert np.mean(found) == pytest.approx(0.3, abs=0.03)


def test_related_customers_share_a_fold():
    clusters = np.repeat(np.arange(30), 3)
    sample = Sample(np.arange(90), np.zeros(90), np.ones(90), clusters)
    for fold in folds_of(sample, 0):
        assert all(len(set(fold[clusters == one])) == 1 for one in range(30))


def test_related_customers_make_the_error_larger(world):
    rng = np.random.default_rng(0)
    group = np.arange(400) // 8
    alike = (rng.random(50) < 0.5)[group].astype(float)
    grids, sample = world(n=400)
    errors = []
    for clusters in (np.arange(400), group):
        each = Sample(sample.rows, alike, np.ones(400), clusters)
        errors.append(cross_fitted(grids[0], each, np.zeros((1, 400), dtype=int) + np.arange(400) % 5).step_error)
    assert errors[1] > 2 * errors[0]


@pytest.mark.parametrize("seed", range(3))
def test_the_mixture_of_many_attributes_is_found(seed):
    rng = np.random.default_rng(seed)
    truth = np.where(rng.random(400) < 0.6, 0.0, rng.normal(0.15, 0.04, 400))
    found = two_groups(truth + rng.normal(0, 0.03, 400), np.full(400, 0.03))
    assert found.null_share == pytest.approx(0.6, abs=0.1)
    assert found.middle == pytest.approx(0.15, abs=0.02)


def test_shrinking_pulls_towards_nothing_the_more_the_less_is_known():
    prior = TwoGroups(0.7, 0.1, 0.05)
    sure, unsure = (prior.shrunk(0.12, error)[0] for error in (0.01, 0.08))
    assert 0 < unsure < sure < 0.125


def test_a_handful_of_attributes_is_no_reason_to_fail():
    assert np.isfinite(two_groups([0.1], [0.05]).shrunk(0.1, 0.05)).all()
    assert np.isfinite(two_groups([float("nan")], [float("nan")]).shrunk(0.1, 0.05)).all()
