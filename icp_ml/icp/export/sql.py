"""Write a query as SQL that SQLite, DuckDB and PostgreSQL read alike, whatever names and values hold."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence

from icp_ml.errors import UsageError, message
from icp_ml.icp.export.conditions import Condition, Every, Part
from icp_ml.icp.export.query import Asked, SupplierQuery
from icp_ml.rules import Literal

_ONE_DAY = dt.timedelta(days=1)
_BREAKS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_TRUE = ("true", "True", "TRUE", "1")
_FALSE = ("false", "False", "FALSE", "0")


def sql_text(query: SupplierQuery, table: str, header: Sequence[str]) -> str:
    """Return a query as one SELECT with comments.

    Parameters
    ----------
    query : SupplierQuery
    table : str
        Name of the supplier's table; a dot parts it from its schema.
    header : sequence of str
        Sentences that come first, as comments.

    Raises
    ------
    UsageError
        The name of the table is empty or holds a control character.

    Notes
    -----
    Names are quoted and qualified (SQLite takes a quoted name that is no column for a text otherwise), quotes inside
    doubled; a rule with a backslash or a control character never gets here. A criterion follows the three values of
    SQL, which are those of the small language; an exclusion counts only where it is true, so a missing value excludes
    nobody. Blank text counts as missing. Days are compared by the day, also where a column holds a time. Columns of
    numbers and dates must have a NULL where nothing is known.
    """
    lines = [f"-- {_one_line(text)}" for text in header]
    lines += ["SELECT c.*", f"FROM {_table(table)} AS c", "WHERE"]
    for at, one in enumerate(query.asked):
        lines += [f"  -- {_one_line(one.title)}", f"  {'AND ' if at else ''}{_asked(one)}"]
    return "\n".join(lines) + ";\n"


def _asked(one: Asked) -> str:
    inner = _sql(one.tree)
    return inner if one.role == "criterion" else f"CASE WHEN {inner} THEN 0 ELSE 1 END = 1"


def _sql(part: Part) -> str:
    if isinstance(part, Condition):
        return _BY_KIND[part.kind](f"c.{_quoted(part.column)}", part)
    return _joined("AND" if isinstance(part, Every) else "OR", [_sql(inner) for inner in part.parts])


def _joined(word: str, parts: Sequence[str]) -> str:
    return parts[0] if len(parts) == 1 else f"({f' {word} '.join(parts)})"


def _of_numbers(column: str, condition: Condition) -> str:
    if not condition.values:
        return f"{column} {condition.operator.upper()}"
    return _plain(column, condition.operator, [_number(value) for value in condition.values])


def _plain(column: str, operator: str, values: Sequence[str]) -> str:
    if operator in ("in", "not in"):
        return f"{column} {operator.upper()} ({', '.join(values)})"
    return f"{column} { {'==': '=', '!=': '<>'}.get(operator, operator) } {values[0]}"


def _of_days(column: str, condition: Condition) -> str:
    """Compare with the start of a day and of the next one, so that a column may hold times."""
    if not condition.values:
        return f"{column} {condition.operator.upper()}"
    days = [value for value in condition.values if isinstance(value, dt.date)]
    if condition.operator in ("in", "=="):
        return _joined("OR", [f"({column} >= {_day(day)} AND {column} < {_day(day + _ONE_DAY)})" for day in days])
    if condition.operator in ("not in", "!="):
        return _joined("AND", [f"({column} < {_day(day)} OR {column} >= {_day(day + _ONE_DAY)})" for day in days])
    start = days[0] if condition.operator in ("<", ">=") else days[0] + _ONE_DAY
    return f"{column} {'<' if condition.operator in ('<', '<=') else '>='} {_day(start)}"


def _of_text(column: str, condition: Condition) -> str:
    blank = f"TRIM(CAST({column} AS VARCHAR)) = ''"
    if condition.operator == "is null":
        return f"({column} IS NULL OR {blank})"
    known = f"TRIM(CAST({column} AS VARCHAR)) <> ''"
    if condition.operator == "is not null":
        return known
    texts = [text for value in condition.values for text in _spellings(value)]
    is_typed = not all(isinstance(value, str) for value in condition.values)
    read = f"CAST({column} AS VARCHAR)" if is_typed else column
    is_negative = condition.operator in ("!=", "not in")
    operator = ("!=" if is_negative else "==") if len(texts) == 1 else ("not in" if is_negative else "in")
    compared = _plain(read, operator, [_quoted(text, "'") for text in texts])
    needs_known = is_negative or any(not text.strip() for text in texts)
    return f"({compared} AND {known})" if needs_known else compared


def _spellings(value: Literal) -> tuple[str, ...]:
    """Return how a value may be written in a column of texts, or of booleans or numbers read as text."""
    if isinstance(value, bool):
        return _TRUE if value else _FALSE
    if isinstance(value, float):
        return (_number(value), repr(value)) if value.is_integer() and abs(value) < 1e15 else (repr(value),)
    return (str(value),)


def _number(value: Literal) -> str:
    number = float(value)  # type: ignore[arg-type]  # a condition on a column of numbers has no other values
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _day(day: dt.date) -> str:
    return _quoted(day.isoformat(), "'")


def _table(name: str) -> str:
    parts = name.split(".")
    if not all(part.strip() for part in parts) or _BREAKS.search(name):
        came = f"'{_one_line(name)}' is no name of a table"
        raise UsageError(message("--table", came, "a name such as companies or crm.companies", "Correct the name"))
    return ".".join(map(_quoted, parts))


def _quoted(text: str, mark: str = '"') -> str:
    return f"{mark}{text.replace(mark, mark * 2)}{mark}"


def _one_line(text: str) -> str:
    """Keep a text inside its comment."""
    return _BREAKS.sub(" ", text)


_BY_KIND = {"number": _of_numbers, "text": _of_text, "date": _of_days}
