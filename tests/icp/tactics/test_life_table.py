"""Chances of one period by age: exact where nothing is cut, right where much is, blind to what lies outside."""

import datetime as dt

import numpy as np
import pytest

from icp_ml.icp.tactics.life_table import Spells, compared, life_table
from icp_ml.icp.tactics.stages import overdispersion
from icp_ml.icp.tactics.window import Window

YEAR = Window(dt.date(2025, 1, 1), dt.date(2025, 12, 31))
DAY = np.datetime64("2025-01-01", "D")
NEVER = np.datetime64("NaT", "D")
ONE = np.timedelta64(1, "D")


def spells(start, end, kind):
    return Spells(np.array(start, dtype="M8[D]"), np.array(end, dtype="M8[D]"), np.array(kind))


def told(now, reference):
    return compared(now, reference, 2000, np.random.default_rng(0))


def test_without_open_deals_it_is_the_share():
    ended = life_table(spells([DAY] * 10, [DAY + 5 * ONE] * 10, [1] * 4 + [0] * 6), YEAR, 12)
    assert told(ended, ended) is None  # four ends are too few to speak
    twice = life_table(spells([DAY] * 20, [DAY + 5 * ONE] * 20, [1] * 8 + [0] * 12), YEAR, 12)
    assert told(twice, twice).reference == pytest.approx(0.4)
    assert told(twice, twice).now == pytest.approx(0.4)


def test_an_open_deal_counts_as_open_not_as_lost():
    rng = np.random.default_rng(0)
    opened = DAY + rng.integers(0, 365, 4000) * ONE
    closed = opened + rng.integers(1, 200, 4000) * ONE
    kind = (rng.random(4000) < 0.3).astype(int)
    seen = np.where(closed > YEAR.ends[1], NEVER, closed)
    table = life_table(spells(opened, seen, np.where(np.isnat(seen), 0, kind)), YEAR, 200)
    assert told(table, table).reference == pytest.approx(0.3, abs=0.03)


def test_only_the_days_inside_the_window_are_at_risk():
    table = life_table(
        spells([DAY - 100 * ONE, DAY - 100 * ONE, DAY - 400 * ONE], [NEVER, DAY - 1 * ONE, DAY + 3 * ONE], [0, 1, 1]),
        YEAR,
        120,
    )
    assert table.n == 1  # the second ended before, the third is too old
    assert table.days.sum() == 20
    assert table.counted.sum() == 0


def test_draws_lie_around_the_value_and_know_that_none_seen_is_not_none_possible():
    some = life_table(spells([DAY] * 400, [DAY + 30 * ONE] * 400, [1] * 100 + [0] * 300), YEAR, 60)
    none = life_table(spells([DAY] * 40, [DAY + 30 * ONE] * 40, [0] * 40), YEAR, 60)
    found = told(none, some)
    assert found.reference_draws.mean() == pytest.approx(0.25, abs=0.02)
    assert 0.01 < found.reference_draws.std() < 0.04
    assert found.now == 0
    assert found.now_draws.max() > 0
    assert told(some, none) is None


def test_half_the_chances_halve_the_ends_at_every_age():
    rng = np.random.default_rng(0)
    opened = DAY + rng.integers(0, 200, 4000) * ONE
    ended = opened + rng.integers(1, 100, 4000) * ONE
    before = life_table(spells(opened, np.where(rng.random(4000) < 0.2, ended, NEVER), [1] * 4000), YEAR, 100)
    now = life_table(spells(opened, np.where(rng.random(4000) < 0.1, ended, NEVER), [1] * 4000), YEAR, 100)
    found = told(now, before)
    assert found.reference == pytest.approx(0.2, abs=0.02)
    assert found.now == pytest.approx(0.1, abs=0.015)
    assert found.days == 99


def test_it_reaches_as_far_as_accounts_have_lived():
    table = life_table(spells([YEAR.ends[1] - 30 * ONE] * 5, [NEVER] * 5, [0] * 5), YEAR, 120)
    assert table.edges[table.reaches] == 30
    assert life_table(spells([], [], []).of(np.zeros(0, dtype=bool)), YEAR, 120).reaches == 0


def test_bursts_are_more_spread_than_chance():
    rng = np.random.default_rng(0)
    even = DAY + rng.integers(0, 365, 2000) * ONE
    bursts = DAY + np.repeat(rng.integers(0, 365, 40), 50)
    assert overdispersion(even, YEAR) < 1.7
    assert overdispersion(bursts, YEAR) > 10
    assert overdispersion(bursts[:0], YEAR) == 1
