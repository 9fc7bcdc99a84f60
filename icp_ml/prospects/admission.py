"""Decide which rows are scored: readable, not a customer already, not excluded; every other row is counted."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from icp_ml.accounts.tables import Table, open_table
from icp_ml.accounts.values import as_text, is_day_type, is_number_type
from icp_ml.errors import DataError, UsageError, first_rows, message
from icp_ml.prospects.columns import ROW_ID
from icp_ml.prospects.duplicates import repeated_rows
from icp_ml.prospects.output import Refusal, is_formula
from icp_ml.rules import Rule, parse_rule

if TYPE_CHECKING:
    from icp_ml.accounts.contract import Converted
    from icp_ml.model.success_model import SuccessModel

BLOCK_ROWS = 65_536
"""Rows scored together. Fixed, so that no batch size or file layout changes a bit of the result."""

_OTHER_ROW = re.compile(r" \(row \d+\)")
OnDuplicate = Literal["error", "first"]
Objects = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]


@dataclass
class Tally:
    """Counts over all rows read so far."""

    rows_in: int = 0
    admitted: int = 0
    rejected: int = 0
    already_customers: int = 0
    excluded: Counter[str] = field(default_factory=Counter)
    unseen: Counter[str] = field(default_factory=Counter)
    outside: Counter[str] = field(default_factory=Counter)
    missing: Counter[str] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    def check(self) -> None:
        """Raise when the rows do not add up, which would be a defect of ours."""
        parts = self.admitted + self.rejected + self.already_customers + sum(self.excluded.values())
        if parts != self.rows_in:
            raise AssertionError(f"{self.rows_in} rows came in and {parts} are accounted for")


@dataclass(frozen=True)
class Admitted:
    """The rows of one block that are scored.

    Attributes
    ----------
    ids : object array of shape (n,)
        Ids as text, byte for byte.
    frame : DataFrame of shape (n, n_attributes)
        Their attribute values.
    batch : pyarrow.RecordBatch
        The same rows as they were read (for pass-through columns).
    rules : DataFrame
        The same rows' columns that rules and criteria name.
    refused : list of Refusal
        The block's rows that cannot be scored, in order.
    """

    ids: Objects
    frame: pd.DataFrame
    batch: pa.RecordBatch
    rules: pd.DataFrame
    refused: list[Refusal]


class Admission:
    """Read a table block by block and admit the rows to score.

    Parameters
    ----------
    table : Table
        The table of prospects.
    model : SuccessModel
        Its contract, customers and exclusions decide.
    as_of : date, optional
        The day on which the attributes were known, where the table has no column of it.
    on_duplicate : {"error", "first"}
        Refuse a table in which an id comes twice, or refuse every row but the first.

    Raises
    ------
    DataError
        Columns of the model or of an exclusion are missing, or ids come twice.
    """

    def __init__(
        self, table: Table, model: SuccessModel, *, as_of: dt.date | None = None, on_duplicate: OnDuplicate = "error"
    ) -> None:
        self.tally = Tally()
        self.id_column: str = model.contract.id or ROW_ID
        self._table, self._contract, self._as_of = table, model.contract, as_of
        self._customers = frozenset(model.customer_keys)
        self._exclusions = tuple(parse_rule(text, "exclude") for text in model.exclude)
        self._criteria = tuple(parse_rule(text, "criteria") for text in model.criteria)
        self._numeric = frozenset(known.column for known in model.contract.attributes if known.kind == "numeric")
        model.contract.check_columns(table)
        _check_rule_columns(table, self._exclusions)
        self.missing_criteria_columns = sorted(_columns_of(self._criteria) - set(table.columns))
        self._wanted_to_pass = tuple(model.pass_through)
        self.pass_through = tuple(name for name in model.pass_through if name in table.columns)
        self.ignored_columns = [name for name in table.columns if name not in set(self._columns_to_read())]
        self.notes = _notes(model, table, self.missing_criteria_columns)
        self._repeats = self._find_repeats(on_duplicate)

    def blocks(self, batch_rows: int = BLOCK_ROWS) -> Iterator[Admitted]:
        """Yield the admitted rows of every block of `BLOCK_ROWS` input rows, in order."""
        batches = self._table.batches(self._columns_to_read(), batch_rows)
        for batch in _fixed_blocks(batches):
            yield self._admit(batch)

    def pass_through_types(self) -> dict[str, pa.DataType]:
        """Return the type of every pass-through column; those that the table does not have are empty text."""
        kept = dict.fromkeys(self._wanted_to_pass, pa.string())
        for name in self.pass_through:
            found = self._table.types[name]
            is_plain = pa.types.is_boolean(found) or is_number_type(found) or is_day_type(found)
            kept[name] = found if is_plain and not pa.types.is_dictionary(found) else pa.string()
        return kept

    def _columns_to_read(self) -> list[str]:
        wanted = {known.column for known in self._contract.attributes} | set(self.pass_through)
        wanted |= _columns_of(self._exclusions) | _columns_of(self._criteria)
        wanted |= {name for name in (self._contract.id, self._contract.as_of) if name}
        return [name for name in self._table.columns if name in wanted]

    def _find_repeats(self, on_duplicate: OnDuplicate) -> dict[int, int]:
        if self._contract.id is None:
            return {}
        rows, firsts = repeated_rows(self._table, self._contract.id)
        if rows.size and on_duplicate == "error":
            came = f"column '{self._contract.id}' has {rows.size} ids that came before ({first_rows(rows)})"
            step = "Remove the repetitions, or give --on-duplicate first, which keeps the first of each"
            raise DataError(message(self._table.path, came, "every id once", step))
        return dict(zip(rows.tolist(), firsts.tolist(), strict=True))

    def _admit(self, batch: pa.RecordBatch) -> Admitted:
        first_row = self.tally.rows_in + 1
        converted = self._contract.convert(batch, first_row, self._table.is_text, self._as_of)
        refused = self._refusals(converted, first_row)
        keep = np.ones(batch.num_rows, dtype=bool)
        keep[[refusal.row - first_row for refusal in refused]] = False
        self._count(batch.num_rows, converted, refused)
        keep &= ~self._are_customers(converted.ids, keep)
        rules = self._rule_frame(batch, converted.frame)
        for rule in self._exclusions:
            hit = keep & rule.matches(rules)
            self.tally.excluded[rule.text] += int(hit.sum())
            keep &= ~hit
        self.tally.admitted += int(keep.sum())
        kept = batch.filter(pa.array(keep))
        frame, rules = converted.frame[keep].reset_index(drop=True), rules[keep].reset_index(drop=True)
        self.tally.missing.update({str(name): int(count) for name, count in frame.isna().sum().items()})
        return Admitted(converted.ids[keep], frame, kept, rules, refused)

    def _refusals(self, converted: Converted, first_row: int) -> list[Refusal]:
        """Return one refusal per refused row, its columns and reasons joined."""
        found: dict[int, list[tuple[str, str]]] = {}
        for rejection in converted.rejections:
            found.setdefault(rejection.row, []).append((rejection.column, rejection.reason))
        for at in np.flatnonzero(is_formula(pa.array(converted.ids, pa.string())).to_numpy(zero_copy_only=False)):
            reason = "the id begins like a spreadsheet formula (= + - @ TAB CR) or holds a NUL"
            found.setdefault(first_row + int(at), []).append((self.id_column, reason))
        if self._repeats:
            for row in range(first_row, first_row + len(converted.ids)):
                if row in self._repeats and row not in found:
                    found[row] = [(self.id_column, f"the id came before (row {self._repeats[row]})")]
        return [
            Refusal(row, converted.ids[row - first_row] or "", _joined(c for c, _ in why), _joined(r for _, r in why))
            for row, why in sorted(found.items())
        ]

    def _count(self, n_rows: int, converted: Converted, refused: Sequence[Refusal]) -> None:
        self.tally.rows_in += n_rows
        self.tally.rejected += len(refused)
        self.tally.reasons.update((refusal.column, _OTHER_ROW.sub("", refusal.reason)) for refusal in refused)
        self.tally.unseen.update(converted.unseen)
        self.tally.outside.update(converted.outside)

    def _are_customers(self, ids: Objects, keep: Mask) -> Mask:
        if not self._customers:
            return np.zeros(ids.size, dtype=bool)
        known = np.array([customer_key(text or "") in self._customers for text in ids], dtype=bool) & keep
        self.tally.already_customers += int(known.sum())
        return known

    def _rule_frame(self, batch: pa.RecordBatch, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the rules' columns as they were read: a level that training never saw still counts for a rule."""
        present = _columns_of((*self._exclusions, *self._criteria)) & set(self._table.columns)
        columns = {
            name: frame[name].to_numpy() if name in self._numeric else as_text(batch.column(name))
            for name in sorted(present)
        }
        absent = {name: np.full(batch.num_rows, None, dtype=object) for name in self.missing_criteria_columns}
        return pd.DataFrame({**columns, **absent}, index=pd.RangeIndex(batch.num_rows))


