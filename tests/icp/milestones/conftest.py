"""Campaigns and bases whose goal is 100,000 in the 90 days from May 2026."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.deals import Deals
from icp_ml.accounts.progress import Progress
from icp_ml.icp.milestones.campaign import Campaign

FIRST, LAST = dt.date(2026, 5, 1), dt.date(2026, 7, 29)


@pytest.fixture
def campaign():
    """Return a maker of campaigns of 90 days from the days of their wins."""

    def make(days=(), amount=1.0, *, measure="customers", target=20.0, elapsed=90, baseline=0.0):
        day = np.sort(np.array(days, dtype="int64"))
        return Campaign(measure, target, baseline, FIRST, LAST, elapsed, day, np.full(len(day), float(amount)))

    return make


@pytest.fixture
def progress():
    """Return a maker of progress tables: days as text, amounts."""

    def make(days=(), amounts=5000.0, **counts):
        day = np.array(days, dtype="datetime64[D]")
        amount = np.broadcast_to(np.asarray(amounts, dtype=float), len(day)).copy()
        return Progress(day, None, amount, {name: np.asarray(cells, dtype=float) for name, cells in counts.items()})

    return make


@pytest.fixture
def judged_base(base_of):
    """Return a maker of bases with eight customers, today the 30th day of the situation."""

    def make(situation=None, **changes):
        keys = changes.pop("study", None)
        frame = changes.pop("frame", pd.DataFrame({"size": np.arange(8.0), "result": ["yes", "no"] * 4}))
        changes.setdefault("today", dt.date(2026, 5, 30))
        return base_of(frame, study=keys, situation=situation, **changes)

    return make


@pytest.fixture
def usual_deals():
    """Return a maker of deals opened every day, a quarter won 40 days later and the rest lost after 50."""

    def make(first="2025-05-01", last="2026-05-30", today="2026-05-30", value=5000.0):
        days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + np.timedelta64(1, "D"))
        opened = np.repeat(days, 4)
        won = np.tile([1.0, 0.0, 0.0, 0.0], len(days))
        closed = opened + np.where(won == 1, 40, 50).astype("timedelta64[D]")
        is_open = closed > np.datetime64(today, "D")
        closed[is_open] = np.datetime64("NaT", "D")
        won[is_open] = np.nan
        return Deals(np.full(len(opened), None), opened, closed, won, np.full(len(opened), value))

    return make
