"""What each kind of ledger entry holds, so that what reads a ledger never meets a value of another type."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from icp_ml.errors import ConfigError
from icp_ml.rules import parse_rule

Check = Callable[[Any], bool]
Fields = Mapping[str, Check]
_LARGEST = 1e30
"""Far above any sum of amounts, and no overflow where it is written in points."""


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_version(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_day(value: Any) -> bool:
    try:
        return isinstance(value, str) and dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _is_rule(value: Any) -> bool:
    try:
        return isinstance(value, str) and bool(parse_rule(value).text)
    except ConfigError:
        return False


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _or_none(check: Check) -> Check:
    return lambda value: value is None or check(value)


def _each(check: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check, value))


def _holds(fields: Fields) -> Check:
    return lambda value: isinstance(value, Mapping) and has_fields(value, fields)


def _is_text_by_text(value: Any) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value.values()))


ANY: Fields = {
    "id": _is_text,
    "kind": _is_text,
    "stated_on": _is_day,
    "profile": _is_text,
    "version": _is_version,
    "run_id": _or_none(_is_text),
    "previous": _is_text,
    "digest": _is_text,
}
"""Fields of every entry; a field that may be None may be left out."""

_INTERVAL: Fields = {"low": _or_none(_is_number), "high": _or_none(_is_number)}
OF_KIND: Mapping[str, Fields] = {
    "review": {
        "verdict": _is_text,
        "written": _each(_is_rule),
        "criteria": _is_text_by_text,
        "goal": _or_none(_is_text),
        "reached": _or_none(_is_number),
        "chance": _or_none(_is_number),
        "suggestions": _each(_is_text),
    },
    "hypothesis": {
        "starts": _is_day,
        "ends": _is_day,
        "baseline": _holds({"value": _is_number, "on": _is_day}),
        "goal": _holds({"measure": _is_text, "target": _is_number, "words": _or_none(_is_text)}),
        "prediction": _is_number,
        **_INTERVAL,
    },
    "suggestion": {
        "rule": _is_rule,
        "action": _is_text,
        "replaces": _or_none(_is_rule),
        "gain": _or_none(_is_number),
        **_INTERVAL,
    },
    "decision": {"suggestion": _is_text, "accepted": _is_flag, "by": _is_text, "why": _or_none(_is_text)},
}
"""Fields that each kind of entry has besides."""


def has_fields(entry: Mapping[str, Any], fields: Fields) -> bool:
    """Return True when every field of an entry has its type; further fields are free."""
    return all(check(entry.get(name)) for name, check in fields.items())