def open_prospects(path: str | Path, model: SuccessModel, delimiter: str | None, encoding: str | None) -> Table:
    """Open a table of prospects; a CSV has the delimiter of the study unless another one is given."""
    of_study = (model.study.get("read") or {}).get("delimiter")
    return open_table(path, delimiter=delimiter or of_study, encoding=encoding)


def customer_key(text: str) -> str:
    """Return the 128-bit BLAKE2b digest by which a model remembers a customer's id."""
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def reading_day(day: dt.date | str | None) -> dt.date | None:
    """Return the ``--as-of`` day.

    Raises
    ------
    UsageError
        When the text is no ISO date.
    """
    try:
        return dt.date.fromisoformat(day) if isinstance(day, str) else day
    except ValueError as error:
        step = "Write it as year-month-day"
        raise UsageError(message("--as-of", f"'{day}' is no date", "YYYY-MM-DD", step)) from error


def _notes(model: SuccessModel, table: Table, missing_criteria_columns: Sequence[str]) -> list[str]:
    notes = list(table.warnings)
    for title, names in (
        ("pass_through columns that are not in the table stay empty", set(model.pass_through) - set(table.columns)),
        ("columns of the criteria that are not in the table count as unknown", missing_criteria_columns),
    ):
        if names:
            notes.append(f"{title}: {', '.join(sorted(names))}.")
    return notes


