"""Attributes that know the outcome are found by what gives them away; strong honest ones are not."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.findings import audit_customers
from icp_ml.accounts.audit.single import mark_alone, mark_within
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.tables import table_of
from icp_ml.study import study_from_document

N = 1000
RNG = np.random.default_rng(5)
WON = RNG.random(N) < 0.65
SIGNED = np.datetime64("2022-01-01") + RNG.integers(0, 400, N).astype("timedelta64[D]")
LIVED = RNG.integers(20, 360, N)
AMOUNT = np.exp(RNG.normal(10, 1.5, N))


def audited(values, outcome, **keys):
    frame = pd.DataFrame({"won": WON, "signed": SIGNED, "x": values})
    frame["ended"] = np.where(WON, np.datetime64("NaT", "D"), SIGNED + LIVED.astype("timedelta64[D]"))
    document = {"name": "t", "accounts": "none", "id": {"row_number": True}, "as_of": "signed", "outcome": outcome}
    document |= {"fits": {"technical": ["x"]}, "unlisted": "ignore", **keys}
    customers = load_customers(study_from_document(document, Path(".")), table_of(frame))
    labels = label_outcome(customers.study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return {f.check: f for f in audit_customers(customers, labels) if f.column}


def found(values, **keys):
    return audited(values, {"column": "won", "success": [True], "failure": [False]}, **keys)


def found_by_lifetime(values):
    return audited(values, {"ended": "ended", "horizon_days": 365, "observed_until": "2025-01-01"})


@pytest.mark.parametrize(("unit", "name"), [(1, "days"), (30.4375, "months")])
def test_a_tenure_counted_to_the_end_blocks(unit, name):
    values = np.where(WON, RNG.integers(800, 1000, N), LIVED) // unit
    severity = "blocker" if unit == 1 else found_by_lifetime(values)["counted_after"].severity
    assert found_by_lifetime(values)["counted_after"].severity == severity
    assert "runs with the days from as_of to the end" in found_by_lifetime(values)["counted_after"].evidence
    assert unit != 1 or f"that number of {name}" in found_by_lifetime(values)["counted_after"].evidence


def test_a_count_that_runs_with_the_days_lived_warns():
    assert found_by_lifetime(LIVED // 9 + RNG.integers(0, 4, N))["counted_after"].severity == "warning"


def test_calendar_time_is_not_counted_late():
    assert "counted_after" not in found_by_lifetime((SIGNED - np.datetime64("2020-01-01")).astype(int))


def test_a_score_that_rises_in_small_steps_is_as_good_as_its_rank():
    score = found(RNG.normal(size=N) + 1.15 * WON)["single_attribute"]
    assert score.severity == "warning"
    assert "(the best of 20 shuffled columns: 0.5" in score.evidence


@pytest.mark.parametrize("strength", [0.0, 0.5, 0.8])
def test_strong_honest_attributes_are_left_alone(strength):
    assert not found(RNG.normal(size=N) + strength * WON)
    assert not found(np.rint(AMOUNT * np.exp(strength * WON)))


def test_decimals_only_for_survivors_are_found():
    precision = found(np.where(WON, np.round(AMOUNT, 2), np.rint(AMOUNT)))["precision"]
    assert "whether it is a whole number orders 1,000 customers" in precision.evidence
    assert (
        found(np.where(WON, np.round(AMOUNT, 2), np.rint(AMOUNT)), audit={"allow": ["x"]})["precision"].severity
        == "note"
    )


def test_numbers_cut_to_two_digits_for_leavers_are_found():
    cut = 10.0 ** (np.floor(np.log10(AMOUNT)) - 1)
    assert {"precision", "roundness"} & set(found(np.where(WON, np.rint(AMOUNT), np.rint(AMOUNT / cut) * cut)))


def test_large_numbers_may_be_rounder_than_small_ones():
    amounts = np.exp(RNG.normal(8, 1.5, N) + 0.8 * WON)
    step = 10.0 ** np.maximum(np.floor(np.log10(amounts)) - 1, 0)
    rounded = np.rint(amounts / step) * step
    assert mark_alone(rounded % 1000 == 0, WON.astype(float)).auc > 0.6
    assert not found(rounded)


def test_a_mark_within_one_stratum_is_the_mark_alone():
    mark = RNG.random(N) < np.where(WON, 0.6, 0.3)
    alone, within = mark_alone(mark, WON.astype(float)), mark_within(mark, WON.astype(float), np.zeros(N))
    assert within.auc == pytest.approx(alone.auc, abs=1e-12)
    assert np.log(within.p_value) == pytest.approx(np.log(alone.p_value), rel=0.1)
    assert mark_within(mark, WON.astype(float), np.arange(N)) is None


def test_few_empty_cells_that_are_all_leavers():
    empty = np.isin(np.arange(N), np.flatnonzero(~WON)[:30])
    lift = found(np.where(empty, np.nan, RNG.normal(size=N)))["null_lift"]
    assert lift.evidence.startswith("0 of 30 customers without a value succeeded (0%), ")
    assert "null_lift" not in found(np.where(RNG.random(N) < 0.03, np.nan, RNG.normal(size=N)))


def test_a_frequent_value_with_one_outcome_only():
    levels = np.where(np.isin(np.arange(N), np.flatnonzero(~WON)[:70]), "archive", RNG.choice(["a", "b", "c"], N))
    value = found(levels)["predictive_value"]
    assert value.count == 70
    assert value.evidence.startswith("'archive': 0 of 70 succeeded (0%); of all 1,000 customers ")


def test_a_range_of_a_number_with_one_outcome_only():
    numbers = np.where(np.isin(np.arange(N), np.flatnonzero(~WON)[:70]), 0.0, RNG.normal(5, 1, N))
    assert found(numbers)["predictive_value"].evidence.startswith("0: 0 of 70 succeeded")


def test_a_tiny_level_far_from_the_rest_is_a_note():
    levels = np.where(np.isin(np.arange(N), np.flatnonzero(~WON)[:10]), "rare", RNG.choice(["a", "b", "c"], N))
    assert (found(levels)["small_population"].severity, found(levels)["small_population"].count) == ("note", 10)
    assert not found(np.where(RNG.random(N) < 0.008, "rare", RNG.choice(["a", "b", "c"], N)))
