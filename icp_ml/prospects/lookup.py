"""Find one account in a table and read it as scoring would."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from icp_ml.accounts.personal import shown
from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import as_ids
from icp_ml.errors import DataError, UsageError, first_rows, message
from icp_ml.prospects.admission import Admission, Admitted, customer_key
from icp_ml.rules import parse_rule

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

_IDS_COMPARED = 200_000
_IDS_MATCHED = 20_000
_NEAR_SHOWN = 3
_LONGEST_ID = 200
"""Characters; ids near a longer text would take long to find and help nobody."""


@dataclass(frozen=True)
class Found:
    """One account, read and coerced as scoring would, and what scoring would make of it.

    Attributes
    ----------
    id : str
        As it was asked for.
    admitted : Admitted
        Its attributes and the columns of rules, one row.
    is_customer : bool
        It is a customer of the study; a list of prospects would leave it out.
    excluded_by : tuple of str
        Rules that keep it off every list.
    notes : tuple of str
        What was odd about the table.
    """

    id: str
    admitted: Admitted
    is_customer: bool
    excluded_by: tuple[str, ...]
    notes: tuple[str, ...]


def find_account(table: Table, model: SuccessModel, account: str, as_of: dt.date | None = None) -> Found:
    """Return one account of a table, customer or prospect.

    Raises
    ------
    UsageError
        No row has the id; ids that are nearly the same are named.
    DataError
        Several rows have the id, or scoring would refuse the row, for the same reason.
    """
    rows = _rows_of(table, model, account)
    if not rows:
        raise _absent(table, model, account)
    if len(rows) > 1:
        came = f"id {_named(model, account)} stands in {len(rows):,} rows ({first_rows(rows)})"
        raise DataError(message(table.path, came, "one row per account", "Keep one row of this account"))
    # Customers and excluded accounts are explained too, so that admission must not take them out.
    reader = replace(model, customer_keys=(), exclude=(), criteria=(*model.criteria, *model.exclude))
    admission = Admission(_one_row(table, rows[0]), reader, as_of=as_of, on_duplicate="first")
    (admitted,) = admission.blocks()
    if admitted.refused:
        refusal = admitted.refused[0]
        came = f"row {rows[0]} (id {_named(model, account)}) cannot be scored: {refusal.column}: {refusal.reason}"
        raise DataError(message(table.path, came, "a row that scoring accepts", "Correct the row"))
    hit = [text for text in model.exclude if parse_rule(text, "exclude").matches(admitted.rules)[0]]
    return Found(account, admitted, customer_key(account) in model.customer_keys, tuple(hit), tuple(table.warnings))


def _rows_of(table: Table, model: SuccessModel, account: str) -> list[int]:
    """Return the row numbers, from 1 after the header, of the rows with an id."""
    if model.contract.id is None:
        n_rows = sum(batch.num_rows for batch in table.batches(table.columns[:1]))
        return [int(account)] if account.isdecimal() and 1 <= int(account) <= n_rows else []
    model.contract.check_columns(table)
    rows, start = [], 1
    for ids in _ids_of(table, model.contract.id):
        rows += (start + np.flatnonzero(ids == account)).tolist()
        start += len(ids)
    return rows


def _ids_of(table: Table, column: str) -> Iterator[np.ndarray[tuple[int], np.dtype[np.object_]]]:
    for batch in table.batches([column]):
        yield as_ids(batch.column(0), f"column {column!r}")


def _absent(table: Table, model: SuccessModel, account: str) -> UsageError:
    if model.contract.id is None:
        expected, near = "the number of a row, from 1 after the header", ""
    else:
        expected, near = f"an id of column {model.contract.id!r}", _near(table, model.contract.id, account)
    came = f"no row has the id {_named(model, account)}{near}"
    return UsageError(message(table.path, came, expected, "Correct --id"))


def _near(table: Table, column: str, account: str) -> str:
    """Return ids that are nearly the same, in brackets: first those that differ by case, blanks or leading zeros."""
    wanted = _plain(account)
    if not account.strip() or len(account) > _LONGEST_ID:
        return ""
    close: dict[str, str] = {}
    seen = 0
    for ids in _ids_of(table, column):
        plain = {_plain(str(one)): str(one) for one in ids if one}
        if wanted in plain:
            return _there_is(column, [plain[wanted]])
        close |= {text: one for text, one in plain.items() if abs(len(text) - len(wanted)) <= 1}
        seen += len(ids)
        if seen >= _IDS_COMPARED:
            break
    near = difflib.get_close_matches(wanted, list(close)[:_IDS_MATCHED], n=_NEAR_SHOWN, cutoff=0.7)
    return _there_is(column, [close[text] for text in near])


def _plain(text: str) -> str:
    return text.strip().casefold().lstrip("0")


def _there_is(column: str, ids: Sequence[str]) -> str:
    return f" (there is {', '.join(shown(column, one) for one in ids[:_NEAR_SHOWN])})" if ids else ""


def _named(model: SuccessModel, account: str) -> str:
    """Return the id for a message, words in its place where it may be of a person."""
    return shown(model.contract.id or "", account)


def _one_row(table: Table, row: int) -> Table:
    """Return a table of one row of a table."""
    start = 1
    for batch in table.batches():
        if row < start + batch.num_rows:
            held = batch.slice(row - start, 1)
            break
        start += batch.num_rows

    def reader(columns: list[str]) -> Iterator[pa.RecordBatch]:
        yield held.select(columns)

    return replace(table, _reader=reader)
