"""Compare prospects with the customers a model learns from: fill, levels and range of every attribute."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.contract import AttributeContract, TableContract, learn_contract
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.tables import Table
from icp_ml.errors import DataError, message

if TYPE_CHECKING:
    from icp_ml.study import Attribute

PROSPECT_ROWS = 100_000
"""Prospects that are compared, from the first row on: a share of them is known to a third of a point."""

FILLED, HARDLY_FILLED = 0.50, 0.02
"""From the first share of customers with a value on, and up to the second share of prospects, an attribute is one
that only customers have."""

FILL_GAP = 0.20
SHIFTED_SHARE = 0.20
SCALE_FACTOR = 10.0
"""Typical and large values that both differ by this factor look like another unit."""

Verdict = Literal["same", "less filled", "only customers", "shifted", "more filled"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ParityRow:
    """One attribute on customers and on prospects.

    Attributes
    ----------
    column, fit : str
        The attribute.
    filled_customers, filled_prospects : float
        Share with a value, 0 to 1.
    unseen_share : float
        Share of the prospects' values that are a level no customer has, 0 to 1.
    outside_share : float
        Share of the prospects' values outside the customers' range, 0 to 1.
    verdict : {"same", "less filled", "only customers", "shifted", "more filled"}
        The worst of what differs.
    note : str
        What differs, in words; empty when nothing does.
    is_left_out : bool
        Customers have it and prospects do not, so that a model for prospects cannot use it.
    """

    column: str
    fit: str
    filled_customers: float
    filled_prospects: float
    unseen_share: float
    outside_share: float
    verdict: Verdict
    note: str
    is_left_out: bool = False

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Parity:
    """Customers and prospects, attribute by attribute.

    Attributes
    ----------
    prospects : str
        Name of the prospects' table.
    n_customers, n_prospects : int
        Rows compared.
    rows : tuple of ParityRow
        In the order of the study.
    sentence : str
        What differs, in words.
    """

    prospects: str
    n_customers: int
    n_prospects: int
    rows: tuple[ParityRow, ...]
    sentence: str

    @property
    def left_out(self) -> tuple[str, ...]:
        """Return the attributes that a model for prospects cannot use, because only customers have them."""
        return tuple(row.column for row in self.rows if row.is_left_out)

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        return {
            "prospects": self.prospects,
            "n_customers": self.n_customers,
            "n_prospects": self.n_prospects,
            "left_out": list(self.left_out),
            "sentence": self.sentence,
            "rows": [row.as_document() for row in self.rows],
        }

    def findings(self) -> Iterator[Finding]:
        """Yield one finding per attribute that differs."""
        for row in self.rows:
            if row.verdict == "more filled":
                step = "Learn why customers lack it; the model learned what missing means from customers"
                yield Finding("note", "parity", row.column, self.n_prospects, row.note, step)
            elif row.verdict != "same":
                step = _STEPS["left out" if row.is_left_out else row.verdict]
                yield Finding("warning", "parity", row.column, self.n_prospects, row.note, step)


_STEPS = {
    "left out": "Fill it for prospects before scoring, or set `available` to when it is known; "
    "a model for prospects leaves it out",
    "only customers": "Fill it for prospects, or set `available` to when it is known",
    "less filled": "Fill it for prospects; else most scores rest on what missing means among customers",
    "shifted": "Check units, spellings and the export: the model has seen no such customers",
}


@dataclass
class _Tally:
    """What the prospects' table shows, summed over its batches."""

    n: int
    filled: Counter[str]
    unseen: Counter[str]
    outside: Counter[str]
    values: dict[str, list[Floats]]


def compare_with_prospects(customers: Customers, prospects: Table) -> Parity:
    """Return how the prospects' attributes differ from the customers'.

    Parameters
    ----------
    customers : Customers
        The loaded table; attributes known at the stage of the study's model are compared.
    prospects : Table
        The table scored later; its first 100,000 rows are read.

    Returns
    -------
    Parity
        One row per attribute. Left out are those whose column prospects lack, and those that at least half of the
        customers and at most 2 % of the prospects have, of the attributes said to be known of prospects.

    Raises
    ------
    DataError
        When the table has no row, or turns out to be damaged.
    FileSystemError
        When the operating system cannot read it.

    Notes
    -----
    Cells are read as scoring reads them. Customers are not a sample of the market, so other shares of the same values
    are expected and are no finding; other values are.
    """
    attributes = customers.study.attributes_at()
    contract = learn_contract(customers, attributes)
    present = [one for one in contract.attributes if one.column in prospects.columns]
    unreadable = {one.column for one in present if not _is_readable(contract, one, prospects)}
    readable = tuple(one for one in present if one.column not in unreadable)
    tally = _tally(replace(contract, id=None, row_number=True, attributes=readable), prospects)
    rows = []
    for attribute, known in zip(attributes, contract.attributes, strict=True):
        kind = str(prospects.types[known.column]) if known.column in unreadable else ""
        row = _absent(attribute, known) if known.column not in prospects.columns else None
        rows.append(row or _compared(attribute, known, customers.frame[known.column], tally, kind))
    sentence = _sentence(prospects.path, tally.n, rows)
    return Parity(prospects.path.name, len(customers), tally.n, tuple(rows), sentence)


def _is_readable(contract: TableContract, known: AttributeContract, prospects: Table) -> bool:
    try:
        replace(contract, id=None, row_number=True, attributes=(known,)).check_columns(prospects)
    except DataError:
        return False
    return True


