"""Look at the bytes of a CSV file before trusting a parser with them, then read its rows as text in batches."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv

from icp_ml.accounts.csv_rows import TextSource, UndecodableError, records, row_after_last_good, row_at
from icp_ml.errors import ConfigError, DataError, message

BLOCK_BYTES = 1 << 22
"""Bytes parsed at a time, and so the longest row that can be read."""

_QUOTE = 0x22
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_OTHER_DELIMITERS = {";": "';'", "\t": "'\\t'", "|": "'|'"}
_NAME_ENCODING = "Save the file as UTF-8, or name its encoding with --encoding or `read: {encoding: ...}`"


@dataclass(frozen=True)
class CsvFile:
    """A CSV or CSV.gz file whose bytes were checked: encoding, NUL bytes, quotes and header.

    Attributes
    ----------
    source : TextSource
        The file and how it is read.
    columns : tuple of str
        Names of the header, byte for byte.
    is_empty : bool
        True when nothing follows the header.
    warnings : list of str
        What is odd but readable.
    """

    source: TextSource
    columns: tuple[str, ...]
    is_empty: bool
    warnings: list[str] = field(default_factory=list)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Yield the rows block by block, every cell as text and nothing read as missing.

        Parameters
        ----------
        columns : sequence of str
            Columns to read, in the order they come out.

        Returns
        -------
        iterator of pyarrow.RecordBatch
            Blocks of about four megabytes of the file.

        Raises
        ------
        DataError
            When a row has too many or too few cells, or is longer than a block; the message names the row.
        """
        if self.is_empty or not columns:
            return
        bad_rows: list[Any] = []
        try:
            yield from self._parsed(columns, bad_rows, use_threads=True)
        except pa.ArrowInvalid as error:
            raise self._refusal(bad_rows, str(error)) from None

    def _parsed(self, columns: Sequence[str], bad_rows: list[Any], *, use_threads: bool) -> Iterator[pa.RecordBatch]:
        def remember(row: Any) -> str:
            bad_rows.append(row)
            return "error"

        parse = arrow_csv.ParseOptions(
            delimiter=self.source.delimiter, newlines_in_values=True, invalid_row_handler=remember
        )
        read = arrow_csv.ReadOptions(block_size=BLOCK_BYTES, encoding=self.source.encoding, use_threads=use_threads)
        convert = arrow_csv.ConvertOptions(default_column_type=pa.string(), include_columns=list(columns))
        with self._stream() as stream:
            yield from arrow_csv.open_csv(stream, read_options=read, parse_options=parse, convert_options=convert)

    def _stream(self) -> Any:
        raw = pa.OSFile(str(self.source.path), "rb")
        return pa.CompressedInputStream(raw, "gzip") if self.source.is_gzip else raw

    def _refusal(self, bad_rows: Sequence[Any], reason: str) -> DataError:
        """Put the parser's refusal into our words; its own text would show the cells of the row."""
        path = self.source.path
        if bad_rows:
            row = self._first_bad_row()
            # The parser counts the header as its first row.
            came = f"row {row.number - 1} has {row.actual_columns} cells"
            expected = f"{row.expected_columns} cells, one per name of the header"
            step = (
                "Quote cells that contain the delimiter; if it is the last row, the file was cut off: export it again"
            )
            return DataError(message(path, came, expected, step))
        if "straddling" in reason:
            came = f"{self._longest_row()} is too long"
            expected = f"rows of less than {BLOCK_BYTES >> 20} MB"
            return DataError(message(path, came, expected, "Leave such texts out of the table"))
        expected = "a header and rows of equal length"
        return DataError(message(path, "it cannot be parsed as CSV", expected, "Export it again"))

    def _first_bad_row(self) -> Any:
        """Return the first row of another length; the parser counts rows only where it works in one thread."""
        bad_rows: list[Any] = []
        with suppress(pa.ArrowInvalid):
            for _ in self._parsed(self.columns[:1], bad_rows, use_threads=False):
                pass
        return bad_rows[0]

    def _longest_row(self) -> str:
        # A row shorter than half a block always fits next to the rest of another one.
        too_long = (record.name for record in records(self.source) if record.length > BLOCK_BYTES // 2)
        return next(too_long, "a row")


def inspect_csv(path: Path, delimiter: str | None = None, encoding: str | None = None) -> CsvFile:
    """Return a CSV file that is safe to parse, or refuse it with the row where the trouble starts.

    Parameters
    ----------
    path : Path
        CSV or gzipped CSV with one header row.
    delimiter : str, optional
        One ASCII character; a comma by default.
    encoding : str, optional
        A Python text encoding; UTF-8 by default, with or without a byte order mark.

    Returns
    -------
    CsvFile
        Header and reading options; its warnings name a missing final newline.

    Raises
    ------
    ConfigError
        When the delimiter is not one ASCII character or the encoding is not known.
    DataError
        When the bytes are empty, of another encoding, contain NUL bytes, unclosed or broken quotes, end inside a
        gzip stream, or when the header names a column twice or was split by another delimiter.

    Notes
    -----
    One pass over the bytes in chunks, without a Python step per row. Exact row numbers are worked out by a slower
    second pass, only after something was found.
    """
    source = TextSource(path, _checked_encoding(path, encoding), _checked_delimiter(path, delimiter))
    _check_start(path, is_named=encoding is not None)
    try:
        survey = _survey(source)
    except UndecodableError as error:
        raise _not_text(source, error) from None
    if survey.nul_at is not None:
        came = f"{row_at(source, survey.nul_at)} contains a NUL byte"
        raise DataError(message(path, came, "text without NUL bytes", f"Export it again. {_NAME_ENCODING}"))
    if survey.has_odd_quotes:
        _check_quotes(source)
    columns, is_empty = _header(source)
    cut = [] if survey.ends_with_newline else [f"{path}: no newline at the end; the file may have been cut off"]
    return CsvFile(source, columns, is_empty, cut)


@dataclass(frozen=True)
class _Survey:
    """What one pass over the bytes saw."""

    has_odd_quotes: bool
    nul_at: int | None
    ends_with_newline: bool


def _survey(source: TextSource) -> _Survey:
    quotes, offset, last = _Quotes(source.delimiter), 0, b""
    for number, chunk in enumerate(source.chunks()):
        text = chunk.removeprefix(codecs.BOM_UTF8) if number == 0 else chunk
        if (nul := text.find(b"\0")) >= 0:
            return _Survey(False, offset + nul, False)
        if text:
            quotes.see(text)
            offset, last = offset + len(text), text[-1:]
    return _Survey(quotes.are_odd, None, last in (b"\n", b"\r"))


class _Quotes:
    """Follow the quotes of a file: every second one opens a cell after an edge, the next closes it before an edge.

    A doubled quote closes and opens again, so it keeps the count. When the count or an edge is wrong, quotes are
    missing, or stand inside plain text; only a closer look can tell.
    """

    def __init__(self, delimiter: str) -> None:
        self._edges = tuple(delimiter.encode() + b"\r\n")
        self._n_seen = 0
        self._is_broken = False
        self._edge_before = True
        self._closes_at_end = False

    @property
    def are_odd(self) -> bool:
        return self._is_broken or self._n_seen % 2 == 1

    def see(self, text: bytes) -> None:
        codes = np.frombuffer(text, dtype=np.uint8)
        is_quote = codes == _QUOTE
        is_edge = is_quote.copy()
        for byte in self._edges:
            is_edge |= codes == byte
        self._is_broken |= self._closes_at_end and not is_edge[0]
        at = np.flatnonzero(is_quote)
        is_open = self._n_seen % 2
        opening, closing = at[is_open::2], at[1 - is_open :: 2]
        after_edge = is_edge[opening - 1]
        if len(opening) and opening[0] == 0:
            after_edge[0] = self._edge_before
        self._closes_at_end = bool(len(closing) and closing[-1] == len(text) - 1)
        before_edge = is_edge[closing[: len(closing) - self._closes_at_end] + 1]
        self._is_broken |= not (after_edge.all() and before_edge.all())
        self._n_seen += len(at)
        self._edge_before = bool(is_edge[-1])


def _checked_delimiter(path: Path, delimiter: str | None) -> str:
    delimiter = "," if delimiter is None else delimiter
    if len(delimiter) != 1 or not delimiter.isascii() or delimiter in '"\r\n\0':
        came = f"the delimiter is {delimiter!r}"
        raise ConfigError(message(path, came, "one ASCII character", 'Set `read: {delimiter: ";"}` or the like'))
    return delimiter


def _checked_encoding(path: Path, encoding: str | None) -> str:
    try:
        name = codecs.lookup(encoding or "utf-8").name
        "".encode(name)
    except (LookupError, UnicodeError):
        came = f"the encoding {encoding!r} is not known"
        raise ConfigError(message(path, came, "a name such as utf-8, cp1252 or utf-16", "Correct --encoding")) from None
    return "utf-8" if name in ("utf-8-sig", "ascii") else name


def _check_start(path: Path, *, is_named: bool) -> None:
    with path.open("rb") as stream:
        start = stream.read(4)
    if not start:
        raise DataError(message(path, "the file is empty (0 bytes)", "a header and rows", "Export it again"))
    if start[:2] in _UTF16_MARKS and not is_named:
        came = "the file starts with a UTF-16 byte order mark"
        raise DataError(message(path, came, "UTF-8", f"{_NAME_ENCODING}, here utf-16"))


def _not_text(source: TextSource, error: UndecodableError) -> DataError:
    name = source.encoding.upper()
    came = f"{row_after_last_good(source)} has a byte (0x{error.byte:02X}) that is not {name}"
    hint = f"{_NAME_ENCODING}; files of western spreadsheets are often cp1252"
    return DataError(message(source.path, came, f"{name} text", hint))


def _check_quotes(source: TextSource) -> None:
    for record in records(source):
        if record.trouble:
            came, expected = f"{record.name} has {record.trouble}", 'cells as "..." with quotes inside doubled'
            raise DataError(message(source.path, came, expected, "Repair the quotes of that row"))


def _header(source: TextSource) -> tuple[tuple[str, ...], bool]:
    """Return the names of the header, and whether nothing follows it."""
    first = list(islice(records(source), 2))
    if not first:
        raise DataError(message(source.path, "the file has no header", "a header and rows", "Export it again"))
    try:
        text = io.StringIO(first[0].text.decode(), newline="")
        names = tuple(next(csv.reader(text, delimiter=source.delimiter)))
    except (csv.Error, UnicodeDecodeError):
        raise DataError(message(source.path, "the header is too long", "short names", "Shorten them")) from None
    if len(names) == 1:
        _check_one_column(source.path, names[0])
    check_names(source.path, names)
    return names, len(first) == 1


def _check_one_column(path: Path, name: str) -> None:
    for other, shown in _OTHER_DELIMITERS.items():
        if other in name:
            came = f"only one column was found, and its name contains {shown}"
            step = f"If it separates the columns, set `read: {{delimiter: {shown}}}`, for prospects --delimiter {shown}"
            raise DataError(message(path, came, "the delimiter that separates the columns", step))


def check_names(path: Path, names: Sequence[str]) -> None:
    """Refuse column names that stand twice.

    Raises
    ------
    DataError
        Naming every such column and its positions (1 = first column).
    """
    places: dict[str, list[int]] = {}
    for place, name in enumerate(names, start=1):
        places.setdefault(name, []).append(place)
    twice = [f"{name!r} (columns {', '.join(map(str, at))})" for name, at in places.items() if len(at) > 1]
    if twice:
        came = f"the header has names twice: {', '.join(twice[:5])}"
        raise DataError(message(path, came, "every name once", "Rename or remove one of them"))
