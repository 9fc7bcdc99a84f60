"""Load the customer table of a study: ids, attributes, dates, outcome columns and groups, all checked at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from icp_ml.accounts.attributes import ReadColumn, future_problem, read_column
from icp_ml.accounts.duplicates import identical_groups
from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.study_columns import (
    absent_signal,
    check_listed,
    check_present,
    needed_columns,
    optional_columns,
    other_columns,
)
from icp_ml.accounts.tables import Table, open_table
from icp_ml.accounts.values import Days, Flags, Objects, as_ids, as_text, row_numbers
from icp_ml.errors import DataError, first_rows, message

if TYPE_CHECKING:
    from icp_ml.study import Attribute, Study

_FAR_FUTURE = np.timedelta64(50 * 365, "D")
_ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class Rating:
    """What people wrote down about the customers, and which of it after as_of.

    Attributes
    ----------
    values : Series, shape (n,)
        As written down; missing as NaN.
    is_late : ndarray of bool, shape (n,)
        Entered after the account's as_of day: missing among the attributes.
    """

    values: pd.Series[Any]
    is_late: Flags


@dataclass(frozen=True)
class Customers:
    """The customers of a study, one entry per kept row, in file order.

    Attributes
    ----------
    study : Study
        What they were read for.
    ids : ndarray of object, shape (n,)
        Byte for byte as in the file; row numbers as text where the study says so.
    rows : ndarray of int, shape (n,)
        Row numbers in the file, from 1 after the header.
    frame : DataFrame, shape (n, n_attributes)
        Every attribute of the study, of any stage: float64 or `str`, missing as NaN. A date is the number of days from
        it to the account's as_of (negative: later than as_of).
    kinds : dict of str to str
        Declared or found kind of every attribute.
    as_of : ndarray of datetime64[D], shape (n,), or None
        ``plus_days`` added.
    observed_until : date or None
        As in the study, else the latest as_of.
    outcome : dict of str to ndarray
        ``{"column": text or None}`` or ``{"ended": datetime64[D]}``.
    groups : ndarray of int64, shape (n,), or None
        Group number of every account.
    others : DataFrame, shape (n, n_others)
        Other columns that the study names (segments, sensitive, columns of rules, ...), as text or None.
    n_rows_read : int
        Rows of the table.
    excluded : dict of str to int
        Rows left out, by reason.
    sha256 : str
        Digest of the table's bytes.
    warnings : list of str
        What is odd but usable.
    raw_types : dict of str to str
        Type of every attribute's column in the file; ``"text"`` in CSV.
    ratings : dict of str to Rating
        Every attribute with a day on which it was entered.
    """

    study: Study
    ids: Objects
    rows: npt.NDArray[np.int64]
    frame: pd.DataFrame
    kinds: Mapping[str, Kind]
    as_of: Days | None
    observed_until: date | None
    outcome: Mapping[str, npt.NDArray[Any]]
    groups: npt.NDArray[np.int64] | None
    others: pd.DataFrame
    n_rows_read: int
    excluded: Mapping[str, int]
    sha256: str
    warnings: list[str] = field(default_factory=list)
    raw_types: Mapping[str, str] = field(default_factory=dict)
    ratings: Mapping[str, Rating] = field(default_factory=dict)

    def __len__(self) -> int:
        """Return the number of customers kept."""
        return len(self.ids)


def load_customers(study: Study, table: Table | None = None, also: Sequence[str] = ()) -> Customers:
    """Read the customer table of a study and check every column that the study names.

    Parameters
    ----------
    study : Study
        Names the table and its columns.
    table : Table, optional
        Already opened; by default the study's accounts.
    also : sequence of str
        Further columns that rules name, such as those of a profile; read into `Customers.others`.

    Returns
    -------
    Customers
        Attributes, dates, outcome and groups of every row but those without an as_of day.

    Raises
    ------
    ConfigError
        When the table has columns that the study does not list.
    DataError
        When columns are missing, ids are blank or twice, or cells are not what they should be; the message has all
        problems of the table.
    """
    if table is None:
        table = open_table(study.accounts, delimiter=study.read.delimiter, encoding=study.read.encoding)
    check_listed(study, table)
    needed = needed_columns(study)
    check_present(needed, table)
    needed += [name for name in also if name in table.columns and name not in needed]
    optional = [name for name in optional_columns(study) if name in table.columns and name not in needed]
    raw = table.read([*needed, *optional])
    if not raw.num_rows:
        raise DataError(message(table.path, "there is a header but no row", "customers", "Export the table again"))
    return _Loader(study, table, raw, also).load()


class _Loader:
    """Read one table, gathering problems so that one message has them all."""

    def __init__(self, study: Study, table: Table, raw: pa.Table, also: Sequence[str]) -> None:
        self.study, self.table, self.raw, self.also = study, table, raw, also
        self.where = str(table.path)
        self.problems: list[str] = []
        self.warnings: list[str] = [*table.warnings, *absent_signal(study, table)]

    def load(self) -> Customers:
        ids = self._ids()
        as_of = self._as_of()
        observed_until = self._observed_until(as_of)
        outcome = self._outcome(observed_until)
        columns = {attribute.column: self._attribute(attribute, observed_until) for attribute in self.study.attributes}
        entered = {a.column: self._day(a.entered_on) for a in self.study.attributes if a.entered_on}
        if self.problems:
            raise DataError("\n".join(self.problems))
        values = {name: self._values(name, read, as_of, observed_until) for name, read in columns.items()}
        ratings = {name: Rating(values[name], _entered_late(days, as_of)) for name, days in entered.items()}
        values |= {name: rating.values.mask(rating.is_late) for name, rating in ratings.items()}
        keep, excluded = _kept(as_of, observed_until, self.raw.num_rows)
        if not keep.any():
            came = f"none of {self.raw.num_rows:,} rows is left: {excluded}"
            raise DataError(message(self.where, came, "customers with an as_of day", "Check as_of and observed_until"))
        frame = pd.DataFrame(values).loc[keep].reset_index(drop=True)
        return Customers(
            study=self.study,
            ids=ids[keep],
            rows=np.flatnonzero(keep) + 1,
            frame=frame,
            kinds={name: read.kind for name, read in columns.items()},
            as_of=None if as_of is None else as_of[keep],
            observed_until=observed_until,
            outcome={name: cells[keep] for name, cells in outcome.items()},
            groups=self._groups(keep, frame),
            others=self._others(keep),
            n_rows_read=self.raw.num_rows,
            excluded=excluded,
            sha256=self.table.sha256,
            warnings=self.warnings,
            raw_types={name: "text" if self.table.is_text else str(self.table.types[name]) for name in columns},
            ratings={name: _kept_ratings(rating, keep) for name, rating in ratings.items()},
        )

    def _refuse(self, came: str, expected: str, next_step: str) -> None:
        self.problems.append(message(self.where, came, expected, next_step))

    def _ids(self) -> Objects:
        column = self.study.id.column
        if column is None:
            return np.array([str(row) for row in range(1, self.raw.num_rows + 1)], dtype=object)
        ids = as_ids(self.raw.column(column), f"{self.where}: column {column!r}")
        blank = row_numbers(pd.isna(ids))
        if blank:
            came = f"id column {column!r} is blank in {len(blank):,} rows ({first_rows(blank)})"
            self._refuse(came, "an id in every row", "Fill or remove these rows")
        twice = row_numbers(pd.Series(ids).duplicated(keep=False).to_numpy() & ~pd.isna(ids))
        if twice:
            came = f"id column {column!r} has ids that stand in several rows ({len(twice):,} {first_rows(twice)})"
            self._refuse(came, "one row per account", "Keep one row per account, or name another id column")
        return ids

    def _day(self, column: str | None) -> Days:
        assert column is not None  # noqa: S101  (narrows the type for the checker)
        read = read_column(self.raw.column(column), column, "date", is_text=self.table.is_text, where=self.where)
        if read.problem:
            self.problems.append(read.problem)
        return read.values

    def _as_of(self) -> Days | None:
        spec = self.study.as_of
        if spec is None:
            return None
        days = self._day(spec.column)
        self._check_future(spec.column, days, self._last_day_for(days))
        return days + np.timedelta64(spec.plus_days, "D")

    def _last_day_for(self, as_of: Days) -> np.datetime64 | None:
        declared = self.study.outcome.observed_until
        if declared is not None:
            return np.datetime64(declared, "D")
        held = as_of[~np.isnat(as_of)]
        return np.sort(held)[len(held) // 2] + _FAR_FUTURE if len(held) else None

    def _observed_until(self, as_of: Days | None) -> date | None:
        declared = self.study.outcome.observed_until
        if declared is not None or as_of is None or np.isnat(as_of).all():
            return declared
        latest: date = np.nanmax(as_of).astype(object)
        return latest

    def _outcome(self, observed_until: date | None) -> dict[str, npt.NDArray[Any]]:
        outcome = self.study.outcome
        if outcome.ended is None:
            return {"column": as_text(self.raw.column(outcome.column))}
        ended = self._day(outcome.ended)
        self._check_future(outcome.ended, ended, _last_day(observed_until, declared=True))
        return {"ended": ended}

    def _attribute(self, attribute: Attribute, observed_until: date | None) -> ReadColumn:
        column = attribute.column
        kind: Kind | None = "numeric" if attribute.effect else attribute.kind
        read = read_column(self.raw.column(column), column, kind, is_text=self.table.is_text, where=self.where)
        if read.problem:
            self.problems.append(read.problem)
        elif read.kind == "date":
            declared = self.study.outcome.observed_until is not None
            self._check_future(column, read.values, _last_day(observed_until, declared=declared))
            if observed_until is None:
                came = f"attribute {column!r} is a date, and no day is known to count from"
                self._refuse(came, "as_of or outcome.observed_until in the study", "Add one, or list it under ignore")
        return read

    def _check_future(self, column: str, days: Days, last: np.datetime64 | None) -> None:
        if last is None or not (late := days > last).any():
            return
        self.problems.append(future_problem(self.raw.column(column), column, last, late, self.where))

    def _values(self, name: str, read: ReadColumn, as_of: Days | None, observed_until: date | None) -> pd.Series:
        if read.kind == "date":
            return pd.Series(days_before(read.values, as_of, observed_until), name=name)
        return pd.Series(read.values, name=name, dtype="float64" if read.kind == "numeric" else "str")

    def _groups(self, keep: Flags, frame: pd.DataFrame) -> npt.NDArray[np.int64] | None:
        group = self.study.group
        if group is None:
            return None
        if group.column is None:
            return identical_groups(frame)
        codes, distinct = pd.factorize(as_text(self.raw.column(group.column))[keep])
        alone = codes < 0  # an account without a group is a group of its own
        codes[alone] = len(distinct) + np.arange(alone.sum())
        return codes.astype(np.int64)

    def _others(self, keep: Flags) -> pd.DataFrame:
        structure = {attribute.column for attribute in self.study.attributes}
        asked = [*other_columns(self.study), *(name for name in self.also if name not in structure)]
        names = [name for name in dict.fromkeys(asked) if name in self.raw.column_names]
        texts = {name: pd.Series(as_text(self.raw.column(name))[keep], dtype="str") for name in names}
        return pd.DataFrame(texts, index=pd.RangeIndex(int(keep.sum())))


def _entered_late(entered: Days, as_of: Days | None) -> Flags:
    return np.zeros(len(entered), dtype=bool) if as_of is None else np.asarray(entered > as_of)


def _kept_ratings(rating: Rating, keep: Flags) -> Rating:
    return Rating(rating.values[keep].reset_index(drop=True), rating.is_late[keep])


def days_before(days: Days, as_of: Days | None, default: date | None) -> npt.NDArray[np.float64]:
    """Return the days from each date to the account's as_of, or to a default day where it has none.

    Returns
    -------
    ndarray of float64, shape (n,)
        Negative for a date after as_of; NaN where the date or every day to count from is missing.

    Examples
    --------
    >>> signed = np.array(["2026-01-31", "NaT"], dtype="datetime64[D]")
    >>> days_before(np.array(["2026-01-01", "2026-01-01"], dtype="datetime64[D]"), signed, date(2026, 1, 11)).tolist()
    [30.0, 10.0]
    """
    start = np.full(len(days), np.datetime64("NaT", "D")) if as_of is None else as_of.copy()
    if default is not None:
        start[np.isnat(start)] = np.datetime64(default, "D")
    return np.asarray((start - days) / _ONE_DAY, dtype=np.float64)


def _kept(as_of: Days | None, observed_until: date | None, n: int) -> tuple[Flags, dict[str, int]]:
    if as_of is None:
        return np.ones(n, dtype=bool), {}
    empty = np.isnat(as_of)
    reasons = {"as_of is empty": empty}
    if observed_until is not None:
        reasons["as_of day comes after observed_until"] = as_of > np.datetime64(observed_until, "D")
    left_out = np.logical_or.reduce(list(reasons.values()))
    return ~left_out, {reason: int(mask.sum()) for reason, mask in reasons.items() if mask.any()}


def _last_day(observed_until: date | None, *, declared: bool) -> np.datetime64 | None:
    """Return the last day a date may have: strict when the study says when the table was drawn."""
    if observed_until is None:
        return None
    day = np.datetime64(observed_until, "D")
    return day if declared else day + _FAR_FUTURE
