"""YAML without surprises: the 1.2 core schema, and nothing that could run code or hide a mistake.

Only ``true`` and ``false`` are booleans, so ``NO`` (Norway), ``on``, ``yes`` and ``12:30`` stay text and ``1e-3`` is a
number. Duplicate keys, tags, anchors and aliases are refused, with the line. Keys are always text, dates stay text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from icp_ml.errors import ConfigError, FileSystemError, UsageError, message

MAX_BYTES = 1_000_000
MAX_DEPTH = 40

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INTEGER = re.compile(r"[-+]?[0-9]+")
_BASED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_SPECIAL = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def load_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML file whose top level is a mapping.

    Raises
    ------
    FileSystemError
        The file is missing or cannot be read.
    UsageError
        The path is a folder.
    ConfigError
        The file is not UTF-8, is larger than a megabyte, or breaks a rule of this module.
    """
    path = Path(path)
    if "\0" in str(path):
        raise UsageError(message(repr(str(path)), "a path with a NUL character", "a YAML file", "Correct the path"))
    if path.is_dir():
        raise UsageError(message(path, "a folder", "a YAML file", "Name the file inside it"))
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        reason = error.strerror or str(error)
        raise FileSystemError(message(path, reason, "a readable YAML file", "Check the path")) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        came = f"byte {error.start} is not UTF-8"
        raise ConfigError(message(path, came, "UTF-8 text", "Save the file as UTF-8")) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, source: str) -> dict[str, Any]:
    r"""Return the mapping that a YAML text holds.

    Parameters
    ----------
    text : str
        The document; at most a megabyte.
    source : str
        What to call it in messages, usually the file's path.

    Raises
    ------
    ConfigError
        The text is empty, is no mapping, or breaks a rule of this module; the message has the line.

    Examples
    --------
    >>> parse_yaml("country: NO\nrate: 1e-3\nopen: 12:30\nlive: true", "example")
    {'country': 'NO', 'rate': 0.001, 'open': '12:30', 'live': True}
    """
    value = parse_value(text, source)
    if not isinstance(value, dict):
        came = "the file is empty" if value is None else f"the top level is a {_kind(value)}"
        raise ConfigError(message(source, came, "a mapping of keys to values", "Write lines such as 'name: my-study'"))
    return value


def parse_value(text: str, source: str) -> Any:
    """Return the one value that a YAML text holds, by the same rules; empty text is None."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise ConfigError(message(source, f"more than {MAX_BYTES:,} bytes", "a small file", "Shorten the file"))
    reader = _Reader(yaml.parse(text, Loader=yaml.SafeLoader), source)
    try:
        return reader.document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"{source}:{mark.line + 1}" if mark else source
        came = (error.problem or str(error)).replace("\n", " ")
        raise ConfigError(message(where, f"not valid YAML ({came})", "YAML 1.2", "Correct this line")) from error
    except yaml.YAMLError as error:
        came = str(error).replace("\n", " ")
        raise ConfigError(message(source, f"not valid YAML ({came})", "YAML 1.2", "Correct the text")) from error


class _Reader:
    """Build plain values from PyYAML's events, which hold no opinion about types."""

    def __init__(self, events: Iterator[Any], source: str) -> None:
        self._events = events
        self._source = source

    def document(self) -> Any:
        next(self._events)  # the start of the stream
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        value = self._node(next(self._events), depth=0)
        next(self._events)  # the end of the document
        event = next(self._events)
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._refuse(event, "a second document", "one document", "Remove the line '---'")
        return value

    def _node(self, event: Any, depth: int) -> Any:
        self._check(event, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(depth)
        return self._scalar(event)

    def _mapping(self, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            self._check(event, depth)
            if not isinstance(event, yaml.ScalarEvent):
                raise self._refuse(event, "a list or mapping as a key", "text as a key", "Write a plain key")
            key = event.value
            if key in result:
                raise self._refuse(event, f"key '{key}' appears twice", "each key once", "Remove one of the two")
            result[key] = self._node(next(self._events), depth + 1)
        return result

    def _sequence(self, depth: int) -> list[Any]:
        result = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            result.append(self._node(event, depth + 1))
        return result

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if any("\ud800" <= character <= "\udfff" for character in text):
            raise self._refuse(event, "half of a character (a lone surrogate)", "text", "Correct the escape")
        if event.style is not None:
            return text
        try:
            return _resolve(text)
        except (ValueError, OverflowError):
            expected = "a number a computer can hold, or text in quotes"
            raise self._refuse(event, f"a number of {len(text)} digits", expected, "Put it in quotes") from None

    def _check(self, event: Any, depth: int) -> None:
        if isinstance(event, yaml.AliasEvent):
            raise self._refuse(event, f"alias '*{event.anchor}'", "no aliases", "Write the value out")
        if getattr(event, "anchor", None) is not None:
            raise self._refuse(event, f"anchor '&{event.anchor}'", "no anchors", "Write the value out")
        if getattr(event, "tag", None) is not None:
            raise self._refuse(event, f"tag '{event.tag}'", "no tags", "Remove it; quote text that starts with '!'")
        if depth > MAX_DEPTH:
            raise self._refuse(event, f"more than {MAX_DEPTH} levels", "a flat file", "Remove some nesting")

    def _refuse(self, event: Any, came: str, expected: str, next_step: str) -> ConfigError:
        return ConfigError(message(f"{self._source}:{event.start_mark.line + 1}", came, expected, next_step))


def _resolve(text: str) -> Any:
    """Give a plain scalar its type by the YAML 1.2 core schema."""
    if text in _NULL:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text[2:], 8 if text[1] == "o" else 16)
    if _FLOAT.fullmatch(text):
        return float(text)
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    return text


def _kind(value: object) -> str:
    return "list" if isinstance(value, list) else f"single value ({type(value).__name__})"
