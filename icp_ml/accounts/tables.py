"""Open a table of accounts, whatever its format, and read it in batches of constant memory."""

from __future__ import annotations

import hashlib
import logging
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from icp_ml.accounts.csv_file import check_names, inspect_csv
from icp_ml.errors import DataError, FileSystemError, UsageError, message

BATCH_ROWS = 65_536
"""Rows of a batch unless asked otherwise."""

LONGEST_CELL = 1 << 20
"""Bytes of the longest text a cell may hold."""

_log = logging.getLogger(__name__)
_FORMATS = "CSV, CSV.gz, Parquet or a folder of Parquet"
_PARQUET_MAGIC = b"PAR1"
_ZIP_MAGIC = b"PK\x03\x04"

_Reader = Callable[[list[str]], Iterator[pa.RecordBatch]]


@dataclass(frozen=True)
class Table:
    """A table that was opened and found readable; its rows are read when asked for.

    Attributes
    ----------
    path : Path
        File or folder it was read from.
    columns : tuple of str
        Column names in file order, byte for byte.
    is_text : bool
        True for CSV: every column comes out as text, nothing is read as missing.
    types : mapping of str to pyarrow.DataType
        Type of every column.
    warnings : list of str
        What was odd but readable.
    """

    path: Path
    columns: tuple[str, ...]
    is_text: bool
    types: Mapping[str, pa.DataType]
    warnings: list[str] = field(default_factory=list)
    _reader: _Reader = field(repr=False, default=lambda columns: iter(()))
    _digest: Callable[[], str] = field(repr=False, default=str)

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of the bytes; of a folder: of the sorted names and bytes of its parts."""
        with _operating_system(self.path):
            return self._digest()

    def batches(self, columns: Sequence[str] | None = None, rows: int = BATCH_ROWS) -> Iterator[pa.RecordBatch]:
        """Yield the rows in file order.

        Parameters
        ----------
        columns : sequence of str, optional
            Columns to read and their order; all by default.
        rows : int
            Rows per batch; only the last batch is shorter.

        Returns
        -------
        iterator of pyarrow.RecordBatch
            Nothing for a table with a header only.

        Raises
        ------
        DataError
            When the bytes turn out to be damaged, a row has too many or too few cells, or a cell is too long.
        FileSystemError
            When the operating system cannot read on.
        """
        wanted = list(self.columns if columns is None else columns)
        self._check_known(wanted)
        self._check_plain(wanted)
        with _operating_system(self.path):
            yield from _in_equal_batches(self._checked(wanted), rows)

    def read(self, columns: Sequence[str] | None = None) -> pa.Table:
        """Return all rows of the columns as one table in memory."""
        wanted = list(self.columns if columns is None else columns)
        schema = pa.schema([(name, self.types[name]) for name in wanted if name in self.types])
        return pa.Table.from_batches(list(self.batches(wanted)), schema=schema)

    def _check_known(self, wanted: Sequence[str]) -> None:
        unknown = [name for name in wanted if name not in self.types]
        if unknown:
            came = f"there is no column {', '.join(map(repr, unknown))}"
            raise DataError(message(self.path, came, f"one of {len(self.columns)} columns", "Check the names"))

    def _check_plain(self, wanted: Sequence[str]) -> None:
        for name in wanted:
            if not _is_plain(self.types[name]):
                came = f"column {name!r} has the type {self.types[name]}"
                step = "Write the column as text, numbers, dates or booleans, or leave it out"
                raise DataError(message(self.path, came, "one value per cell", step))

    def _checked(self, wanted: list[str]) -> Iterator[pa.RecordBatch]:
        n_before = 0
        for batch in self._reader(wanted):
            _check_cells(self.path, batch, n_before)
            n_before += batch.num_rows
            yield batch


def open_table(path: str | Path, *, delimiter: str | None = None, encoding: str | None = None) -> Table:
    """Open a table and check what can be checked without parsing its rows.

    Parameters
    ----------
    path : str or Path
        CSV, CSV.gz, Parquet, or a folder of Parquet parts (``*.parquet``, read in the order of their names).
    delimiter, encoding : str, optional
        For CSV; a comma and UTF-8 by default.

    Returns
    -------
    Table
        Columns, types and warnings; rows are read in batches.

    Raises
    ------
    UsageError
        When the path is a device or a pipe (exit code 2).
    FileSystemError
        When the path is missing or cannot be read (exit code 6).
    DataError
        When the bytes are not such a table (exit code 4).
    """
    path = Path(path)
    with _operating_system(path):
        check_regular(path)
        table = _open_folder(path) if path.is_dir() else _open_file(path, delimiter, encoding)
    for warning in table.warnings:
        _log.warning("%s", warning)
    return table


def check_regular(path: Path) -> None:
    """Refuse what cannot be read twice or has no end, before waiting for its first byte.

    Raises
    ------
    UsageError
        The path is a device or a pipe, or holds a NUL character.
    OSError
        The operating system cannot say what it is.
    """
    if "\0" in str(path):
        raise UsageError(message(repr(str(path)), "a path with a NUL character", "a path", "Correct the path"))
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        came = "is a device or a pipe"
        raise UsageError(message(path, came, "a file: it is read twice", "Save it as a file first"))


def table_of(frame: pd.DataFrame, name: str = "the DataFrame") -> Table:
    """Return a table over a DataFrame, so that frames and files go through the same checks.

    Parameters
    ----------
    frame : DataFrame
        One row per account; the index is not read.
    name : str
        What messages call it.

    Returns
    -------
    Table
        Its columns have the types that Arrow gives them; `is_text` is False.

    Raises
    ------
    DataError
        When a column mixes types, or two columns have the same name.
    """
    path = Path(name)
    columns = [str(column) for column in frame.columns]
    check_names(path, columns)
    try:
        held = pa.Table.from_pandas(frame.set_axis(columns, axis=1), preserve_index=False)
    except (pa.ArrowInvalid, TypeError, pa.ArrowNotImplementedError):
        came = "a column mixes types that do not belong together"
        raise DataError(message(name, came, "one type per column", "Convert it with astype")) from None
    held = held.replace_schema_metadata(None)
    types = {field.name: field.type for field in held.schema}
    return Table(path, tuple(columns), False, types, [], partial(_batches_of, held), partial(_digest_of, held))


def _is_plain(kind: pa.DataType) -> bool:
    """Tell whether cells of a type hold one value that has a spelling; lists, raw bytes and types of others do not."""
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    bytes_of = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary, pa.types.is_binary_view)
    is_odd = pa.types.is_nested(inner) or isinstance(inner, pa.BaseExtensionType)
    return not is_odd and not any(test(inner) for test in bytes_of)


def _batches_of(held: pa.Table, columns: list[str]) -> Iterator[pa.RecordBatch]:
    yield from held.select(columns).to_batches(max_chunksize=BATCH_ROWS)


def _digest_of(held: pa.Table) -> str:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, held.schema) as writer:
        writer.write_table(held.combine_chunks())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _open_file(path: Path, delimiter: str | None, encoding: str | None) -> Table:
    with path.open("rb") as stream:
        start = stream.read(4)
    is_parquet_name = path.suffix.lower() in (".parquet", ".pq")
    if is_parquet_name:
        return _open_parquet(path, [path])
    if start == _PARQUET_MAGIC:
        raise _wrong_format(path, "a Parquet file", "Rename it to end in .parquet")
    if start == _ZIP_MAGIC:
        raise _wrong_format(path, "a zip archive or a spreadsheet", "Export the sheet as CSV")
    if path.suffix.lower() == ".gz" and start[:2] != b"\x1f\x8b":
        raise _wrong_format(path, "not a gzip file" if start else "empty (0 bytes)", "Export it again, or rename it")
    found = inspect_csv(path, delimiter, encoding)
    types = dict.fromkeys(found.columns, pa.string())
    return Table(path, found.columns, True, types, list(found.warnings), found.batches, partial(_sha256, [path]))


def _wrong_format(path: Path, what: str, next_step: str) -> DataError:
    return DataError(message(path, f"the file is {what}", f"{_FORMATS} with the matching ending", next_step))


def _open_folder(path: Path) -> Table:
    parts = sorted(part for part in path.glob("*.parquet") if not part.name.startswith(("_", ".")))
    if not parts:
        came = "the folder holds no *.parquet file"
        raise DataError(message(path, came, "a folder of Parquet parts", "Name a file, or such a folder"))
    return _open_parquet(path, parts)


def _open_parquet(path: Path, parts: Sequence[Path]) -> Table:
    schemas = [_schema(part) for part in parts]
    names = schemas[0].names
    check_names(path, names)
    for part, schema in zip(parts, schemas, strict=True):
        if sorted(schema.names) != sorted(names):
            other = sorted(set(schema.names) ^ set(names))
            came = f"its columns differ from those of {parts[0].name}: {', '.join(map(repr, other[:5]))}"
            raise DataError(message(part, came, "the same columns in every part", "Write the folder again"))
    types = {name: _common_type(path, name, schemas) for name in names}
    reader = partial(_parquet_batches, list(parts), types)
    digest = partial(_sha256, list(parts), with_names=path.is_dir())
    return Table(path, tuple(names), False, types, [], reader, digest)


def _schema(part: Path) -> pa.Schema:
    with part.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise DataError(message(part, "the file is empty (0 bytes)", "a Parquet file", "Write it again"))
    with _parquet_errors(part):
        return pq.read_schema(part).remove_metadata()


def _common_type(path: Path, name: str, schemas: Sequence[pa.Schema]) -> pa.DataType:
    fields = [pa.schema([schema.field(name)]) for schema in schemas]
    try:
        return pa.unify_schemas(fields, promote_options="permissive").field(name).type
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        types = sorted({str(schema.field(name).type) for schema in schemas})
        came = f"column {name!r} has the types {', '.join(types)} in its parts"
        raise DataError(message(path, came, "one type", "Write the folder again")) from None


def _parquet_batches(
    parts: Sequence[Path], types: Mapping[str, pa.DataType], columns: list[str]
) -> Iterator[pa.RecordBatch]:
    schema = pa.schema([(name, types[name]) for name in columns])
    for part in parts:
        with _parquet_errors(part), pq.ParquetFile(part, page_checksum_verification=True, pre_buffer=False) as file:
            for batch in file.iter_batches(batch_size=BATCH_ROWS, columns=columns):
                yield batch.select(columns).cast(schema)


@contextmanager
def _parquet_errors(part: Path) -> Iterator[None]:
    """Turn Arrow's many ways of saying "damaged" into one refusal."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        came = "it cannot be read as Parquet"
        step = "It may be truncated, damaged or of another format: write it again"
        raise DataError(message(part, came, "a complete Parquet file", step)) from None


