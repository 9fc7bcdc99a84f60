"""Tables of one account."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.tables.table import Column, Table, number, table, words
from icp_ml.report.wording import share_words

Document = Mapping[str, Any]


def account_tables(document: Document) -> dict[str, Table | None]:
    """Return the tables of an account's page by name; None where there are no rows.

    Parameters
    ----------
    document
        What `icp_ml.prospects.account.explain_account` found, as a document.
    """
    made = {
        "fits": _fits(document["fits"]),
        "attributes": _attributes(document["fits"]),
        "like": _neighbours("The most similar customers that succeeded", document["like"]),
        "unlike": _neighbours("The most similar customers that did not", document["unlike"]),
        "evidence": _evidence(document["evidence"]["rows"]),
        "changes": _changes(document["counterfactuals"]["rows"]),
        "interactions": _interactions(document["interactions"]),
        "criteria": _criteria(document["criteria"]),
    }
    return {name: drawn if drawn.rows else None for name, drawn in made.items()}


def _fits(rows: Sequence[Document]) -> Table:
    columns = ("Fit", number("Points of chance"), number("Log-odds"), number("Known"))
    cells = (
        [row["name"], _signed(row["points"], 1), _signed(row["contribution"], 2), share_words(row["known_share"])]
        if row["measured"]
        else [row["name"], "not measured", "", ""]
        for row in rows
    )
    return table("What each fit adds", columns, cells)


def _signed(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:+.{digits}f}"


def _attributes(fits: Sequence[Document]) -> Table:
    columns = ("Attribute", "Value", "Fit", number("Log-odds"), "Keeps its sign")
    told = {True: "yes", False: "no", None: "not measured"}
    rows = [(fit["name"], item) for fit in fits for item in fit["attributes"]]
    ordered = sorted(rows, key=lambda row: -abs(row[1]["contribution"]))
    cells = (
        [item["label"], item["value"], fit, _signed(item["contribution"], 2), told[item["stable"]]]
        for fit, item in ordered
    )
    return table("What each attribute adds", columns, cells)


def _neighbours(label: str, rows: Sequence[Document]) -> Table:
    cells = (
        [row["id"], "; ".join(f"{one['label']}: {one['there']} (here {one['here']})" for one in row["differs"])]
        for row in rows
    )
    return table(label, (Column("Customer", "code"), words("What differs there")), cells)


def _evidence(rows: Sequence[Document]) -> Table:
    columns = ("Fit", number("Known"), words("Note"))
    cells = ([row["fit"], share_words(row["known_share"]), row["note"]] for row in rows)
    return table("How much is known, weighed by what matters", columns, cells)


def _changes(rows: Sequence[Document]) -> Table:
    columns = (words("Change"), number("Chance"), number("Points"), number("Customers like that"))
    cells = (
        [
            " and ".join(f"{one['label']}: {one['to']} instead of {one['from']}" for one in row["changes"]),
            share_words(row["probability"]),
            _signed(row["gain_points"], 1),
            row["n_like"],
        ]
        for row in rows
    )
    return table("What is associated with a higher chance", columns, cells)


def _interactions(rows: Sequence[Document]) -> Table:
    cells = ([f"{row['a']} with {row['b']}", _signed(row["value"], 2)] for row in rows)
    return table("Fits that act together", ("Fits", number("Log-odds beyond each alone")), cells)


def _criteria(rows: Sequence[Document]) -> Table:
    columns = (Column("Criterion", "code"), Column("Answer", "state"))
    return table("Written criteria", columns, ([row["text"], row["answer"]] for row in rows))
