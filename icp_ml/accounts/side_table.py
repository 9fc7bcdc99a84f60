"""Read the columns of a table beside the accounts, and refuse it once, with everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from icp_ml.accounts.attributes import future_problem, read_column
from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import Days, Flags, Floats, Objects, as_ids, as_text, row_numbers
from icp_ml.errors import DataError, first_rows, message

_LARGEST = 1e15
"""Sums of amounts up to here stay finite, and exact to the unit."""


class SideTable:
    """Columns of one table, read one by one; problems wait until :meth:`refuse_all`.

    Attributes
    ----------
    where : str
        What messages call the table.
    unread : set of str
        Columns whose cells could not be read: nothing more is said of them.
    """

    def __init__(self, table: Table, columns: Sequence[str], last: date | None) -> None:
        self.where, self.last = str(table.path), None if last is None else np.datetime64(last, "D")
        self.raw: pa.Table = table.read(list(dict.fromkeys(columns)))
        self.is_text = table.is_text
        self.problems: list[str] = []
        self.unread: set[str] = set()

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.raw.num_rows)

    def ids(self, column: str) -> Objects:
        """Return ids byte for byte, None where blank."""
        return as_ids(self.raw.column(column), f"{self.where}: column {column!r}")

    def text(self, column: str) -> Objects:
        """Return text, None where blank."""
        return as_text(self.raw.column(column))

    def days(self, column: str, *, required: bool = False) -> Days:
        """Return days, NaT where blank; days after the last one that is known are a problem."""
        days = self._read(column, "date")
        if self.last is not None and (late := days > self.last).any():
            self.problems.append(future_problem(self.raw.column(column), column, self.last, late, self.where))
        if required and column not in self.unread:
            self.tell(column, "blank cells", np.isnat(days), "a day in every row", "Fill or remove these rows")
        return days

    def numbers(self, column: str, *, required: bool = False) -> Floats:
        """Return numbers of 0 to 1e15, NaN where blank."""
        values = self._read(column, "numeric")
        step = "Correct these cells, or write them in a larger unit"
        self.tell(column, "values above 1e15", values > _LARGEST, "amounts that can be added up", step)
        self.tell(column, "negative values", values < 0, "0 or more", "Correct these cells, or remove the rows")
        if required and column not in self.unread:
            step = "Fill these cells (0 where a row adds nothing), or remove the rows"
            self.tell(column, "blank cells", np.isnan(values), "a number in every row", step)
        return values

    def tell(self, column: str, trouble: str, bad: Flags, expected: str, next_step: str) -> None:
        """Keep a problem of some rows of a column; nothing when no row is bad."""
        if bad.any():
            rows = row_numbers(bad)
            came = f"column {column!r} has {len(rows):,} {trouble} ({first_rows(rows)})"
            self.problems.append(message(self.where, came, expected, next_step))

    def refuse_all(self) -> None:
        """Raise when anything was wrong.

        Raises
        ------
        DataError
            With every problem of the table.
        """
        if self.problems:
            raise DataError("\n".join(self.problems))

    def _read(self, column: str, kind: Kind) -> npt.NDArray[Any]:
        read = read_column(self.raw.column(column), column, kind, is_text=self.is_text, where=self.where)
        if not read.problem:
            return read.values
        self.problems.append(read.problem)
        self.unread.add(column)
        return np.full(len(self), np.datetime64("NaT", "D") if kind == "date" else np.nan)


def n_unknown(ids: Objects, known: Iterable[str]) -> int:
    """Return how many ids are not among the known ones; blank ids do not count."""
    return int((~pd.isna(ids) & ~pd.Series(ids, dtype=object).isin(set(known)).to_numpy()).sum())
