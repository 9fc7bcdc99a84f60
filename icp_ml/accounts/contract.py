"""What a model expects of a table: learned from the customers, kept in the bundle, enforced on every prospect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from icp_ml.accounts.conversion import Conversion, Converted, Rejection
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.study_columns import similar
from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import is_cell_type, is_day_type, is_number_type, is_text_type
from icp_ml.errors import DataError, ModelError, message

if TYPE_CHECKING:
    from icp_ml.study import Attribute

__all__ = ["AttributeContract", "Converted", "Rejection", "TableContract", "learn_contract"]

_WANTED_TYPE = {"numeric": "numbers", "categorical": "text, numbers or booleans", "date": "days or ISO text"}


@dataclass(frozen=True)
class AttributeContract:
    """What the customers showed of one attribute.

    Attributes
    ----------
    column, fit : str
        Its column, and the player it belongs to.
    kind : {"numeric", "categorical", "date"}
        How its cells are read.
    levels : tuple of str
        Sorted levels of a categorical attribute.
    minimum, maximum : float or None
        Range seen, of a date in days before as_of; None when no value was seen, and for categories.
    missing_share : float
        Share of customers without a value, 0 to 1.
    """

    column: str
    fit: str
    kind: Kind
    levels: tuple[str, ...]
    minimum: float | None
    maximum: float | None
    missing_share: float


@dataclass(frozen=True)
class TableContract:
    """The columns a table must have to be scored, and how they are read.

    Attributes
    ----------
    id : str or None
        Id column; None with `row_number`.
    row_number : bool
        Rows are named by their number.
    attributes : tuple of AttributeContract
        In the order of the study.
    as_of : str or None
        Column of the day on which attributes were known, where a table has it; `plus_days` are added.
    as_of_default : date or None
        The day for rows without one, when none is asked for.
    n_rows : int
        Customers it was learned from.
    """

    id: str | None
    row_number: bool
    attributes: tuple[AttributeContract, ...]
    as_of: str | None = None
    plus_days: int = 0
    as_of_default: date | None = None
    n_rows: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the contract as JSON-able content; `from_document` turns it back."""
        document = asdict(self)
        document["attributes"] = [{**asdict(known), "levels": list(known.levels)} for known in self.attributes]
        document["as_of_default"] = None if self.as_of_default is None else self.as_of_default.isoformat()
        return document

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> TableContract:
        """Return the contract of a document.

        Raises
        ------
        ModelError
            When the document is not one that `to_document` writes.
        """
        names = {field.name for field in fields(cls)}
        try:
            known = [
                AttributeContract(**{**entry, "levels": tuple(entry["levels"])}) for entry in document["attributes"]
            ]
            if not {one.kind for one in known} <= _WANTED_TYPE.keys():
                raise ValueError("another kind")
            for one in known:
                [float(number) for number in (one.minimum, one.maximum, one.missing_share) if number is not None]
            day = document["as_of_default"]
            rest = {name: document[name] for name in names - {"attributes", "as_of_default"}}
            return cls(**rest, attributes=tuple(known), as_of_default=None if day is None else date.fromisoformat(day))
        except (KeyError, TypeError, ValueError):
            step = "Train the model again"
            raise ModelError(
                message("contract", "the document is not readable", "keys of this version", step)
            ) from None

    def columns(self) -> tuple[str, ...]:
        """Return the columns that a table must have."""
        first = () if self.id is None else (self.id,)
        return (*first, *(known.column for known in self.attributes))

    def check_columns(self, table: Table) -> None:
        """Refuse a table that cannot be scored whatever its rows hold.

        Raises
        ------
        DataError
            Naming all columns that are missing, and all whose type cannot be read.
        """
        missing = [name for name in self.columns() if name not in table.columns]
        problems = []
        if missing:
            named = ", ".join(repr(name) + similar(name, table.columns) for name in missing)
            came = f"{len(missing)} columns of the model are missing: {named}"
            step = "Add them; attributes may be empty where nothing is known"
            problems.append(message(table.path, came, f"{len(self.columns())} columns", step))
        for known in self.attributes:
            kind = table.types.get(known.column)
            if kind is not None and not table.is_text and not _is_readable(known.kind, kind):
                came = f"column {known.column!r} has the type {kind}"
                expected = f"{_WANTED_TYPE[known.kind]}, as in training"
                problems.append(message(table.path, came, expected, "Convert the column"))
        if problems:
            raise DataError("\n".join(problems))

    def convert(self, batch: pa.RecordBatch, first_row: int, is_text: bool, as_of: date | None = None) -> Converted:
        """Read one batch of rows as the model needs them.

        Parameters
        ----------
        batch : pyarrow.RecordBatch, shape (n, any)
            Must hold `columns()`; the as_of column is used where it is there.
        first_row : int
            Row number of its first row, from 1 after the header.
        is_text : bool
            True for CSV, where numbers come as text.
        as_of : date, optional
            The day on which the attributes were known, for rows without one. Dates after it are refused; by default
            only those more than ten years after the last day of training.

        Returns
        -------
        Converted
            Every row, and which of them cannot be scored. A level or a value that no customer had is counted and
            never refused: the level becomes missing.

        Raises
        ------
        DataError
            When ids were stored as numbers that lost digits.
        """
        return Conversion(self, batch, is_text, as_of).run(first_row)


def learn_contract(customers: Customers, attributes: Sequence[Attribute]) -> TableContract:
    """Return what the customers showed of the attributes of a model.

    Parameters
    ----------
    customers : Customers
        All kept rows count, with an outcome or without.
    attributes : sequence of Attribute
        Those that the model uses.

    Returns
    -------
    TableContract
        Kinds, levels, ranges and missing shares.
    """
    study = customers.study
    return TableContract(
        id=study.id.column,
        row_number=study.id.row_number,
        attributes=tuple(_learned(customers, attribute) for attribute in attributes),
        as_of=None if study.as_of is None else study.as_of.column,
        plus_days=0 if study.as_of is None else study.as_of.plus_days,
        as_of_default=customers.observed_until,
        n_rows=len(customers),
    )


def _learned(customers: Customers, attribute: Attribute) -> AttributeContract:
    values = customers.frame[attribute.column]
    held = values.dropna()
    kind = customers.kinds[attribute.column]
    share = 1.0 - len(held) / len(values)
    if kind == "categorical":
        return AttributeContract(attribute.column, attribute.fit, kind, tuple(sorted(held.unique())), None, None, share)
    low, high = (float(held.min()), float(held.max())) if len(held) else (None, None)
    return AttributeContract(attribute.column, attribute.fit, kind, (), low, high, share)


def _is_readable(kind: Kind, arrow: pa.DataType) -> bool:
    if not is_cell_type(arrow):
        return False
    if kind == "categorical" or pa.types.is_null(arrow):
        return True
    if kind == "numeric":
        return is_number_type(arrow) or bool(pa.types.is_boolean(arrow))
    return is_day_type(arrow) or is_text_type(arrow)
