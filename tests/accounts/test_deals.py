"""The table of deals: read as it stands, or refused with all that is wrong with it."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.deals import read_deals
from icp_ml.errors import DataError, FileSystemError
from icp_ml.study import study_from_document

HEADER = "account_id,opened_on,closed_on,is_won,amount,channel\n"
KEY = {"table": "deals.csv", "account": "account_id", "opened": "opened_on", "closed": "closed_on", "won": "is_won"}
FULL = {**KEY, "value": "amount", "channel": "channel"}
WON = "A-1,2026-01-05,2026-02-10,true,8000,Inbound\n"
LOST = "P-1,2026-01-06,2026-03-01,false,,Outbound\n"
OPEN = "P-2,2026-06-01,,,5000,\n"


def study_of(folder, key=None):
    outcome = {"column": "status", "success": ["renewed"], "observed_until": "2026-06-30"}
    document = {"name": "s", "accounts": "a.csv", "id": "account_id", "outcome": outcome}
    return study_from_document({**document, "fits": {"technical": ["crm"]}, "deals": key}, folder)


def read(folder, text, key=FULL, **asked):
    (folder / "deals.csv").write_text(text)
    return read_deals(study_of(folder, key), **asked)


def test_deals_are_read_as_they_stand(tmp_path):
    deals = read(tmp_path, HEADER + WON + LOST + OPEN + WON)
    assert len(deals) == 4  # several deals of one account are kept
    assert deals.account.tolist() == ["A-1", "P-1", "P-2", "A-1"]
    assert np.isnat(deals.closed).tolist() == [False, False, True, False]
    np.testing.assert_array_equal(deals.won, [1, 0, np.nan, 1])
    np.testing.assert_array_equal(deals.value, [8000, np.nan, 5000, 8000])
    assert deals.channel.tolist() == ["Inbound", "Outbound", None, "Inbound"]
    assert len(deals.sha256) == 64


def test_a_study_without_deals_has_none(tmp_path):
    assert read_deals(study_of(tmp_path)) is None


def test_columns_that_the_study_does_not_name_are_not_read(tmp_path):
    deals = read(tmp_path, HEADER + "A-1,2026-01-05,2026-02-10,true,much,x\n", KEY)
    assert deals.value is None
    assert deals.channel is None


@pytest.mark.parametrize(("cell", "won"), [("Won", 1), ("1.0", 1), ("YES", 1), ("lost", 0), ("0", 0), ("False", 0)])
def test_won_is_read_in_its_usual_spellings(tmp_path, cell, won):
    assert read(tmp_path, HEADER + f"A-1,2026-01-05,2026-02-10,{cell},,\n").won.tolist() == [won]


def test_a_deal_that_is_not_won_and_not_closed_is_open(tmp_path):
    assert np.isnan(read(tmp_path, HEADER + "A-1,2026-01-05,,false,,\n").won).all()


def test_a_header_alone_is_no_deal(tmp_path):
    assert len(read(tmp_path, HEADER)) == 0


def test_parquet_is_read_like_csv(tmp_path):
    text = read(tmp_path, HEADER + WON + LOST + OPEN)
    table = pd.DataFrame({"account_id": text.account, "opened_on": text.opened.astype("M8[s]")})
    table["closed_on"], table["is_won"] = text.closed.astype("M8[s]"), pd.array([True, False, None], dtype="boolean")
    table.to_parquet(tmp_path / "deals.parquet")
    typed = read_deals(study_of(tmp_path, {**KEY, "table": "deals.parquet"}))
    np.testing.assert_array_equal(typed.won, text.won)
    np.testing.assert_array_equal(typed.closed, text.closed)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("A-1,05/01/2026,,,,\n", "column 'opened_on' has 1 values that are not ISO dates"),
        ("A-1,,,,,\n", r"column 'opened_on' has 1 blank cells \(row 2\); expected a day in every row"),
        ("A-1,2026-02-01,2026-01-31,0,,\n", "days before the deal was opened"),
        ("A-1,2026-02-01,,won,,\n", "1 won deals without a day in 'closed_on'"),
        ("A-1,2026-02-01,2026-03-01,,,\n", "blank cells of deals with a day in 'closed_on'"),
        ("A-1,2026-02-01,2026-03-01,maybe,,\n", "values that are neither won nor lost"),
        ("A-1,2026-02-01,2026-03-01,1,-5,\n", "column 'amount' has 1 negative values"),
        ("A-1,2026-02-01,2026-07-01,1,5,\n", "column 'closed_on' has 1 dates after 2026-06-30"),
    ],
)
def test_bad_cells_are_refused_with_row_and_expectation(tmp_path, row, told):
    with pytest.raises(DataError, match=told):
        read(tmp_path, HEADER + WON + row)


def test_one_message_has_all_problems(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, HEADER + "A-1,soon,2026-03-01,maybe,-5,\n")
    assert len(str(caught.value).splitlines()) == 3


def test_a_later_day_may_be_known(tmp_path):
    row = "A-1,2026-02-01,2026-07-01,1,5,\n"
    assert len(read(tmp_path, HEADER + row, today=date(2026, 7, 2))) == 1


def test_a_missing_column_is_named_with_a_near_one(tmp_path):
    with pytest.raises(DataError, match=r"'closed_on' \(there is 'Closed_On'\)"):
        read(tmp_path, HEADER.replace("closed_on", "Closed_On"))
    with pytest.raises(FileSystemError, match=r"none\.csv: cannot be read"):
        read_deals(study_of(tmp_path, {**KEY, "table": "none.csv"}))


def test_deals_of_unknown_accounts_are_counted_and_kept(tmp_path):
    deals = read(tmp_path, HEADER + WON + LOST + ",2026-01-05,2026-02-10,1,,\n", known_ids=["A-1"])
    assert len(deals) == 3
    blank, unknown = deals.warnings
    assert "1 of 3 deals name no account" in blank
    assert "1 of 3 deals belong to accounts of neither" in unknown


def test_the_study_of_a_folder_finds_its_table(tmp_path):
    study = study_of(tmp_path, KEY)
    assert study.deals.table == str(tmp_path / "deals.csv")
    assert study.as_document()["deals"]["table"] == "deals.csv"
