"""Labels: known answers on small tables, and the laws of censoring weights on simulated lifetimes."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icp_ml.accounts.label_values import same_value
from icp_ml.accounts.outcome import WEIGHT_CAP, label_outcome, relabel_at, reweighted
from icp_ml.errors import ConfigError, DataError, TooFewError
from icp_ml.study import Outcome

LAST = date(2026, 6, 30)
LIFETIME = Outcome(horizon_days=365, ended="churned_on", observed_until=LAST)


def days(*texts):
    return np.array([text or "NaT" for text in texts], dtype="datetime64[D]")


def text(*cells):
    return np.array(cells, dtype=object)


def finished(horizon=None, success=("renewed",), failure=("churned",)):
    return Outcome(column="status", success=success, failure=failure, horizon_days=horizon)


def lifetimes(n, seed, months=60, growth=0.07, p_success=0.6):
    """Return as_of, ended and who truly succeeds, for a company of which most customers are young."""
    rng = np.random.default_rng(seed)
    age = np.floor(rng.exponential(30.4 / growth, n)).clip(max=30.4 * months).astype(int)
    as_of = np.datetime64(LAST, "D") - age
    lived = np.ceil(365 * np.log(rng.uniform(size=n)) / np.log(p_success)).astype(int)
    ended = np.where(lived <= age, as_of + lived, np.datetime64("NaT", "D"))
    return as_of, ended, lived > 365


# Lifetimes: known answers


@pytest.mark.parametrize(
    ("as_of", "ended", "state"),
    [
        ("2025-01-01", "2026-01-01", "churned"),  # on day as_of + 365 itself
        ("2025-01-01", "2026-01-02", "success"),  # still a customer at the end of that day
        ("2025-01-01", None, "success"),
        ("2025-06-30", None, "success"),  # followed for exactly 365 days
        ("2025-07-01", None, "censored"),  # one day short
        ("2026-06-01", "2026-06-15", "churned"),  # young, but the outcome is already known
        ("2025-01-01", "2024-12-31", "excluded"),  # ended before it started
        ("2025-01-01", "2025-01-01", "churned"),
        ("2026-07-01", None, "excluded"),  # signed after the table was drawn
        (None, None, "excluded"),
        ("2026-01-01", "2026-12-01", "censored"),  # an end that nobody can have seen yet
    ],
)
def test_state_of_a_lifetime(as_of, ended, state):
    labels = label_outcome(LIFETIME, {"ended": days(ended, None)}, days(as_of, "2020-01-01"), LAST)
    assert labels.state[0] == state


def test_leap_years_are_counted_in_days():
    labels = label_outcome(LIFETIME, {"ended": days("2024-12-31")}, days("2024-01-01"), LAST)
    assert labels.event_days[0] == 365
    assert labels.state[0] == "churned"


def test_day_on_which_a_label_became_known():
    as_of = days("2024-01-01", "2024-01-01", "2026-06-01")
    labels = label_outcome(LIFETIME, {"ended": days(None, "2024-03-01", None)}, as_of, LAST)
    np.testing.assert_array_equal(labels.known_on, days("2024-12-31", "2024-03-01", None))


def test_weights_are_inverse_shares_of_followed_accounts():
    as_of = np.datetime64(LAST, "D") - np.array([400, 400, 200, 100], dtype="timedelta64[D]")
    ended = np.array(
        [as_of[0] + np.timedelta64(150, "D"), "NaT", "NaT", as_of[3] + np.timedelta64(50, "D")], dtype="datetime64[D]"
    )
    labels = label_outcome(LIFETIME, {"ended": ended}, as_of, LAST)
    np.testing.assert_allclose(labels.weight, [4 / 3, 2, 0, 1])  # followed >= 150: 3 of 4; >= 365: 2; >= 50: all


def test_counts_and_reasons_add_up():
    as_of = days("2025-01-01", "2025-01-01", "2026-06-01", "2025-01-01", None)
    labels = label_outcome(LIFETIME, {"ended": days(None, "2025-02-01", None, "2024-01-01", None)}, as_of, LAST)
    assert labels.counts == {"accounts": 5, "success": 1, "churned": 1, "censored": 1, "excluded": 2}
    assert labels.reasons == {
        "as_of is empty": 1,
        "ended before as_of": 1,
        "still a customer, followed for less than 365 days": 1,
    }
    assert (labels.n_success, labels.n_churned, labels.n_censored, labels.known.sum()) == (1, 1, 1, 2)


def test_nobody_followed_for_the_horizon_is_refused():
    with pytest.raises(TooFewError, match=r"0 of 2 accounts followed.*longest for 180 days.*shorter horizon_days"):
        label_outcome(LIFETIME, {"ended": days("2026-02-01", None)}, days("2026-01-01", "2026-02-01"), LAST)


def test_lifetime_without_as_of_is_refused():
    with pytest.raises(ConfigError, match="a lifetime without as_of"):
        label_outcome(LIFETIME, {"ended": days(None)}, None, LAST)


# Lifetimes: laws


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(365, 2000), st.one_of(st.none(), st.integers(0, 2000))), min_size=1, max_size=40))
def test_without_censoring_every_weight_is_one(rows):
    as_of = np.array([np.datetime64(LAST, "D") - np.timedelta64(age, "D") for age, _ in rows])
    lived = np.array([np.timedelta64("NaT", "D") if life is None else np.timedelta64(life, "D") for _, life in rows])
    labels = label_outcome(LIFETIME, {"ended": as_of + lived.astype("timedelta64[D]")}, as_of, LAST)
    np.testing.assert_array_equal(labels.weight, 1.0)
    assert labels.n_censored == 0
    assert labels.rates["known"] == labels.rates["weighted"] == labels.rates["mature"]
    assert labels.notes == []


def test_weights_remove_the_bias_of_the_naive_query():
    naive, weighted, mature = [], [], []
    for seed in range(10):
        as_of, ended, truth = lifetimes(2000, seed)
        labels = label_outcome(LIFETIME, {"ended": ended}, as_of, LAST)
        naive.append(labels.rates["known"] - truth.mean())
        weighted.append(labels.rates["weighted"] - truth.mean())
        mature.append(labels.rates["mature"] - truth.mean())
    assert np.mean(naive) < -0.07
    assert abs(np.mean(weighted)) < 0.01
    assert abs(np.mean(mature)) < 0.015
    assert any("naive query" in note for note in labels.notes)


def test_weights_stand_for_all_accounts_on_average():
    totals = []
    for seed in range(10):
        as_of, ended, _ = lifetimes(1000, seed)
        totals.append(label_outcome(LIFETIME, {"ended": ended}, as_of, LAST).weight.sum() / 1000)
    assert np.mean(totals) == pytest.approx(1, abs=0.02)


def test_weights_are_cut_and_the_cut_is_noted():
    as_of = np.datetime64(LAST, "D") - np.array([400] + [30] * 19)
    labels = label_outcome(LIFETIME, {"ended": days(*[None] * 20)}, as_of, LAST)
    assert labels.weight.max() == WEIGHT_CAP
    assert any("1 weights were cut to 10" in note for note in labels.notes)


@pytest.mark.parametrize("seed", range(5))
def test_row_order_does_not_matter(seed):
    as_of, ended, _ = lifetimes(300, seed)
    order = np.random.default_rng(seed).permutation(300)
    labels = label_outcome(LIFETIME, {"ended": ended}, as_of, LAST)
    shuffled = label_outcome(LIFETIME, {"ended": ended[order]}, as_of[order], LAST)
    np.testing.assert_array_equal(shuffled.weight, labels.weight[order])
    np.testing.assert_array_equal(shuffled.state, labels.state[order])


# Seen on an earlier day


def test_earlier_day_does_not_know_what_came_after():
    as_of = days("2024-01-01", "2024-01-01", "2024-06-01", "2025-03-01")
    ended = days(None, "2025-06-01", "2024-07-01", None)
    then = relabel_at(LIFETIME, {"ended": ended}, as_of, date(2025, 3, 1))
    assert list(then.state) == ["success", "success", "churned", "excluded"]
    earlier = relabel_at(LIFETIME, {"ended": ended}, as_of, date(2024, 6, 30))
    assert list(earlier.state) == ["censored", "censored", "censored", "excluded"]


@pytest.mark.parametrize("seed", range(5))
def test_what_was_known_then_is_what_became_known_by_then(seed):
    as_of, ended, _ = lifetimes(500, seed)
    now, day = label_outcome(LIFETIME, {"ended": ended}, as_of, LAST), date(2025, 3, 1)
    then = relabel_at(LIFETIME, {"ended": ended}, as_of, day)
    by_then = (now.known_on <= np.datetime64(day)) & (as_of < np.datetime64(day))
    np.testing.assert_array_equal(then.known, by_then)
    np.testing.assert_array_equal(then.label[by_then], now.label[by_then])


def test_one_period_is_weighted_for_its_own_follow_up():
    as_of = np.datetime64(LAST, "D") - np.array([900, 900, 400, 100])
    labels = label_outcome(LIFETIME, {"ended": days(*[None] * 4)}, as_of, LAST)
    period = reweighted(labels, np.array([False, False, True, True]), "earlier")
    np.testing.assert_allclose(period.weight, [0, 0, 2, 0])
    assert period.counts["excluded"] == 2
    assert period.reasons["earlier"] == 2


# Finished labels


def test_finished_label_without_horizon_knows_every_value_of_the_study():
    labels = label_outcome(finished(), {"column": text("renewed", " churned ", "open", None, "Renewed")}, None, None)
    assert list(labels.state) == ["success", "churned", "censored", "censored", "censored"]
    np.testing.assert_array_equal(labels.weight, [1, 1, 0, 0, 0])
    assert labels.known_on is None
    assert labels.rates["weighted"] == 0.5
    assert "unknown" in labels.notes[0]


def test_finished_label_with_horizon_uses_only_accounts_followed_for_it():
    cells, as_of = text("renewed", "churned", "churned"), days("2025-01-01", "2025-06-30", "2025-07-01")
    labels = label_outcome(finished(365), {"column": cells}, as_of, LAST)
    assert list(labels.state) == ["success", "churned", "censored"]
    np.testing.assert_array_equal(labels.known_on, days("2026-01-01", "2026-06-30", None))
    assert "1 accounts have a label but were followed for less than 365 days" in labels.notes[0]


def test_finished_label_of_young_accounts_only_is_refused():
    with pytest.raises(TooFewError, match="0 of 1 accounts followed for the whole horizon"):
        label_outcome(finished(365), {"column": text("churned")}, days("2026-01-01"), LAST)


def test_last_day_defaults_to_the_latest_as_of():
    labels = label_outcome(
        finished(365), {"column": text("renewed", "renewed")}, days("2024-01-01", "2025-01-01"), None
    )
    assert labels.observed_until == date(2025, 1, 1)
    assert list(labels.state) == ["success", "censored"]


def test_horizon_without_as_of_cannot_be_checked_and_says_so():
    labels = label_outcome(finished(365), {"column": text("renewed")}, None, None)
    assert labels.n_success == 1
    assert "cannot be checked" in labels.notes[0]


def test_finished_label_seen_earlier():
    cells, as_of = text("renewed", "churned"), days("2024-01-01", "2025-01-01")
    assert list(relabel_at(finished(), {"column": cells}, as_of, date(2024, 6, 1)).state) == ["success", "excluded"]
    assert list(relabel_at(finished(365), {"column": cells}, as_of, date(2024, 6, 1)).state) == ["censored", "excluded"]


def test_no_value_of_the_study_in_the_column_is_refused():
    with pytest.raises(DataError, match=r"3 rows, 1 of them empty.*'renewed', 'churned'.*upper and lower case"):
        label_outcome(finished(), {"column": text("Renewed", "lost", None)}, None, None)


def test_value_on_both_sides_is_refused():
    with pytest.raises(ConfigError, match="'1' is both success and failure"):
        label_outcome(finished(success=("1",), failure=(1,)), {"column": text("1", "0")}, None, None)


@pytest.mark.parametrize(
    ("cell", "value", "same"),
    [
        ("renewed", "renewed", True),
        ("  renewed\t", "renewed", True),
        ("Renewed", "renewed", False),
        ("true", True, True),
        ("True", True, True),
        ("TRUE", True, True),
        ("1", True, False),
        ("false", True, False),
        ("False", False, True),
        ("1", 1, True),
        ("1.0", 1, True),
        ("01", 1, True),
        ("1e0", 1.0, True),
        ("0.1", 0.1, True),
        ("1_0", 10, False),
        ("True", 1, False),
        ("one", 1, False),
        ("12345678901234567891", 12345678901234567890, False),
        ("1.0", "1", False),
        ("no", "no", True),
    ],
)
def test_a_cell_is_the_value_of_the_study(cell, value, same):
    assert same_value(cell, value) is same
