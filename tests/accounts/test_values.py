import datetime as dt
import math
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from icp_ml.accounts.values import as_codes, as_date, as_ids, as_number, as_text, is_cell_type, missing_token_mask
from icp_ml.errors import DataError


def numbers(cells, text=True):
    values, bad = as_number(pa.array(cells), text)
    return [None if math.isnan(value) else value for value in values], bad.tolist()


def days(cells):
    values, bad = as_date(pa.array(cells))
    return [None if np.isnat(day) else str(day) for day in values], bad.tolist()


@pytest.mark.parametrize(
    "value", ["007", "1E5", "123456789012345678901234567890", " 7", "NA", "null", "None", "-5", "é"]
)
def test_ids_are_kept_byte_for_byte_19_20(value):
    assert as_ids(pa.array([value])).tolist() == [value]


def test_blank_ids_are_missing_22():
    assert as_ids(pa.array(["", "  ", "\t", None])).tolist() == [None] * 4


def test_whole_number_ids_become_decimal_text_19():
    assert as_ids(pa.array([2**63 - 1, None])).tolist() == ["9223372036854775807", None]
    assert as_ids(pa.array([7.0, None])).tolist() == ["7", None]


@pytest.mark.parametrize("value", [0.5, 2.0**53, math.inf])
def test_ids_that_lost_digits_are_refused_19(value):
    with pytest.raises(DataError, match="not exact whole numbers; expected text"):
        as_ids(pa.array([value]))


def test_text_has_one_spelling():
    assert as_text(pa.array([1.0, 2.5, math.nan, None])).tolist() == ["1", "2.5", None, None]
    assert as_text(pa.array([True, False, None])).tolist() == ["true", "false", None]
    assert as_text(pa.array([dt.date(2026, 6, 30)])).tolist() == ["2026-06-30"]
    assert as_text(pa.array([Decimal("2.00"), Decimal("2.50")])).tolist() == ["2", "2.50"]
    assert as_text(pa.array(["NA", "", " x"]).dictionary_encode()).tolist() == ["NA", None, " x"]


def test_numbers_of_text():
    cells = ["1", "+2.50", "1e-3", ".5", "5.", " 6 "]
    assert numbers(cells) == ([1, 2.5, 0.001, 0.5, 5, 6], [False] * 6)


@pytest.mark.parametrize("token", ["", "NA", "NaN", "null", "None", "#N/A", "n/a", " na "])
def test_missing_tokens_of_numbers_20(token):
    assert numbers(["1", token]) == ([1, None], [False, False])
    assert missing_token_mask(pa.array(["1", token])).tolist() == [False, True]


@pytest.mark.parametrize("text", ["12,5", "1_000", "0x1F", "1 000", "abc", "5%", "--1", "1e", "１２"])
def test_what_is_no_number_24_25(text):
    assert numbers(["1", text]) == ([1, None], [False, True])


@pytest.mark.parametrize("text", ["inf", "-Infinity", "1e400"])
def test_infinite_numbers_stay_infinite_23(text):
    values, bad = as_number(pa.array([text, "x"]), text=True)
    assert np.isinf(values[0])
    assert bad.tolist() == [False, True]


def test_numbers_of_typed_columns_46():
    assert numbers([1, None], text=False) == ([1, None], [False, False])
    assert numbers([True, None], text=False) == ([1, None], [False, False])
    assert numbers([Decimal("1.5")], text=False) == ([1.5], [False])
    assert numbers(["1", " ", None], text=False) == ([None] * 3, [True, False, False])
    assert numbers([dt.date(2026, 1, 1)], text=False) == ([None], [True])


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
@settings(max_examples=50, deadline=None)
def test_every_float_survives_text(values):
    read, bad = as_number(pa.array([repr(value) for value in values] + ["NA"]), text=True)
    assert read[:-1].tolist() == values
    assert not bad.any()


def test_only_iso_dates_are_read_26():
    cells = ["2026-06-30", "2017-05-05 05:23:08.999999998", "2026-01-01T23:30:00+02:00", "NA", "03/04/2026"]
    assert days(cells) == (["2026-06-30", "2017-05-05", "2026-01-01", None, None], [False, False, False, False, True])


@pytest.mark.parametrize("text", ["20260101", "2026-W01-1", "2026-02-30", "0000-00-00", "2026-1-1", "44927", "2026-01"])
def test_what_is_no_date_26_27(text):
    assert days(["2026-01-01", text]) == (["2026-01-01", None], [False, True])


def test_dates_of_typed_columns():
    assert days([dt.datetime(1960, 1, 1, 23, 59), None]) == (["1960-01-01", None], [False, False])
    assert days([3]) == ([None], [True])


def test_codes_count_unseen_and_not_blank_28():
    codes, n_unseen = as_codes(pa.array(["b", "z", "", None, "a"]), pa.array(["a", "b"]))
    assert codes.tolist() == [1, -1, -1, -1, 0]
    assert n_unseen == 1


def test_codes_are_the_same_whatever_the_type():
    levels = pa.array(["1", "2"])
    for cells in (
        pa.array(["1", "2"]),
        pa.array([1, 2]),
        pa.array([1.0, 2.0]),
        pa.array(["1", "2"]).dictionary_encode(),
    ):
        assert as_codes(cells, levels)[0].tolist() == [0, 1]


@pytest.mark.parametrize(("kind", "fine"), [(pa.string(), True), (pa.list_(pa.int8()), False), (pa.binary(), False)])
def test_types_of_cells(kind, fine):
    assert is_cell_type(kind) is fine
