"""Lines 19-31 of the fault list: ids and values."""

from __future__ import annotations

import numpy as np
import pytest

from tests.faults.conftest import placed

ODD_IDS = ["007", "1E5", "1234567890123456789012", "two words", " lead", "a,b", 'q"q', "x\ny", "TRUE", "1.0", "é"]
NAMED_LIKE_MISSING = ["NA", "null", "None", "nan", "N/A", "NULL"]


def with_ids(table, ids):
    return table.assign(account_id=[*ids, *table.account_id[len(ids) :]])


def test_fault_19_ids_come_back_byte_for_byte(desk):
    desk.scored(with_ids(desk.prospects, ODD_IDS))
    assert desk.scores().account_id.tolist()[: len(ODD_IDS)] == ODD_IDS


def test_fault_20_words_for_missing_are_ids_and_levels_like_others(desk):
    table = with_ids(desk.prospects, NAMED_LIKE_MISSING)
    table["region"] = placed(table.region, [1, 2, 3], ["NA", "null", "None"])
    outcome = desk.scored(table)
    assert desk.scores().account_id.tolist()[:6] == NAMED_LIKE_MISSING
    assert outcome.document["unseen_levels"]["region"] == 3


def test_fault_20_a_country_called_na_is_learned_as_a_level(desk):
    desk.customers["region"] = ["NA"] * 396 + ["DE"] * 4
    (finding,) = [found for found in desk.audited().document["findings"] if found["column"] == "region"]
    assert finding["evidence"] == "396 of 400 customers have 'NA'"


@pytest.mark.parametrize("n_times", [2, 300])
def test_fault_21_repeated_ids(desk, n_times):
    desk.customers["account_id"] = placed(desk.customers.account_id, list(range(11, 11 + n_times)), "twice")
    assert f"({n_times} rows 11, 12" in desk.refused(4, "audit", desk.study_of())
    n_more = min(n_times, 100)
    desk.prospects["account_id"] = placed(desk.prospects.account_id, list(range(11, 11 + n_more)), "twice")
    assert f"has {n_more - 1} ids that came before (row" in desk.score_refused(4)
    outcome = desk.scored(None, "--on-duplicate", "first")
    assert outcome.document["rejected"] == n_more - 1
    assert (desk.scores().account_id == "twice").sum() == 1


def test_fault_22_blank_ids(desk):
    desk.customers["account_id"] = placed(desk.customers.account_id, [3, 8], ["", "  "])
    assert "is blank in 2 rows (rows 3, 8)" in desk.refused(4, "audit", desk.study_of())
    desk.prospects["account_id"] = placed(desk.prospects.account_id, [3, 8], ["", "  "])
    desk.scored()
    assert desk.rejected().row.tolist() == ["3", "8"]


@pytest.mark.parametrize(
    ("column", "cell", "trouble", "reason"),
    [
        pytest.param("integrations", "inf", "1 infinite values (row 7", "an infinite number", id="23_inf"),
        pytest.param("integrations", "-1e400", "1 infinite values (row 7", "an infinite number", id="23_overflow"),
        pytest.param("analysts", "1,5", "1 values that are not numbers (row 7", "not a number", id="24_decimal_comma"),
        pytest.param("integrations", "many", "1 values that are not numbers (row 7", "not a number", id="25_mixed"),
        pytest.param("founded_on", "03/04/2026", "1 dates that are not ISO (", "not an ISO date", id="26_ambiguous"),
        pytest.param("founded_on", "2026-02-30", "1 values that are not dates (", "not an ISO date", id="26_no_day"),
        pytest.param("founded_on", "2999-01-01", "1 dates after 2026-06-30 (row 7", "a date after", id="27_future"),
    ],
)
def test_fault_23_to_27_cells_that_cannot_be_read(desk, column, cell, trouble, reason):
    desk.customers[column] = placed(desk.customers[column], 7, cell)
    error = desk.refused(4, "audit", desk.study_of())
    assert f"column '{column}' has" in error
    assert trouble in error
    desk.prospects[column] = placed(desk.prospects[column], 7, cell)
    desk.scored()
    (row,) = desk.rejected().itertuples()
    assert (row.row, row.id, row.column) == ("7", desk.prospects.account_id[6], column)
    assert reason in row.reason
    assert row.reason.removeprefix(reason).strip("() ") in ("", "YYYY-MM-DD", "2036-06-27")


