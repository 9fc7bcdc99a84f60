"""Open a table of prospects, hold it still while it is read, and write what every output of it has in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from icp_ml.accounts.tables import Table, table_of
from icp_ml.errors import DataError, UsageError, message
from icp_ml.outputs import resolved
from icp_ml.prospects.admission import open_prospects

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

Source = str | Path | pd.DataFrame


def opened(source: Source, model: SuccessModel, *, delimiter: str | None, encoding: str | None) -> Table:
    """Return the table of prospects that a source is: a file, read as the model's study says, or a DataFrame."""
    return table_of(source) if isinstance(source, pd.DataFrame) else open_prospects(source, model, delimiter, encoding)


def ensure_apart(source: Source, others: Iterable[str | Path | None], written: Sequence[Path]) -> None:
    """Refuse to write a file that is read, or into the folder of which the prospects are read.

    Raises
    ------
    UsageError
        The same file, or the same folder; symbolic links are followed.
    FileSystemError
        A path cannot be followed.
    """
    places = [resolved(path) for path in written]
    read = [Path(path) for path in (source, *others) if isinstance(path, str | Path)]
    for path in read:
        if resolved(path) in places:
            raise UsageError(message(path, "is both read and written", "two names", "Choose another --out"))
    if isinstance(source, str | Path) and resolved(source) in [place.parent for place in places]:
        came = "is the folder that is read, and a file would be written into it"
        raise UsageError(message(source, came, "another folder for what is written", "Choose another --out"))


@contextmanager
def unchanged(table: Table) -> Iterator[None]:
    """Refuse a table whose files change while the block runs.

    Raises
    ------
    DataError
        Size or time of change of a file differ, or a file came or went.
    """
    seen = _fingerprint(table.path)
    yield
    if _fingerprint(table.path) != seen:
        raise DataError(message(table.path, "changed while it was read", "a finished file", "Run it again"))


def _fingerprint(path: Path) -> list[tuple[str, int, int]]:
    """Return size and time of change of a file, or of every file of a folder; nothing of a DataFrame."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    return [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.exists()]


def metadata_text(value: object) -> str:
    """Return a value of a summary as the text that the metadata of a Parquet file hold.

    Examples
    --------
    >>> metadata_text(True), metadata_text(None), metadata_text(["a"])
    ('true', '', '["a"]')
    """
    if isinstance(value, list):
        return json.dumps(value)
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)