def _tally(contract: TableContract, prospects: Table) -> _Tally:
    """Read the first rows as scoring would, counting what is filled, new or outside the customers' range."""
    tally = _Tally(0, Counter(), Counter(), Counter(), {one.column: [] for one in contract.attributes})
    columns = [one.column for one in contract.attributes]
    day = [contract.as_of] if contract.as_of in prospects.columns and contract.as_of not in columns else []
    for batch in prospects.batches([*columns, *day] or list(prospects.columns[:1])):
        rows = batch.slice(0, PROSPECT_ROWS - tally.n)
        _count(tally, contract, rows, prospects.is_text)
        if tally.n >= PROSPECT_ROWS:
            break
    if not tally.n:
        step = "Export the table again, or remove `prospects` from the study"
        raise DataError(message(prospects.path, "there is a header but no row", "prospects", step))
    return tally


def _count(tally: _Tally, contract: TableContract, rows: pa.RecordBatch, is_text: bool) -> None:
    converted = contract.convert(rows, tally.n + 1, is_text)
    tally.n += rows.num_rows
    tally.unseen.update(converted.unseen)
    tally.outside.update(converted.outside)
    for known in contract.attributes:
        held = converted.frame[known.column].dropna()
        tally.filled[known.column] += len(held) + converted.unseen.get(known.column, 0)
        if known.kind == "numeric":
            tally.values[known.column].append(held.to_numpy(dtype=np.float64))


def _absent(attribute: Attribute, known: AttributeContract) -> ParityRow:
    """Return the row of a column that prospects lack: a loss, unless it is known later or nobody has it."""
    filled = 1.0 - known.missing_share
    is_lost = attribute.available == "prospect" and filled > 0.0
    note = f"{filled:.0%} of the customers have a value; the prospects' table has no such column"
    note += "" if attribute.available == "prospect" else f" (known at the stage {attribute.available}, as declared)"
    verdict: Verdict = "only customers" if is_lost else "same"
    return ParityRow(known.column, known.fit, filled, 0.0, 0.0, 0.0, verdict, note, is_left_out=is_lost)


def _compared(
    attribute: Attribute, known: AttributeContract, customers: pd.Series, tally: _Tally, kind: str
) -> ParityRow:
    name, filled = known.column, 1.0 - known.missing_share
    if kind:
        note = f"its type among prospects is {kind}, which scoring refuses; {known.kind} values are needed"
        return ParityRow(name, known.fit, filled, 0.0, 0.0, 0.0, "shifted", note)
    n_filled = tally.filled[name]
    there = n_filled / tally.n
    unseen, outside = (counts[name] / n_filled if n_filled else 0.0 for counts in (tally.unseen, tally.outside))
    is_only = filled >= FILLED and there <= HARDLY_FILLED and attribute.available == "prospect"
    shifts = list(_shifts(unseen, outside, _scale(customers, tally.values[name]) if known.kind == "numeric" else 1.0))
    verdict = _verdict(filled, there, is_only=is_only, is_shifted=bool(shifts))
    fills = f"{filled:.0%} of the customers and {there:.0%} of the prospects have a value"
    is_gap = is_only or abs(filled - there) >= FILL_GAP
    note = "; ".join([*([fills] if is_gap else []), *(shifts if not is_only else [])])
    return ParityRow(name, known.fit, filled, there, unseen, outside, verdict, note, is_left_out=is_only)


def _verdict(filled: float, there: float, *, is_only: bool, is_shifted: bool) -> Verdict:
    if is_only:
        return "only customers"
    if is_shifted:
        return "shifted"
    if abs(filled - there) < FILL_GAP:
        return "same"
    return "less filled" if there < filled else "more filled"


def _shifts(unseen: float, outside: float, factor: float) -> Iterator[str]:
    """Yield in words how the prospects' values are unlike any customer's."""
    if unseen >= SHIFTED_SHARE:
        yield f"{unseen:.0%} of the prospects' values are levels that no customer has"
    if outside >= SHIFTED_SHARE:
        yield f"{outside:.0%} of the prospects' values lie outside the customers' range"
    if factor >= SCALE_FACTOR:
        yield f"prospects' values are about {factor:,.0f} times as large as customers': another unit?"
    if factor <= 1.0 / SCALE_FACTOR:
        yield f"customers' values are about {1 / factor:,.0f} times as large as prospects': another unit?"


def _scale(customers: pd.Series, parts: list[Floats]) -> float:
    """Return how many times larger prospects' values are, by the median and the 95 % quantile; 1 when these differ."""
    here, there = (np.abs(values[values != 0]) for values in (customers.dropna().to_numpy(), np.concatenate(parts)))
    if not len(here) or not len(there):
        return 1.0
    low, high = np.sort(np.quantile(there, (0.5, 0.95)) / np.quantile(here, (0.5, 0.95)))
    return float(low if low > 1.0 else min(high, 1.0))


def _sentence(path: Path, n: int, rows: list[ParityRow]) -> str:
    compared = f"the first {n:,} rows" if n >= PROSPECT_ROWS else f"{n:,} rows"
    start = f"Of {len(rows)} attributes, compared with {compared} of {path.name}, "
    differ = Counter(row.verdict for row in rows if row.verdict != "same")
    if not differ:
        return f"{start}none differs in fill, levels or range."
    named = [row.column for row in rows if row.is_left_out]
    words = ", ".join(f"{count} {verdict}" for verdict, count in sorted(differ.items()))
    left = f" Only customers have {', '.join(named)}: a model for prospects leaves out what they lack." if named else ""
    return f"{start}{sum(differ.values())} differ ({words}).{left}"
