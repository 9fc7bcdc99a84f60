"""Slices are measured where there is enough, planted faults are found, and nothing is found where nothing is."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.special import expit

from icp_ml.model.evaluation.judged import judged_rows
from icp_ml.model.evaluation.slices import looks_like_size, slices


def company(seed=0, n=900, wrong_level=0.0, wrong_order=False):
    """Accounts in four regions; what is said of those in R0 may be too high, or of no use."""
    rng = np.random.default_rng(seed)
    region = rng.choice(["R0", "R1", "R2", "R3"], n)
    margin = rng.normal(0.3, 1.2, n)
    true = margin - np.where(region == "R0", wrong_level, 0.0)
    if wrong_order:
        true = np.where(region == "R0", 0.3, true)
    return judged_rows(rng.random(n) < expit(true), margin), region


def told(rows, cells, kind="segment", **options):
    return slices(rows, {"region": cells}, {"region": kind}, **options)[0]


def named(table):
    return {row.name: row for row in table.rows}


def test_a_slice_is_what_its_accounts_are():
    rows, region = company()
    row = named(told(rows, region))["R1"]
    chosen = region == "R1"
    assert row.n == chosen.sum()
    assert row.observed.value == pytest.approx(rows.outcome[chosen].mean())
    assert row.predicted == pytest.approx(rows.probability[chosen].mean())
    assert row.gap.value == pytest.approx(row.observed.value - row.predicted)
    assert row.gap.low < row.gap.value < row.gap.high


def test_a_slice_of_which_too_much_is_said_is_named():
    table = told(*company(wrong_level=1.3))
    assert "R0 is worse calibrated than the rest (fewer succeed than said" in table.sentence
    assert "4 slices looked at" in table.sentence
    assert [row.name for row in table.rows if row.note] == ["R0"]


def test_a_slice_without_order_is_named():
    rows = [named(told(*company(seed, n=1500, wrong_order=True)))["R0"] for seed in range(5)]
    assert sum("ordered worse than the rest" in row.note for row in rows) >= 4


def test_nothing_is_found_where_nothing_is():
    found = [told(*company(seed)) for seed in range(60)]
    assert np.mean([any(row.note for row in table.rows) for table in found]) <= 0.15
    assert "beyond what chance gives among the 4 slices" in found[0].sentence


def test_few_accounts_or_one_outcome_give_no_numbers():
    rows, region = company(n=400)
    region = region.astype(object)
    region[:29], region[29:80] = "few", "all alike"
    outcome = np.where(region == "all alike", 1.0, rows.outcome)
    found = named(told(rows.about(outcome), region))
    assert (found["few"].note, found["all alike"].note) == ("too few (29)", "too few (51)")
    document = found["few"].as_document()
    assert {document[key] for key in ("observed", "gap", "roc_auc", "selected_share", "p_order")} == {None}


def test_a_sensitive_slice_has_its_selection_rate_and_careful_words():
    rows, region = company()
    rows = judged_rows(rows.outcome, rows.margin + 2.0 * (region == "R0"))
    table = told(rows, region, "sensitive")
    first = rows.margin >= np.sort(rows.margin)[-180]
    ratio = named(table)["R0"].ratio
    assert ratio.value == pytest.approx(first[region == "R0"].mean() / first[region != "R0"].mean(), rel=0.02)
    assert 1 < ratio.low < ratio.value < ratio.high
    assert "times as often among the first of the list" in table.sentence
    assert "association, not cause" in table.sentence
    assert np.isnan(named(told(rows, region))["R0"].ratio.value)


def test_a_slice_that_is_never_selected_has_an_upper_end():
    rows, region = company()
    rows = judged_rows(rows.outcome, rows.margin - 9.0 * (region == "R0"))
    ratio = named(told(rows, region, "sensitive"))["R0"].ratio
    assert (ratio.value, ratio.low) == (0.0, 0.0)
    assert 0 < ratio.high < 0.2


def test_capacity_says_who_is_first():
    rows, region = company()
    table = told(rows, region, capacity=90)
    selected = sum(row.selected_share * row.n for row in table.rows)
    assert selected == pytest.approx(90)


def test_sizes_are_cut_at_their_quartiles_in_order():
    rows, _ = company(n=401)
    size = np.where(np.arange(401) == 400, np.nan, np.arange(401.0))
    found = slices(rows, {"employees": size}, {"employees": "size"})[0].rows
    names = ["up to 99", "above 99 to 199", "above 199 to 299", "above 299", "not known"]
    assert [row.name for row in found] == names
    assert [row.n for row in found] == [100, 100, 100, 100, 1]


def test_sizes_that_are_all_alike_or_unknown_are_one_band():
    rows, _ = company(n=100)
    for size, name in ((7.0, "7"), (np.nan, "not known")):
        (row,) = slices(rows, {"seats": [size] * 100}, {"seats": "size"})[0].rows
        assert (row.name, row.n, row.p_order) == (name, 100, pytest.approx(np.nan, nan_ok=True))


def test_many_values_are_counted_and_blanks_are_a_slice():
    rows, _ = company(n=200)
    cells = [None, " "] + [f"v{number % 30}" for number in range(198)]
    found = told(rows, cells).rows
    assert (found[-1].name, found[-1].note) == ("11 further values", "not looked at")
    assert sum(row.n for row in found) == 200
    assert "not known" not in {row.name for row in found[:20]}


def test_data_of_persons_make_no_slices():
    rows, _ = company(n=100)
    table = told(rows, ["ann@example.com", "bob@example.com"] * 50)
    assert (table.rows, "ann@" in table.sentence) == ((), False)
    assert "data of persons" in table.sentence


def test_the_order_of_rows_does_not_matter():
    rows, region = company(wrong_level=1.0)
    shuffled = np.random.default_rng(1).permutation(len(rows))
    other = judged_rows(rows.outcome[shuffled], rows.margin[shuffled])
    assert told(other, region[shuffled]).sentence == told(rows, region).sentence


def test_the_document_is_json_with_the_keys_of_the_report():
    document = told(*company(), "sensitive").as_document()
    assert set(document) == {"column", "kind", "sentence", "rows"}
    wanted = {"name", "n", "observed", "low", "high", "predicted", "gap", "gap_low", "gap_high", "roc_auc", "auc_low"}
    assert wanted | {"auc_high", "selected_share", "note"} <= set(document["rows"][0])
    json.dumps(document, allow_nan=False)


@pytest.mark.parametrize(
    ("column", "is_size"), [("Employees", True), ("it_staff", True), ("usage", False), ("oversized", False)]
)
def test_names_of_sizes(column, is_size):
    assert looks_like_size(column) == is_size


def test_the_sentence_names_three_slices_and_the_table_all():
    rng = np.random.default_rng(2)
    region, margin = rng.choice([f"R{number}" for number in range(10)], 4000), rng.normal(0.0, 1.0, 4000)
    wrong = np.isin(region, ["R0", "R1", "R2", "R3"])
    table = told(judged_rows(rng.random(4000) < expit(margin - 1.5 * wrong), margin), region)
    assert sum(bool(row.note) for row in table.rows) >= 4
    assert table.sentence.count("worse calibrated") == 3
    assert " more in the table; corrected for the 10 slices" in table.sentence
