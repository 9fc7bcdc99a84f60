"""Read and extend a ledger: JSON lines, each with the digest of the one before, so that no line changes unseen."""

from __future__ import annotations

import errno
import hashlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from icp_ml.errors import DataError, FileSystemError, message
from icp_ml.icp.ledger.fields import ANY, OF_KIND, has_fields
from icp_ml.icp.profile import Profile

fcntl: Any = None
with suppress(ImportError):  # Windows has no such locks: there one review at a time is the reader's own care
    import fcntl

Entry = Mapping[str, Any]
FORMAT = 1
"""Raise it when a reader of today could misread a line; older lines keep their number and stay readable."""
KINDS = tuple(OF_KIND)
_ENDING = ".ledger.jsonl"


@dataclass(frozen=True)
class Ledger:
    """What was written down so far, in the order in which it was.

    Attributes
    ----------
    path : Path
        The file; it need not exist yet.
    entries : tuple of mapping
        One per line, oldest first. Each has ``id``, ``kind`` (one of `KINDS`), ``stated_on`` (a day), ``profile``,
        ``version``, ``previous`` and ``digest``.
    """

    path: Path
    entries: tuple[Entry, ...] = ()

    @classmethod
    def read(cls, path: str | Path) -> Ledger:
        """Return the entries of a file, every link of the chain verified; none where there is no file.

        Raises
        ------
        DataError
            A line is not whole, not one of ours, or was changed, removed or moved; the message has its number.
        FileSystemError
            The file cannot be read.
        """
        path = Path(path)
        try:
            _ensure_regular(path)
            return cls(path, _verified(path.read_bytes(), path))
        except FileNotFoundError:
            return cls(path)
        except OSError as error:
            raise _system_refused(path, error) from error

    @property
    def head(self) -> str:
        """The digest of the last line; empty without one. Who notes it down can tell later that lines were cut off."""
        return str(self.entries[-1]["digest"]) if self.entries else ""

    def of_kind(self, kind: str) -> tuple[Entry, ...]:
        """Return the entries of one kind, oldest first."""
        return tuple(entry for entry in self.entries if entry["kind"] == kind)

    def last(self, profile: str, by: str = "9999-12-31") -> Entry | None:
        """Return the last review of a profile that was stated on or before a day, None without one."""
        reviews = [one for one in self.of_kind("review") if one["profile"] == profile and one["stated_on"] <= by]
        return max(reviews, key=lambda one: str(one["stated_on"]), default=None)

    def without(self, run_id: str | None) -> Ledger:
        """Return the ledger without what one run wrote, so that the same run repeated finds what it found first."""
        kept = tuple(one for one in self.entries if one["kind"] == "decision" or one.get("run_id") != run_id)
        return Ledger(self.path, kept)


def ledger_path(profile: Profile) -> Path:
    """Return where the ledger of a profile lies: beside its file, one for all versions of the same name."""
    return profile.path.parent / f"{profile.name}{_ENDING}"


