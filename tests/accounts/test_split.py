"""Splits: later accounts judge, nothing later is known in training, no group sits on both sides."""

from datetime import date
from functools import partial

import numpy as np
import pytest

from icp_ml.accounts.outcome import label_outcome, relabel_at
from icp_ml.accounts.split import TEST_FOLLOWED_SHARE, choose_split, grouped_folds
from icp_ml.errors import TooFewError
from icp_ml.study import Floor, Outcome

LAST = date(2026, 6, 30)
LIFETIME = Outcome(horizon_days=365, ended="churned_on", observed_until=LAST)
FINISHED = Outcome(column="status", success=("yes",), failure=("no",))


def company(n, seed=0, growth=0.07, p_success=0.6):
    rng = np.random.default_rng(seed)
    age = np.floor(rng.exponential(30.4 / growth, n)).clip(max=1825).astype(int)
    as_of = np.datetime64(LAST, "D") - age
    lived = np.ceil(365 * np.log(rng.uniform(size=n)) / np.log(p_success)).astype(int)
    return as_of, np.where(lived <= age, as_of + lived, np.datetime64("NaT", "D")), lived > 365


def split_company(n, seed=0, groups=None, floor=None, **options):
    as_of, ended, _ = company(n, seed, **options)
    columns = {"ended": ended}
    labels = label_outcome(LIFETIME, columns, as_of, LAST)
    relabel = partial(relabel_at, LIFETIME, columns, as_of)
    return choose_split(labels, as_of, groups, floor or Floor(), relabel), as_of, ended


def split_finished(as_of, cells, floor=None, groups=None):
    columns = {"column": np.asarray(cells, dtype=object)}
    labels = label_outcome(FINISHED, columns, as_of, LAST)
    return choose_split(labels, as_of, groups, floor or Floor(), partial(relabel_at, FINISHED, columns, as_of))


@pytest.mark.parametrize("seed", range(10))
def test_training_knows_nothing_from_the_test_period(seed):
    split, as_of, ended = split_company(1500, seed)
    starts = np.datetime64(split.starts)
    assert split.kind == "time"
    assert split.steps == []
    assert as_of[split.train].max() < starts <= as_of[split.test].min()
    churned = split.train[split.train_labels.label[split.train] == 0]
    assert (ended[churned] <= starts).all()
    succeeded = split.train[split.train_labels.label[split.train] == 1]
    assert (as_of[succeeded] + np.timedelta64(365, "D") <= starts).all()


@pytest.mark.parametrize("seed", range(10))
def test_every_account_is_trained_on_tested_or_counted(seed):
    groups = np.random.default_rng(seed).integers(0, 900, 1500)
    split, _, _ = split_company(1500, seed, groups)
    assert len(split.train) + len(split.test) + sum(split.dropped.values()) == 1500
    assert not set(split.train) & set(split.test)


@pytest.mark.parametrize("seed", range(10))
def test_no_group_on_both_sides(seed):
    groups = np.random.default_rng(seed).integers(0, 900, 1500)
    split, _, _ = split_company(1500, seed, groups)
    assert not set(groups[split.train]) & set(groups[split.test])
    assert split.dropped["signed in the test period, related to a training account"] > 0


def test_test_period_estimates_the_true_base_rate():
    errors = []
    for seed in range(15):
        split, as_of, _ = split_company(2000, seed)
        truth = company(2000, seed)[2]
        assert as_of[split.test].max() == np.datetime64(split.ends)
        period = (as_of >= np.datetime64(split.starts)) & (as_of <= np.datetime64(split.ends))
        label, weight = split.test_labels.label[split.test], split.test_labels.weight[split.test]
        errors.append(np.average(label, weights=weight) - truth[period].mean())
    assert abs(np.mean(errors)) < 0.015


@pytest.mark.parametrize("seed", range(5))
def test_weights_of_the_test_period_are_bounded(seed):
    split, _, _ = split_company(2000, seed)
    assert split.test_labels.weight.max() <= 1 / TEST_FOLLOWED_SHARE + 0.2
    assert (split.test_labels.weight[split.test] > 0).all()
    assert (split.train_labels.weight[split.train] > 0).all()


def test_shorter_test_period_is_said():
    as_of = np.datetime64("2020-01-01", "D") + np.arange(200)
    split = split_finished(as_of, ["yes", "no"] * 100, floor=Floor(successes=80, failures=80))
    assert split.kind == "time"
    assert split.steps == [
        "The latest 30% as test period (from 2020-05-20): 70 successes known in training, 80 needed; "
        "70 failures known in training, 80 needed.",
        "The latest 25% as test period (from 2020-05-30): 75 successes known in training, 80 needed; "
        "75 failures known in training, 80 needed.",
    ]
    assert len(split.test) == 40


