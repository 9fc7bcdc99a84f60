"""A difference between periods of signing is told from a difference between customers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.icp.standing.periods import within_periods


def drifting(n=1200, gain=0.0, seed=0):
    """Return customers of two eras: the later ones are larger and succeed less often; size itself adds `gain`."""
    rng, late = np.random.default_rng(seed), np.arange(n) >= n // 2
    size = np.where(rng.random(n) < np.where(late, 0.85, 0.15), 20.0, 5.0)
    wins = rng.random(n) < np.where(late, 0.4, 0.75) + gain * (size == 20)
    signed = (np.datetime64("2021-01-01", "D") + np.arange(n)).astype("datetime64[s]")
    return pd.DataFrame({"size": size, "signed": signed, "result": np.where(wins, "yes", "no")})


def within(base):
    return within_periods(base, base.matches("size >= 10"), np.ones(len(base), dtype=bool))


def test_what_goes_with_the_time_of_signing_vanishes_within_periods(base_of):
    found = within(base_of(drifting()))
    assert found.crude < -0.15
    assert abs(found.within) < 3 * found.error < 0.15
    assert found.explains
    assert found.sentence.startswith("It goes with the time of signing: compared within 20 periods")


def test_what_is_of_the_customers_stays(base_of):
    found = within(base_of(drifting(gain=0.2)))
    assert found.within == pytest.approx(0.2, abs=0.1)
    assert not found.explains


def test_a_plain_difference_is_left_alone(base_of, company):
    explained = [within(base_of(company(600, seed=seed))).explains for seed in range(10)]
    assert explained == [False] * 10


def test_only_customers_followed_for_the_whole_horizon_are_compared(base_of, company):
    base = base_of(company(600))
    followed, large = base.labels.followed, base.matches("size >= 10")
    shares = [base.labels.label[followed & side].mean() for side in (large, ~large)]
    assert within(base).crude == pytest.approx(shares[0] - shares[1])


def test_nothing_is_said_without_dates_or_with_few_customers(base_of):
    assert within(base_of(drifting().drop(columns="signed"))) is None
    assert within(base_of(drifting(n=60))) is None
