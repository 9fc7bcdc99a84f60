"""Turn a batch of rows into what a model reads, and say of every row that cannot be scored why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from icp_ml.accounts.customers import days_before
from icp_ml.accounts.values import Days, Flags, Floats, Objects, as_codes, as_date, as_ids, as_number, as_text

if TYPE_CHECKING:
    from icp_ml.accounts.contract import AttributeContract, TableContract

_GRACE = np.timedelta64(10 * 365, "D")


@dataclass(frozen=True)
class Rejection:
    """Why a row cannot be scored; it never holds a value of the row but its id.

    Attributes
    ----------
    row : int
        From 1 after the header.
    id : str or None
        None where the id itself is missing.
    column, reason : str
        Where the trouble is, and what it is.
    """

    row: int
    id: str | None
    column: str
    reason: str


@dataclass(frozen=True)
class Converted:
    """One batch of rows as a model reads them.

    Attributes
    ----------
    frame : DataFrame, shape (n, n_attributes)
        Every row of the batch: float64, or `category` with exactly the contract's levels.
    ids : ndarray of object, shape (n,)
        Byte for byte, None where missing.
    keep : ndarray of bool, shape (n,)
        False for rows that cannot be scored.
    rejections : list of Rejection
        Every reason of every such row, in the order of rows.
    unseen, outside : dict of str to int
        Per attribute, cells with a level, or a value outside the range, that no customer had.
    """

    frame: pd.DataFrame
    ids: Objects
    keep: Flags
    rejections: list[Rejection]
    unseen: dict[str, int]
    outside: dict[str, int]


class Conversion:
    """One batch on its way: the columns read so far, and what kept rows from being read."""

    def __init__(self, contract: TableContract, batch: pa.RecordBatch, is_text: bool, as_of: date | None) -> None:
        self.contract, self.batch, self.is_text, self.as_of = contract, batch, is_text, as_of
        self.refused: list[tuple[str, str, npt.NDArray[np.intp]]] = []
        self.unseen: dict[str, int] = {}
        self.outside: dict[str, int] = {}

    def run(self, first_row: int) -> Converted:
        """Return the batch as the model reads it; rows count from `first_row`."""
        ids = self._ids(first_row)
        starts = self._starts() if any(known.kind == "date" for known in self.contract.attributes) else None
        columns = {known.column: self._read(known, starts) for known in self.contract.attributes}
        keep = np.ones(self.batch.num_rows, dtype=bool)
        for _, _, rows in self.refused:
            keep[rows] = False
        found = [(int(row), column, reason) for column, reason, rows in self.refused for row in rows]
        rejections = [
            Rejection(first_row + row, ids[row], column, reason)
            for row, column, reason in sorted(found, key=lambda one: one[0])
        ]
        frame = pd.DataFrame(columns, index=pd.RangeIndex(self.batch.num_rows), copy=False)
        return Converted(frame, ids, keep, rejections, self.unseen, self.outside)

    def _refuse(self, column: str, reason: str, bad: Flags) -> None:
        if bad.any():
            self.refused.append((column, reason, np.flatnonzero(bad)))

    def _ids(self, first_row: int) -> Objects:
        if self.contract.id is None:
            return np.array([str(first_row + at) for at in range(self.batch.num_rows)], dtype=object)
        ids = as_ids(self.batch.column(self.contract.id), f"column {self.contract.id!r}")
        self._refuse(self.contract.id, "the id is missing or blank", pd.isna(ids))
        return ids

    def _read(self, known: AttributeContract, starts: Days | None) -> Floats | pd.Categorical[Any]:
        cells = self.batch.column(known.column)
        if known.kind == "categorical":
            return self._categories(known, cells)
        values = self._numbers(known, cells) if known.kind == "numeric" else self._days_before(known, cells, starts)
        low = np.inf if known.minimum is None else known.minimum
        high = -np.inf if known.maximum is None else known.maximum
        n_outside = int(((values < low) | (values > high)).sum())
        if n_outside:
            self.outside[known.column] = n_outside
        return values

    def _numbers(self, known: AttributeContract, cells: pa.Array) -> Floats:
        values, bad = as_number(cells, self.is_text)
        infinite = np.isinf(values)
        self._refuse(known.column, "not a number", bad)
        self._refuse(known.column, "an infinite number", infinite)
        values[infinite] = np.nan
        return values

    def _days_before(self, known: AttributeContract, cells: pa.Array, starts: Days | None) -> Floats:
        days = self._days(known.column, cells)
        return days_before(days, starts, self.as_of or self.contract.as_of_default)

    def _days(self, column: str, cells: pa.Array) -> Days:
        days, bad = as_date(cells)
        self._refuse(column, "not an ISO date (YYYY-MM-DD)", bad)
        last = self._last_day()
        if last is not None:
            late = days > last
            self._refuse(column, f"a date after {last}", late)
            days[late] = np.datetime64("NaT", "D")
        return days

    def _last_day(self) -> np.datetime64 | None:
        if self.as_of is not None:
            return np.datetime64(self.as_of, "D")
        default = self.contract.as_of_default
        return None if default is None else np.datetime64(default, "D") + _GRACE

    def _starts(self) -> Days | None:
        """Return the day on which each row's attributes were known, NaT where the table does not say."""
        column = self.contract.as_of
        if column is None or column not in self.batch.schema.names:
            return None
        return self._days(column, self.batch.column(column)) + np.timedelta64(self.contract.plus_days, "D")

    def _categories(self, known: AttributeContract, cells: pa.Array) -> pd.Categorical[Any]:
        levels = pa.array(known.levels, pa.string())
        if _are_booleans(known.levels):  # "True" of a CSV and the true of a Parquet file are the same level
            levels, cells = pc.utf8_lower(levels), pc.utf8_lower(pa.array(as_text(cells), pa.string()))
        codes, n_unseen = as_codes(cells, levels)
        if n_unseen:
            self.unseen[known.column] = n_unseen
        return pd.Categorical.from_codes(codes, dtype=pd.CategoricalDtype(pd.Index(known.levels, dtype="str")))


def _are_booleans(levels: Sequence[str]) -> bool:
    plain = [level.lower() for level in levels]
    return bool(plain) and set(plain) <= {"true", "false"} and len(set(plain)) == len(plain)