def test_last_share_is_content_with_ten_of_each():
    as_of = np.datetime64("2020-01-01", "D") + np.arange(100)
    split = split_finished(as_of, ["yes"] * 80 + ["no", "yes"] * 10, floor=Floor(successes=1, failures=1))
    assert split.kind == "cross_validation"  # the last 15 hold 8 successes or failures at most
    cells = ["yes", "no"] * 67
    split = split_finished(
        np.datetime64("2020-01-01", "D") + np.arange(134), cells, floor=Floor(successes=55, failures=55)
    )
    assert (split.kind, len(split.test)) == ("time", 20)


def test_too_few_accounts_fall_back_to_cross_validation_and_say_so():
    split, _, _ = split_company(250)
    assert split.kind == "cross_validation"
    assert len(split.steps) == 5
    assert split.steps[-1].endswith("later accounts is unknown.")
    np.testing.assert_array_equal(split.train, split.test)
    assert len(split.train) + split.dropped["outcome not known"] == 250


def test_no_as_of_means_cross_validation():
    columns = {"column": np.array(["yes", "no", None], dtype=object)}
    labels = label_outcome(FINISHED, columns, None, None)
    split = choose_split(labels, None, None, Floor(), lambda day: labels)
    assert split.kind == "cross_validation"
    assert split.starts is None
    assert split.steps[0].startswith("No as_of day")
    assert list(split.train) == [0, 1]


def test_everything_signed_on_one_day_cannot_be_split_by_time():
    split = split_finished(np.full(400, np.datetime64("2020-01-01", "D")), ["yes", "no"] * 200)
    assert split.kind == "cross_validation"
    assert "0 successes known in training" in split.steps[0]


def test_accounts_of_one_day_stay_together():
    as_of = np.repeat(np.datetime64("2020-01-01", "D") + np.arange(10), 40)
    split = split_finished(as_of, ["yes", "no"] * 200)
    assert not set(as_of[split.train]) & set(as_of[split.test])
    assert len(split.train) + len(split.test) == 400


# Folds


@pytest.mark.parametrize("seed", range(10))
def test_folds_part_the_accounts_and_divide_no_group(seed):
    rng = np.random.default_rng(seed)
    label, groups = rng.integers(0, 2, 300).astype(float), rng.integers(0, 150, 300)
    folds = grouped_folds(label, groups, n_splits=5, n_repeats=2, seed=seed)
    assert len(folds) == 10
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        np.testing.assert_array_equal(np.sort(np.r_[train, test]), np.arange(300))
    for repeat in (folds[:5], folds[5:]):
        np.testing.assert_array_equal(np.sort(np.concatenate([test for _, test in repeat])), np.arange(300))


@pytest.mark.parametrize("n", [20, 97, 1000])
def test_folds_are_stratified_to_within_one_account(n):
    label = np.r_[np.ones(7), np.zeros(n - 7)]
    for kind in (0, 1):
        sizes = [(label[test] == kind).sum() for _, test in grouped_folds(label, n_splits=5, seed=3)]
        assert max(sizes) - min(sizes) <= 1


def test_folds_with_groups_are_nearly_stratified():
    rng = np.random.default_rng(0)
    label, groups = (rng.uniform(size=1000) < 0.3).astype(float), rng.integers(0, 400, 1000)
    shares = [label[test].mean() for _, test in grouped_folds(label, groups, seed=1)]
    assert max(shares) - min(shares) < 0.03


def test_one_giant_group_is_balanced_by_the_others():
    label, groups = np.tile([0.0, 1.0], 100), np.r_[np.zeros(80), np.arange(1, 121)].astype(int)
    sizes = sorted(len(test) for _, test in grouped_folds(label, groups, n_splits=5))
    assert sizes == [30, 30, 30, 30, 80]


def test_same_seed_same_folds_and_another_seed_others():
    label = np.tile([0.0, 1.0], 50)
    first, again, other = (grouped_folds(label, seed=seed)[0][1] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_repeats_differ():
    folds = grouped_folds(np.tile([0.0, 1.0], 50), n_repeats=2)
    assert not np.array_equal(folds[0][1], folds[5][1])


def test_too_few_of_a_class_for_the_folds_is_refused():
    with pytest.raises(TooFewError, match="3 failures; expected at least 5 of each"):
        grouped_folds(np.r_[np.zeros(3), np.ones(50)])


def test_too_few_groups_for_the_folds_is_refused():
    with pytest.raises(TooFewError, match="2 unrelated groups"):
        grouped_folds(np.tile([0.0, 1.0], 20), np.repeat([0, 1], 20))
