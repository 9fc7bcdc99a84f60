"""Write a query as filters for a form, and as a table of conditions for people."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from icp_ml.icp.export.conditions import Condition, Every, Part, all_groups, any_groups
from icp_ml.icp.export.query import SupplierQuery
from icp_ml.icp.suggested.rule_words import rule_words
from icp_ml.prospects.output import csv_line
from icp_ml.rules import Literal
from icp_ml.rules.writer import rule_text

CSV_COLUMNS = ("group", "of_the_group", "column", "operator", "value", "words")
_IN_WORDS = {"==": "is", "!=": "is not"}
"""A spreadsheet would run a cell that begins with an equals sign."""
ANY, NOT_ALL = "at least one holds", "not all hold"


def filters_of(query: SupplierQuery) -> dict[str, Any]:
    """Return a query as nested filters.

    Returns
    -------
    dict
        ``{"all": [...]}`` of ``{"column", "kind", "op", "value"}``, ``{"all": [...]}``, ``{"any": [...]}`` and
        ``{"not": {...}}``; a value is a list with ``in`` and ``not in``, and is absent with ``is null`` and
        ``is not null``. A filter on a missing value does not hold; ``not`` leaves out only where its filter holds.
    """
    musts = [_filter(one.tree) for one in query.criteria]
    return {"all": [*musts, *({"not": _filter(one.tree)} for one in query.excluding)]}


def filters_text(query: SupplierQuery, header: Mapping[str, Any]) -> str:
    """Return a query as a JSON document of filters under a header."""
    document = {"written_by": "icp_ml", **header, "columns": dict(query.columns), **filters_of(query)}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _filter(part: Part) -> dict[str, Any]:
    if isinstance(part, Condition):
        value = _json_value(part)
        return {"column": part.column, "kind": part.kind, "op": part.operator} | value
    return {"all" if isinstance(part, Every) else "any": [_filter(inner) for inner in part.parts]}


def _json_value(condition: Condition) -> dict[str, Any]:
    values = [_plain(value) for value in condition.values]
    if not values:
        return {}
    return {"value": values if condition.operator in ("in", "not in") else values[0]}


def _plain(value: Literal) -> bool | float | int | str:
    if isinstance(value, bool | str):
        return value
    if isinstance(value, dt.date):
        return value.isoformat()
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def csv_text(query: SupplierQuery) -> str:
    """Return a query as a table with one condition per line; a company is selected when every group says so.

    Raises
    ------
    UsageError
        A rule would be too many groups of lines.
    """
    lines = [csv_line(CSV_COLUMNS)]
    groups = [(ANY, group) for one in query.criteria for group in any_groups(one.tree)]
    groups += [(NOT_ALL, group) for one in query.excluding for group in all_groups(one.tree)]
    for number, (holds, group) in enumerate(groups, start=1):
        lines += [csv_line([number, holds, *_cells(condition, query.labels)]) for condition in group]
    return b"".join(lines).decode()


def _cells(condition: Condition, labels: Mapping[str, str]) -> tuple[str, ...]:
    column, operator = condition.column, condition.operator
    value: Any = condition.values if operator in ("in", "not in") else (condition.values or (None,))[0]
    words = rule_words(rule_text(column, operator, value), labels)
    told = _json_value(condition).get("value", "")
    cell = told if isinstance(told, str) else json.dumps(told, ensure_ascii=False)
    return column, _IN_WORDS.get(operator, operator), cell, words
