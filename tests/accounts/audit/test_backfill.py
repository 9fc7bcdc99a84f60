"""Two exports: what was written once the outcome was known is found, and what was written for everybody is not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.audit.backfill import compare_with_earlier
from icp_ml.accounts.tables import open_table, table_of
from icp_ml.errors import ConfigError, DataError

N = 400
RNG = np.random.default_rng(9)
LEFT = RNG.random(N) < 0.4
WON = np.where(LEFT, "no", "yes")
IDS = [f"a{i}" for i in range(N)]


def where(mask, values, others=None):
    return [value if yes else others for yes, value in zip(mask, values, strict=True)]


def compared(finished, now, before, **earlier):
    customers, labels = finished(WON, {"x": now})
    return compare_with_earlier(customers, labels, table_of(pd.DataFrame({"id": IDS, "x": before, **earlier}), "old"))


def found_in(result):
    return {(finding.severity, finding.column) for finding in result.findings()}


def test_filled_for_the_churned_alone_is_found(finished):
    result = compared(finished, where(LEFT, ["price"] * N), [None] * (N - 1) + ["price"])
    assert found_in(result) == {("warning", "x")}
    (row,) = result.rows
    assert row.suspicion.startswith(f"empty cells that are filled now: {row.filled} of {row.filled} (100%) for churned")
    assert "0 of " in row.suspicion


def test_filled_for_whoever_was_empty_is_found_when_those_were_the_churned(finished):
    """Nearly every empty cell was filled on both sides, but one side had hardly any."""
    empty = LEFT | (np.arange(N) % 40 == 0)
    result = compared(finished, RNG.normal(size=N), where(~empty, RNG.normal(size=N)))
    assert found_in(result) == {("warning", "x")}
    assert "accounts whose empty cell is filled now" in result.rows[0].suspicion


def test_overwritten_for_the_churned_is_found(finished):
    seats = RNG.integers(5, 50, N).astype(float)
    result = compared(finished, np.where(LEFT, 0.0, seats), seats)
    assert found_in(result) == {("warning", "x")}
    assert "filled cells that were changed" in result.rows[0].suspicion


def test_filled_for_everybody_alike_is_a_note(finished):
    known = RNG.random(N) < 0.5
    result = compared(finished, RNG.normal(size=N), where(known, RNG.normal(size=N)))
    assert found_in(result) == {("note", None)}
    assert "for all accounts alike: x:" in next(result.findings()).evidence


def test_the_same_export_twice_says_nothing(finished):
    values = where(RNG.random(N) < 0.8, RNG.normal(size=N))
    result = compared(finished, values, values)
    assert (found_in(result), result.rows[0].changed, result.rows[0].filled) == (set(), 0, 0)


def test_cells_written_when_the_outcome_became_known_are_found(finished):
    """Both sides of the outcome are written to, so only the earlier outcome tells."""
    settled = RNG.random(N) < 0.5
    now = np.where(settled, "closed", "open")
    result = compared(finished, now, ["open"] * N, won=where(~settled, WON))
    assert result.n_settled == settled.sum()
    assert "for accounts whose outcome became known in between" in result.rows[0].suspicion


def test_the_day_of_an_earlier_export_of_lifetimes_is_read_from_its_dates(lifetimes):
    """Horizon 100: of accounts signed 150, 130, 90 and 95 days ago, an export of 90 days ago knew one end."""
    customers, labels = lifetimes([150, 130, 90, 95], [20, np.nan, 40, 80])
    days = {"signed": ["2026-01-31", "2026-02-20", "2026-04-01", "2026-03-27"], "ended": ["2026-02-20", "", "", ""]}
    frame = pd.DataFrame({"id": ["a0", "a1", "a2", "a3"], "size": range(4), **days})
    assert compare_with_earlier(customers, labels, table_of(frame)).n_settled == 3


def test_accounts_of_one_export_alone_are_counted(finished):
    customers, labels = finished(WON, {"x": np.arange(N)})
    frame = pd.DataFrame({"id": [*IDS[:100], "gone", None], "x": np.arange(102)})
    result = compare_with_earlier(customers, labels, table_of(frame, "old"))
    assert (result.n_both, result.n_only_now, result.n_only_earlier) == (100, 300, 2)
    assert "100 customers stand in old too (300 do not, 2 only there)" in result.sentence


def test_spellings_of_a_boolean_are_one_value(finished):
    now = np.arange(N) % 2 == 0
    assert compared(finished, now, np.where(now, "True", "False")).rows[0].changed == 0


def test_an_attribute_that_is_new_is_named(finished):
    customers, labels = finished(WON, {"x": np.arange(N), "y": np.arange(N)})
    result = compare_with_earlier(customers, labels, table_of(pd.DataFrame({"id": IDS, "x": np.arange(N)})))
    assert result.absent == ("y",)
    assert json.loads(json.dumps(result.as_document(), allow_nan=False))["absent"] == ["y"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("key,x\na1,2\n", "there is no id column 'id'"),
        ("id,x\na1,2\na1,3\n", r"ids of 'id' stand in several rows \(rows 1, 2\)"),
        ("id,x\nz1,2\n", "none of its 1 ids is one of the 400 customers"),
        ("id,x\na1,many\na2,3\n", "column 'x' has 1 values that are not numbers"),
    ],
)
def test_an_export_of_something_else_is_refused(finished, tmp_path, text, problem):
    (tmp_path / "old.csv").write_text(text)
    customers, labels = finished(WON, {"x": np.arange(N)})
    with pytest.raises(DataError, match=rf"old\.csv: {problem}"):
        compare_with_earlier(customers, labels, open_table(tmp_path / "old.csv"))


def test_row_numbers_match_nothing(finished):
    customers, labels = finished(WON, {"x": np.arange(N)}, id={"row_number": True})
    with pytest.raises(ConfigError, match="accounts are named by row number"):
        compare_with_earlier(customers, labels, table_of(pd.DataFrame({"x": [1]})))


def test_honest_columns_are_not_suspected(finished):
    """Three hundred columns of which any two exports differ at random: none is said to follow the outcome."""
    columns = {f"x{i}": where(RNG.random(N) < 0.7, RNG.integers(0, 4, N)) for i in range(300)}
    before = {name: where(RNG.random(N) < 0.7, RNG.integers(0, 4, N)) for name in columns}
    customers, labels = finished(WON, columns)
    result = compare_with_earlier(customers, labels, table_of(pd.DataFrame({"id": IDS, **before})))
    assert not [row.column for row in result.rows if row.suspicion]
