"""Which columns of the customer table a study needs, may use, and does not know."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from icp_ml.accounts.tables import Table
from icp_ml.errors import ConfigError, DataError, message
from icp_ml.rules import parse_rule

if TYPE_CHECKING:
    from icp_ml.study import Study


def _of_rules(study: Study, texts: Sequence[str | None]) -> Iterator[str]:
    for text in texts:
        if text is not None:
            yield from sorted(parse_rule(text).columns)


def needed_columns(study: Study) -> list[str]:
    """Return the columns of the customer table without which the study cannot be run."""
    names = [study.id.column, study.as_of and study.as_of.column, study.group and study.group.column]
    names += [study.outcome.column, study.outcome.ended]
    names += [name for attribute in study.attributes for name in (attribute.column, attribute.entered_on)]
    names += [*study.segments, *study.sensitive, *_of_rules(study, [study.rule])]
    return list(dict.fromkeys(name for name in names if name))


def optional_columns(study: Study) -> list[str]:
    """Return the columns that are read when the customers have them: prospects may have them alone."""
    return [*dict.fromkeys([*study.pass_through, *_of_rules(study, study.exclude), *sorted(study.used_columns)])]


def other_columns(study: Study) -> list[str]:
    """Return the columns that a study names without making them attribute, id or outcome; rules and segments may."""
    structure = {study.id.column, study.outcome.column, study.outcome.ended}
    structure |= {name for attribute in study.attributes for name in (attribute.column, attribute.entered_on)}
    asked = [
        *study.segments,
        *study.sensitive,
        *_of_rules(study, [study.rule, *study.exclude]),
        *study.pass_through,
    ]
    rest = [name for name in optional_columns(study) if name not in structure]
    return [*dict.fromkeys([*asked, *rest])]


def check_listed(study: Study, table: Table) -> None:
    """Refuse a table with columns that the study names nowhere, unless it says `unlisted: ignore`.

    Raises
    ------
    ConfigError
        Naming all of them.
    """
    unlisted = [name for name in table.columns if name not in study.listed_columns]
    if unlisted and study.unlisted != "ignore":
        named = ", ".join(map(repr, unlisted))
        came = f"the table has {len(unlisted)} columns that {study.path.name} does not list: {named}"
        step = "List them under a fit, context or ignore, or set `unlisted: ignore`"
        raise ConfigError(message(table.path, came, "every column listed once", step))


def check_present(needed: Sequence[str], table: Table) -> None:
    """Refuse a table that lacks columns.

    Raises
    ------
    DataError
        Naming all of them, and columns of nearly the same name.
    """
    missing = [name for name in needed if name not in table.columns]
    if missing:
        named = ", ".join(repr(name) + similar(name, table.columns) for name in missing)
        came = f"{len(missing)} columns of the study are missing: {named}"
        raise DataError(message(table.path, came, "all of them", "Add them to the table, or correct the study"))


def absent_signal(study: Study, table: Table) -> list[str]:
    """Return a sentence when the customers lack the column of the early signal: the study runs without it."""
    column = None if study.leading_outcome is None else study.leading_outcome.column
    if column is None or column in table.columns:
        return []
    return [f"leading_outcome: there is no column {column!r}{similar(column, table.columns)}: no early signal is told"]


def similar(name: str, columns: Sequence[str]) -> str:
    """Return a hint in brackets at a column of nearly the same name, or nothing.

    Examples
    --------
    >>> similar("employees", ["Employees ", "crm"])
    " (there is 'Employees ')"
    """
    plain = {column.strip().casefold(): column for column in columns}
    near = difflib.get_close_matches(name.strip().casefold(), list(plain), n=1, cutoff=0.8)
    return f" (there is {plain[near[0]]!r})" if near else ""