def test_fault_27_dates_in_several_formats(desk):
    days = desk.customers.signed_on.astype(str)
    desk.customers["signed_on"] = [
        day if row % 2 else "/".join(reversed(day.split("-"))) for row, day in enumerate(days)
    ]
    error = desk.refused(4, "audit", desk.study_of())
    assert "column 'signed_on' has 200 values that are not ISO dates" in error


def test_fault_28_levels_never_seen_are_counted_missing_and_warned_of(desk):
    desk.prospects["crm"] = placed(desk.prospects.crm, list(range(1, 61)), "NeverSeen")
    outcome = desk.scored()
    assert outcome.document["unseen_levels"] == {"crm": 60}
    assert any("'crm' has a level never seen in training in 50%" in note for note in outcome.document["notes"])
    unseen = desk.scores()
    desk.prospects["crm"] = desk.prospects.crm.replace("NeverSeen", "")
    desk.scored()
    assert unseen.probability.tolist() == desk.scores().probability.tolist()


def test_fault_29_a_value_outside_the_range_is_scored_and_named(desk):
    desk.prospects["integrations"] = placed(desk.prospects.integrations, 4, 1e9)
    outcome = desk.scored()
    row = desk.scores().iloc[3]
    assert outcome.document["outside_range"]["integrations"] >= 1
    assert row.in_domain == "false"
    assert row.grade == "?"
    assert "integrations (technical)" in row.unusual
    assert 0 < float(row.probability) < 1


@pytest.mark.parametrize(("cell", "check"), [("", "all_missing"), (3, "constant")])
def test_fault_30_empty_and_constant_attributes_are_warned_of(desk, cell, check):
    desk.customers["integrations"] = cell
    found = {(finding["column"], finding["check"]) for finding in desk.audited().document["findings"]}
    assert ("integrations", check) in found


def test_fault_30_an_attribute_empty_in_all_prospects_is_warned_of(desk):
    desk.prospects["integrations"] = ""
    notes = desk.scored().document["notes"]
    assert any(note.startswith("'integrations' is missing in 100% of the accounts") for note in notes)


def test_fault_31_a_column_in_another_unit(desk):
    desk.prospects["integrations"] = desk.prospects.integrations * 100 + 50
    notes = desk.scored().document["notes"]
    assert any("'integrations' lies outside the range seen in training" in note for note in notes)
    assert any("unlike every customer" in note for note in notes)


def test_rows_that_are_customers_already_are_counted_and_left_out(desk):
    desk.prospects["account_id"] = placed(desk.prospects.account_id, [2, 5], desk.customers.account_id[:2].tolist())
    outcome = desk.scored()
    assert outcome.document["already_customers"] == 2
    assert not set(desk.scores().account_id) & set(desk.customers.account_id)


def test_everything_wrong_at_once_still_adds_up(desk):
    rng = np.random.default_rng(0)
    cells = np.array(["", "x", "inf", "-1", "2999-01-01", "=1+1", "1,5", "NaN", "'", "true"], dtype=object)
    for column in desk.prospects.columns:
        rows = 1 + rng.choice(len(desk.prospects), size=12, replace=False)
        desk.prospects[column] = placed(desk.prospects[column], rows, rng.choice(cells, size=12))
    outcome = desk.scored(None, "--on-duplicate", "first")
    assert outcome.document["rejected"] > 50
    assert any("of the rows were rejected, most often for" in note for note in outcome.document["notes"])


def test_values_of_personal_columns_are_never_shown(desk):
    desk.study = desk.study.replace("ignore: [owner_email]\n", "").replace("context: [", "context: [owner_email, ")
    outcome = desk.audited()
    blockers = [finding for finding in outcome.document["findings"] if finding["severity"] == "blocker"]
    assert [(finding["column"], finding["check"]) for finding in blockers] == [("owner_email", "personal_data")]
    assert "owner_email" in desk.refused(4, "train", desk.study_of(), "--out", desk.folder / "model")
    desk.study = desk.study.replace("owner_email,", "{column: owner_email, kind: numeric},")
    assert "column 'owner_email' has 400 values that are not numbers" in desk.refused(4, "audit", desk.study_of())
