"""Differences of success shares, and how sure they are."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.icp.contrast import contrast, rate


def drawn(rng, n, inside_share=0.5, gap=0.0, base=0.6):
    inside = rng.uniform(size=n) < inside_share
    return inside, (rng.uniform(size=n) < base + gap * inside).astype(float)


def test_the_interval_covers_the_true_difference_nine_times_in_ten():
    rng = np.random.default_rng(0)
    hits = []
    for _ in range(600):
        inside, label = drawn(rng, 150, 0.3, 0.15)
        found = contrast(inside, label, np.ones(150))
        hits.append(found.low <= 0.15 <= found.high)
    assert np.mean(hits) == pytest.approx(0.9, abs=0.035)


def test_z_is_a_normal_score_where_there_is_no_difference():
    rng = np.random.default_rng(1)
    scores = []
    for _ in range(800):
        inside, label = drawn(rng, 300, 0.3)
        scores.append(contrast(inside, label, np.ones(300)).z)
    assert np.std(scores) == pytest.approx(1.0, abs=0.08)


def test_unknown_outcomes_count_on_neither_side():
    label = np.array([1.0, np.nan, 0.0, np.nan])
    found = contrast(np.array([True, True, False, False]), label, np.ones(4))
    assert (found.inside.n, found.outside.n, found.difference) == (1, 1, 1.0)


def test_an_empty_side_is_no_difference_and_no_warning():
    found = contrast(np.zeros(3, dtype=bool), np.array([1.0, 0.0, 1.0]), np.ones(3))
    assert np.isnan(found.difference)
    assert found.as_document()["difference"] is None
    assert found.as_document()["inside"]["share"] is None


def test_swapping_the_sides_turns_the_sign():
    rng = np.random.default_rng(2)
    inside, label = drawn(rng, 80, 0.4, 0.2)
    one, other = contrast(inside, label, np.ones(80)), contrast(~inside, label, np.ones(80))
    assert other.difference == pytest.approx(-one.difference)
    assert (other.low, other.high) == pytest.approx((-one.high, -one.low))


def test_related_accounts_tell_less():
    label = np.repeat([1.0, 0.0, 1.0, 0.0, 1.0, 1.0], 10)
    groups = np.repeat(np.arange(6), 10)
    alone, related = rate(label, np.ones(60)), rate(label, np.ones(60), groups)
    assert related.n_effective == pytest.approx(6)
    assert related.high - related.low > 2 * (alone.high - alone.low)


def test_weights_stand_for_the_censored():
    found = rate(np.array([1.0, 0.0, 0.0]), np.array([2.0, 1.0, 1.0]))
    assert found.share == pytest.approx(0.5)
    assert found.n_success == 1
