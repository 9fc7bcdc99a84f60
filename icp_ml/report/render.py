"""Draw one value, a training, an account, a list or a review, as HTML, Markdown and JSON. Nothing is computed here."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from icp_ml.report.charts import account_chart, charts_of, first_picture
from icp_ml.report.lookalikes.charts import list_charts
from icp_ml.report.lookalikes.first import first_list
from icp_ml.report.lookalikes.form import formed_list
from icp_ml.report.lookalikes.listed import SHADES, listed_of
from icp_ml.report.lookalikes.tables import list_tables
from icp_ml.report.markup import (
    html_sentence,
    markdown_code,
    markdown_prose,
    markdown_sentence,
    markdown_table,
    markdown_text,
)
from icp_ml.report.review.charts import MOST_DRAWN, review_charts
from icp_ml.report.review.first import card_of, first_screen
from icp_ml.report.review.form import formed
from icp_ml.report.review.memo import memo_words
from icp_ml.report.review.words import day_words
from icp_ml.report.tables import account_tables, tables_of
from icp_ml.report.tables.review import review_tables
from icp_ml.report.wording import chance_words

Facts = dict[str, Any]

_SUCCESS_PAGES = (
    ("verdict", "Verdict"),
    ("good", "How good"),
    ("time", "In time"),
    ("wrong", "Wrong about"),
    ("why", "Why"),
    ("data", "The data"),
    ("lineage", "Lineage"),
)
_HYPOTHESIS_PAGES = (("verdict", "Verdict"), ("why", "Criteria"), ("data", "The data"), ("lineage", "Lineage"))

_REVIEW_PAGES = (
    ("verdict", "Verdict"),
    ("goal", "Goal"),
    ("populations", "Populations"),
    ("criteria", "Criteria"),
    ("suggestions", "Suggestions"),
    ("avoid", "Who fails"),
    ("tactics", "Profile or tactics"),
    ("ledger", "Ledger"),
    ("coverage", "Coverage"),
    ("opens", "What opens"),
    ("lineage", "Lineage"),
)

_ACCOUNT_PAGES = (
    ("chance", "Chance"),
    ("why", "Why"),
    ("like", "Customers like it"),
    ("evidence", "What is known"),
    ("changes", "What could differ"),
    ("notes", "Notes"),
)

_LIST_PAGES = (
    ("verdict", "In short"),
    ("list", "The list"),
    ("dial", "How long"),
    ("segments", "Segments"),
    ("evaluation", "How good"),
    ("reading", "How to read it"),
    ("rows", "Rows"),
)


def training_files(facts: Facts) -> dict[str, bytes]:
    """Return the report of a training in every format, by file name.

    Parameters
    ----------
    facts
        What :func:`icp_ml.report.facts.training_facts` returns.

    Returns
    -------
    dict of str to bytes
        ``report.html`` (one file, no script, no request), ``report.md``, ``report.json`` and ``model_card.md``.
    """
    tables = tables_of(facts)
    return {
        "report.html": _training_page(facts, tables).encode(),
        "report.md": _plain("training.md.j2", facts, tables).encode(),
        "report.json": (json.dumps(facts, indent=1, allow_nan=False) + "\n").encode(),
        "model_card.md": _plain("model_card.md.j2", facts, tables).encode(),
    }


def account_page(document: Mapping[str, Any]) -> bytes:
    """Return the page of one account: one HTML file, no script, no request.

    Parameters
    ----------
    document
        What `icp_ml.prospects.account.explain_account` found, as a document.

    Returns
    -------
    bytes
        UTF-8.
    """
    tables = account_tables(document)
    charts = _marked({"waterfall": account_chart(document)})
    shown = {"a": document, "t": tables, "charts": charts, "headline": chance_words(document)}
    return _page("account.html.j2", _ACCOUNT_PAGES, shown).encode()


def lookalike_page(document: Mapping[str, Any]) -> bytes:
    """Return the page of a list of lookalikes: one HTML file, no request; a script of ours sorts and filters it.

    Parameters
    ----------
    document
        As in ``FILE.summary.json``; a chapter that is missing or null says so on the page.

    Returns
    -------
    bytes
        UTF-8.
    """
    whole = formed_list(document)
    rows = [listed_of(one) for one in whole["top"]]
    shown = {
        "d": whole,
        "s": first_list(whole),
        "t": list_tables(whole),
        "charts": _marked(list_charts(whole)),
        "rows": rows,
        "closing": any(row.close for row in rows),
        "shades": [f"{least:g}".lstrip("0") for least in SHADES],
        "as_of": day_words(whole["as_of"]),
    }
    return _page("lookalikes.html.j2", _LIST_PAGES, {**shown, **_scripted("review.css", "lookalikes.css")}).encode()


def review_files(document: Mapping[str, Any]) -> dict[str, bytes]:
    """Return a review in every format, by file name.

    Parameters
    ----------
    document
        The review as in ``review.json``; a chapter that is missing or null says so on the page.

    Returns
    -------
    dict of str to bytes
        ``review.html`` (one file, no request; a script of ours sorts and filters its tables), ``review.md`` (a memo
        of one page) and ``review.json`` (the document).
    """
    whole = formed(document)
    shown = {"d": whole, "s": first_screen(whole), "memo": memo_words(whole)}
    return {
        "review.html": _review_page(whole, shown).encode(),
        "review.md": _text("review.md.j2", shown).encode(),
        "review.json": (json.dumps(document, indent=1, allow_nan=False) + "\n").encode(),
    }


def _review_page(document: Facts, shown: Mapping[str, Any]) -> str:
    drawn = {
        "t": review_tables(document),
        "charts": _marked(review_charts(document)),
        "cards": [card_of(one) for one in document["suggestions"]],
        "most_drawn": MOST_DRAWN,
    }
    return _page("review.html.j2", _REVIEW_PAGES, {**shown, **drawn, **_scripted("review.css")})


def _scripted(*styles: str) -> dict[str, Any]:
    """Return what a page needs to sort and filter its tables, and further styles."""
    script = _template_text("review.js")
    return {
        "more_css": Markup("".join(map(_template_text, styles))),  # noqa: S704  (files of ours)
        "script": Markup(script),  # noqa: S704  (a file of ours)
        "script_digest": b64encode(sha256(script.encode()).digest()).decode(),
    }


def _training_page(facts: Facts, tables: Mapping[str, Any]) -> str:
    charts = _marked(charts_of(facts))
    pages = _SUCCESS_PAGES if facts["kind"] == "success" else _HYPOTHESIS_PAGES
    shown = {"f": facts, "t": tables, "charts": charts, "first": first_picture(facts, charts)}
    return _page("training.html.j2", pages, shown)


def _page(template: str, pages: Sequence[tuple[str, str]], shown: Mapping[str, Any]) -> str:
    css = Markup(_template_text("report.css"))  # noqa: S704  (a file of ours)
    return _environment(escape=True).get_template(template).render(pages=pages, css=css, **shown)


def _marked(charts: Mapping[str, Any]) -> dict[str, Any]:
    """Return drawings that the templates take as they are: every text in them was escaped when they were drawn."""
    return {
        name: [Markup(one) for one in drawn] if isinstance(drawn, list) else Markup(drawn)  # noqa: S704
        for name, drawn in charts.items()
    }


def _plain(template: str, facts: Facts, tables: Mapping[str, Any]) -> str:
    return _text(template, {"f": facts, "t": tables})


def _text(template: str, shown: Mapping[str, Any]) -> str:
    text = _environment(escape=False).get_template(template).render(**shown)
    lines = text.split("\n")
    kept = [line for number, line in enumerate(lines) if line or (number and lines[number - 1])]
    return "\n".join(kept).strip() + "\n"


@cache
def _environment(*, escape: bool) -> Environment:
    environment = Environment(
        loader=PackageLoader("icp_ml.report", "templates"),
        autoescape=escape,  # noqa: S701  (Markdown is escaped by its own filters)
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "md": markdown_text,
        "code": markdown_code,
        "prose": markdown_prose,
        "says": markdown_sentence,
        "table": markdown_table,
        "sentence": html_sentence,
    }
    return environment


@cache
def _template_text(name: str) -> str:
    return files("icp_ml.report").joinpath("templates", name).read_text(encoding="utf-8")
