"""The small language of criteria, exclusions and needs: ``employees >= 50 and crm in [salesforce, hubspot]``.

A column stands on the left of ``== != < <= > >= in``, a bare word, quoted text, number, date, ``true`` or ``false`` on
the right; ``is null``, ``is not null``; ``and``, ``or``, ``not`` and parentheses join them. A comparison with a missing
value is neither yes nor no but unknown. Rules are parsed here and never run as Python.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from icp_ml.errors import ConfigError, DataError, message

if TYPE_CHECKING:  # reading a study must not wait for pandas
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray

MAX_LENGTH = 10_000
_SHOWN = 200
MAX_DEPTH = 40

Literal = bool | float | dt.date | str
_WORDS = ("and", "or", "not", "in", "is", "null")
_TOKEN = re.compile(
    r"""\s*(?:(?P<operator>==|!=|<=|>=|<(?!>)|>)|(?P<mark>[()\[\],])
    |(?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<word>[^\s()\[\],"'=<>!]+))""",
    re.VERBOSE,
)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Compare:
    """A column against one value."""

    column: str
    operator: str
    value: Literal


@dataclass(frozen=True)
class Among:
    """A column against a list of values."""

    column: str
    values: tuple[Literal, ...]


@dataclass(frozen=True)
class IsNull:
    """Whether a column has no value; never unknown."""

    column: str


@dataclass(frozen=True)
class Not:
    """The opposite."""

    part: Node


@dataclass(frozen=True)
class AllOf:
    """Every part holds."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Node, ...]


Node = Compare | Among | IsNull | Not | AllOf | AnyOf


@dataclass(frozen=True)
class Rule:
    """A parsed rule.

    Attributes
    ----------
    text : str
        As written.
    tree : Compare, Among, IsNull, Not, AllOf or AnyOf
        As understood.
    """

    text: str
    tree: Node

    @property
    def columns(self) -> frozenset[str]:
        """The columns the rule needs."""
        return frozenset(_columns(self.tree))

    def evaluate(self, frame: pd.DataFrame) -> NDArray[np.int8]:
        """Return 1 (yes), 0 (no) or -1 (unknown) for every row.

        Parameters
        ----------
        frame : DataFrame
            Columns of numbers, text, categories, booleans or dates; a number in a text column counts as one.

        Raises
        ------
        DataError
            A column is missing, or holds dates where the rule has a number, or the reverse.

        Examples
        --------
        >>> import pandas as pd
        >>> frame = pd.DataFrame({"employees": [60.0, 10.0, None]})
        >>> parse_rule("employees >= 50").evaluate(frame).tolist()
        [1, 0, -1]
        """
        from icp_ml.rules.values import evaluate  # here, because it needs pandas

        where = f"rule '{self.text}'"
        missing = sorted(self.columns - set(frame.columns))
        if missing:
            came = f"the table has no column {', '.join(repr(column) for column in missing)}"
            raise DataError(message(where, came, "every column of the rule", "Add the column, or change the rule"))
        return evaluate(self.tree, frame, where)

    def matches(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return True for every row where the rule holds; unknown does not match."""
        matched: NDArray[np.bool_] = self.evaluate(frame) == 1
        return matched


def parse_rule(text: str, where: str = "rule") -> Rule:
    """Parse one rule.

    Parameters
    ----------
    text : str
        Such as ``region == eu and not (tier in [free, trial])``; a column whose name has spaces stands in quotes.
    where : str
        What to call it in messages.

    Raises
    ------
    ConfigError
        The text is not a rule; the message has the position.
    """
    if not isinstance(text, str) or len(text) > MAX_LENGTH:
        came = f"more than {MAX_LENGTH:,} characters" if isinstance(text, str) else f"{text!r}"
        raise ConfigError(message(where, came, "the text of a rule", "Shorten it"))
    return Rule(text, _Parser(text, where).rule())


@dataclass(frozen=True)
class _Token:
    kind: str  # operator, mark, quoted, word, end
    text: str
    position: int


def _tokens(text: str, where: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            start = position + len(text[position:]) - len(text[position:].lstrip())
            _fail(text, where, start, f"'{text[start : start + 2]}'", "a word, an operator or a closed quote")
        kind = str(found.lastgroup)
        yield _Token(kind, found.group(kind), found.start(kind))
        position = found.end()
    yield _Token("end", "", end)


def _fail(text: str, where: str, position: int, came: str, expected: str, step: str = "") -> NoReturn:
    came = f"{came} at character {position + 1} of '{_around(text, position)}'"
    raise ConfigError(message(where, came, expected, step or "Correct the rule"))


def _around(text: str, position: int) -> str:
    """Return a text, or of a long one what stands around a position."""
    if len(text) <= _SHOWN:
        return text
    start = max(position - _SHOWN // 2, 0)
    end = start + _SHOWN
    return f"{'...' * (start > 0)}{text[start:end]}{'...' * (end < len(text))}"


class _Parser:
    """Recursive descent: or, and, not, then one comparison."""

    def __init__(self, text: str, where: str) -> None:
        self._text, self._where = text, where
        self._tokens = list(_tokens(text, where))
        self._at = 0

    def rule(self) -> Node:
        tree = self._or(0)
        token = self._peek()
        if token.kind != "end":
            step = "Keywords are lower case; put text with spaces in quotes"
            self._refuse(token, "'and', 'or' or the end of the rule", step)
        return tree

    def _or(self, depth: int) -> Node:
        parts = [self._and(depth)]
        while self._take_word("or"):
            parts.append(self._and(depth))
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _and(self, depth: int) -> Node:
        parts = [self._not(depth)]
        while self._take_word("and"):
            parts.append(self._not(depth))
        return parts[0] if len(parts) == 1 else AllOf(tuple(parts))

    def _not(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            self._refuse(self._peek(), f"at most {MAX_DEPTH} levels")
        if self._take_word("not"):
            return Not(self._not(depth + 1))
        if self._take_mark("("):
            inner = self._or(depth + 1)
            if not self._take_mark(")"):
                self._refuse(self._peek(), "')'")
            return inner
        return self._comparison()

    def _comparison(self) -> Node:
        column = self._column()
        token = self._next()
        if token.kind == "operator":
            return Compare(column, token.text, self._value(ordered=token.text not in ("==", "!=")))
        if token.kind == "word" and token.text == "in":
            return Among(column, self._list())
        if token.kind == "word" and token.text == "not" and self._take_word("in"):
            return Not(Among(column, self._list()))
        if token.kind == "word" and token.text == "is":
            negated = self._take_word("not")
            if not self._take_word("null"):
                self._refuse(self._peek(), "'null' or 'not null' after 'is'", "Use == for values")
            return Not(IsNull(column)) if negated else IsNull(column)
        return self._refuse(token, f"== != < <= > >= in, 'is null' or 'is not null' after column '{column}'")

    def _column(self) -> str:
        token = self._next()
        if token.kind == "quoted":
            return _unquoted(token.text)
        if token.kind != "word" or token.text in _WORDS or _NUMBER.fullmatch(token.text):
            self._refuse(token, "a column name", "Write the column on the left; put an unusual name in quotes")
        return token.text

    def _value(self, ordered: bool = False) -> Literal:
        token = self._next()
        if token.kind == "quoted" and not ordered:
            return _unquoted(token.text)
        if token.kind != "word" or token.text in _WORDS:
            expected = "a number or a date" if ordered else "a word, quoted text, number, date, true or false"
            self._refuse(token, expected, "Use 'is null' for no value; put text that is a keyword in quotes")
        value = _literal(token.text)
        if value is None or (ordered and (isinstance(value, bool | str))):
            expected = "a number or a date" if ordered else "a day of the calendar, or a number that can be held"
            self._refuse(token, expected, "Text has no order; list the values with 'in'" if ordered else "")
        return value

    def _list(self) -> tuple[Literal, ...]:
        if not self._take_mark("["):
            self._refuse(self._peek(), "'[' after 'in'", "Write for example: crm in [salesforce, hubspot]")
        values = [self._value()]
        while self._take_mark(","):
            values.append(self._value())
        if not self._take_mark("]"):
            self._refuse(self._peek(), "',' or ']'", "Put text with spaces in quotes")
        return tuple(values)

    def _peek(self) -> _Token:
        return self._tokens[self._at]

    def _next(self) -> _Token:
        token = self._peek()
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token

    def _take_word(self, word: str) -> bool:
        return self._take("word", word)

    def _take_mark(self, mark: str) -> bool:
        return self._take("mark", mark)

    def _take(self, kind: str, text: str) -> bool:
        found = self._peek().kind == kind and self._peek().text == text
        self._at += found
        return found

    def _refuse(self, token: _Token, expected: str, step: str = "") -> NoReturn:
        came = f"'{token.text}'" if token.kind != "end" else "the end"
        _fail(self._text, self._where, token.position, came, expected, step)


def _literal(text: str) -> Literal | None:
    """Return the value of a bare word, or None for a date that does not exist."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if math.isfinite(float(text)) else None
    if _DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text)
        except ValueError:
            return None
    return text


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _columns(node: Node) -> Iterator[str]:
    match node:
        case Compare() | Among() | IsNull():
            yield node.column
        case Not():
            yield from _columns(node.part)
        case AllOf() | AnyOf():
            for part in node.parts:
                yield from _columns(part)