def ensure_can_append(path: Path) -> None:
    """Refuse a ledger that cannot be written, before any work is done.

    Raises
    ------
    FileSystemError
        The system does not let this user write the file, or make it.
    """
    try:
        if path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_APPEND))
        elif not os.access(path.parent, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise _system_refused(path, error) from error


def append(path: str | Path, entries: Sequence[Entry]) -> int:
    """Add entries as whole lines, under a lock, and put them on the disk.

    Parameters
    ----------
    path : str or Path
        The ledger; it is made when it does not exist.
    entries : sequence of mapping
        As `review_entries` and `decision_entry` give them.

    Returns
    -------
    int
        How many were added. What the same run already wrote (same kind, id and run) is not written twice.

    Raises
    ------
    DataError
        The ledger is damaged; nothing is added to it.
    FileSystemError
        The file cannot be written; it is as it was before.
    """
    path = Path(path)
    try:
        _ensure_regular(path)
        with _locked(path) as descriptor:
            held = _read_all(descriptor)
            known = _verified(held, path)
            new = _unknown(known, entries)
            text = "\n" if held and not held.endswith(b"\n") else ""
            text += "".join(_chained(new, str(known[-1]["digest"]) if known else ""))
            _write_whole(descriptor, text.encode(), len(held))
            return len(new)
    except OSError as error:
        raise _system_refused(path, error) from error


def _unknown(known: Sequence[Entry], entries: Sequence[Entry]) -> list[Entry]:
    seen = {_key(entry) for entry in known}
    new: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        if _key(entry) not in seen:
            new.setdefault(_key(entry), entry)
    return list(new.values())


def _key(entry: Entry) -> tuple[object, ...]:
    return entry["kind"], entry["id"], entry["profile"], entry.get("run_id")


def _chained(entries: Sequence[Entry], previous: str) -> Iterator[str]:
    for entry in entries:
        linked = {"format": FORMAT, **entry, "previous": previous}
        previous = _digest(linked)
        yield json.dumps(linked | {"digest": previous}, ensure_ascii=True, allow_nan=False) + "\n"


def _digest(entry: Entry) -> str:
    """Return the sha256 of what a line says, however its JSON was laid out."""
    said = {key: value for key, value in entry.items() if key != "digest"}
    text = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def _verified(content: bytes, path: Path) -> tuple[Entry, ...]:
    """Return the entries of a ledger's bytes, or refuse at the first line that is not as it was written."""
    entries: list[Entry] = []
    previous = ""
    for number, line in enumerate(content.splitlines(keepends=True), start=1):
        entry = _entry(line, f"{path}: line {number}")
        if entry["previous"] != previous or _digest(entry) != entry["digest"]:
            raise _changed(entry, previous, f"{path}: line {number}")
        entries.append(entry)
        previous = str(entry["digest"])
    return tuple(entries)


def _entry(line: bytes, where: str) -> Entry:
    try:
        entry = json.loads(line, parse_constant=_no_number)
    except (ValueError, RecursionError):
        if not line.endswith(b"\n"):
            step = "Remove this last line, then run the review again: it writes what is missing"
            raise DataError(message(where, "ends in the middle: a writer was stopped", "whole lines", step)) from None
        entry = None
    if not isinstance(entry, dict) or not has_fields(entry, ANY) or entry["kind"] not in KINDS:
        step = "Restore the ledger from a copy; lines are only ever added, by icp-ml"
        raise DataError(message(where, "is not an entry of a ledger", "a line that icp-ml wrote", step))
    if entry.get("format") != FORMAT:
        came = f"has format {str(entry.get('format'))[:20]!r}"
        raise DataError(message(where, came, f"format {FORMAT}", "Install the release that wrote it, or a newer one"))
    if not has_fields(entry, OF_KIND[entry["kind"]]):
        came, expected = f"is a {entry['kind']} with fields that icp-ml does not write", "its fields and their types"
        raise DataError(message(where, came, expected, "Restore the ledger from a copy"))
    return entry


def _no_number(text: str) -> NoReturn:
    """Refuse NaN and Infinity, which are no JSON."""
    raise ValueError(text)


def _changed(entry: Entry, previous: str, where: str) -> DataError:
    is_edited = _digest(entry) != entry["digest"]
    came = "was changed after it was written" if is_edited else "does not follow the line before it: one is missing"
    if not is_edited and not previous:
        came = "is not the first line that was written: earlier ones are missing"
    step = "Restore the ledger from a copy; to correct an entry, add a new one"
    return DataError(message(where, came, "lines as they were written, in their order", step))


def _ensure_regular(path: Path) -> None:
    """Refuse a pipe or a device: reading one may never end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise OSError(errno.EINVAL, "not a regular file")


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    """Yield a descriptor that no other writer holds; it is closed, and so released, at the end."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o666)
    try:
        if fcntl is not None:
            with suppress(OSError):  # a file system without locks: the chain still shows what two writers did
                fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _read_all(descriptor: int) -> bytes:
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def _write_whole(descriptor: int, content: bytes, size: int) -> None:
    """Write at the end and wait for the disk; when that fails, the file gets its old size again."""
    try:
        while content:
            content = content[os.write(descriptor, content) :]
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _system_refused(path: Path, error: OSError) -> FileSystemError:
    came = f"the system refused ({error.strerror or error})"
    return FileSystemError(message(path, came, "to read and write here", "Check the rights and the free space"))
