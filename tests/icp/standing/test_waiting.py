"""How many customers a question takes, and how long until there are so many."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.accounts.audit.power import visible_difference
from icp_ml.icp.contrast import contrast
from icp_ml.icp.standing.waiting import Arrivals, Needed, accounts_needed, needed_for


@pytest.mark.parametrize("base", [0.3, 0.6, 0.85])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.7])
def test_so_many_customers_show_ten_points(base, share):
    n = accounts_needed(base, share, alpha=0.01)
    assert visible_difference(n, base, share, 0.01) == pytest.approx(0.1, abs=1e-6)


def test_so_many_customers_show_it_in_eight_of_ten_draws():
    n, rng = round(accounts_needed(0.6, 0.5)), np.random.default_rng(0)
    inside = np.arange(n) < n // 2
    seen = [
        abs(contrast(inside, (rng.random(n) < np.where(inside, 0.65, 0.55)).astype(float), np.ones(n)).z) > 1.96
        for _ in range(800)
    ]
    assert np.mean(seen) == pytest.approx(0.8, abs=0.05)


@pytest.mark.parametrize(("base", "share"), [(0.0, 0.5), (1.0, 0.5), (0.5, 0.0), (0.5, 1.0)])
def test_no_number_will_do(base, share):
    assert np.isnan(accounts_needed(base, share))


def test_young_customers_become_known_before_new_ones(base_of, company):
    base = base_of(company(400))
    arrivals = Arrivals.of(base.labels, base.customers.as_of)
    assert len(arrivals.waiting) == base.labels.n_censored
    assert arrivals.per_day == pytest.approx(100 / 365, rel=0.3)
    assert arrivals.days_until(0) == 0
    assert arrivals.days_until(1) == arrivals.waiting[0] <= arrivals.days_until(20) <= 365
    extra = arrivals.days_until(base.labels.n_censored + 10)
    assert extra == pytest.approx(365 + 10 / arrivals.per_day, abs=1)


def test_without_dates_nobody_can_say_how_long():
    arrivals = Arrivals(np.empty(0, dtype=np.int64), None, 0)
    inside = np.arange(40) < 20
    needed = needed_for(
        contrast(inside, (np.arange(40) % 2).astype(float), np.ones(40)), arrivals, answered_share=1, alpha=0.05
    )
    assert needed.days is None
    assert "at the present intake" not in needed.sentence
    assert needed.more == needed.accounts - 40


def test_enough_customers_say_so():
    assert Needed(500, 0, 0, 0.083).sentence == (
        "500 customers of known outcome are enough to see 10 points; today 9 points and more show."
    )
    assert Needed().sentence == ""
