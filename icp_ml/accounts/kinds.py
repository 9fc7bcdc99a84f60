"""Find out what a column holds: numbers, categories or dates; say so when it is a mixture that nobody should guess."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icp_ml.accounts.values import (
    as_date,
    as_number,
    cells_like,
    is_day_type,
    is_number_type,
    is_text_type,
    missing_token_mask,
)

Kind = Literal["numeric", "categorical", "date"]

MOSTLY = 0.8
"""From this share of cells on, a column is meant to be numbers or dates, and the other cells are mistakes."""

LEADING_ZERO = r"^[+-]?0\d+$"
_DECIMAL_COMMA = r"^[+-]?(\d{1,3}([. ]\d{3})+|\d+),\d+$"
_OTHER_DATE = r"^(\d{1,2}[/.-]\d{1,2}[/.-]\d{2,4}|\d{4}[/.]\d{1,2}[/.]\d{1,2}|\d{1,2}[ -][A-Za-z]{3,9}[ -]\d{2,4})\b"


@dataclass(frozen=True)
class KindGuess:
    """What a column seems to hold.

    Attributes
    ----------
    kind : {"numeric", "categorical", "date"}
        What most cells are.
    trouble : str
        Empty, or what the column has that keeps it from being read as that, in words.
    bad : ndarray of bool, shape (n,)
        The cells that make the trouble.
    """

    kind: Kind
    trouble: str
    bad: npt.NDArray[np.bool_]


def infer_kind(array: pa.Array | pa.ChunkedArray, is_text: bool) -> KindGuess:
    """Return what a column holds.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        The cells.
    is_text : bool
        True for CSV, where numbers come as text. In Parquet text that looks like numbers is a category.

    Returns
    -------
    KindGuess
        Booleans are categories, and so are whole numbers with a leading zero (codes). A column without any value is
        numeric.

    Examples
    --------
    >>> infer_kind(pa.array(["1", "NA", "2.5"]), is_text=True).kind
    'numeric'
    >>> infer_kind(pa.array(["1", "2", "3", "4", "five"]), is_text=True).trouble
    'values that are not numbers'
    """
    if is_number_type(array.type) or pa.types.is_null(array.type):
        return _plain("numeric", len(array))
    if is_day_type(array.type):
        return _plain("date", len(array))
    if not is_text_type(array.type):
        return _plain("categorical", len(array))
    held = ~missing_token_mask(array)
    numeric = held & ~as_number(array, text=True)[1]
    return (_numbers(array, held, numeric) if is_text else None) or _dates_or_words(array, held, numeric)


def _plain(kind: Kind, n: int) -> KindGuess:
    return KindGuess(kind, "", np.zeros(n, dtype=bool))


def _numbers(array: pa.Array, held: npt.NDArray[np.bool_], numeric: npt.NDArray[np.bool_]) -> KindGuess | None:
    """Judge a text column by its numbers; None when it is not about numbers."""
    if (numeric == held).all():
        has_codes = cells_like(array, LEADING_ZERO).any()
        return _plain("categorical" if has_codes else "numeric", len(array))
    commas = cells_like(array, _DECIMAL_COMMA)
    if commas.any() and (numeric | commas).sum() >= MOSTLY * held.sum():
        return KindGuess("numeric", "numbers with a comma", commas)
    if numeric.sum() >= MOSTLY * held.sum():
        return KindGuess("numeric", "values that are not numbers", held & ~numeric)
    return None


def _dates_or_words(array: pa.Array, held: npt.NDArray[np.bool_], numeric: npt.NDArray[np.bool_]) -> KindGuess:
    dated = held & ~as_date(array)[1]
    if held.any() and (dated == held).all():
        return _plain("date", len(array))
    others = cells_like(array, _OTHER_DATE) & ~dated & ~numeric
    if others.any() and (dated | others).sum() >= MOSTLY * held.sum():
        return KindGuess("date", "dates that are not ISO (YYYY-MM-DD)", others)
    if dated.any() and dated.sum() >= MOSTLY * held.sum():
        return KindGuess("date", "values that are not dates", held & ~dated)
    return _plain("categorical", len(array))
