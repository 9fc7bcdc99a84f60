"""Name attributes and their values for people, and read what the study declared of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

NOT_KNOWN = "not known"
ValueText = Callable[[object, str], str | None]


@dataclass(frozen=True)
class Words:
    """How columns and values are worded.

    Attributes
    ----------
    labels : mapping of str to str
        Words by column; a column without them keeps its name.
    kinds : mapping of str to str
        ``numeric``, ``categorical`` or ``date`` by column.
    text : callable
        A value of a kind in words, None when it is missing.
    """

    labels: Mapping[str, str]
    kinds: Mapping[str, str]
    text: ValueText

    def label(self, column: str) -> str:
        """Return the words for a column."""
        return self.labels.get(column, column)

    def value(self, column: str, value: object) -> str:
        """Return a value of a column in words, ``"not known"`` when it is missing."""
        return self.text(value, self.kinds[column]) or NOT_KNOWN


def declared_attributes(study: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return what a study's document says of each attribute, by column: ``changeable``, ``proxy``, ...; and its fit."""
    return {entry["column"]: entry for entry in _entries(study)}


def _entries(study: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for fit, keys in [*dict(study.get("fits", {})).items(), ("context", study.get("context", []))]:
        for key in keys:
            yield {"column": key, "fit": fit} if isinstance(key, str) else {**key, "fit": fit}


def listed(parts: list[str]) -> str:
    """Join words as a sentence does.

    Examples
    --------
    >>> listed(["crm", "size", "region"]), listed(["crm"])
    ('crm, size and region', 'crm')
    """
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def chance(probability: float) -> str:
    """Return a probability as people read it: two digits, no zero before the point.

    Examples
    --------
    >>> chance(0.5234), chance(0.999), chance(0.004)
    ('.52', 'over .99', 'under .01')
    """
    if not 0.005 <= probability < 0.995:
        return "under .01" if probability < 0.005 else "over .99"
    return f"{probability:.2f}"[1:]
