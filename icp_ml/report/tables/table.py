"""A table of ready text, drawn alike in HTML and Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "number", "words", "code", "state"]


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    title
        What stands above it.
    kind
        ``number`` is set to the right, ``words`` are given room, ``code`` is a name of a column or a digest, and the
        colour of a ``state`` follows its word.
    """

    title: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Table:
    """Rows of ready text under columns.

    Attributes
    ----------
    label
        What the table shows; read out before it is entered.
    columns, rows
        As many cells in each row as there are columns.
    """

    label: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


def number(title: str) -> Column:
    """Return a column of numbers."""
    return Column(title, "number")


def words(title: str) -> Column:
    """Return a column of sentences."""
    return Column(title, "words")


def table(label: str, columns: Sequence[Column | str], rows: Iterable[Sequence[object]]) -> Table:
    """Return a table; a plain string is a column of text, None a blank cell, and whole numbers are grouped."""
    made = tuple(column if isinstance(column, Column) else Column(column) for column in columns)
    return Table(label, made, tuple(tuple(_shown(cell) for cell in row) for row in rows))


def without_empty(drawn: Table) -> Table:
    """Return a table without columns that are blank in every row."""
    kept = [at for at in range(len(drawn.columns)) if any(row[at] for row in drawn.rows)]
    rows = tuple(tuple(row[at] for at in kept) for row in drawn.rows)
    return Table(drawn.label, tuple(drawn.columns[at] for at in kept), rows)


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
