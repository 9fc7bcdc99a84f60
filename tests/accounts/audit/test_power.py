"""The difference that is said to be visible is seen in 8 of 10 simulated tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from icp_ml.accounts.audit.power import SHARES, power_of, visible_difference


def seen(n, base, share, gap, alpha=0.05, tables=4000):
    """Return the share of simulated tables in which a two-sided test of proportions sees the gap."""
    rng = np.random.default_rng(0)
    n_met = round(n * share)
    met = rng.binomial(n_met, base + (1 - share) * gap, tables) / n_met
    others = rng.binomial(n - n_met, base - share * gap, tables) / (n - n_met)
    pooled = (n_met * met + (n - n_met) * others) / n
    error = np.sqrt(pooled * (1 - pooled) * (1 / n_met + 1 / (n - n_met)))
    return np.mean(np.abs(met - others) / error > norm.isf(alpha / 2))


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize(("n", "base"), [(400, 0.5), (310, 0.7), (2000, 0.3)])
@pytest.mark.parametrize("alpha", [0.05, 0.005])
def test_the_visible_difference_is_seen_in_eight_of_ten_tables(n, base, share, alpha):
    gap = visible_difference(n, base, share, alpha)
    up, down = seen(n, base, share, gap, alpha), seen(n, base, share, -gap, alpha)
    assert 0.76 <= min(up, down) <= 0.84
    assert max(up, down) >= 0.78


def test_more_customers_see_less_and_rarer_criteria_need_more():
    assert visible_difference(1000, 0.6, 0.5) < visible_difference(300, 0.6, 0.5) < visible_difference(300, 0.6, 0.1)
    assert visible_difference(300, 0.6, 0.5, 0.005) > visible_difference(300, 0.6, 0.5, 0.05)


@pytest.mark.parametrize(("n", "base"), [(8, 0.5), (0, 0.5), (300, 1.0), (300, float("nan"))])
def test_nothing_is_visible_where_nothing_can_be(n, base):
    assert np.isnan(visible_difference(n, base, 0.1))


def test_the_sentence_has_the_numbers_and_the_document_has_nulls(finished):
    power = power_of(*finished(["yes"] * 252 + ["no"] * 58, {"x": np.arange(310), "y": np.arange(310)}))
    assert power.sentence.startswith("With 310 customers of known outcome and 58 churned, differences in success of 13")
    assert "for the best of 2 attributes" in power.sentence
    few = power_of(*finished(["yes"] * 4 + ["no"], {"x": np.arange(5)}))
    assert few.as_document()["rows"][0]["one"] is None
    assert "no difference in success can be seen" in few.sentence


def test_related_accounts_are_worth_less(finished):
    outcome = np.repeat(np.where(np.random.default_rng(0).random(100) < 0.5, "yes", "no"), 3)
    columns = {"x": np.arange(300), "parent": [f"p{i // 3}" for i in range(300)]}
    alone, related = (
        power_of(*finished(outcome, columns, fits={"technical": ["x"]}, **keys)) for keys in ({}, {"group": "parent"})
    )
    assert related.n_effective == pytest.approx(100, rel=0.05)
    assert related.rows[0].one > 1.5 * alone.rows[0].one
    assert "worth 100 independent ones" in related.sentence
