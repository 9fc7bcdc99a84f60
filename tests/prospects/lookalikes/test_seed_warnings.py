"""A warning about seeds comes when there is something to warn of, and seldom otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.prospects.lookalikes.seed_warnings import far_from_the_others, like_all_customers, outliers

N = 400


def customers(seed):
    """Return coordinates in which successes stand higher, log-odds and who succeeded."""
    draw = np.random.default_rng(seed)
    succeeded = draw.random(N) < 0.5
    at = draw.normal(size=(N, 4)) + 0.5 * succeeded[:, None]
    return at, at.sum(axis=1), succeeded


def subset(pool, n, seed):
    chosen = np.zeros(N, dtype=bool)
    chosen[np.random.default_rng([seed, 1]).choice(np.flatnonzero(pool), n, replace=False)] = True
    return chosen


def share_warned(pool_of, n_seeds=40, n_times=20):
    told = 0
    for seed in range(n_times):
        at, margin, succeeded = customers(seed)
        told += bool(like_all_customers(at, margin, subset(pool_of(at, succeeded), n_seeds, seed), succeeded, seed=0))
    return told / n_times


def test_customers_drawn_at_random_say_no_more_than_all_customers():
    assert share_warned(lambda at, succeeded: np.ones(N, dtype=bool)) >= 0.75


@pytest.mark.parametrize("n_seeds", [8, 40])
def test_successes_drawn_at_random_are_seldom_warned_of(n_seeds):
    assert share_warned(lambda at, succeeded: succeeded, n_seeds, n_times=60) <= 0.1


def test_customers_of_the_lowest_chance_are_no_random_customers():
    assert share_warned(lambda at, succeeded: at.sum(axis=1) < 1.0) == 0.0


def test_a_narrow_list_of_ordinary_chance_says_something():
    assert share_warned(lambda at, succeeded: np.abs(at[:, :2] - 0.25).max(axis=1) < 0.7) <= 0.1


def test_all_successes_are_never_warned_of():
    at, margin, succeeded = customers(0)
    assert like_all_customers(at, margin, succeeded, succeeded, seed=0) == []


def test_one_account_unlike_the_others_is_named():
    at = np.vstack([np.random.default_rng(0).normal(size=(60, 4)), np.full((1, 4), 9.0)])
    ids = [f"c{row}" for row in range(61)]
    assert outliers(at).tolist() == [60]
    assert far_from_the_others(at, ids, "id") == [
        "1 of the 61 seeds is far from the others ('c60'): check whether they belong."
    ]


def test_five_are_named_and_the_others_counted():
    at = np.vstack(
        [np.random.default_rng(0).normal(size=(60, 4)), 20.0 * np.eye(8)[:, :4] + 30 * np.arange(8)[:, None]]
    )
    (told,) = far_from_the_others(at, [f"c{row:02d}" for row in range(68)], "id")
    assert told.startswith("8 of the 68 seeds are far from the others ('c60', 'c61', 'c62', 'c63', 'c64', ...)")


@pytest.mark.parametrize("shape", [(19, 4), (60, 4)])
def test_accounts_that_are_all_alike_have_no_outliers(shape):
    assert outliers(np.ones(shape)).tolist() == []


def test_ordinary_accounts_are_seldom_outliers():
    named = [len(outliers(np.random.default_rng(seed).normal(size=(200, 4)))) for seed in range(50)]
    assert np.mean(named) <= 0.2
