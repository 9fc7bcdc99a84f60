"""Tell whether a rule about one column lets in more or fewer accounts than another, from their wording alone."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from icp_ml.rules import AllOf, Among, Compare, Node, Not, Rule

Change = Literal["tightened", "loosened", "changed"]
_UP, _DOWN = (">", ">="), ("<", "<=")


@dataclass(frozen=True)
class _Span:
    """The numbers, or the days, from one end to another; None where it goes on for ever."""

    low: float | None = None
    high: float | None = None
    has_low: bool = True
    has_high: bool = True

    def within(self, other: _Span) -> bool:
        """Tell whether everything in here lies in the other span too."""
        above = other.low is None or (self.low is not None and self._low_key() >= other._low_key())
        below = other.high is None or (self.high is not None and self._high_key() <= other._high_key())
        return above and below

    def meet(self, other: _Span) -> _Span:
        """Return what lies in both."""
        lower = max((self, other), key=_Span._low_key)
        upper = min((self, other), key=_Span._high_key)
        return _Span(lower.low, upper.high, lower.has_low, upper.has_high)

    def _low_key(self) -> tuple[float, bool]:
        return (float("-inf") if self.low is None else self.low, not self.has_low)

    def _high_key(self) -> tuple[float, bool]:
        return (float("inf") if self.high is None else self.high, self.has_high)


@dataclass(frozen=True)
class _Values:
    """Some values, or all but some."""

    values: frozenset[str]
    without: bool = False

    def within(self, other: _Values) -> bool:
        """Tell whether everything in here is let in by the other too."""
        if self.without:
            return other.without and other.values <= self.values
        return not (self.values & other.values) if other.without else self.values <= other.values


def how_changed(old: Rule, new: Rule) -> Change | None:
    """Return what became of a rule that now reads otherwise.

    Parameters
    ----------
    old, new : Rule
        One rule each.

    Returns
    -------
    {"tightened", "loosened", "changed"} or None
        Tightened: whoever meets the new one met the old one. None when the two are not about one and the same column,
        so that nothing says that one stands for the other.

    Examples
    --------
    >>> from icp_ml.rules import parse_rule
    >>> how_changed(parse_rule("employees >= 50"), parse_rule("employees >= 80 and employees < 500"))
    'tightened'
    >>> how_changed(parse_rule("crm in [a, b]"), parse_rule("crm in [a, b, c]"))
    'loosened'
    """
    if old.columns != new.columns or len(old.columns) != 1:
        return None
    before, after = _reach(old.tree), _reach(new.tree)
    if isinstance(before, _Span) and isinstance(after, _Span):
        return _compared(after.within(before), before.within(after))
    if isinstance(before, _Values) and isinstance(after, _Values):
        return _compared(after.within(before), before.within(after))
    return "changed"


def _compared(is_inside: bool, is_outside: bool) -> Change:
    return "changed" if is_inside == is_outside else "tightened" if is_inside else "loosened"


def _reach(node: Node) -> _Span | _Values | None:
    """Return what a rule lets in, or None where it is neither one span nor a list."""
    match node:
        case Compare(_, operator, value) if operator in (*_UP, *_DOWN):
            return _span(operator, value)
        case Compare(_, operator, value):
            return _Values(frozenset({_text(value)}), without=operator == "!=")
        case Among(_, values):
            return _Values(frozenset(map(_text, values)))
        case Not(part):
            return _opposite(_reach(part))
        case AllOf(parts):
            return _joint([_reach(part) for part in parts])
        case _:
            return None


def _span(operator: str, value: object) -> _Span:
    number = float(value.toordinal()) if isinstance(value, dt.date) else float(str(value))
    ends = operator in (">=", "<=")
    return _Span(low=number, has_low=ends) if operator in _UP else _Span(high=number, has_high=ends)


def _opposite(reach: _Span | _Values | None) -> _Span | _Values | None:
    if isinstance(reach, _Values):
        return _Values(reach.values, without=not reach.without)
    if isinstance(reach, _Span) and (reach.low is None) != (reach.high is None):
        if reach.low is None:
            return _Span(low=reach.high, has_low=not reach.has_high)
        return _Span(high=reach.low, has_high=not reach.has_low)
    return None


def _joint(parts: list[_Span | _Values | None]) -> _Span | _Values | None:
    spans = [part for part in parts if isinstance(part, _Span)]
    return reduce(_Span.meet, spans) if len(spans) == len(parts) else None


def _text(value: object) -> str:
    """Return a value the way two spellings of it agree: 5 and 5.0, and a word with or without quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
