"""Take a rule apart into conditions on columns, joined by *and* and *or* alone, for readers that know no *not*."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal as OneOf

from icp_ml.errors import UsageError, message
from icp_ml.rules import AllOf, Among, AnyOf, Compare, IsNull, Literal, Node, Not

Kind = OneOf["number", "text", "date"]
MOST_GROUPS = 200
"""Groups of conditions that a table of them may have; a rule that needs more is told in another form."""

_OPPOSITE = {
    "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">", "in": "not in", "not in": "in",
    "is null": "is not null", "is not null": "is null",
}  # fmt: skip
_ORDERED = ("<", "<=", ">", ">=")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\\]")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class Condition:
    """One column against a value, a list of values, or nothing.

    Attributes
    ----------
    column : str
    kind : {"number", "text", "date"}
        How the column is to be read.
    operator : str
        One of ``== != < <= > >= in``, ``not in``, ``is null``, ``is not null``; unknown where the column has no value,
        but for the last two.
    values : tuple of bool, number, date or str
        Of the column's kind; those of a text column may be written as numbers and booleans.
    """

    column: str
    kind: Kind
    operator: str
    values: tuple[Literal, ...] = ()


@dataclass(frozen=True)
class Every:
    """All of the parts hold."""

    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Some:
    """At least one of the parts holds."""

    parts: tuple[Part, ...]


Part = Condition | Every | Some


def conditions(node: Node, kinds: Mapping[str, Kind], *, negated: bool = False) -> Part:
    """Return the conditions of a rule's tree, every *not* taken up by the comparison it reaches.

    Parameters
    ----------
    node : Compare, Among, IsNull, Not, AllOf or AnyOf
        Of a parsed rule.
    kinds : mapping of str to {"number", "text", "date"}
        By column; a column that is not there has the kind of the value it is compared with.
    negated : bool
        Return what holds where the rule is known not to hold.

    Notes
    -----
    With unknown between no and yes, *not* passes through *and* and *or* as it does without unknown (De Morgan).
    """
    match node:
        case Compare(column, operator, value):
            return _condition(column, operator, (value,), (kinds, negated))
        case Among(column, values):
            return _condition(column, "in", values, (kinds, negated))
        case IsNull(column):
            return _condition(column, "is null", (), (kinds, negated))
        case Not(part):
            return conditions(part, kinds, negated=not negated)
        case AllOf(parts) | AnyOf(parts):
            join = Every if isinstance(node, AllOf) != negated else Some
            return join(tuple(conditions(part, kinds, negated=negated) for part in parts))


def _condition(
    column: str, operator: str, values: tuple[Literal, ...], reading: tuple[Mapping[str, Kind], bool]
) -> Condition:
    kinds, negated = reading
    kind = kinds.get(column) or _kind_of(values)
    return Condition(column, kind, _OPPOSITE[operator] if negated else operator, tuple(_read(v, kind) for v in values))


def _kind_of(values: tuple[Literal, ...]) -> Kind:
    if values and all(isinstance(value, dt.date) for value in values):
        return "date"
    return "number" if values and all(type(value) in (int, float) for value in values) else "text"


def _read(value: Literal, kind: Kind) -> Literal:
    """Return a value as one of the column's kind; as it came where it cannot be read so."""
    if kind == "number" and isinstance(value, bool):
        return float(value)
    if kind == "number" and isinstance(value, str):
        return _number(value)
    if kind == "date" and isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value
    return value


def _number(text: str) -> float | str:
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) and "_" not in text else text


def leaves(part: Part) -> list[Condition]:
    """Return every condition, from left to right."""
    return [part] if isinstance(part, Condition) else [leaf for inner in part.parts for leaf in leaves(inner)]


def trouble_of(condition: Condition) -> str:
    """Say why a condition cannot be put to a supplier's database, or nothing when it can."""
    texts = [condition.column, *(value for value in condition.values if isinstance(value, str))]
    if any(_UNSAFE.search(text) for text in texts):
        return "it holds a backslash or a control character, which databases read in different ways"
    if condition.kind == "text":
        return _trouble_of_text(condition)
    wanted = float if condition.kind == "number" else dt.date
    if not all(isinstance(value, wanted) for value in condition.values):
        return f"it compares '{condition.column}', a column of {condition.kind}s, with something else"
    if condition.kind == "date" and any(value == dt.date.max for value in condition.values):
        return "it asks for a day after the last day of the calendar"
    return ""


def _trouble_of_text(condition: Condition) -> str:
    if condition.operator in _ORDERED:
        return f"'{condition.column}' is read as text, which has no order; declare its `kind` in the study"
    if any(isinstance(value, dt.date) for value in condition.values):
        return f"it compares '{condition.column}', a column of texts, with a day; declare its `kind` in the study"
    return ""


Groups = list[tuple[Condition, ...]]


def any_groups(part: Part) -> Groups:
    """Return groups of which each must have one condition that holds.

    Raises
    ------
    UsageError
        There would be more than `MOST_GROUPS`.
    """
    return _groups(part, together=Every)


def all_groups(part: Part) -> Groups:
    """Return groups of which one must have all its conditions hold.

    Raises
    ------
    UsageError
        There would be more than `MOST_GROUPS`.
    """
    return _groups(part, together=Some)


def _groups(part: Part, together: Callable[..., Part]) -> Groups:
    if isinstance(part, Condition):
        return [(part,)]
    inner = [_groups(one, together) for one in part.parts]
    n = sum(map(len, inner)) if type(part) is together else math.prod(map(len, inner))
    if n > MOST_GROUPS:
        came = f"a rule that is {n:,} groups of conditions"
        step = "Use --as sql or --as filters, which hold any rule"
        raise UsageError(message("--as csv", came, f"at most {MOST_GROUPS} groups", step))
    if type(part) is together:
        return [group for groups in inner for group in groups]
    return [tuple(leaf for group in chosen for leaf in group) for chosen in product(*inner)]
