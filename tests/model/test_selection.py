"""The choice among learners: folds, nested complexity, and the stated rule."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.model.selection import compare, make_folds, out_of_fold

RNG = np.random.default_rng(0)
Y = (RNG.random(400) < 0.4).astype(float)
ONES = np.ones(400)


def test_folds_are_stratified_and_cover_everyone():
    folds = make_folds(Y, None, 5, 2, 0)
    shares = [Y[folds[0] == k].mean() for k in range(5)]
    assert folds.shape == (2, 400)
    assert max(shares) - min(shares) < 0.03
    assert not np.array_equal(folds[0], folds[1])


def test_a_group_is_never_split():
    groups = np.arange(400) // 4
    folds = make_folds(Y, groups, 5, 1, 0)[0]
    assert all(len(set(folds[groups == group])) == 1 for group in range(100))


def test_small_classes_get_fewer_folds_or_none():
    y = np.r_[np.ones(3), np.zeros(20)]
    assert len(np.unique(make_folds(y, None, 5, 1, 0))) == 3
    assert make_folds(np.r_[1.0, np.zeros(20)], None, 5, 1, 0).shape == (0, 21)


class Recorder:
    """A learner whose second complexity is right about odd rows' truth, and which remembers what it was shown."""

    path = (1.0, 2.0)

    def __init__(self):
        self.shown = []

    def margins(self, train, y, weight, test):
        self.shown.append((set(train[:, 0]), set(test[:, 0])))
        good = np.where(Y[test[:, 0].astype(int)] > 0, 1.0, -1.0)
        return np.column_stack([np.zeros(len(test)), good])


def test_no_account_is_in_its_own_training_rows_and_the_better_complexity_is_chosen():
    learner = Recorder()
    found = out_of_fold(learner, np.arange(400.0)[:, None], Y, ONES, make_folds(Y, None, 5, 1, 0))
    assert all(not train & test for train, test in learner.shown)
    assert found.chosen == 2.0
    assert found.path_loss[2.0] < found.path_loss[1.0] == pytest.approx(np.log(2))
    np.testing.assert_array_equal(np.abs(found.margins), 1.0)


def compared(n=4000, **noise):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=n)
    y = (rng.random(n) < expit(1.5 * truth)).astype(float)
    candidates = {name: (1.5 * truth + sd * rng.normal(size=n))[None] for name, sd in noise.items()}
    return compare(candidates, y, np.ones(n), make_folds(y, None, 5, 1, 0), np.arange(n))


def test_the_simplest_of_equals_is_kept():
    assert compared(logistic=0.0, lightgbm=0.0, blend=0.0).learner == "logistic"


def test_a_simpler_learner_within_one_standard_error_is_kept():
    comparison = compared(n=500, logistic=0.1, lightgbm=0.1, blend=0.0)
    row = comparison.rows["logistic"]
    assert 0 < row["above_best"] < min(row["standard_error"], 0.003)
    assert comparison.learner == "logistic"


def test_a_clearly_better_learner_is_kept():
    comparison = compared(logistic=2.0, lightgbm=2.0, blend=0.1)
    assert comparison.learner == "blend"
    assert comparison.rows["blend"]["above_best"] == 0.0
    assert comparison.rows["logistic"]["above_best"] > 3 * comparison.rows["logistic"]["standard_error"] > 0


def test_rule_is_stated():
    assert "one paired standard error of the best and within 0.003" in compared(logistic=0.1).as_dict()["rule"]
