"""One profile serves all segments unless what goes with success differs between them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.prospects.lookalikes.several import several_profiles


def customers(slopes, *, levels=(0.0, 0.0), n=400, seed=0):
    """Return fits, outcomes and segments a and b in which the first fit has these slopes, and success these levels."""
    draw = np.random.default_rng(seed)
    fits, at = draw.normal(size=(n, 3)), draw.integers(0, 2, n)
    chance = expit(np.array(levels)[at] + np.array(slopes)[at] * fits[:, 0] + 0.5 * fits[:, 1])
    outcome = (draw.random(n) < chance).astype(float)
    return fits, outcome, np.ones(n), np.array(["a", "b"], dtype=object)[at]


def test_a_fit_that_counts_in_one_segment_and_not_the_other_is_found():
    found = several_profiles(*customers((1.5, -0.5)), seed=0)
    assert found.p <= 0.01
    assert found.differ
    assert "Segments differ in which fits are associated with success (p = 0.0" in found.sentence
    assert "400 customers in 2 segments" in found.sentence


@pytest.mark.parametrize("levels", [(0.0, 0.0), (-1.0, 1.0)])
def test_segments_with_the_same_slopes_are_seldom_told_apart(levels):
    p = [several_profiles(*customers((0.8, 0.8), levels=levels, n=200, seed=seed), seed=0).p for seed in range(20)]
    assert np.mean(np.array(p) <= 0.05) <= 0.15
    assert 0.3 < np.mean(p) < 0.7


def test_a_third_segment_that_differs_is_found():
    fits, outcome, weight, segment = customers((1.0, -1.0))
    between = np.arange(400) % 3 == 0
    segment[between], outcome[between] = "A", (np.arange(400) // 3 % 2)[between]
    found = several_profiles(fits, outcome, weight, segment, seed=0)
    assert (found.n_segments, found.differ) == (3, True)


def test_the_usual_answer_is_that_there_is_no_evidence():
    found = several_profiles(*customers((0.8, 0.8)), seed=0)
    assert found.sentence.startswith("What goes with success was not found to differ between the segments (p = 0.")
    assert found.as_document() == {"p": found.p, "n": 400, "n_segments": 2, "sentence": found.sentence}


def test_the_order_of_the_customers_and_the_names_of_segments_change_nothing():
    fits, outcome, weight, segment = customers((1.0, 0.3))
    turned = np.random.default_rng(1).permutation(len(outcome))
    again = several_profiles(fits[turned], outcome[turned], weight[turned], segment[turned], seed=0)
    assert again == several_profiles(fits, outcome, weight, segment, seed=0)


def test_customers_without_a_segment_and_small_segments_are_left_out():
    fits, outcome, weight, segment = customers((0.5, 0.5))
    segment[:100] = None
    segment[100:115] = "tiny"
    assert several_profiles(fits, outcome, weight, segment, seed=0).n == 285


@pytest.mark.parametrize("names", [["a"], [None]])
def test_without_two_segments_nothing_is_tested(names):
    fits, outcome, weight, segment = customers((0.5, 0.5))
    found = several_profiles(fits, outcome, weight, np.full(len(segment), names[0], dtype=object), seed=0)
    assert found.p is None
    assert not found.differ
    assert "cannot be told: two segments with 10 successes and 10 churned are needed" in found.sentence


def test_fits_that_never_vary_tell_nothing():
    _, outcome, weight, segment = customers((0.5, 0.5))
    found = several_profiles(np.zeros((400, 3)), outcome, weight, segment, seed=0)
    assert found.p is None
