"""Turn cells into ids, text, numbers and days, with one rule for what is missing and none that guesses."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from icp_ml.errors import DataError, message

MISSING_TOKENS = ("", "na", "nan", "null", "none", "#n/a", "n/a", "nat")
"""What means "missing" where a number or a date is due, in any case. In ids and categories only a blank does."""

_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_INFINITE = r"(?i)^[+-]?inf(inity)?$"
_ISO_DAY = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?( ?(Z|UTC|[+-]\d{2}(:?\d{2})?))?)?$"
_EXACT_FLOAT = 2**53

Objects = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]


def is_text_type(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds text, dictionary-encoded text included."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(inner) or pa.types.is_large_string(inner) or pa.types.is_string_view(inner))


def is_number_type(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds numbers; booleans are not numbers."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_integer(inner) or pa.types.is_floating(inner) or pa.types.is_decimal(inner))


def is_day_type(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds days or moments."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def is_cell_type(kind: pa.DataType) -> bool:
    """Tell whether an Arrow type holds one value per cell that we can read: text, number, boolean, day or nothing."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    plain = pa.types.is_boolean(inner) or pa.types.is_null(inner)
    return bool(plain or is_text_type(inner) or is_number_type(inner) or is_day_type(inner))


def as_text(array: pa.Array | pa.ChunkedArray) -> Objects:
    """Return cells as text in one spelling, whatever type the file gave them.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        Any readable type.

    Returns
    -------
    ndarray of object, shape (n,)
        ``str``, or None where the cell is blank. Text is untouched; ``1`` and ``1.0`` become ``"1"``, booleans
        ``"true"`` and ``"false"``, days ISO dates.

    Examples
    --------
    >>> as_text(pa.array([1.0, None, 2.5])).tolist()
    ['1', None, '2.5']
    >>> as_text(pa.array(["NA", " ", "x "])).tolist()
    ['NA', None, 'x ']
    """
    array = _flat(array)
    if is_text_type(array.type):
        return _objects(pc.if_else(_blank(array), None, array))
    if pa.types.is_integer(array.type):
        return _objects(pc.cast(array, pa.string()))
    encoded = array.dictionary_encode()
    words = pa.array([_canonical(value) for value in encoded.dictionary.to_pylist()], pa.string())
    return _objects(words.take(encoded.indices))


def as_ids(array: pa.Array | pa.ChunkedArray, where: str = "id column") -> Objects:
    """Return ids as text, byte for byte.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        Text, or whole numbers, which become decimal text.
    where : str
        What a message calls the column.

    Returns
    -------
    ndarray of object, shape (n,)
        ``str``, or None where the id is missing or blank.

    Raises
    ------
    DataError
        When ids were stored as fractions or as floats too large to be exact: digits are lost already.

    Examples
    --------
    >>> as_ids(pa.array(["007", "1E5", " 3", "NA", ""])).tolist()
    ['007', '1E5', ' 3', 'NA', None]
    """
    array = _flat(array)
    if pa.types.is_floating(array.type):
        numbers = array.to_numpy(zero_copy_only=False)
        held = numbers[~np.isnan(numbers)]
        if (np.abs(held) >= _EXACT_FLOAT).any() or (held != np.floor(held)).any():
            came = "ids are stored as floating-point numbers that are not exact whole numbers"
            raise DataError(message(where, came, "text or whole numbers", "Write the ids as text"))
    return as_text(array)


def as_number(array: pa.Array | pa.ChunkedArray, text: bool) -> tuple[Floats, Flags]:
    """Return cells as numbers, and which of them are none.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        Any type.
    text : bool
        True when the file is text (CSV), so that numbers come as text. False: text is never a number.

    Returns
    -------
    values : ndarray of float64, shape (n,)
        NaN where missing or bad; infinite numbers stay infinite, for the caller to refuse. Booleans are 1 and 0.
    bad : ndarray of bool, shape (n,)
        True where the cell holds something that is not a number.

    Examples
    --------
    >>> values, bad = as_number(pa.array(["1e3", "NA", "12,5"]), text=True)
    >>> values.tolist(), bad.tolist()
    ([1000.0, nan, nan], [False, False, True])
    """
    array = _flat(array)
    if is_text_type(array.type):
        if not text:
            bad = ~_flags(_blank(array))
            return np.full(len(array), np.nan), bad
        return _numbers_of_text(array)
    if is_number_type(array.type) or pa.types.is_boolean(array.type) or pa.types.is_null(array.type):
        return _floats(pc.cast(array, pa.float64(), safe=False)), np.zeros(len(array), dtype=bool)
    return np.full(len(array), np.nan), _flags(pc.is_valid(array))


