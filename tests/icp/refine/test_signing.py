"""A rule that only goes with the time of signing is told from one that goes with success."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from icp_ml.icp.refine.signing import differs_by_period, within_periods


def customers(seed, within, n=800):
    """Return a rule met by newer customers, of whom fewer succeed, and `within` more where it is met."""
    rng = np.random.default_rng(seed)
    age = rng.random(n)
    mask = rng.random(n) < 0.2 + 0.6 * age
    y = (rng.random(n) < 0.3 + 0.4 * age + within * (mask - 0.5)).astype(float)
    as_of = np.datetime64("2024-01-01", "D") - (1000 * age).astype(int)
    return mask, SimpleNamespace(label=y, followed=np.ones(n, dtype=bool)), as_of


def test_a_rule_of_newer_customers_differs_by_period_and_another_does_not():
    mask, _, as_of = customers(0, 0.0)
    assert differs_by_period(mask, as_of)
    assert not differs_by_period(np.random.default_rng(1).random(800) < 0.5, as_of)


def test_within_periods_nothing_is_left_of_what_only_time_does():
    p_values = np.array(
        [within_periods(m, ~m, labels, days).p_value for m, labels, days in (customers(s, 0.0) for s in range(60))]
    )
    assert np.mean(p_values <= 0.05) <= 0.15
    assert np.mean(p_values) > 0.35


def test_within_periods_a_real_difference_stays():
    mask, labels, as_of = customers(0, 0.25)
    found = within_periods(mask, ~mask, labels, as_of)
    assert found.p_value < 0.001
    assert found.difference == pytest.approx(0.25, abs=0.08)


def test_nobody_followed_is_no_evidence():
    mask, labels, as_of = customers(0, 0.25, n=50)
    none = SimpleNamespace(label=labels.label, followed=np.zeros(50, dtype=bool))
    assert within_periods(mask, ~mask, none, as_of).p_value == 1.0
