"""Evaluate a parsed rule on a table, in three values: yes, no, and unknown where something is missing."""

from __future__ import annotations

import datetime as dt
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.errors import DataError, message
from icp_ml.rules import AllOf, Among, AnyOf, Compare, IsNull, Literal, Node, Not

Truth = NDArray[np.int8]

YES, NO, UNKNOWN = 1, 0, -1
_RANK = np.array([0, 2, 1], dtype=np.int8)  # by truth as an index: no < unknown < yes, so "and" is min, "or" is max
_TRUTH = np.array([NO, UNKNOWN, YES], dtype=np.int8)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?=$|[T ])")
_BOOLEANS = {"true": 1.0, "True": 1.0, "TRUE": 1.0, "1": 1.0, "false": 0.0, "False": 0.0, "FALSE": 0.0, "0": 0.0}


def evaluate(tree: Node, frame: pd.DataFrame, where: str) -> Truth:
    """Return 1 (yes), 0 (no) or -1 (unknown) for every row of a table that has the rule's columns."""
    columns: dict[str, _Numbers | _Days | _Texts] = {}

    def column_of(name: str) -> _Numbers | _Days | _Texts:
        if name not in columns:
            columns[name] = _read(frame[name], f"{where}: column '{name}'")
        return columns[name]

    def truth(node: Node) -> Truth:
        match node:
            case Compare():
                return column_of(node.column).compare(node.operator, node.value)
            case Among():
                column = column_of(node.column)
                return _join(np.maximum, [column.compare("==", value) for value in node.values])
            case IsNull():
                return column_of(node.column).missing.astype(np.int8)
            case Not():
                inner = truth(node.part)
                return np.where(inner == UNKNOWN, UNKNOWN, 1 - inner).astype(np.int8)
            case AllOf():
                return _join(np.minimum, [truth(part) for part in node.parts])
            case AnyOf():
                return _join(np.maximum, [truth(part) for part in node.parts])

    return truth(tree)


def _join(extreme: Callable[[Any, Any], Any], tests: list[Truth]) -> Truth:
    joined: Truth = _TRUTH[reduce(extreme, [_RANK[test] for test in tests])]
    return joined


@dataclass(frozen=True)
class _Numbers:
    """A numeric column; NaN is missing."""

    values: NDArray[np.float64]
    where: str

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnan(self.values)

    def compare(self, symbol: str, value: Literal) -> Truth:
        if isinstance(value, dt.date):
            _refuse_kind(self.missing, f"{self.where} holds numbers and the rule a date")
            return np.full(len(self.values), UNKNOWN, dtype=np.int8)
        number = float(value) if isinstance(value, bool | int | float) else _number(value)
        return _known(_OPERATORS[symbol](self.values, number), self.missing)


@dataclass(frozen=True)
class _Days:
    """A column of dates; NaT is missing."""

    values: NDArray[np.datetime64]
    where: str

    @property
    def missing(self) -> NDArray[np.bool_]:
        return np.isnat(self.values)

    def compare(self, symbol: str, value: Literal) -> Truth:
        if isinstance(value, bool | int | float):
            _refuse_kind(self.missing, f"{self.where} holds dates and the rule a number")
            return np.full(len(self.values), UNKNOWN, dtype=np.int8)
        day = np.datetime64(value, "D") if isinstance(value, dt.date) else _day(value)
        return _known(_OPERATORS[symbol](self.values, day), self.missing)


@dataclass(frozen=True)
class _Texts:
    """A column of text or categories, as codes into its distinct values; -1 is missing."""

    codes: NDArray[np.intp]
    distinct: list[str]

    @property
    def missing(self) -> NDArray[np.bool_]:
        return self.codes < 0

    def compare(self, symbol: str, value: Literal) -> Truth:
        table = np.append(self._compare_distinct(symbol, value), np.int8(UNKNOWN))  # the last one is for code -1
        return table[self.codes]

    def _compare_distinct(self, symbol: str, value: Literal) -> Truth:
        """Compare each distinct value; text that cannot be read as the rule's kind differs, and has no order."""
        compare = _OPERATORS[symbol]
        if isinstance(value, str):
            return np.array([compare(text, value) for text in self.distinct], dtype=np.int8)
        if isinstance(value, bool):
            read: NDArray[Any] = np.array([_BOOLEANS.get(text, np.nan) for text in self.distinct], dtype=np.float64)
        elif isinstance(value, dt.date):
            read = np.array([_day(text) for text in self.distinct], dtype="datetime64[D]")
        else:
            read = np.array([_number(text) for text in self.distinct], dtype=np.float64)
        other = {"==": NO, "!=": YES}.get(symbol, UNKNOWN)
        wanted = np.datetime64(value, "D") if isinstance(value, dt.date) else float(value)
        return np.where(pd.isna(read), other, compare(read, wanted)).astype(np.int8)


def _read(series: pd.Series[Any], where: str) -> _Numbers | _Days | _Texts:
    kind = series.dtype
    if isinstance(kind, pd.CategoricalDtype):
        codes, distinct = np.asarray(series.cat.codes, dtype=np.intp), [_text(level) for level in series.cat.categories]
    elif pd.api.types.is_bool_dtype(kind):
        return _coded(series.astype(object))
    elif pd.api.types.is_numeric_dtype(kind):
        return _Numbers(series.to_numpy(dtype=np.float64, na_value=np.nan), where)
    elif pd.api.types.is_datetime64_any_dtype(kind):
        naive = series.dt.tz_localize(None) if getattr(kind, "tz", None) else series
        return _Days(naive.to_numpy(dtype="datetime64[D]"), where)
    else:
        return _coded(series)
    return _without_blanks(codes, distinct)


def _coded(series: pd.Series[Any]) -> _Texts:
    if series.dtype == object:  # True and 1 are one key to pandas, so make them text first
        series = pd.Series([None if pd.isna(value) else _text(value) for value in series], dtype="str")
    codes, distinct = pd.factorize(series)
    return _without_blanks(codes, [_text(value) for value in distinct])


def _without_blanks(codes: NDArray[np.intp], distinct: list[str]) -> _Texts:
    """Blank text is a missing value."""
    blank = np.append([not text.strip() for text in distinct], False).astype(bool)
    return _Texts(np.where(blank[codes], -1, codes), distinct)


def _text(value: object) -> str:
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return value.isoformat() if isinstance(value, dt.date) else str(value)


def _number(text: str) -> float:
    """Return the number a text holds, NaN for anything else; "inf" and "nan" are words."""
    try:
        number = float(text) if "_" not in text else np.nan
    except ValueError:
        return np.nan
    return number if np.isfinite(number) else np.nan


def _day(text: str) -> np.datetime64:
    found = _DATE.match(text)
    try:
        return np.datetime64(found.group() if found else "NaT", "D")
    except ValueError:
        return np.datetime64("NaT", "D")


def _known(answer: NDArray[np.bool_], missing: NDArray[np.bool_]) -> Truth:
    return np.where(missing, UNKNOWN, answer).astype(np.int8)


def _refuse_kind(missing: NDArray[np.bool_], came: str) -> None:
    """Refuse a comparison of two kinds, unless the column is empty and its kind means nothing."""
    if not missing.all():
        raise DataError(message(came, "no order between them", "values of one kind", "Change the rule"))
