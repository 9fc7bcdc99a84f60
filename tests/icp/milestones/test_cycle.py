from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from icp_ml.icp.milestones.cycle import deal_book, learn_cycle

TODAY = dt.date(2026, 5, 30)
NEVER = np.datetime64("NaT", "D")


@pytest.fixture
def drawn():
    """Return 400 deals of random length: a third won, the others lost or open."""
    rng = np.random.default_rng(0)
    opened = np.datetime64("2026-01-01", "D") + rng.integers(0, 140, 400)
    closed = opened + rng.integers(1, 90, 400)
    won = (rng.random(400) < 1 / 3).astype(float)
    closed[closed > np.datetime64(TODAY, "D")] = NEVER
    return opened, closed, np.where(np.isnat(closed), np.nan, won)


def test_won_lost_and_open_are_everything(drawn):
    cycle = learn_cycle(*drawn, TODAY)
    lost = np.cumsum(cycle.still_open()[:-1] * cycle.loss)
    np.testing.assert_allclose(cycle.won_by()[1:] + lost + cycle.still_open()[1:], 1.0)


def test_without_open_deals_the_curve_is_the_share_won():
    opened = np.full(40, "2026-01-01", dtype="datetime64[D]")
    cycle = learn_cycle(opened, opened + np.arange(1, 41), np.tile([1.0, 0.0], 20), TODAY)
    assert cycle.ever_won == pytest.approx(0.5)
    assert cycle.won_by()[21] == pytest.approx(10 / 40)


def test_young_open_deals_do_not_lower_the_chance_to_win(drawn):
    opened, closed, won = drawn
    young = np.full(300, TODAY, dtype="datetime64[D]")
    more = learn_cycle(
        np.append(opened, young), np.append(closed, np.full(300, NEVER)), np.append(won, np.full(300, np.nan)), TODAY
    )
    assert more.ever_won == pytest.approx(learn_cycle(*drawn, TODAY).ever_won)


def test_expected_wins_of_the_deals_it_was_learnt_from_are_their_wins(drawn):
    opened, closed, won = drawn
    cycle = learn_cycle(*drawn, TODAY)
    end = np.where(np.isnat(closed), np.datetime64(TODAY, "D"), closed)
    age = (end - opened).astype("int64")
    assert cycle.expected_wins(np.zeros(400, dtype="int64"), age) == pytest.approx(np.nansum(won))


def test_a_new_deal_is_an_open_one_of_age_zero(drawn):
    cycle = learn_cycle(*drawn, TODAY)
    one_each_day = cycle.wins_of_new(30)
    first_only = cycle.wins_of_open(np.zeros(1, dtype="int64"), 30)
    np.testing.assert_allclose(np.diff(one_each_day, prepend=0.0), first_only)


def test_an_open_deal_older_than_any_seen_brings_nothing(drawn):
    cycle = learn_cycle(*drawn, TODAY)
    assert cycle.wins_of_open(np.array([5000]), 30).max() == 0.0


def test_what_happened_after_the_day_is_not_known(drawn):
    opened, closed, won = drawn
    early = dt.date(2026, 3, 31)
    later = np.isnat(closed) | (closed > np.datetime64(early, "D"))
    seen = learn_cycle(opened, np.where(later, NEVER, closed), np.where(later, np.nan, won), early)
    found = learn_cycle(*drawn, early)
    np.testing.assert_array_equal(found.win, seen.win)
    assert found.n_open == (later & (opened <= np.datetime64(early, "D"))).sum() < later.sum()


def test_nine_won_deals_are_too_few(drawn):
    opened, closed, won = drawn
    won = np.where(np.cumsum(np.nan_to_num(won)) > 9, 0.0, won)
    assert learn_cycle(opened, closed, won, TODAY) is None


def test_the_cycle_is_the_one_known_before_the_campaign(usual_deals):
    deals = usual_deals()
    book = deal_book(deals, dt.date(2026, 5, 1), TODAY)
    slower = usual_deals()
    recent = slower.opened > np.datetime64("2026-03-25", "D")
    slower.closed[recent] = NEVER
    assert book.is_known_before
    np.testing.assert_array_equal(deal_book(slower, dt.date(2026, 5, 1), TODAY).cycle.win, book.cycle.win)


def test_a_book_knows_what_was_open_on_a_day(usual_deals):
    book = deal_book(usual_deals(), dt.date(2026, 5, 1), TODAY)
    assert len(book.open_ages(dt.date(2026, 5, 1))) == 40 + 3 * 50
    assert book.opened_between(dt.date(2026, 5, 1), TODAY) == 4 * 30
    assert book.expected_wins(dt.date(2026, 5, 1), TODAY) == pytest.approx(30, abs=0.1)
