"""Tables of a review. A number stands first in its cell, so that a column can be sorted by it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.review.words import ACTIONS, amount_words, day_words, of_words, points, rate_words, share_of_words
from icp_ml.report.tables.coverage import coverage
from icp_ml.report.tables.data import power
from icp_ml.report.tables.table import Column, Table, number, table, without_empty, words
from icp_ml.report.tables.why import importance
from icp_ml.report.wording import points_words, share_words

Document = Mapping[str, Any]


def review_tables(document: Document) -> dict[str, Table | None]:
    """Return the tables of a review by name; None where there are no rows.

    Parameters
    ----------
    document : mapping
        A review of the whole form (:func:`icp_ml.report.review.form.formed`).
    """
    progress, ledger, tactics = document["progress"], document["ledger"], document["tactics"]
    made = {
        "written": _written(progress["written"] if progress else ()),
        "path": _path(progress["path"] if progress else ()),
        "populations": _populations(document["populations"]),
        "fits_of": _fits_of(document["populations"]),
        "criteria": _criteria(document["criteria"]),
        "singles": _singles((document["profile_against_rules"] or {}).get("single") or ()),
        "suggestions": _suggestions(document["suggestions"]),
        "front": _front(document["front"]),
        "power": power(document["power"] or {"rows": []}),
        "anti": _anti(document["anti_profile"]["rules"] if document["anti_profile"] else ()),
        "tactics": _tactics(tactics["tiers"] if tactics else ()),
        "scored": _scored(ledger["scored"] if ledger else ()),
        "brier": _brier(ledger["brier"] if ledger else ()),
        "coverage": coverage(document["coverage"]["rows"] if document["coverage"] else ()),
        "importance": importance(document["fits"]) if document["fits"] else None,
        "lineage": _lineage(document),
    }
    return {name: without_empty(drawn) if drawn and drawn.rows else None for name, drawn in made.items()}


def _written(rows: Sequence[Document]) -> Table:
    columns = ("By", "Of", number("At least"), number("Reached"), Column("State", "state"))
    cells = (
        [
            row["on"],
            row["measure"],
            amount_words(row["at_least"]),
            amount_words(row["reached"]),
            row["state"],
        ]
        for row in rows
    )
    return table("Milestones as they were written", columns, cells)


def _path(rows: Sequence[Document]) -> Table:
    """Return about a dozen days of the path."""
    columns = ("Day", number("Straight line"), number("Fair path"), number("Fair path, 90 %"), number("Reached"))
    step = max(1, len(rows) // 12)
    kept = [row for place, row in enumerate(rows) if place % step == 0 or place == len(rows) - 1]
    cells = (
        [
            row["day"],
            amount_words(row["straight"]),
            amount_words(row["fair"]),
            "" if row["fair_low"] is None else f"{amount_words(row['fair_low'])} to {amount_words(row['fair_high'])}",
            amount_words(row["reached"]),
        ]
        for row in kept
    )
    return table("The goal by day", columns, cells)


def _populations(rows: Sequence[Document]) -> Table:
    columns = (
        "Population",
        "Kind",
        number("Accounts"),
        number("Succeeded (90 %)"),
        number("n of m"),
        number("Against the rest, points (90 %)"),
        number("Match the profile"),
        number("Mean chance"),
    )
    cells = (
        [
            f"{row['name']} (small)" if row["small"] else row["name"],
            "prospects" if row["of"] == "prospects" else row["kind"],
            row["n"],
            rate_words(row["success"]),
            of_words(row["success"]),
            points_words(row["difference"], row["low"], row["high"]),
            share_words(row["matching_share"]),
            share_words(row["probability"]),
        ]
        for row in rows
    )
    return table("Populations", columns, cells)


def _fits_of(rows: Sequence[Document]) -> Table:
    known = [row for row in rows if row["fits"]]
    names = list(dict.fromkeys(fit for row in known for fit in row["fits"]))
    cells = (
        [row["name"], *("" if row["fits"].get(fit) is None else f"{row['fits'][fit]:+z.2f}" for fit in names)]
        for row in known
    )
    return table(
        "Mean contribution of each fit, log-odds against the average customer",
        ["Population", *map(number, names)],
        cells,
    )


def _criteria(rows: Sequence[Document]) -> Table:
    columns = (
        Column("Criterion", "code"),
        "Fit",
        Column("State", "state"),
        number("Met / not / not known"),
        number("Success where met"),
        number("Where not"),
        number("Points (90 %)"),
        number("Prospects"),
    )
    cells = (
        [
            row["rule"],
            row["fit"],
            row["state"],
            " / ".join(f"{row[key] or 0:,}" for key in ("n_yes", "n_no", "n_unknown")),
            share_of_words(row["inside"]),
            share_of_words(row["outside"]),
            points_words(row["difference"], row["low"], row["high"]),
            share_words(row["market_share"]),
        ]
        for row in rows
    )
    return table("The criteria, each judged", columns, cells)


def _singles(rows: Sequence[Document]) -> Table:
    columns = (Column("Rule", "code"), number("Succeeded (90 %)"), number("n of m"))
    cells = ([row["rule"], rate_words(row["success"]), of_words(row["success"])] for row in rows)
    return table("Rules of one attribute that choose about as many customers", columns, cells)


def _suggestions(rows: Sequence[Document]) -> Table:
    columns = (
        Column("Rule", "code"),
        "Change",
        number("Gain, points (90 %)"),
        Column("State", "state"),
        "Fit",
        number("Meet it"),
        number("Successes given up"),
        number("Prospects kept"),
        number("q"),
    )
    cells = (
        [
            row["rule"],
            ACTIONS.get(row["action"], row["action"]),
            points_words(row["gain"], row["low"], row["high"]),
            "confirmed" if row["confirmed"] else "not confirmed",
            row["fit"],
            row["n"],
            share_words(row["successes_lost_share"]),
            share_words(row["market_share"]),
            "" if row["q_value"] is None else f"{row['q_value']:.3f}",
        ]
        for row in rows
    )
    return table("All suggestions", columns, cells)


def _front(rows: Sequence[Document]) -> Table:
    columns = (
        number("No."),
        words("Profile"),
        number("Succeeded (90 %)"),
        number("Prospects kept"),
        number("Customers"),
        "On the front",
    )
    cells = (
        [
            place,
            row["name"],
            share_words(row["success"], row["low"], row["high"]),
            share_words(row["market_share"]),
            row["n"],
            "yes" if row["on_front"] else "",
        ]
        for place, row in enumerate(rows, 1)
    )
    return table("Versions of the profile", columns, cells)


def _anti(rows: Sequence[Document]) -> Table:
    columns = (
        Column("Who", "code"),
        "Kind",
        number("Succeeded (90 %)"),
        number("n of m"),
        number("Points (90 %)"),
        number("Extra failures"),
        words("What they cost"),
    )
    cells = (
        [
            _anti_name(row),
            row["kind"],
            rate_words(row["success"]),
            of_words(row["success"]),
            points_words(row["difference"], row["low"], row["high"]),
            amount_words(None if row["excess_failures"] is None else float(round(row["excess_failures"]))),
            row["cost_words"],
        ]
        for row in rows
    )
    return table("Who fails more often", columns, cells)


def _anti_name(row: Document) -> str:
    """Return what a row of the anti-profile is about: a rule, or a value of a segment."""
    return str(row["rule"] or " ".join(str(row[key]) for key in ("segment", "value") if row[key]))


def _tactics(tiers: Sequence[Document]) -> Table:
    columns = (
        "Criteria met",
        "Stage",
        number("Now"),
        number("Before"),
        number("Ratio (90 %)"),
        number("n now"),
        number("n before"),
        number("Goal per 30 days"),
        Column("Loss", "state"),
    )
    cells = (
        [
            tier["tier"],
            row["stage"],
            _plain(row["now"]),
            _plain(row["reference"]),
            ratio_words(row),
            row["n_now"],
            row["n_reference"],
            _signed_amount(row["effect"]),
            "loss" if row["is_loss"] else "",
        ]
        for tier in tiers
        for row in tier["rows"]
    )
    return table("Reach, conversion, success and value, by how many criteria are met", columns, cells)


def ratio_words(row: Document) -> str:
    """Return a ratio with its interval; 1 is no change."""
    if row["ratio"] is None:
        return ""
    ends = "" if row["low"] is None or row["high"] is None else f" ({row['low']:.2f} to {row['high']:.2f})"
    return f"{row['ratio']:.2f}{ends}"


def _plain(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if abs(value) < 1 else f"{value:,.1f}" if abs(value) < 100 else f"{value:,.0f}"


def _signed_amount(value: float | None) -> str:
    return "" if value is None else f"{value:+,.0f}" if abs(value) >= 10 else f"{value:+.1f}"


def _scored(rows: Sequence[Document]) -> Table:
    columns = (
        "Stated on",
        "Kind",
        number("Predicted"),
        number("Observed"),
        Column("State", "state"),
        words("In words"),
        words("Decided"),
    )
    cells = (
        [
            row["stated_on"],
            row["kind"],
            _predicted(row["kind"], row["prediction"]),
            _predicted(row["kind"], row["observed"]),
            row["state"],
            row["sentence"],
            _decision(row["decision"]),
        ]
        for row in rows
    )
    return table("What was predicted, and what came of it", columns, cells)


def _predicted(kind: str, value: float | None) -> str:
    if value is None:
        return ""
    return share_words(value) if kind == "goal" else f"{points(value)} points"


def _decision(decision: Document | None) -> str:
    if not decision:
        return ""
    by = f" by {decision['by']}" if decision.get("by") else ""
    on = f" on {decision['on']}" if decision.get("on") else ""
    return f"{decision.get('state', '')}{by}{on}"


def _brier(rows: Sequence[Document]) -> Table:
    columns = ("Quarter", number("Chances"), number("Brier score"), number("Always the past share"))
    cells = ([row["quarter"], row["n"], _three(row["brier"]), _three(row["baseline"])] for row in rows)
    return table("How good the chances were, by quarter (0 is perfect, .25 a coin)", columns, cells)


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _lineage(document: Document) -> Table:
    profile, model = document["profile"], document["model"] or {"label": "", "kind": ""}
    path = document["ledger"]["path"] if document["ledger"] else ""
    rows = [
        ["profile", f"{profile['name']}, version {profile['version']}"],
        ["digest of the profile", profile["digest"]],
        ["model", f"{model['label']} ({model['kind']})" if model["label"] else model["kind"]],
        ["as of", day_words(document["today"])],
        ["ledger", path],
        ["run", document["run_id"]],
    ]
    return table("Lineage", ("What", Column("Value", "code")), [row for row in rows if row[1]])
