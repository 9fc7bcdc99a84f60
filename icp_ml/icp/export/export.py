"""Put a query together with what to expect of it, in the form that was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from icp_ml.icp.coverage import Coverage
from icp_ml.icp.export.expected import OfCustomers, OfProspects
from icp_ml.icp.export.forms import CSV_COLUMNS, csv_text, filters_text
from icp_ml.icp.export.query import SupplierQuery
from icp_ml.icp.export.sql import sql_text
from icp_ml.prospects.output import csv_line, header_of, is_our_summary

Form = Literal["sql", "filters", "csv"]
FORMS: tuple[Form, ...] = get_args(Form)
TABLE = "companies"
"""What a supplier's table is called where nobody says."""

_MARKED = 256
"""Bytes at the start of an export that show that it is one, whatever its ending."""
_FIRST = "-- icp-ml profile export: "


@dataclass(frozen=True, kw_only=True)
class ProfileExport:
    """A profile as a query for a list supplier, with what to expect of it.

    Attributes
    ----------
    query : SupplierQuery
    form : {"sql", "filters", "csv"}
    table : str
        The supplier's table, in SQL.
    prospects : OfProspects or None
        What it selects of the prospects; None where there are none.
    customers : OfCustomers or None
        How the customers did that it would have selected; None without a study.
    coverage : Coverage or None
        How much of the market each tier holds; None without a study or prospects.
    model : str or None
        Whose chances these are, with its digest.
    notes : tuple of str
        What a reader of the numbers must know.
    """

    query: SupplierQuery
    form: Form
    table: str = TABLE
    prospects: OfProspects | None = None
    customers: OfCustomers | None = None
    coverage: Coverage | None = None
    model: str | None = None
    notes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Return the profile and its version."""
        return f"{self.query.profile.name} version {self.query.profile.version}"

    @property
    def sentences(self) -> tuple[str, ...]:
        """What is asked, what is not, and what to expect."""
        return tuple(self._sentences())

    def _sentences(self) -> Iterator[str]:
        yield self.query.sentence
        for expected in (self.prospects, self.customers):
            if expected is not None:
                yield expected.sentence
        yield from (one.sentence for one in self.query.left_out)
        yield from self._missing()

    def _missing(self) -> Iterator[str]:
        """Say which option would tell what is not told."""
        if self.prospects is None:
            yield "How many companies it selects is not told: --prospects FILE counts them in a table of prospects."
        if self.customers is None:
            yield "How such customers did is not told: --study STUDY counts them."
        if self.model is None:
            yield "How likely such prospects succeed is not told: --model MODEL gives their chances."

    def content(self) -> str:
        """Return the query in its form.

        Raises
        ------
        UsageError
            The table has no usable name, or a rule is too many lines for a table of conditions.
        """
        if self.form == "sql":
            kinds = ", ".join(f"{name} ({kind})" for name, kind in self.query.columns.items())
            told = (*self.sentences, *self.notes, f"Columns: {kinds}; NULL where nothing is known.")
            return sql_text(self.query, self.table, [_FIRST.removeprefix("-- ") + self.title, *told])
        return csv_text(self.query) if self.form == "csv" else filters_text(self.query, self.as_document())

    def as_document(self) -> dict[str, Any]:
        """Return what is asked, what is not and what to expect as a JSON object."""
        return {
            "kind": "profile_export",
            "as": self.form,
            **self.query.as_document(),
            "prospects": None if self.prospects is None else self.prospects.as_document(),
            "customers": None if self.customers is None else self.customers.as_document(),
            "coverage": None if self.coverage is None else self.coverage.as_document(),
            "model": self.model,
            "notes": list(self.notes),
        }


def is_our_export(path: Path) -> bool:
    """Tell whether an existing file was exported by us, in any form."""
    if path.suffix.lower() == ".csv" and header_of(path) == CSV_COLUMNS:
        return True
    with path.open("rb") as file:
        start = file.read(_MARKED)
    if start.startswith((_FIRST.encode(), csv_line(CSV_COLUMNS))):
        return True
    return start.startswith(b"{") and is_our_summary(path) and b'"profile_export"' in start
