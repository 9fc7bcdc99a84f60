"""Tables of the data: counts, what they can show, customers beside prospects, findings, lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.tables.table import Column, Table, number, table, words
from icp_ml.report.wording import points_up, share_words

Document = Mapping[str, Any]


def counts(rows: Sequence[Document]) -> Table:
    """Return the counts from rows read to labelled accounts."""
    return table(
        "From rows read to outcomes", ("State", number("Accounts"), words("Note")), _cells(rows, "label", "n", "note")
    )


def shares(label: str, rows: Sequence[Document]) -> Table:
    """Return success by period or by segment."""
    columns = (
        "Name",
        number("Accounts"),
        number("Success"),
        number("Churned"),
        number("Not known yet"),
        number("Succeeded (90 %)"),
    )
    cells = ([*(row[key] for key in ("name", "n", "success", "churned", "censored")), _share(row)] for row in rows)
    return table(label, columns, cells)


def _share(row: Document) -> str:
    return share_words(row["share"], row["low"], row["high"])


def maturity(document: Document) -> Table:
    """Return how many more outcomes become known, and when."""
    rows = ([f"in {row['days']} days", row["n"]] for row in document["next"])
    return table("Outcomes that become known", ("When", number("More accounts")), rows)


def power(document: Document) -> Table:
    """Return the smallest differences that can be seen, in percentage points."""
    columns = ("A rule that holds for", number("Asked beforehand"), number("Best of all attributes"))
    rows = (
        [f"{share_words(row['share'])} of accounts", _points(row["one"]), _points(row["among_all"])]
        for row in document["rows"]
    )
    return table("Smallest difference that can be seen, in points", columns, rows)


def _points(share: float | None) -> str:
    return "not even 100" if share is None else points_up(share)


def parity(document: Document) -> Table:
    """Return each attribute on customers beside prospects."""
    columns = (
        Column("Attribute", "code"),
        "Fit",
        number("Filled, customers"),
        number("Filled, prospects"),
        number("Unseen levels"),
        number("Outside the range"),
        Column("Verdict", "state"),
        words("Note"),
    )
    shares_of = ("filled_customers", "filled_prospects", "unseen_share", "outside_share")
    cells = (
        [row["column"], row["fit"], *(share_words(row[key]) for key in shares_of), row["verdict"], row["note"]]
        for row in document["rows"]
    )
    return table("Customers beside prospects", columns, cells)


def grades(document: Document) -> Table:
    """Return when the values of each attribute were known."""
    columns = (Column("Attribute", "code"), "Known", words("Note"))
    return table("Point in time", columns, _cells(document["rows"], "column", "grade", "note"))


def backfill(document: Document) -> Table:
    """Return what was filled in or changed since an earlier export."""
    columns = (
        Column("Attribute", "code"),
        number("Empty then"),
        number("Filled now"),
        number("Filled then"),
        number("Changed now"),
        words("Who it happened to"),
    )
    keys = ("column", "n_empty", "filled", "n_held", "changed", "suspicion")
    return table(f"Fields since {document['earlier']}", columns, _cells(document["rows"], *keys))


def findings(rows: Sequence[Document]) -> Table:
    """Return what the audit found."""
    columns = (Column("Severity", "state"), "Check", Column("Column", "code"), words("Evidence"), words("Next step"))
    return table("Findings of the audit", columns, _cells(rows, "severity", "check", "column", "evidence", "next_step"))


def lineage(rows: Sequence[Document]) -> Table:
    """Return what names bundle, data, study, seed and code."""
    return table("Lineage", ("What", Column("Value", "code")), _cells(rows, "label", "value"))


def _cells(rows: Sequence[Document], *keys: str) -> list[list[object]]:
    return [[row[key] for key in keys] for row in rows]
