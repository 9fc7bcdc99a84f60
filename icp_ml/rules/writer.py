"""Write one comparison in the small language, so that reading it back gives the same column, operator and value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from icp_ml.rules import _NUMBER, _TOKEN, _WORDS, _literal

Value = bool | float | int | str | dt.date
_NEEDS_ORDER = ("<", "<=", ">", ">=")


def rule_text(column: str, operator: str, value: Value | Sequence[Value] | None = None) -> str:
    """Return the text of one comparison.

    Parameters
    ----------
    column : str
        Any name; put in quotes where the language needs it.
    operator : str
        One of ``== != < <= > >=`` with one value, ``in`` or ``not in`` with a list, ``is null`` or ``is not null``.
    value : bool, number, date, str or sequence of them, optional
        Text that would be read as something else (``"5"``, ``"null"``) is put in quotes; that of a boolean stays bare.

    Raises
    ------
    ValueError
        When text is asked to have an order, which it does not have.

    Examples
    --------
    >>> rule_text("head count", ">=", 50.0), rule_text("crm", "in", ["HubSpot", "Zoho One"])
    ('"head count" >= 50', 'crm in [HubSpot, "Zoho One"]')
    """
    name = column if _is_bare(column) and not _NUMBER.fullmatch(column) else _quoted(column)
    if operator in ("is null", "is not null"):
        return f"{name} {operator}"
    if operator in ("in", "not in"):
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        listed = f"{name} in [{', '.join(_value(one) for one in values)}]"
        return listed if operator == "in" else f"not ({listed})"
    if operator in _NEEDS_ORDER and isinstance(value, str):
        msg = f"{name} {operator} {value!r}: text has no order; expected a number or a date. List the values with 'in'."
        raise ValueError(msg)
    return f"{name} {operator} {_value(value)}"


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dt.date):
        return value.isoformat()[:10]
    if isinstance(value, str):
        return value if value in ("true", "false") or (_is_bare(value) and _literal(value) == value) else _quoted(value)
    number = float(value)  # type: ignore[arg-type]  # the kinds that are left
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)


def _is_bare(text: str) -> bool:
    """Tell whether the language reads the text as one word, which is no keyword."""
    found = _TOKEN.fullmatch(text)
    return found is not None and found.group("word") == text and text not in _WORDS


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
