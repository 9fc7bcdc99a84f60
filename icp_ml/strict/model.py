"""Settings read from a file: frozen, without unknown keys, and every problem told at once with its path."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from icp_ml.errors import ConfigError

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SHOWN = 60


class StrictModel(BaseModel):
    """Settings that cannot change and have no unknown keys."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True, protected_namespaces=()
    )


def _iso_day(value: object) -> dt.date:
    if type(value) is dt.date:
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError("a day of the calendar such as 2026-06-30") from None
    raise ValueError("a day such as 2026-06-30")


Day = Annotated[dt.date, BeforeValidator(_iso_day, json_schema_input_type=dt.date)]
"""A day, written 2026-06-30 and in no other way."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document, and where."""

    path: str
    came: str
    expected: str
    next_step: str = ""

    def __str__(self) -> str:
        """Return the problem as one or two sentences."""
        where = f"{self.path}: " if self.path else ""
        step = self.next_step if self.next_step.endswith(("?", ".")) or not self.next_step else f"{self.next_step}."
        return f"{where}{self.came}; expected {self.expected}. {step}".rstrip()


Model = TypeVar("Model", bound=BaseModel)


def read_model(model: type[Model], document: Mapping[str, Any]) -> tuple[Model | None, list[Problem]]:
    """Return the document as a model, or None and every problem of its keys and types."""
    try:
        return model.model_validate_json(json.dumps(document), strict=True), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    schema = model.model_json_schema()
    return None, list(_merged(_problem(detail, document, schema) for detail in details))


def refuse(source: str, problems: Iterable[Problem]) -> ConfigError:
    """Return one error that lists every problem, each with its path."""
    listed = list(problems)
    if len(listed) == 1:
        return ConfigError(f"{source}: {listed[0]}")
    return ConfigError(f"{source}: {len(listed)} problems\n" + "\n".join(f"  {problem}" for problem in listed))


def path_text(loc: Iterable[str | int]) -> str:
    """Return a place in a document as text.

    Examples
    --------
    >>> path_text(("fits", "technical", 2, "effect"))
    'fits.technical[2].effect'
    """
    text = ""
    for part in loc:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


def without_nulls(value: Any) -> Any:
    """Return a document whose keys without a value are left out."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [without_nulls(item) for item in value]
    return value


def _merged(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Join what is expected at one place: each branch of a choice reports on its own."""
    by_place: dict[tuple[str, str], list[Problem]] = {}
    for problem in problems:
        by_place.setdefault((problem.path, problem.came), []).append(problem)
    for same in by_place.values():
        yield replace(same[0], expected=" or ".join(dict.fromkeys(problem.expected for problem in same)))


def _problem(detail: ErrorDetails, document: object, schema: dict[str, Any]) -> Problem:
    missing = detail["type"] == "missing"
    loc = _place(detail["loc"][:-1] if missing else detail["loc"], document)
    if missing:
        return Problem(path_text((*loc, detail["loc"][-1])), "missing", "a value for this key")
    if detail["type"] == "extra_forbidden":
        return _unknown_key(loc, schema)
    came = detail["input"]
    quoted = detail["type"] == "string_type" and isinstance(came, bool | int | float)
    return Problem(path_text(loc), _shown(came), _expected(detail), "Put it in quotes" if quoted else "")


def _place(loc: tuple[str | int, ...], document: object) -> tuple[str | int, ...]:
    """Leave out the parts of a location that name a branch of a choice and no key of the document."""
    found: list[str | int] = []
    for part in loc:
        is_key = isinstance(document, dict) and part in document
        if is_key or (isinstance(document, list) and isinstance(part, int)):
            document = document[part]  # type: ignore[index]
            found.append(part)
    return tuple(found)


def _unknown_key(loc: tuple[str | int, ...], schema: dict[str, Any]) -> Problem:
    keys = _keys_at(schema, loc[:-1], schema)
    close = difflib.get_close_matches(str(loc[-1]), keys, n=1)
    step = f"Did you mean '{close[0]}'?" if close else ""
    return Problem(path_text(loc), "unknown key", f"one of {', '.join(keys)}", step)


def _keys_at(schema: dict[str, Any], loc: tuple[str | int, ...], root: dict[str, Any]) -> list[str]:
    """Return the keys a mapping at this place may have, from the JSON schema."""
    if "$ref" in schema:
        return _keys_at(root["$defs"][schema["$ref"].rsplit("/", 1)[-1]], loc, root)
    if "anyOf" in schema:
        return [key for branch in schema["anyOf"] for key in _keys_at(branch, loc, root)]
    if not loc:
        return list(schema.get("properties", {}))
    inner = schema.get("items") if isinstance(loc[0], int) else schema.get("properties", {}).get(loc[0])
    return _keys_at(inner, loc[1:], root) if isinstance(inner, dict) else []


def _shown(value: object) -> str:
    """Say what came, briefly and in the words of YAML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a mapping" if isinstance(value, dict) else f"a list of {len(value)}" if value else "an empty list"
    if value is None:
        return "nothing"
    text = str(value) if len(str(value)) <= _SHOWN else f"{str(value)[:_SHOWN]}..."
    return f"'{text}'" if isinstance(value, str) else f"the number {text}"


_EXPECTED: dict[str, Callable[[dict[str, Any]], str]] = {
    "string_type": lambda _: "text",
    "int_type": lambda _: "a whole number",
    "float_type": lambda _: "a number",
    "bool_type": lambda _: "true or false",
    "finite_number": lambda _: "a finite number",
    "tuple_type": lambda _: "a list",
    "dict_type": lambda _: "a mapping",
    "model_type": lambda _: "a mapping, or its short form where it has one",
    "literal_error": lambda ctx: str(ctx["expected"]),
    "value_error": lambda ctx: str(ctx["error"]),
    "less_than": lambda ctx: f"less than {ctx['lt']:g}",
    "less_than_equal": lambda ctx: f"at most {ctx['le']:g}",
    "greater_than": lambda ctx: f"more than {ctx['gt']:g}",
    "greater_than_equal": lambda ctx: f"{ctx['ge']:g} or more",
    "string_too_short": lambda _: "text that is not empty",
    "string_too_long": lambda ctx: f"at most {ctx['max_length']} character{'s' * (ctx['max_length'] > 1)}",
    "too_short": lambda ctx: f"at least {ctx['min_length']} in the list",
    "too_long": lambda ctx: f"at most {ctx['max_length']} in the list",
    "string_pattern_mismatch": lambda _: "letters, digits, '.', '_' and '-', starting with a letter or digit",
}


def _expected(detail: ErrorDetails) -> str:
    wording = _EXPECTED.get(detail["type"])
    return wording(detail.get("ctx", {})) if wording else detail["msg"].lower()
