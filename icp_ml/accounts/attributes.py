"""Read one column of the customer table as an attribute, or say in one message why it cannot be one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icp_ml.accounts.kinds import Kind, infer_kind
from icp_ml.accounts.personal import shown
from icp_ml.accounts.values import (
    Flags,
    Objects,
    as_date,
    as_number,
    as_text,
    is_cell_type,
    is_text_type,
    row_numbers,
)
from icp_ml.errors import first_rows, message

_EXPECTED = {
    "numeric": "numbers such as 1200.5",
    "categorical": "one text per cell",
    "date": "ISO dates such as 2026-06-30",
}
_NEXT_STEP = {
    "numeric": "Repair or empty these cells, or declare kind: categorical",
    "categorical": "Write the column as text, numbers, dates or booleans",
    "date": "Write dates as YYYY-MM-DD, empty the other cells, or declare kind: categorical",
}


@dataclass(frozen=True)
class ReadColumn:
    """A column read as an attribute.

    Attributes
    ----------
    kind : {"numeric", "categorical", "date"}
        Declared, or found from the cells.
    values : ndarray, shape (n,)
        float64 (NaN missing), text or None, or datetime64[D] (NaT missing).
    problem : str
        A whole message; empty when the column is fine.
    """

    kind: Kind
    values: npt.NDArray[Any]
    problem: str = ""


def read_column(
    array: pa.Array | pa.ChunkedArray, column: str, kind: Kind | None, *, is_text: bool, where: str
) -> ReadColumn:
    """Return a column as an attribute of its declared kind, or of the kind that its cells show.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        The cells.
    column : str
        Its name, for messages.
    kind : {"numeric", "categorical", "date"} or None
        As declared; None: find out.
    is_text : bool
        True for CSV.
    where : str
        The table, for messages.

    Returns
    -------
    ReadColumn
        With a problem where cells do not fit the kind, or a number is infinite.
    """
    nothing = np.full(len(array), None, dtype=object)
    if not is_cell_type(array.type):
        return ReadColumn("categorical", nothing, _wrong_type(array, column, "categorical", where))
    guess = infer_kind(array, is_text) if kind is None else None
    if guess is not None and guess.trouble:
        return ReadColumn(
            guess.kind, nothing, cells_problem(array, column, guess.kind, guess.trouble, guess.bad, where)
        )
    known = kind or (guess.kind if guess is not None else "categorical")
    if known == "categorical":
        return ReadColumn(known, _one_spelling(as_text(array)))
    return _numbers(array, column, is_text, where) if known == "numeric" else _dates(array, column, where)


def cells_problem(array: Any, column: str, kind: Kind, trouble: str, bad: Flags, where: str) -> str:
    """Return the message about cells that do not fit: how many, in which rows, and the first of them.

    Values of columns that may hold personal data are left out.
    """
    return message(where, _offenders(array, column, trouble, bad), _EXPECTED[kind], _NEXT_STEP[kind])


def future_problem(array: Any, column: str, last: np.datetime64, late: Flags, where: str) -> str:
    """Return the message about dates that lie after the last possible day."""
    came = _offenders(array, column, f"dates after {last}", late)
    step = "Correct or empty these cells, or correct outcome.observed_until"
    return message(where, came, f"dates up to {last}, the last day of the table", step)


def _offenders(array: Any, column: str, trouble: str, bad: Flags) -> str:
    rows = row_numbers(bad)
    first = shown(column, array[rows[0] - 1].as_py())
    return f"column {column!r} has {len(rows):,} {trouble} ({first_rows(rows)}; the first is {first})"


def _one_spelling(texts: Objects) -> Objects:
    """Return booleans that are spelled in several ways, such as True and TRUE, in one; other text as it is."""
    spellings = {text for text in texts if text is not None}
    plain = {text.lower() for text in spellings}
    if not plain or not plain <= {"true", "false"} or len(plain) == len(spellings):
        return texts
    return np.array([None if text is None else text.lower() for text in texts], dtype=object)


def _numbers(array: Any, column: str, is_text: bool, where: str) -> ReadColumn:
    values, bad = as_number(array, is_text)
    if bad.any() and not is_text and is_text_type(array.type):  # text of a Parquet file, be it digits
        came = f"column {column!r} holds text, not numbers ({array.type})"
        step = "Write the column as numbers, or declare kind: categorical"
        return ReadColumn("numeric", values, message(where, came, _EXPECTED["numeric"], step))
    if bad.any():
        return ReadColumn("numeric", values, cells_problem(array, column, "numeric", _not("numbers"), bad, where))
    infinite = np.isinf(values)
    trouble = "infinite values"
    problem = cells_problem(array, column, "numeric", trouble, infinite, where) if infinite.any() else ""
    return ReadColumn("numeric", values, problem)


def _dates(array: Any, column: str, where: str) -> ReadColumn:
    days, bad = as_date(array)
    problem = cells_problem(array, column, "date", _not("ISO dates"), bad, where) if bad.any() else ""
    return ReadColumn("date", days, problem)


def _not(what: str) -> str:
    return f"values that are not {what}"


def _wrong_type(array: Any, column: str, kind: Kind, where: str) -> str:
    came = f"column {column!r} has the type {array.type}"
    return message(where, came, _EXPECTED[kind], _NEXT_STEP[kind])