def _sha256(paths: Sequence[Path], *, with_names: bool = False) -> str:
    digest = hashlib.sha256()
    for path in paths:
        if with_names:
            digest.update(path.name.encode() + b"\0")
        with path.open("rb") as stream:
            hashlib.file_digest(stream, lambda: digest)
    return digest.hexdigest()


@contextmanager
def _operating_system(path: Path) -> Iterator[None]:
    """Turn what the operating system refuses into FileSystemError."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or "the operating system refused"
        step = "Check the path and its permissions"
        raise FileSystemError(message(error.filename or path, f"cannot be read ({reason})", _FORMATS, step)) from None


def _in_equal_batches(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    held: list[pa.RecordBatch] = []
    n_held = 0
    for batch in batches:
        held.append(batch)
        n_held += batch.num_rows
        while n_held >= rows:
            joined = held[0] if len(held) == 1 else pa.concat_batches(held)
            yield joined.slice(0, rows)
            held, n_held = [joined.slice(rows)], n_held - rows
    if n_held:
        yield held[0] if len(held) == 1 else pa.concat_batches(held)


def _check_cells(path: Path, batch: pa.RecordBatch, n_before: int) -> None:
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        is_text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
        if not is_text or column.nbytes <= LONGEST_CELL:
            continue
        lengths = pc.fill_null(pc.binary_length(column), 0).to_numpy(zero_copy_only=False)
        if lengths.max() > LONGEST_CELL:
            row = n_before + int((lengths > LONGEST_CELL).argmax()) + 1
            came = f"row {row} has a text of {int(lengths.max()):,} bytes in column {name!r}"
            step = "Leave such texts out of the table"
            raise DataError(message(path, came, f"at most {LONGEST_CELL:,} bytes", step))
