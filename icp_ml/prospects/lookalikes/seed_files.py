"""Read a list of customers' ids: a table with the study's id column, or one id per line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from icp_ml.accounts.tables import Table, check_regular
from icp_ml.accounts.values import as_ids
from icp_ml.errors import DataError, FileSystemError, message
from icp_ml.prospects.admission import open_prospects

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel


@dataclass(frozen=True)
class Listed:
    """The ids of a list.

    Attributes
    ----------
    path : Path
        Where they were read from.
    ids : tuple of str
        Byte for byte, each once, in the order of the file.
    n_repeated : int
        Further lines with an id that was there before.
    may_start_with_header : bool
        The first id may be the header of a list without one.
    """

    path: Path
    ids: tuple[str, ...]
    n_repeated: int
    may_start_with_header: bool = False


def read_ids(path: Path, model: SuccessModel) -> Listed:
    """Return the ids of a list of customers.

    Parameters
    ----------
    path : Path
        A CSV or Parquet table with the study's id column; a CSV with one column, with or without header; or, named
        ``.txt``, one id per line.
    model : SuccessModel
        Its study names the id column and the delimiter.

    Raises
    ------
    DataError
        The file holds no ids, or several columns of which none is the id column.
    FileSystemError
        The file cannot be read.
    """
    if path.suffix.lower() == ".txt":
        return _listed(path, _lines(path), may_start_with_header=True)
    name, table = model.contract.id, open_prospects(path, model, None, None)
    if not table.columns:
        raise _no_ids(path, "the table has no columns")
    if name is not None and name in table.columns:
        return _listed(path, _cells(table, name))
    if len(table.columns) > 1:
        wanted = "one column of ids" if name is None else f"the id column {name!r}, or one column of ids"
        came = f"there is no such column among its {len(table.columns)}" if name else f"{len(table.columns)} columns"
        raise DataError(message(path, came, wanted, "Name the column of ids as in the customer table"))
    (first,) = table.columns
    cells = _cells(table, first)
    return _listed(path, [first, *cells] if table.is_text else cells, may_start_with_header=table.is_text)


def _no_ids(path: Path, came: str) -> DataError:
    return DataError(message(path, came, "at least one id", "Write one id per line"))


def _cells(table: Table, column: str) -> list[str | None]:
    return [one for batch in table.batches([column]) for one in as_ids(batch.column(0), f"column {column!r}")]


def _lines(path: Path) -> list[str]:
    try:
        check_regular(path)
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        came = f"cannot be read ({error.strerror})"
        raise FileSystemError(message(path, came, "a readable file", "Check the path")) from error
    except UnicodeDecodeError as error:
        came = f"byte {error.start + 1:,} is not UTF-8 text"
        raise DataError(message(path, came, "one id per line", "Save the file as UTF-8")) from error
    if "\0" in text:
        raise DataError(message(path, "the list holds NUL bytes", "one id per line", "Save the file as UTF-8"))
    return [line.removesuffix("\r") for line in text.split("\n")]


def _listed(path: Path, cells: list[str] | list[str | None], *, may_start_with_header: bool = False) -> Listed:
    ids = [one for one in cells if one is not None and one.strip()]
    if not ids:
        raise _no_ids(path, "the list holds no ids")
    distinct = tuple(dict.fromkeys(ids))
    return Listed(path, distinct, len(ids) - len(distinct), may_start_with_header)
