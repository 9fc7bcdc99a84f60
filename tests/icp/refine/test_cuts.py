"""Cuts are round, near the deciles, and split between values."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from icp_ml.icp.refine.cuts import day_cuts, number_cuts, round_number


@pytest.mark.parametrize("seed", range(5))
def test_every_decile_has_a_cut_with_about_its_share_below(seed):
    values = np.random.default_rng(seed).lognormal(5, 1, 2000)
    below = [(values < cut).mean() for cut in number_cuts(values)]
    assert len(below) == 9
    assert np.abs(np.array(below) - np.arange(1, 10) / 10).max() <= 0.025


def test_cuts_are_numbers_that_people_would_write():
    cuts = number_cuts(np.random.default_rng(0).lognormal(5, 1, 5000))
    assert all(len(f"{cut:.10g}".strip("0").replace(".", "")) <= 3 for cut in cuts)


def test_a_value_that_many_share_has_both_of_its_sides():
    values = np.array([0.0] * 50 + [1.0] * 30 + [2.0] * 20)
    assert number_cuts(values) == [1.0, 2.0]


def test_one_value_alone_has_no_cut():
    assert number_cuts(np.full(30, 7.0)) == []


@pytest.mark.parametrize(
    ("low", "high", "rounded"),
    [
        (46.2, 53.9, 50.0),
        (5.0, 6.0, 6.0),
        (-3.0, 4.0, 0.0),
        (-12.0, -8.5, -10.0),
        (0.0, 0.004, 0.002),
        (98.0, 131.0, 100.0),
    ],
)
def test_the_roundest_number_of_a_gap_is_taken(low, high, rounded):
    assert round_number(low, high) == rounded


def test_days_are_cut_at_the_first_of_a_year_quarter_or_month():
    days = np.datetime64("2015-03-01") + np.arange(0, 3650)
    cuts = day_cuts(days)
    assert len(cuts) == 9
    assert all(cut.day == 1 for cut in cuts)
    assert dt.date(2021, 1, 1) in cuts or any(cut.month == 1 for cut in cuts)
