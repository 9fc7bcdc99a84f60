"""A company at a steady pace: 40 deals opened a week, a third won after 20 to 60 days, customers who leave evenly."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.deals import Deals
from icp_ml.icp.market import Market

TODAY = np.datetime64("2026-06-30", "D")
STARTS = np.datetime64("2026-05-01", "D")
NO_DAY = np.datetime64("NaT", "D")


def steady_deals(rng, n=5000, days=880):
    opened = TODAY - rng.integers(0, days, n)
    won = rng.random(n) < 1 / 3
    closed = opened + np.where(won, rng.integers(20, 61, n), rng.integers(10, 121, n))
    return opened, np.where(closed > TODAY, NO_DAY, closed), np.where(closed > TODAY, np.nan, won)


@pytest.fixture
def steady(base_of):
    """Return a maker of a base and a market; half the accounts match, and everything can be made to fall."""

    def make(*, reach=1.0, conversion=1.0, leaving=0.0, seed=0, **keys):
        rng = np.random.default_rng(seed)
        opened, closed, won = steady_deals(rng)
        rows = (opened < STARTS) | (rng.random(len(opened)) < reach)
        turned = (won == 1) & (closed >= STARTS) & (rng.random(len(won)) > conversion)
        deals = {"opened": opened[rows], "closed": closed[rows], "won": np.where(turned, 0.0, won)[rows]}
        ids = np.array([f"A{at}" for at in range(len(opened))], dtype=object)[rows]
        size, value = rng.integers(1, 20, len(ids)).astype(float), rng.lognormal(9, 0.5, len(ids))
        signed = deals["won"] == 1
        frame = customers_of(ids[signed], size[signed], deals["closed"][signed], leaving, rng)
        base = base_of(frame, deals=Deals(account=ids, value=value, **deals), **keys)
        answers = {"size >= 10": (size[~signed] >= 10).astype(np.int8)}
        return base, Market(ids[~signed], answers, np.ones((~signed).sum(), dtype=bool))

    return make


def customers_of(ids, size, signed, leaving, rng):
    ended = signed + rng.geometric(1 / 700, len(ids))
    ended = np.where(ended > TODAY, NO_DAY, ended)
    young = np.isnat(ended) & (size >= 10) & (signed < STARTS) & (rng.random(len(ids)) < leaving)
    ended = np.where(young, STARTS + rng.integers(1, 60, len(ids)), ended)
    days = {"signed": signed.astype("datetime64[s]"), "ended": ended.astype("datetime64[s]")}
    return pd.DataFrame({"id": ids, "size": size, **days})
