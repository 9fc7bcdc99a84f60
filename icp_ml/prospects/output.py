"""Write score files, lists and refused rows: CSV that no spreadsheet runs as a formula, Parquet with checksums."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, NamedTuple, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from icp_ml.errors import DataError, IcpError, UsageError, message
from icp_ml.prospects.columns import LIST_COLUMNS, MARKER_COLUMNS

FORMULA = r"^[=+\-@\t\r]|\x00"
"""What a spreadsheet may run: text that begins with = + - @ TAB or CR, or holds a NUL."""

_NEGATIVE_NUMBER = r"^-(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
REFUSED_COLUMNS = ("row", "id", "column", "reason")
REJECTED_ENDING = ".rejected.csv"
SUMMARY_ENDING = ".summary.json"
_SIGNATURE = "icp_ml"


class Refusal(NamedTuple):
    """A row that could not be scored: its number from 1 after the header, its id, the column, the reason; no values."""

    row: int
    id: str
    column: str
    reason: str


def is_formula(texts: pa.Array) -> pa.Array:
    """Tell which texts a spreadsheet would run as a formula; false for missing ones.

    Examples
    --------
    >>> is_formula(pa.array(["=1+1", "a=b", None, "-x"])).to_pylist()
    [True, False, False, True]
    """
    return pc.fill_null(pc.match_substring_regex(texts.cast(pa.string()), FORMULA), False)


def safe_text(texts: pa.Array) -> pa.Array:
    """Put an apostrophe before every text that a spreadsheet would run; a plain negative number stays as it is.

    Examples
    --------
    >>> safe_text(pa.array(["=1+1", "-0.5", "acme", None])).to_pylist()
    ["'=1+1", '-0.5', 'acme', None]
    """
    texts = texts.cast(pa.string())
    begins_like_one = is_formula(texts)
    if not pc.any(begins_like_one).as_py():
        return texts
    is_number = pc.fill_null(pc.match_substring_regex(texts, _NEGATIVE_NUMBER), False)
    is_unsafe = pc.and_(begins_like_one, pc.invert(is_number))
    return pc.if_else(is_unsafe, pc.binary_join_element_wise("'", texts, ""), texts)


class TableWriter:
    r"""Write tables of one schema to a Parquet or CSV file, block by block.

    Parameters
    ----------
    path : Path
        The (temporary) file to write.
    schema : pyarrow.Schema
        Columns of every table; its metadata goes into a Parquet file.
    is_csv : bool
        Write CSV: header, UTF-8, ``\n``, text quoted, missing cells empty, and every float64 with as many digits
        (up to 17) as give back the same bits.
    id_columns : tuple of str
        Columns written untouched (formula-like ids are refused before).
    """

    def __init__(self, path: Path, schema: pa.Schema, *, is_csv: bool, id_columns: Sequence[str] = ()) -> None:
        self.schema = schema
        self._untouched = frozenset(id_columns)
        self._file = path.open("wb")
        self._parquet: Any = None
        if is_csv:
            self._file.write(csv_line(schema.names))
        else:
            self._parquet = pq.ParquetWriter(
                self._file, schema, compression="zstd", write_page_checksum=True, write_batch_size=1024
            )

    def write(self, table: pa.Table) -> None:
        """Append the rows of one table."""
        table = table.cast(self.schema)
        if self._parquet is not None:
            self._parquet.write_table(table, row_group_size=max(1, table.num_rows))
            return
        options = pa_csv.WriteOptions(include_header=False)
        pa_csv.write_csv(self._safe(table), self._file, options)

    def _safe(self, table: pa.Table) -> pa.Table:
        for place, field in enumerate(table.schema):
            if pa.types.is_string(field.type) and field.name not in self._untouched:
                column = table.column(place).combine_chunks()
                table = table.set_column(place, field.name, safe_text(column))
        return table

    def close(self) -> None:
        """Finish the file."""
        if self._parquet is not None:
            self._parquet.close()
            self._parquet = None
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def csv_line(cells: Sequence[object]) -> bytes:
    """Return one CSV line in UTF-8, its text cells made safe for spreadsheets."""
    return _csv_lines([[cell] for cell in cells])


def refused_lines(refusals: Sequence[Refusal]) -> bytes:
    """Return the lines of ``FILE.rejected.csv`` for some refused rows, one line per row."""
    return _csv_lines(list(zip(*refusals, strict=True))) if refusals else b""


def _csv_lines(columns: Sequence[Sequence[object]]) -> bytes:
    texts = [pa.array([None if cell is None else str(cell) for cell in column], pa.string()) for column in columns]
    lines: list[str] = []
    # The writer quotes only the line ends that it writes itself; a bare CR would end a row for most readers.
    writer = csv.writer(SimpleNamespace(write=lines.append), lineterminator="\r\n")
    writer.writerows(zip(*(safe_text(column).to_pylist() for column in texts), strict=True))
    return "".join(f"{line[:-2]}\n" for line in lines).encode()


def is_csv_path(path: Path) -> bool:
    """Tell whether a file is written as CSV (``.csv``) or Parquet (``.parquet``, ``.pq``), by its ending.

    Raises
    ------
    UsageError
        For any other ending.
    """
    ending = path.suffix.lower()
    if ending not in (".csv", ".parquet", ".pq"):
        came = f"ends in '{ending}'" if ending else "has no ending"
        raise UsageError(message(path, came, ".csv or .parquet", "Choose one of them"))
    return ending == ".csv"


def beside(path: Path, ending: str) -> Path:
    """Return the path of a companion of a score file, such as ``scores.csv.summary.json``."""
    return path.with_name(path.name + ending)


def is_our_scores(path: Path) -> bool:
    """Tell whether an existing file is a score file of ours, by its columns."""
    return set(MARKER_COLUMNS) <= set(header_of(path))


def is_our_list(path: Path) -> bool:
    """Tell whether an existing file is a list of ours that nobody has filled in since.

    Raises
    ------
    UsageError
        When it is ours but holds dispositions: what people wrote is never replaced.
    """
    header = header_of(path)
    if len(header) != len(LIST_COLUMNS) or (header[0], *header[2:]) != (LIST_COLUMNS[0], *LIST_COLUMNS[2:]):
        return False
    filled = _count_filled(path, header[-1])
    if filled:
        came = f"holds {filled} disposition(s) that people filled in"
        raise UsageError(message(path, came, "a new name, or a list nobody worked on", "Move it away first"))
    return True


def is_our_refused(path: Path) -> bool:
    """Tell whether an existing file is a file of refused rows of ours, by its header."""
    return header_of(path) == REFUSED_COLUMNS


def is_our_summary(path: Path) -> bool:
    """Tell whether an existing file is a summary of ours."""
    try:
        document = json.loads(path.read_bytes())
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("written_by") == _SIGNATURE


def header_of(path: Path) -> tuple[str, ...]:
    """Return the column names of a CSV or Parquet file, nothing when it is neither."""
    try:
        if not is_csv_path(path):
            return tuple(pq.read_schema(path).names)
        with path.open(encoding="utf-8", newline="") as file:
            return tuple(next(csv.reader([file.readline(1_000_000)]), ()))
    except (pa.ArrowInvalid, UnicodeDecodeError, csv.Error, IcpError):
        return ()


def _count_filled(path: Path, column: str) -> int:
    try:
        values = (
            pa_csv.read_csv(path, parse_options=pa_csv.ParseOptions(newlines_in_values=True))
            if is_csv_path(path)
            else pq.read_table(path, columns=[column])
        ).column(column)
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        came = f"cannot be read ({str(error).splitlines()[0][:120]})"
        raise DataError(message(path, came, "an earlier list of ours", "Name another file")) from error
    return sum(1 for value in values.to_pylist() if value is not None and str(value).strip())


def summary_bytes(document: Mapping[str, Any]) -> bytes:
    """Return a summary as JSON, the same bytes for the same content."""
    signed = {"written_by": _SIGNATURE, **document}
    return (json.dumps(signed, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
