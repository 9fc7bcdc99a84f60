"""The table of how much of the market is worked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.coverage import PARTS
from icp_ml.report.tables.table import Column, Table, number, table
from icp_ml.report.wording import small_share_words

Document = Mapping[str, Any]


def coverage(rows: Sequence[Document]) -> Table:
    """Return the accounts of each tier by what they are: customers, worked or untouched."""
    titles = ("Accounts", "Share of all", *(part.capitalize() for part in PARTS))
    columns: list[Column | str] = ["Tier", *(number(title) for title in titles)]
    cells = (
        [
            row["tier"],
            row["n"],
            "" if row["share"] is None else small_share_words(row["share"]),
            *(_counted(row, part) for part in PARTS),
        ]
        for row in rows
    )
    return table("Coverage of the market by tier", columns, cells)


def _counted(row: Document, part: str) -> str:
    if row[part] is None:
        return ""
    share = row[f"{part}_share"]
    return f"{row[part]:,}" if share is None else f"{row[part]:,} ({small_share_words(share)})"
