"""Turn text and tables into Markdown, and sentences into HTML, so that a column's name is never read as markup."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from markupsafe import Markup, escape

from icp_ml.report.tables import Table

_CODE = re.compile(r"`([^`]+)`")


def html_sentence(text: object) -> Markup:
    """Return escaped text in which words between backticks are set as code.

    Examples
    --------
    >>> html_sentence("set `as_of` < today")
    Markup('set <code>as_of</code> &lt; today')
    """
    return Markup(_CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704  (escaped before)


def markdown_text(text: object) -> str:
    r"""Return text that Markdown shows as it is: no table cells, tags or links out of a column's name.

    Examples
    --------
    >>> markdown_text("a|b <script>")
    'a\\|b &lt;script>'
    """
    return str(text).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ").replace("[", "\\[")


def markdown_code(text: object) -> str:
    """Return text as code, whatever backticks are in it.

    Examples
    --------
    >>> markdown_code("a in [b]"), markdown_code("a == '`'")
    ('`a in [b]`', "`` a == '`' ``")
    """
    flat = str(text).replace("\n", " ")
    return f"`` {flat} ``" if "`" in flat else f"`{flat}`"


def markdown_prose(text: object) -> str:
    r"""Return a sentence that Markdown shows as it is; words between backticks stay code.

    Examples
    --------
    >>> markdown_prose("fill `crm in [a]`, not [b]")
    'fill `crm in [a]`, not \\[b]'
    """
    parts = _CODE.split(str(text))
    return "".join(markdown_code(part) if place % 2 else markdown_text(part) for place, part in enumerate(parts))


def markdown_sentence(chapter: Mapping[str, Any] | None, why: str) -> str:
    """Return the sentence of a chapter as a paragraph, or why there is none."""
    text = (chapter or {}).get("sentence") or ("" if chapter else why)
    return f"\n{markdown_text(text)}\n" if text else ""


def markdown_table(table: Table | None) -> str:
    """Return a table as one block of Markdown under its label; empty where there is none."""
    if table is None:
        return ""
    head, *rows = (
        f"| {' | '.join(map(markdown_text, cells))} |"
        for cells in ([column.title for column in table.columns], *table.rows)
    )
    block = "\n".join([head, "|" + "---|" * len(table.columns), *rows])
    return f"\n**{markdown_text(table.label)}**\n\n{block}\n"
