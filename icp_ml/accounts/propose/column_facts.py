"""What a column looks like: how full, how varied, numbers, days or text. Facts only, no decision."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from itertools import islice

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icp_ml.accounts.kinds import LEADING_ZERO
from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import MISSING_TOKENS, as_date, as_number, as_text, cells_like, is_day_type, is_text_type

SAMPLE_ROWS = 200_000
"""Rows that are looked at; enough for a proposal."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class ColumnFacts:
    """One column of a table.

    Attributes
    ----------
    name : str
    text : ndarray of object, shape (n,)
        Cells as text, None where missing.
    numbers : ndarray of float64, shape (n,), or None
        Where every filled cell is a number.
    days : ndarray of datetime64[D], shape (n,), or None
        Where every filled cell is an ISO date.
    n_odd : int
        Cells that are no number in a column where most are; 0 otherwise.
    is_code : bool
        Whole numbers of which some begin with a zero: names of things, not amounts.
    is_text_number : bool
        Amounts that a Parquet file holds as text, where text is never read as a number.
    """

    name: str
    text: npt.NDArray[np.object_]
    numbers: npt.NDArray[np.float64] | None
    days: npt.NDArray[np.datetime64] | None
    n_odd: int
    is_code: bool = False
    is_text_number: bool = False

    @cached_property
    def words(self) -> str:
        """The words of the name, lower case, with a space around each."""
        return f" {' '.join(word.lower() for word in _WORD.findall(self.name))} "

    @cached_property
    def counts(self) -> Mapping[str, int]:
        """How often each value occurs, the most frequent first."""
        found = Counter(value for value in self.text if value is not None)
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))

    @cached_property
    def filled(self) -> npt.NDArray[np.bool_]:
        """Where there is a value, shape (n,)."""
        return np.array([value is not None for value in self.text], dtype=bool)

    @property
    def n(self) -> int:
        """Rows looked at."""
        return len(self.text)

    @property
    def n_filled(self) -> int:
        """Rows with a value."""
        return int(self.filled.sum())

    @property
    def is_unique(self) -> bool:
        """True where every row has a value of its own."""
        return self.n_filled == self.n == len(self.counts) > 0

    @property
    def is_whole(self) -> bool:
        """True for numbers without fractions."""
        return self.numbers is not None and bool((self.numbers[self.filled] % 1 == 0).all())

    @property
    def kind(self) -> str:
        """The kind of attribute it would be: numeric, categorical or date."""
        if self.days is not None:
            return "date"
        is_code = self.is_code or (self.is_whole and self.says(keywords()["codes"]))
        return "categorical" if self.numbers is None or is_code else "numeric"

    def says(self, keywords: Iterable[str]) -> str | None:
        """Return the longest of some keywords that stands in the name as whole words, or None."""
        found = [keyword for keyword in keywords if f" {keyword} " in self.words]
        return max(found, key=len, default=None)

    def ends_with(self, keywords: Iterable[str]) -> str | None:
        """Return the longest of some keywords that the name ends with, or None."""
        return max((word for word in keywords if self.words.endswith(f" {word} ")), key=len, default=None)


def read_facts(table: Table) -> tuple[ColumnFacts, ...]:
    """Return the facts of every column, from the first `SAMPLE_ROWS` rows."""
    batches = list(islice(table.batches(rows=_BATCH_ROWS), SAMPLE_ROWS // _BATCH_ROWS))
    columns = pa.Table.from_batches(batches) if batches else None
    empty = pa.chunked_array([], pa.string())
    return tuple(_facts(name, columns[name] if columns else empty, table.is_text) for name in table.columns)


@cache
def keywords() -> dict[str, list[str]]:
    """Return the words that a proposal guesses by, without those of the fits."""
    return {key: words for key, words in _file().items() if isinstance(words, list)}


@cache
def fit_keywords() -> dict[str, list[str]]:
    """Return the words that speak for each fit and for context."""
    fits = _file()["fits"]
    return fits if isinstance(fits, dict) else {}


@cache
def _file() -> dict[str, dict[str, list[str]] | list[str]]:
    text = (files("icp_ml.accounts.propose") / "keywords.json").read_text(encoding="utf-8")
    content: dict[str, dict[str, list[str]] | list[str]] = json.loads(text)
    return content


def _facts(name: str, cells: pa.ChunkedArray, is_csv: bool) -> ColumnFacts:
    text = as_text(cells)
    tokens = np.array([value is not None and value.strip().lower() in MISSING_TOKENS for value in text], dtype=bool)
    numbers, bad = as_number(cells, text=is_text_type(cells.type))
    days, not_days = as_date(cells)
    n_filled = sum(value is not None for value in text) - int(tokens.sum())
    is_flag = pa.types.is_boolean(cells.type)
    if n_filled == 0 or is_flag:
        return ColumnFacts(name, text, None, None, 0)
    if is_day_type(cells.type) or (is_text_type(cells.type) and not not_days.any()):
        return ColumnFacts(name, _without(text, tokens), None, days, 0)
    n_bad = int(bad.sum())
    if n_bad == 0 and np.isfinite(numbers[~np.isnan(numbers)]).all():
        is_code = _has_codes(cells)
        stored_as_text = is_text_type(cells.type) and not is_csv and not is_code
        return ColumnFacts(name, _without(text, tokens), numbers, None, 0, is_code, stored_as_text)
    return ColumnFacts(name, text, None, None, n_bad if n_bad < 0.2 * n_filled else 0)


def _has_codes(cells: pa.ChunkedArray) -> bool:
    return is_text_type(cells.type) and bool(cells_like(cells, LEADING_ZERO).any())


def _without(text: npt.NDArray[np.object_], tokens: npt.NDArray[np.bool_]) -> npt.NDArray[np.object_]:
    result = text.copy()
    result[tokens] = None
    return result
