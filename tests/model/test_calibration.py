"""Platt's line: known answers, and the laws of the decision."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from icp_ml.model.calibration import cross_fitted, decide, fit_line, line_covariance, line_range


def draw(n, intercept, slope, seed=0):
    rng = np.random.default_rng(seed)
    margin = rng.normal(size=n)
    return margin, (rng.random(n) < expit(intercept + slope * margin)).astype(float)


def folds_of(n, k=5):
    return (np.arange(n) % k)[None]


def test_line_is_found():
    margin, y = draw(50_000, 0.5, 2.0)
    assert fit_line(margin, y, np.ones(len(y))) == pytest.approx((0.5, 2.0), abs=0.06)


def test_line_equals_logistic_regression_on_many_accounts():
    margin, y = draw(20_000, -0.3, 0.7)
    weight = np.random.default_rng(1).uniform(0.5, 2, len(y))
    plain = LogisticRegression(C=np.inf, tol=1e-10).fit(margin[:, None], y, weight)
    assert fit_line(margin, y, weight) == pytest.approx((plain.intercept_[0], plain.coef_[0, 0]), abs=1e-3)


def test_whole_weights_equal_repeated_accounts():
    margin, y = draw(300, 0.0, 1.0)
    weight = np.random.default_rng(2).integers(0, 4, 300)
    repeated = np.repeat(np.arange(300), weight)
    once = fit_line(margin, y, weight.astype(float))
    assert once == pytest.approx(fit_line(margin[repeated], y[repeated], np.ones(len(repeated))), abs=1e-9)


def test_separated_margins_give_a_finite_line():
    margin = np.r_[-np.ones(20), np.ones(20)]
    a, b = fit_line(margin, (margin > 0).astype(float), np.ones(40))
    assert abs(a) < 1e-6
    assert 2 < b < 20


def test_reversed_margins_are_flattened_not_turned_over():
    margin, y = draw(2000, 0.7, -1.0)
    a, b = fit_line(margin, y, np.ones(len(y)))
    assert b == 0.01
    assert expit(a + b * margin).mean() == pytest.approx(y.mean(), abs=0.002)


def test_good_margins_are_left_alone():
    margin, y = draw(4000, 0.0, 1.0)
    calibration = decide(margin[None], y, np.ones(4000), folds_of(4000))
    assert (calibration.a, calibration.b, calibration.applied) == (0.0, 1.0, False)
    assert calibration.slope == pytest.approx(1.0, abs=0.15)


def test_a_slope_outside_the_band_is_corrected_whatever_it_gains():
    margin, y = draw(300, 0.0, 1.0, seed=4)
    weak = decide(0.02 * margin[None], y, np.ones(300), folds_of(300))
    faint = decide(0.02 * (margin * 0.05)[None], draw(300, 0.0, 0.05, seed=8)[1], np.ones(300), folds_of(300))
    assert weak.applied
    assert faint.gain <= 0.001
    assert faint.applied
    assert "outside" in faint.why


@pytest.mark.parametrize(("intercept", "slope"), [(0.0, 0.4), (0.0, 2.5), (0.6, 1.0)])
def test_bad_margins_get_their_line(intercept, slope):
    margin, y = draw(4000, intercept, slope)
    calibration = decide(margin[None], y, np.ones(4000), folds_of(4000))
    assert calibration.applied
    assert (calibration.a, calibration.b) == pytest.approx((intercept, slope), abs=0.25)


def test_cross_fitted_line_never_sees_its_own_fold():
    margin, y = draw(200, 0.0, 1.0)
    folds = folds_of(200)
    own = folds[0] == 0
    turned = np.where(own, 1 - y, y)
    ones = np.ones(200)
    before, after = (cross_fitted(margin[None], each, ones, folds)[0] for each in (y, turned))
    np.testing.assert_array_equal(before[own], after[own])
    assert np.abs(before[~own] - after[~own]).max() > 0.01


def test_covariance_matches_repeated_sampling():
    lines = []
    for seed in range(300):
        margin, y = draw(400, 0.2, 1.0, seed)
        lines.append(fit_line(margin, y, np.ones(400)))
    expected = np.cov(np.array(lines).T)
    margin, y = draw(400, 0.2, 1.0, 999)
    found = line_covariance(margin, y, np.ones(400), np.arange(400))
    np.testing.assert_allclose(np.diag(found), np.diag(expected), rtol=0.3)


def test_copies_of_an_account_add_no_certainty():
    margin, y = draw(300, 0.0, 1.0)
    copies = np.repeat(np.arange(300), 4)
    once = line_covariance(margin, y, np.ones(300), np.arange(300))
    copied = line_covariance(margin[copies], y[copies], np.ones(1200), copies)
    np.testing.assert_allclose(np.diag(copied), np.diag(once), rtol=0.06)


def test_range_is_widest_far_from_the_accounts():
    margin, y = draw(400, 0.0, 1.0)
    covariance = line_covariance(margin, y, np.ones(400), np.arange(400))
    low, high = line_range(np.array([0.0, 4.0]), covariance)
    assert (high - low)[1] > 2 * (high - low)[0] > 0
