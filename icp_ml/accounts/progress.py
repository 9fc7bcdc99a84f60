"""Read what a situation has won so far: one row per win, with its day, account and value."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icp_ml.accounts.side_table import SideTable
from icp_ml.accounts.study_columns import similar
from icp_ml.accounts.tables import Table, open_table
from icp_ml.accounts.values import Days, Floats, Objects
from icp_ml.errors import DataError, message

if TYPE_CHECKING:
    from icp_ml.study.schema import ReadOptions

COUNTS = ("meetings", "trials", "onboarded")
"""Columns of the table that a milestone may measure."""

_DAY, _ACCOUNT = "date", "account_id"


@dataclass(frozen=True, eq=False)
class Progress:
    """Wins, one entry per row, by day.

    Attributes
    ----------
    day : ndarray of datetime64[D], shape (n,)
        Never missing.
    account : ndarray of object, shape (n,), or None
        Ids; None where the table has no column of them.
    amount : ndarray of float64, shape (n,)
        What the row adds to the goal: its value, 1 where accounts are counted, or the column that the goal names.
    counts : dict of str to ndarray of float64, each of shape (n,)
        Columns of the table that milestones may measure (``meetings``, ``trials``, ``onboarded``), where it has them.
    sha256 : str
        Digest of the table's bytes.
    warnings : tuple of str
        What is odd but usable.
    """

    day: Days
    account: Objects | None
    amount: Floats
    counts: dict[str, Floats]
    sha256: str = ""
    warnings: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.day)


def read_progress(path: Path, column: str | None, read: ReadOptions, *, today: date | None = None) -> Progress:
    """Return the wins of a progress table, sorted by day.

    Parameters
    ----------
    path : Path
        CSV or Parquet with ``date``, and ``account_id`` and counts where known. A header alone means: no win yet.
    column : str or None
        What is added up: ``value`` for a goal in revenue, the column that the goal names, or None where the goal counts
        accounts; an account counts once, on its first day.
    read : ReadOptions
        Delimiter and encoding.
    today : date, optional
        Days after it are refused.

    Raises
    ------
    DataError
        When columns are missing or cells are not what they should be; the message has all problems of the table.
    FileSystemError
        When the table cannot be opened.

    Notes
    -----
    Rows without an account in a table that has counts only report those counts: they are no wins.
    """
    table = open_table(path, delimiter=read.delimiter, encoding=read.encoding)
    _check_present([_DAY, *([column] if column else [])], table)
    names = [_DAY, column, *(name for name in (_ACCOUNT, *COUNTS) if name in table.columns)]
    return _progress(table, SideTable(table, [name for name in names if name], today), column)


def _check_present(needed: list[str], table: Table) -> None:
    missing = ", ".join(repr(name) + similar(name, table.columns) for name in needed if name not in table.columns)
    if missing:
        expected = " and ".join(map(repr, needed))
        raise DataError(message(table.path, f"there is no column {missing}", expected, "Add it, or correct the goal"))


def _progress(table: Table, cells: SideTable, column: str | None) -> Progress:
    day = cells.days(_DAY, required=True)
    account = cells.ids(_ACCOUNT) if _ACCOUNT in cells.raw.column_names else None
    counts = {name: cells.numbers(name) for name in COUNTS if name in cells.raw.column_names}
    amount = None if column is None else cells.numbers(column, required=True)
    cells.refuse_all()
    order = np.argsort(day, kind="stable")
    account = None if account is None else account[order]
    counts = {name: np.nan_to_num(values[order]) for name, values in counts.items()}
    amount = _accounts_counted(account, len(day), bool(counts)) if amount is None else amount[order]
    repeats = int((amount == 0).sum()) if column is None and not counts else 0
    repeated = (f"{cells.where}: {repeats:,} rows repeat an account: it counts once, on its first day",)
    warnings = (*table.warnings, *(repeated if repeats else ()))
    return Progress(day[order], account, amount, counts, table.sha256, warnings)


def _accounts_counted(account: Objects | None, n: int, has_counts: bool) -> Floats:
    """Return 1 for the first row of an account and 0 for its later rows."""
    if account is None:
        return np.ones(n)
    blank = pd.isna(account)
    repeated = pd.Series(account, dtype=object).duplicated().to_numpy() & ~blank
    return np.where(repeated | (blank & has_counts), 0.0, 1.0)
