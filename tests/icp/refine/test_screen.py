"""The best of many rules is tested against the best that chance reaches."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from icp_ml.icp.refine.sample import Sample, chosen_by, sums_of, z_values
from icp_ml.icp.refine.screen import false_discovery_rates, screen


def test_with_equal_weights_z_is_that_of_two_proportions(world):
    (grid, *_), sample = world(n=200, gain=0.3)
    z = z_values(grid, sums_of(grid, sample))[0]
    inside, against = grid.sides(3)
    p = sample.outcome.mean()
    spread = np.sqrt(p * (1 - p) * (1 / inside.sum() + 1 / against.sum()))
    assert z[3] == pytest.approx((sample.outcome[inside].mean() - sample.outcome[against].mean()) / spread)


def test_under_chance_the_p_values_are_uniform(world):
    p_values = []
    for seed in range(60):
        grids, sample = world(n=150, seed=seed)
        p_values += [one.p_value for one in screen(grids, sample, n_permutations=99, seed=seed)]
    assert 0.02 <= np.mean(np.array(p_values) <= 0.05) <= 0.09
    assert kstest(p_values, "uniform").pvalue > 0.01


def test_without_the_permutations_the_best_of_many_would_look_like_a_finding(world):
    naive = []
    for seed in range(40):
        grids, sample = world(n=150, seed=seed)
        naive += [chosen_by(grid, sums_of(grid, sample))[0].max() > 1.645 for grid in grids]
    assert np.mean(naive) > 0.5


def test_a_planted_cut_is_found_and_the_rest_is_not(world):
    grids, sample = world(n=600, gain=0.35)
    first, *others = screen(grids, sample, n_permutations=499)
    assert first.p_value == 1 / 500
    assert grids[0].candidates[first.which].threshold == pytest.approx(0.0, abs=0.3)
    assert min(one.p_value for one in others) > 0.02


def test_related_customers_are_dealt_together(world):
    rng, rejected = np.random.default_rng(0), {True: 0, False: 0}
    for seed in range(30):
        (grid, *_), sample = world(n=200)
        group = np.arange(200) // 10
        of_group = replace(grid, cell=rng.integers(0, grid.n_cells, 20)[group])
        alike = (rng.random(20) < 0.5)[group].astype(float)
        for related in rejected:
            each = Sample(sample.rows, alike, np.ones(200), group if related else np.arange(200))
            rejected[related] += screen([of_group], each, n_permutations=99, seed=seed)[0].p_value <= 0.05
    assert rejected[True] <= 5
    assert rejected[False] >= 15


def test_weights_count(world):
    grids, sample = world(n=400, gain=0.3)
    heavy = Sample(sample.rows, sample.outcome, np.where(sample.rows % 2, 3.0, 1.0), sample.clusters)
    z, z_heavy = (chosen_by(grids[0], sums_of(grids[0], each))[0].max() for each in (sample, heavy))
    assert z_heavy != z
    assert screen(grids, heavy, n_permutations=199)[0].p_value <= 0.01


def test_one_outcome_alone_tells_nothing(world):
    grids, sample = world(n=100)
    one = Sample(sample.rows, np.ones(100), np.ones(100), sample.clusters)
    assert [found.p_value for found in screen(grids, one, n_permutations=19)] == [1.0] * 3


def test_q_values_never_fall_when_p_values_rise():
    p = np.random.default_rng(0).random(50)
    q = false_discovery_rates(p)
    order = np.argsort(p)
    assert (np.diff(q[order]) >= 0).all()
    assert (q >= p - 1e-12).all()
    assert false_discovery_rates([0.02]).tolist() == [0.02]
