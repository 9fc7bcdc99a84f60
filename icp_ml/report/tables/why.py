"""Tables of why: fits, their importance, attributes, and what moves when an attribute changes fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.tables.table import Column, Table, number, table, words

Document = Mapping[str, Any]


def fits(rows: Sequence[Document]) -> Table:
    """Return how far each fit moves a score, and the attributes under it."""
    columns = ("Fit", number("Mean absolute contribution (log-odds)"), words("Attributes"))
    cells = (
        [fit["name"], f"{fit['mean_abs']:.3f}" if fit["measured"] else "not measured", ", ".join(fit["attributes"])]
        for fit in rows
    )
    return table("The six fits and context", columns, cells)


def importance(document: Document) -> Table:
    """Return what each fit is worth on accounts it did not see."""
    columns = (
        "Fit",
        number("Log loss saved"),
        number("90 % interval"),
        number("z"),
        "Above 0 beyond chance",
        "Tied with",
    )
    return table("Held-out importance", columns, (_important(row) for row in document["rows"]))


def _important(row: Document) -> list[object]:
    if not row["measured"] or row["value"] is None:
        return [row["fit"], "not measured", "", "", "", ""]
    ends = f"{row['low']:.4f} to {row['high']:.4f}"
    told = "yes" if row["important"] else "no"
    z = "" if row["z"] is None else f"{row['z']:.1f}"
    return [row["fit"], f"{row['value']:.4f}", ends, z, told, ", ".join(row["tied_with"])]


def mapping(document: Document) -> Table:
    """Return how the bars change when a doubtful attribute is moved to context."""
    columns = (
        Column("Attribute", "code"),
        "Fit",
        words("Why it is doubtful"),
        number("Bar of the fit"),
        number("Without it"),
        number("Rank"),
        number("Without it"),
        "Order of fits",
    )
    rows = (
        [
            *(row[key] for key in ("column", "fit", "why")),
            *(f"{row[key]:.3f}" for key in ("fit_before", "fit_after")),
            *(row[key] for key in ("rank_before", "rank_after")),
            "changes" if row["changes_order"] else "stays",
        ]
        for row in document["rows"]
    )
    return table("When a doubtful attribute is moved to context", columns, rows)


def attributes(rows: Sequence[Document]) -> Table:
    """Return every attribute with its fit and how far it moves a score."""
    columns = (
        "Attribute",
        Column("Column", "code"),
        "Fit",
        "Kind",
        number("Missing"),
        number("Mean absolute contribution (log-odds)"),
        words("Remarks"),
    )
    keys = ("label", "column", "fit", "kind", "missing", "mean_abs", "remarks")
    return table("Attributes", columns, ([row[key] for key in keys] for row in rows))


def learners(rows: Sequence[Document]) -> Table:
    """Return the learners that were compared."""
    columns = ("Learner", number("Out-of-fold log loss"), number("Above the best"), "Chosen")
    cells = ([row["name"], row["log_loss"], row["difference"], "yes" if row["chosen"] else ""] for row in rows)
    return table("Learners compared", columns, cells)


def criteria(rows: Sequence[Document]) -> Table:
    """Return how many customers meet each written criterion."""
    columns = (Column("Criterion", "code"), number("Customers that meet it"), number("Not"), number("Not known"))
    return table(
        "The written criteria", columns, ([row[key] for key in ("text", "yes", "no", "unknown")] for row in rows)
    )
