"""Tables of a list of lookalikes. A number stands first in its cell, so that a column can be sorted by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.lookalikes.charts import OURS
from icp_ml.report.lookalikes.listed import chance_words
from icp_ml.report.review.words import day_words
from icp_ml.report.tables.table import Column, Table, number, table, without_empty, words
from icp_ml.report.wording import share_words, small_share_words

Document = Mapping[str, Any]


def list_tables(document: Document) -> dict[str, Table | None]:
    """Return the tables of a list by name; None where there are no rows.

    Parameters
    ----------
    document : mapping
        Lookalikes of the whole form (:func:`icp_ml.report.lookalikes.form.formed_list`).
    """
    segments, dial, found = document["segments"], document["dial"], document["evaluation"]
    later = found["later"] if found else None
    made = {
        "segments": _segments(segments["rows"], segments["chosen"]) if segments else None,
        "dial": _dial(dial["rows"]) if dial else None,
        "diversity": _diversity(document["diversity"]) if document["diversity"] else None,
        "methods": _methods("Methods on hidden customers", found["rows"]) if found else None,
        "later": _methods("Methods on later customers", later["rows"]) if later else None,
        "rows": _rows(document),
        "unusual": _unusual(document),
        "lineage": _lineage(document),
    }
    return {name: without_empty(drawn) if drawn and drawn.rows else None for name, drawn in made.items()}


def _segments(rows: Sequence[Document], chosen: str | None) -> Table:
    columns = (
        "Segment",
        number("Seeds"),
        number("Succeeded, weighted (90 %)"),
        number("Customers"),
        number("Listed, by nearest seeds"),
        words("In words"),
    )
    cells = (
        [
            f"{row['name']} (chosen)" if row["name"] == chosen else row["name"],
            row["n"],
            share_words(row["share"], row["low"], row["high"]),
            "" if row["n_known"] is None else f"{row['n_success'] or 0:,} of {row['n_known']:,}",
            row["n_listed"],
            row["sentence"],
        ]
        for row in rows
    )
    return table("Segments of the seeds", columns, cells)


def _dial(rows: Sequence[Document]) -> Table:
    columns = (
        number("Prospects"),
        number("Share of all"),
        number("Similarity of the last"),
        number("Mean chance of success"),
        number("Mean chance of closing"),
        number("Hidden successes reached"),
    )
    cells = (
        [
            f"this list: {row['n']:,}" if row["is_list"] else row["n"],
            "" if row["share"] is None else small_share_words(row["share"]),
            _decimals(row["similarity"]),
            chance_words(row["probability"]),
            chance_words(row["p_close"]),
            share_words(row["reach"]),
        ]
        for row in rows
    )
    return table("Longer and shorter lists", columns, cells)


def _decimals(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _diversity(found: Document) -> Table:
    columns = ("", number("As listed"), number("Most similar only"))
    cells = [
        ["mean similarity", _decimals(found["similarity"]), _decimals(found["similarity_without"])],
        ["segments on it", found["n_segments"], found["n_segments_without"]],
        [
            "mean distance to the nearest other, in bandwidths",
            _decimals(found["distance"]),
            _decimals(found["distance_without"]),
        ],
    ]
    return table("The list with and without its variety", columns, cells)


def _methods(label: str, rows: Sequence[Document]) -> Table:
    columns = (
        "Method",
        number("AUC (90 %)"),
        number("Against similarity, points (90 %)"),
        number("Reached by the top tenth (90 %)"),
        number("Mean chance of its top tenth"),
        number("Another is higher in both, by point estimate"),
    )
    cells = (
        [
            row["label"],
            _estimate(row["auc"], row["low"], row["high"]),
            "" if row["method"] == OURS else _points(*(row[f"difference{end}"] for end in ("", "_low", "_high"))),
            share_words(row["reach"], row["reach_low"], row["reach_high"]),
            chance_words(row["probability"]),
            "no" if row["on_front"] else "yes",
        ]
        for row in rows
    )
    return table(label, columns, cells)


def _points(value: float | None, low: float | None, high: float | None) -> str:
    """Return a difference in percentage points with its interval; methods often lie within one point."""
    if value is None:
        return ""
    ends = "" if low is None or high is None else f" ({_signed(low)} to {_signed(high)})"
    return _signed(value) + ends


def _signed(difference: float) -> str:
    return f"{100 * difference:+.1f}".replace("-0.0", "0.0").replace("+0.0", "0.0")


def _estimate(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.3f}" if low is None or high is None else f"{value:.3f} ({low:.3f} to {high:.3f})"


def _rows(document: Document) -> Table:
    """Return the counts from rows read to accounts listed."""
    rules = [[f"left out: {rule}", n] for rule, n in (document["excluded_by_rule"] or {}).items()]
    rows = [
        ["rows read", document["rows_in"]],
        ["refused, each with its reason", document["rejected"]],
        ["already customers", document["already_customers"]],
        *(rules or [["left out by a rule", document["excluded"]]]),
        ["compared", document["scored"]],
        ["compared, unlike every customer", document["out_of_domain"]],
        ["listed", document["listed"]],
        ["listed, unlike every customer", document["listed_out_of_domain"]],
    ]
    return table("From rows to the list", ("Rows", number("Accounts")), [row for row in rows if row[1] is not None])


def _unusual(document: Document) -> Table:
    kinds = (("unseen_levels", "level never seen in training"), ("outside_range", "outside the range seen in training"))
    rows = [[name, kind, n] for key, kind in kinds for name, n in (document[key] or {}).items()]
    return table("Values no customer had", (Column("Attribute", "code"), "What", number("Accounts")), rows)


def _lineage(document: Document) -> Table:
    rows = [
        ["model", document["model"]],
        ["run", document["run_id"]],
        ["as of", day_words(document["as_of"])],
        ["data, SHA-256", document["data_sha256"]],
        ["version of the code", document["code_version"]],
        ["columns not used", ", ".join(document["ignored_columns"])],
    ]
    return table("Lineage", ("What", Column("Value", "code")), [row for row in rows if row[1]])
