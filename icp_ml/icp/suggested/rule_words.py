"""Say a rule in words: ``team_size >= 10`` is "people in revenue operations is 10 or more"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from icp_ml.rules import AllOf, Among, AnyOf, Compare, IsNull, Literal, Node, Not, parse_rule
from icp_ml.rules.writer import rule_text

_WORDS = {
    "==": "is {}", "!=": "is not {}", ">=": "is {} or more", "<=": "is {} or less", ">": "is above {}",
    "<": "is below {}",
}  # fmt: skip
_OF_DAYS = {">=": "is {} or later", "<=": "is {} or earlier", ">": "is after {}", "<": "is before {}"}
_OPPOSITE = {"==": "!=", "!=": "==", ">=": "<", "<": ">=", ">": "<=", "<=": ">"}


def rule_words(text: str, labels: Mapping[str, str]) -> str:
    """Return a rule in words.

    Parameters
    ----------
    text : str
        A rule in the small language.
    labels : mapping of str to str
        Words for columns; a column without any keeps its name.

    Raises
    ------
    ConfigError
        The text is not a rule.

    Examples
    --------
    >>> rule_words("team_size >= 10 and team_size < 5000", {"team_size": "people in the team"})
    'people in the team is 10 or more and is below 5,000'
    >>> rule_words("not (crm in [HubSpot, other]) or crm is null", {})
    'crm is none of HubSpot, other or crm is not known'
    """
    return _said(parse_rule(text).tree, labels)


def opposite(text: str) -> str:
    """Return the rule that says no where this one says yes, and yes where it says no.

    Raises
    ------
    ConfigError
        The text is not a rule.

    Examples
    --------
    >>> opposite("team_size >= 10"), opposite("not (crm in [HubSpot, Zoho])"), opposite("a > 1 and b > 2")
    ('team_size < 10', 'crm in [HubSpot, Zoho]', 'a <= 1 or b <= 2')
    """
    return _written(Not(parse_rule(text).tree))


def _written(node: Node, *, in_brackets: bool = False) -> str:
    """Return a rule as text again, with every `not` moved inwards until a comparison takes it up."""
    match node:
        case Compare(column, operator, value):
            return rule_text(column, operator, value)
        case Not(Compare(column, operator, value)):
            return rule_text(column, _OPPOSITE[operator], value)
        case Among(column, values):
            return rule_text(column, "in", values)
        case Not(Among(column, values)):
            return rule_text(column, "not in", values)
        case IsNull(column):
            return rule_text(column, "is null")
        case Not(IsNull(column)):
            return rule_text(column, "is not null")
        case Not(Not(part)):
            return _written(part, in_brackets=in_brackets)
    return _join_written(node, in_brackets)


def _join_written(node: Node, in_brackets: bool) -> str:
    match node:
        case AllOf(parts):
            word, inner = "and", parts
        case AnyOf(parts):
            word, inner = "or", parts
        case Not(AllOf(parts)):
            word, inner = "or", tuple(Not(part) for part in parts)
        case Not(AnyOf(parts)):
            word, inner = "and", tuple(Not(part) for part in parts)
        case _:
            raise AssertionError(node)
    text = f" {word} ".join(_written(part, in_brackets=True) for part in inner)
    return f"({text})" if in_brackets else text


def _said(node: Node, labels: Mapping[str, str]) -> str:
    match node:
        case Compare() | Among() | IsNull() | Not(Compare() | Among() | IsNull()):
            column = node.part.column if isinstance(node, Not) else node.column  # type: ignore[union-attr]
            return f"{labels.get(column, column)} {_predicate(node)}"
        case Not():
            return f"not ({_said(node.part, labels)})"
        case AllOf() | AnyOf():
            return _joined(node, labels)


def _predicate(node: Node) -> str:
    match node:
        case Compare():
            words = _WORDS | _OF_DAYS if isinstance(node.value, dt.date) else _WORDS
            return words[node.operator].format(_value(node.value))
        case Not(Compare(column, operator, value)):
            return _predicate(Compare(column, _OPPOSITE[operator], value))
        case Among():
            return f"is one of {', '.join(map(_value, node.values))}"
        case Not(Among(_, values)):
            return f"is none of {', '.join(map(_value, values))}"
        case Not():
            return "is known"
        case _:
            return "is not known"


def _joined(node: AllOf | AnyOf, labels: Mapping[str, str]) -> str:
    """Name a column once where all parts are about it, such as a band."""
    word = " and " if isinstance(node, AllOf) else " or "
    columns = {part.column for part in node.parts if isinstance(part, Compare)}
    if len(columns) == 1 and all(isinstance(part, Compare) for part in node.parts):
        column = columns.pop()
        return f"{labels.get(column, column)} {word.join(map(_predicate, node.parts))}"
    return word.join(_bracketed(part, labels) for part in node.parts)


def _bracketed(node: Node, labels: Mapping[str, str]) -> str:
    said = _said(node, labels)
    return f"({said})" if isinstance(node, AllOf | AnyOf) else said


def _value(value: Literal) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, str):
        return value
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
