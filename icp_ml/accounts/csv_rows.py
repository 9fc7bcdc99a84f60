"""Walk through a CSV file exactly: its text as UTF-8, its records, and the row in which something is wrong."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from icp_ml.errors import DataError, message

_CHUNK_BYTES = 1 << 22
_KEPT_BYTES = 1 << 17
_LONGEST_LINE = 1 << 26


class UndecodableError(Exception):
    """Bytes that are not text of the encoding: the value of the first of them."""

    def __init__(self, byte: int) -> None:
        super().__init__(byte)
        self.byte = byte


@dataclass(frozen=True)
class TextSource:
    """Where the text of a CSV file comes from.

    Attributes
    ----------
    path : Path
        CSV, or gzipped CSV (told by its first bytes).
    encoding : str
        A Python text encoding.
    delimiter : str
        One ASCII character.
    """

    path: Path
    encoding: str
    delimiter: str

    @property
    def is_gzip(self) -> bool:
        """True when the file starts like a gzip stream."""
        with self.path.open("rb") as stream:
            return stream.read(2) == b"\x1f\x8b"

    def chunks(self) -> Iterator[bytes]:
        """Yield the text as UTF-8 bytes, a byte order mark included.

        Raises
        ------
        UndecodableError
            After the last good part, when the bytes do not hold text of the encoding.
        DataError
            When a gzip stream is truncated or damaged.
        """
        decoder = codecs.getincrementaldecoder(self.encoding)()
        with self._binary() as stream:
            while chunk := self._read(stream):
                text = _decoded(decoder, chunk)
                yield chunk if self.encoding == "utf-8" and text.is_whole else text.encoded()
                text.check()
            _decoded(decoder, b"").check()

    def _binary(self) -> BinaryIO:
        return cast(BinaryIO, gzip.open(self.path, "rb")) if self.is_gzip else self.path.open("rb")

    def _read(self, stream: BinaryIO) -> bytes:
        try:
            return stream.read(_CHUNK_BYTES)
        except (EOFError, zlib.error, gzip.BadGzipFile):
            came, expected = "the gzip stream is truncated or damaged", "a complete gzip file"
            raise DataError(message(self.path, came, expected, "Copy or export it again")) from None


@dataclass(frozen=True)
class _Decoded:
    """The text of a chunk, and the byte at which it stopped being text."""

    text: str
    bad_byte: int | None = None

    @property
    def is_whole(self) -> bool:
        return self.bad_byte is None

    def encoded(self) -> bytes:
        return self.text.encode("utf-8", "replace")

    def check(self) -> None:
        if self.bad_byte is not None:
            raise UndecodableError(self.bad_byte)


def _decoded(decoder: codecs.IncrementalDecoder, chunk: bytes) -> _Decoded:
    try:
        return _Decoded(decoder.decode(chunk, final=not chunk))
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode(error.encoding, "ignore")
        return _Decoded(good, error.object[error.start])
    except UnicodeError:  # some encodings do not say where: the first byte stands for all
        return _Decoded("", chunk[0] if chunk else 0)


@dataclass(frozen=True)
class Record:
    """One record of a CSV file: the header (number 0) or a row (1, 2, ...).

    Attributes
    ----------
    number : int
        0 for the header; rows count from 1. Blank lines do not count.
    end : int
        Offset of the byte after the record in the UTF-8 text without its byte order mark.
    length : int
        Bytes of the record.
    text : bytes
        Its bytes, cut after 128 kB.
    trouble : str
        What is wrong with its quotes, empty when nothing is.
    """

    number: int
    end: int
    length: int
    text: bytes
    trouble: str

    @property
    def name(self) -> str:
        """The record in words: ``the header`` or ``row 7``."""
        return row_name(self.number)


def row_name(number: int) -> str:
    """Return ``the header`` for 0 and ``row n`` for n."""
    return "the header" if number == 0 else f"row {number}"


def records(source: TextSource) -> Iterator[Record]:
    """Yield every record of a CSV file, exactly and slowly; used to find the row of a known trouble.

    Parameters
    ----------
    source : TextSource
        The file and how to read it.

    Returns
    -------
    iterator of Record
        In file order; a record with an unclosed quote reaches to the end of the file.
    """
    number, end, is_open, trouble = 0, 0, False, ""
    length, text = 0, b""
    for line in _lines(source):
        is_open, found = _after_line(line, source.delimiter.encode(), is_open)
        end, length, trouble = end + len(line), length + len(line), trouble or found
        text = text + line if len(text) < _KEPT_BYTES else text
        if is_open:
            continue
        if text.strip(b"\r\n"):
            yield Record(number, end, length, text[:_KEPT_BYTES], trouble)
            number += 1
        length, text, trouble = 0, b"", ""
    if is_open:
        yield Record(number, end, length, text[:_KEPT_BYTES], trouble or "a quote that is never closed")


def row_at(source: TextSource, offset: int) -> str:
    """Return the name of the record that holds a byte of the UTF-8 text (a byte order mark does not count)."""
    for record in records(source):
        if record.end > offset:
            return record.name
    return "the last row"


def row_after_last_good(source: TextSource) -> str:
    """Return the name of the record in which the text stops being decodable."""
    number = 0
    try:
        for record in records(source):
            number = record.number + 1
    except UndecodableError:
        pass
    return row_name(number)


def _lines(source: TextSource) -> Iterator[bytes]:
    """Yield lines with their ends; the byte order mark is taken off, as the parser does."""
    rest = b""
    is_first = True
    for chunk in source.chunks():
        piece = chunk.removeprefix(codecs.BOM_UTF8) if is_first else chunk
        is_first = False
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > _LONGEST_LINE:
            came = f"it has a line of more than {_LONGEST_LINE >> 20} MB"
            raise DataError(message(source.path, came, "a line per row", "Export it again"))
        yield from (line + b"\n" for line in whole)
    if rest:
        yield from rest.splitlines(keepends=True)


def _after_line(line: bytes, delimiter: bytes, is_open: bool) -> tuple[bool, str]:
    """Follow the quotes of one line; return whether a cell is still open at its end, and what is broken."""
    at, trouble = 0, ""
    while True:
        at = _closing(line, at) if is_open else _opening(line, delimiter, at)
        if at < 0:
            return is_open, trouble
        is_open = not is_open
        at += 1
        if not is_open and line[at : at + 1] not in (b"", delimiter, b"\r", b"\n"):
            trouble = "text after a closing quote"


def _opening(line: bytes, delimiter: bytes, at: int) -> int:
    """Return where the next quoted cell opens: only the first character of a cell can open it."""
    if at == 0 and line.startswith(b'"'):
        return 0
    found = line.find(delimiter + b'"', at)
    return found + 1 if found >= 0 else -1


def _closing(line: bytes, at: int) -> int:
    """Return where the open cell closes: the next quote that is not doubled."""
    found = line.find(b'"', at)
    while found >= 0 and line[found + 1 : found + 2] == b'"':
        found = line.find(b'"', found + 2)
    return found
