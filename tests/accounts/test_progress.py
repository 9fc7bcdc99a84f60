"""The table of wins so far: what adds to the goal, and what is refused."""

from datetime import date

import numpy as np
import pytest

from icp_ml.accounts.progress import read_progress
from icp_ml.errors import DataError
from icp_ml.study.schema import ReadOptions

WINS = "date,account_id,value\n2026-05-09,A-2,500\n2026-05-01,A-1,1000\n2026-05-20,A-1,0\n"


def read(folder, text, column="value", **asked):
    (folder / "progress.csv").write_text(text)
    return read_progress(folder / "progress.csv", column, ReadOptions(), **asked)


def test_wins_come_by_day_with_their_value(tmp_path):
    progress = read(tmp_path, WINS)
    assert progress.day.astype(str).tolist() == ["2026-05-01", "2026-05-09", "2026-05-20"]
    assert progress.amount.tolist() == [1000, 500, 0]
    assert progress.account.tolist() == ["A-1", "A-2", "A-1"]
    assert progress.counts == {}


def test_an_account_counts_once(tmp_path):
    progress = read(tmp_path, WINS, None)
    assert progress.amount.tolist() == [1, 1, 0]
    assert "1 rows repeat an account" in progress.warnings[0]


def test_days_are_enough_where_accounts_are_counted(tmp_path):
    progress = read(tmp_path, "date\n2026-05-01\n2026-05-01\n", None)
    assert progress.account is None
    assert progress.amount.tolist() == [1, 1]


def test_a_goal_may_name_its_column(tmp_path):
    assert read(tmp_path, "date,seats\n2026-05-01,12\n", "seats").amount.tolist() == [12]


def test_counts_of_milestones_are_read_and_are_no_wins(tmp_path):
    progress = read(tmp_path, "date,account_id,meetings,trials\n2026-05-01,,3,\n2026-05-02,A-1,,1\n", None)
    assert progress.amount.tolist() == [0, 1]
    assert progress.counts["meetings"].tolist() == [3, 0]
    assert set(progress.counts) == {"meetings", "trials"}
    assert progress.warnings == ()


def test_a_header_alone_is_no_win_yet(tmp_path):
    progress = read(tmp_path, "date,account_id,value\n")
    assert (len(progress), progress.amount.sum()) == (0, 0)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2026-05-01,A-1,\n", r"column 'value' has 1 blank cells \(row 4\); expected a number in every row"),
        ("2026-05-01,A-1,NaN\n", "column 'value' has 1 blank cells"),
        ("2026-05-01,A-1,-3\n", "column 'value' has 1 negative values"),
        ("2026-05-01,A-1,inf\n", "column 'value' has 1 infinite values"),
        ("2026-05-01,A-1,many\n", "values that are not numbers"),
        (",A-1,10\n", "column 'date' has 1 blank cells"),
        ("1 May,A-1,10\n", "values that are not ISO dates"),
        ("2026-07-01,A-1,10\n", "1 dates after 2026-06-30"),
    ],
)
def test_bad_cells_are_refused_with_rows(tmp_path, row, told):
    with pytest.raises(DataError, match=told):
        read(tmp_path, WINS + row, today=date(2026, 6, 30))


def test_a_missing_column_is_named(tmp_path):
    with pytest.raises(DataError, match="there is no column 'value'; expected 'date' and 'value'"):
        read(tmp_path, "date,account_id\n2026-05-01,A-1\n")


def test_the_order_of_rows_does_not_matter(tmp_path):
    lines = WINS.splitlines()
    first, turned = read(tmp_path, WINS), read(tmp_path, "\n".join([lines[0], *lines[:0:-1]]))
    np.testing.assert_array_equal(first.amount, turned.amount)