def _joined(parts: Iterator[str]) -> str:
    return "; ".join(dict.fromkeys(parts))


def _columns_of(rules: Sequence[Rule]) -> set[str]:
    return {name for rule in rules for name in rule.columns}


def _check_rule_columns(table: Table, rules: Sequence[Rule]) -> None:
    missing = sorted(_columns_of(rules) - set(table.columns))
    if missing:
        came = f"column(s) {', '.join(repr(name) for name in missing)} of 'exclude' are missing"
        step = "Add them: without them an excluded account could land on a list"
        raise DataError(message(table.path, came, "every column an exclusion needs", step))


def _fixed_blocks(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Cut a stream of batches of any size into blocks of exactly `BLOCK_ROWS` rows (the last one shorter)."""
    waiting: list[pa.RecordBatch] = []
    n_waiting = 0
    for batch in batches:
        rest = batch
        while n_waiting + rest.num_rows >= BLOCK_ROWS:
            taken = BLOCK_ROWS - n_waiting
            yield _as_one([*waiting, rest.slice(0, taken)])
            waiting, n_waiting, rest = [], 0, rest.slice(taken)
        waiting.append(rest)
        n_waiting += rest.num_rows
    if n_waiting:
        yield _as_one(waiting)


def _as_one(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    filled = [batch for batch in batches if batch.num_rows]
    if len(filled) == 1:
        return filled[0]
    return pa.Table.from_batches(filled).unify_dictionaries().combine_chunks().to_batches()[0]
