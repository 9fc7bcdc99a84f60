"""Tables of how good a model is, and of whom it is wrong about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.tables.table import Column, Table, number, table, words
from icp_ml.report.wording import METRIC_WORDS, interval_words, plain_number, points_words, share_words

Document = Mapping[str, Any]


def metrics(facts: Document) -> Table:
    """Return every measure beside what simple orders reach."""
    shown = bool(facts["random_split_shown"])
    others = [*facts["baseline_names"], *(["Random split"] if shown else [])]
    numbers = [number(title) for title in ("Value", "90 % interval", *others)]
    columns: list[Column | str] = ["Measure", *numbers, words("What it says")]
    rows = (
        [row["label"], row["value"], row["interval"], *row["baselines"], *([row["random_split"]] * shown), row["help"]]
        for row in facts["metric_rows"]
    )
    return table("Measures, with intervals and baselines", columns, rows)


def gates(rows: Sequence[Document]) -> Table:
    """Return the bars a model must pass, and what became of each."""
    columns = ("Gate", Column("Verdict", "state"), number("Value"), number("Bar"), words("In words"))
    cells = ([g["label"], "passed" if g["passed"] else "not passed", g["value"], g["bar"], g["why"]] for g in rows)
    return table("Gates", columns, cells)


def bands(rows: Sequence[Document]) -> Table:
    """Return outcomes by grade."""
    columns = ("Grade", number("Accounts"), number("Predicted"), number("Succeeded (90 %)"))
    return table("Outcome by grade", columns, ([b[k] for k in ("name", "n", "predicted", "observed")] for b in rows))


def ten_bands(rows: Sequence[Document]) -> Table:
    """Return outcomes of equal bands of the list, best first."""
    columns = (number("Band"), number("Accounts"), number("Predicted"), number("Succeeded (90 %)"))
    cells = (
        [place, int(b["n"]), share_words(b["predicted"]), share_words(b["observed"], b["low"], b["high"])]
        for place, b in enumerate(rows, 1)
    )
    return table("Outcome by equal bands of the list, best first", columns, cells)


def chance(document: Document) -> Table:
    """Return how often a shuffled order does as well, by measure."""
    rows = ([METRIC_WORDS.get(name, (name.replace("_", " "),))[0], _p(p)] for name, p in document["metrics"].items())
    return table("Chance of so good a result without any order", ("Measure", number("p")), rows)


def _p(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def gap(document: Document) -> Table:
    """Return later accounts beside a random split."""
    columns = ("Measure", number("Later"), number("Random"), number("Difference (90 %)"))
    rows = (
        [
            METRIC_WORDS.get(row["metric"], (row["metric"],))[0],
            plain_number(row["later"]),
            plain_number(row["random"]),
            _estimate({"value": row["difference"], "low": row["low"], "high": row["high"]}),
        ]
        for row in document["rows"]
    )
    return table("Later accounts against a random split", columns, rows)


def origins(document: Document) -> Table:
    """Return what each starting day would have given."""
    columns = (
        "Test period",
        number("Trained on"),
        number("Judged on"),
        number("Base rate"),
        number("ROC AUC (90 %)"),
        number("Log loss (90 %)"),
        number("Calibration slope (90 %)"),
    )
    rows = (
        [
            f"{row['starts']} to {row['ends']}",
            row["n_train"],
            row["n_test"],
            share_words(row["base_rate"]),
            *(_estimate(row[name]) for name in ("roc_auc", "log_loss", "calibration_slope")),
        ]
        for row in document["rows"]
    )
    return table("Starting days", columns, rows)


def _estimate(found: Document | None) -> str:
    if found is None or found["value"] is None:
        return "not known"
    ends = interval_words(found["low"], found["high"])
    return f"{plain_number(found['value'])} ({ends})" if ends else plain_number(found["value"])


def slices(document: Document) -> Table:
    """Return how the model does in each slice of one column."""
    is_sensitive = document["kind"] == "sensitive"
    measured = (
        "Accounts",
        "Succeeded (90 %)",
        "Predicted",
        "Gap in points (90 %)",
        "ROC AUC (90 %)",
        "Share chosen first",
    )
    compared = ("Ratio to the others (90 %)",) if is_sensitive else ()
    columns: list[Column | str] = ["Slice", *map(number, measured + compared), words("Note")]
    rows = ([*_slice(row), *([_ratio(row)] if is_sensitive else []), row["note"]] for row in document["rows"])
    return table(f"Slices by {document['column']}", columns, rows)


def _slice(row: Document) -> list[object]:
    auc = {"value": row["roc_auc"], "low": row["auc_low"], "high": row["auc_high"]}
    return [
        row["name"],
        row["n"],
        share_words(row["observed"], row["low"], row["high"]),
        share_words(row["predicted"]),
        points_words(row["gap"], row["gap_low"], row["gap_high"]),
        "" if row["roc_auc"] is None else _estimate(auc),
        share_words(row["selected_share"]),
    ]


def _ratio(row: Document) -> str:
    """Return how often accounts of a sensitive slice are chosen, over the others."""
    found = {"value": row["selection_ratio"], "low": row["ratio_low"], "high": row["ratio_high"]}
    return "" if found["value"] is None else _estimate(found)


def surprises(label: str, rows: Sequence[Document]) -> Table:
    """Return the accounts that a model was most wrong about, with what spoke for or against them."""
    columns = (Column("Account", "code"), number("Chance given"), words("What spoke for or against it (log-odds)"))
    cells = (
        [
            row["id"],
            share_words(row["probability"]),
            "; ".join(map(str, row["reasons"])) or "nothing large enough to be told",
        ]
        for row in rows
    )
    return table(label, columns, cells)


def bottom(document: Document) -> Table:
    """Return which attributes put accounts into the lowest band."""
    rows = ([row["column"], row["note"]] for row in document["attributes"])
    return table(
        "What accounts of the lowest band share",
        (Column("Attribute", "code"), words("Mean contribution (log-odds)")),
        rows,
    )


def leading(document: Document) -> Table:
    """Return success by what the leading outcome said."""
    rows = (
        [said, document[key]["n"], share_words(*(document[key][end] for end in ("value", "low", "high")))]
        for key, said in (("yes", "reached"), ("no", "not reached"))
    )
    return table(f"Success by {document['column']}", ("Leading outcome", number("Accounts"), number("Succeeded")), rows)
