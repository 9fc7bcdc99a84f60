"""How many accounts a weighted, grouped table is worth."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.accounts.intervals import effective_n, wilson_interval


def test_an_interval_holds_its_share_and_shrinks():
    wide, narrow = wilson_interval(8, 10), wilson_interval(800, 1000)
    assert wide[0] < narrow[0] < 0.8 < narrow[1] < wide[1]
    assert wilson_interval(0, 0) == (0.0, 1.0)


def test_equal_weights_are_worth_their_number_and_unequal_ones_less():
    outcome = np.tile([0.0, 1.0], 50)
    assert effective_n(outcome, np.ones(100)) == 100
    assert effective_n(outcome, np.full(100, 3.0)) == pytest.approx(100)
    assert effective_n(outcome, np.r_[np.ones(50), np.full(50, 9.0)]) < 65
    assert effective_n(outcome, np.zeros(100)) == 0


def test_accounts_that_end_alike_are_worth_one_and_unrelated_ones_their_number():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(200), 4)
    alike = np.repeat((rng.random(200) < 0.5).astype(float), 4)
    unrelated = (rng.random(800) < 0.5).astype(float)
    assert effective_n(alike, np.ones(800), groups) == pytest.approx(200, rel=0.02)
    assert effective_n(unrelated, np.ones(800), groups) > 600
    assert effective_n(np.ones(800), np.ones(800), groups) == 200


def test_the_effective_number_gives_the_spread_of_repeated_tables():
    """The binomial spread at the effective number is that of the share over many grouped tables."""
    shares, sizes = [], []
    for seed in range(300):
        rng = np.random.default_rng(seed)
        chance = rng.beta(2, 2, 60)
        outcome = (rng.random(240) < np.repeat(chance, 4)).astype(float)
        shares.append(outcome.mean())
        sizes.append(effective_n(outcome, np.ones(240), np.repeat(np.arange(60), 4)))
    assert np.sqrt(0.25 / np.mean(sizes)) == pytest.approx(np.std(shares), rel=0.12)