def as_date(array: pa.Array | pa.ChunkedArray) -> tuple[Days, Flags]:
    """Return cells as days, and which of them are none; only ISO dates are read.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        Days, moments, or text such as ``2026-06-30`` or ``2026-06-30T12:00:00Z`` (the day as written is kept).

    Returns
    -------
    days : ndarray of datetime64[D], shape (n,)
        NaT where missing or bad.
    bad : ndarray of bool, shape (n,)
        True where the cell holds something that is not an ISO date; ``03/04/2026`` is never guessed.

    Examples
    --------
    >>> days, bad = as_date(pa.array(["2026-06-30 08:15", "03/04/2026", ""]))
    >>> days.astype(str).tolist(), bad.tolist()
    (['2026-06-30', 'NaT', 'NaT'], [False, True, False])
    """
    array = _flat(array)
    if is_day_type(array.type):
        return _days(pc.cast(array, pa.date32(), safe=False)), np.zeros(len(array), dtype=bool)
    if not is_text_type(array.type):
        return np.full(len(array), np.datetime64("NaT", "D")), _flags(pc.is_valid(array))
    held = _without_tokens(array)
    iso = pc.if_else(pc.match_substring_regex(held, _ISO_DAY), pc.utf8_slice_codeunits(held, 0, 10), None)
    days = _days_of_iso(iso)
    return days, _flags(pc.is_valid(held)) & np.isnat(days)


def as_codes(array: pa.Array | pa.ChunkedArray, levels: pa.Array) -> tuple[npt.NDArray[np.int32], int]:
    """Return the position of every cell among known levels, and how many cells hold another one.

    Parameters
    ----------
    array : pyarrow array, shape (n,)
        Any readable type; compared in the spelling of `as_text`.
    levels : pyarrow string array
        The known levels.

    Returns
    -------
    codes : ndarray of int32, shape (n,)
        -1 where the cell is blank or holds an unknown level.
    n_unseen : int
        Cells that hold an unknown level.
    """
    array = _flat(array)
    text = pc.cast(array, pa.string()) if is_text_type(array.type) else pa.array(as_text(array), pa.string())
    found = pc.index_in(text, value_set=levels)
    others = text.filter(pc.is_null(found))
    n_unseen = len(others) - int(pc.sum(_blank(others)).as_py() or 0)
    return np.asarray(pc.fill_null(found, -1).to_numpy(zero_copy_only=False), dtype=np.int32), n_unseen


def missing_token_mask(array: pa.Array | pa.ChunkedArray) -> Flags:
    """Return where text is blank or one of `MISSING_TOKENS`, shape (n,)."""
    return ~_flags(pc.is_valid(_without_tokens(_flat(array))))


def cells_like(array: pa.Array | pa.ChunkedArray, pattern: str) -> Flags:
    """Return where text matches a regular expression (RE2), shape (n,); missing never does."""
    found = pc.match_substring_regex(pc.utf8_trim_whitespace(_flat(array)), pattern)
    return _flags(pc.fill_null(found, False))


def _numbers_of_text(array: pa.Array) -> tuple[Floats, Flags]:
    """Parse numbers in three tries, each slower than the one before: plain, with missing tokens, with bad cells."""
    none_bad = np.zeros(len(array), dtype=bool)
    plain = _cast_or_none(pc.if_else(pc.equal(pc.binary_length(array), 0), None, array))
    if plain is not None:
        return _floats(plain), none_bad
    held = _without_tokens(array)
    good = pc.or_(pc.match_substring_regex(held, _NUMBER), pc.match_substring_regex(held, _INFINITE))
    values = pc.cast(pc.if_else(good, held, None), pa.float64())
    return _floats(values), _flags(pc.is_valid(held)) & ~_flags(pc.fill_null(good, False))


def _cast_or_none(array: pa.Array) -> pa.Array | None:
    try:
        return pc.cast(array, pa.float64())
    except pa.ArrowInvalid:
        return None


def _days_of_iso(iso: pa.Array) -> Days:
    try:
        return _days(pc.cast(iso, pa.date32()))
    except pa.ArrowInvalid:  # a day that no calendar has, such as 2026-02-30
        encoded = iso.dictionary_encode()
        days = pa.array([_day_or_none(text) for text in encoded.dictionary.to_pylist()], pa.date32())
        return _days(days.take(encoded.indices))


def _day_or_none(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _without_tokens(array: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(array)
    return pc.if_else(pc.is_in(pc.utf8_lower(trimmed), value_set=pa.array(MISSING_TOKENS)), None, trimmed)


def _blank(array: pa.Array) -> pa.Array:
    """Return where a text is missing or nothing but white space."""
    return pc.fill_null(pc.equal(pc.binary_length(pc.utf8_trim_whitespace(array)), 0), True)


def _flat(array: pa.Array | pa.ChunkedArray) -> pa.Array:
    if isinstance(array, pa.ChunkedArray):
        array = array.combine_chunks() if array.num_chunks != 1 else array.chunk(0)
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    return array.cast(pa.string()) if pa.types.is_string_view(array.type) else array


def _canonical(value: Any) -> str | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat() if value.time() != datetime.min.time() else value.date().isoformat()
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        return str(int(value))
    return str(value)


def _objects(array: pa.Array) -> Objects:
    return cast(Objects, array.to_numpy(zero_copy_only=False).astype(object))


def _floats(array: pa.Array) -> Floats:
    return np.array(array.to_numpy(zero_copy_only=False), dtype=np.float64)


def _flags(array: pa.Array) -> Flags:
    return np.asarray(array.to_numpy(zero_copy_only=False), dtype=bool)


def _days(array: pa.Array) -> Days:
    return cast(Days, array.to_numpy(zero_copy_only=False).astype("datetime64[D]"))


def row_numbers(mask: Iterable[bool] | Flags, first_row: int = 1) -> list[int]:
    """Return the row numbers (from 1 after the header) at which a mask is true."""
    return [int(at) + first_row for at in np.flatnonzero(np.asarray(mask, dtype=bool))]
