"""Write a file or a folder whole or not at all: under a temporary name beside it, then one rename."""

from __future__ import annotations

import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from icp_ml.errors import FileSystemError, UsageError, message

logger = logging.getLogger(__name__)

fcntl: Any = None
with suppress(ImportError):  # Windows has no such locks: nothing is ever taken for stale there
    import fcntl

SIGNATURE = b"icp_ml"
"""Text that the marker of a folder holds near its start, so that a stranger's manifest is not taken for ours."""
_TEMP_ENDING = ".icp-ml-tmp"
_REPLACED = "replaced"


def ensure_can_write_file(path: str | Path, is_ours: Callable[[Path], bool] | None = None) -> Path:
    """Return the file to write, or refuse before any work is done.

    Parameters
    ----------
    path : str or Path
        The file to write later. A symbolic link is followed.
    is_ours : callable, optional
        Tells whether an existing file was written by us; without it every regular file may be replaced.

    Raises
    ------
    UsageError
        A folder or a device is there, or a file that is not ours.
    FileSystemError
        The parent folder is missing or cannot be written.
    """
    target = resolved(path)
    if target.is_dir():
        raise UsageError(message(path, "is a folder", "a file to write", "Name a file"))
    if target.exists() and not target.is_file():
        raise UsageError(message(path, "is a device or a pipe", "a regular file, replaced whole", "Name a file"))
    if target.exists() and is_ours is not None and not is_ours(target):
        raise UsageError(message(path, "exists and was not written by icp-ml", "a new name", "Name another file"))
    _ensure_parent(target)
    return target


def ensure_can_write_folder(path: str | Path, marker: str) -> Path:
    """Return the folder to write, or refuse before any work is done.

    Parameters
    ----------
    path : str or Path
        The folder to write later. A symbolic link is followed.
    marker : str
        Name of the file that shows that an existing folder is ours; it holds ``icp_ml`` in its first 4 KiB.

    Raises
    ------
    UsageError
        A file is there, or a folder with content that is not ours.
    FileSystemError
        The parent folder is missing or cannot be written, or the folder is a mount point (it cannot be renamed).
    """
    target = resolved(path)
    if target.exists() and not target.is_dir():
        raise UsageError(message(path, "is a file", "a folder to write", "Name a folder"))
    if target.is_dir():
        _ensure_replaceable(target, path, marker)
    _ensure_parent(target)
    return target


@contextmanager
def temporary_folder(beside: str | Path) -> Iterator[Path]:
    """Yield an empty folder in the folder of ``beside``, removed at the end whatever happens.

    Folders left by killed processes for the same name are swept first; those of living processes are locked and stay.
    """
    target = resolved(beside)
    with _system_errors(target):
        _sweep(target)
        folder = Path(tempfile.mkdtemp(prefix=_prefix(target), suffix=_TEMP_ENDING, dir=target.parent))
    lock = _lock(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if lock is not None:
            os.close(lock)


@contextmanager
def whole_file(path: str | Path, is_ours: Callable[[Path], bool] | None = None) -> Iterator[Path]:
    """Yield a temporary path of the same name; when the block succeeds, it is renamed to ``path``.

    Nothing appears under ``path``, and what was there stays, when the block raises.

    Raises
    ------
    UsageError, FileSystemError
        As `ensure_can_write_file`; an OSError inside the block (a full disk) becomes a FileSystemError.
    """
    target = ensure_can_write_file(path, is_ours)
    with _system_errors(target), temporary_folder(target) as folder:
        written = folder / target.name
        yield written
        _sync(written)
        os.replace(written, target)
        _sync(target.parent)


@contextmanager
def whole_folder(path: str | Path, marker: str) -> Iterator[Path]:
    """Yield an empty temporary folder; when the block succeeds, it is renamed to ``path``.

    A folder of ours that is already there is replaced at the end; when the block raises it stays as it was.

    Raises
    ------
    UsageError, FileSystemError
        As `ensure_can_write_folder`; an OSError inside the block (a full disk) becomes a FileSystemError.
    ValueError
        The block did not write the marker: a defect of the caller.
    """
    target = ensure_can_write_folder(path, marker)
    with _system_errors(target), temporary_folder(target) as folder:
        written = folder / target.name
        written.mkdir()
        yield written
        if not _has_marker(written, marker):
            raise ValueError(f"the folder was written without its marker {marker}")
        _sync_tree(written)
        _exchange(written, target, folder / _REPLACED)


def resolved(path: str | Path) -> Path:
    """Return the absolute path with every symbolic link followed.

    Raises
    ------
    UsageError
        The path is empty.
    FileSystemError
        It cannot be followed: links in a circle, a NUL, a name that is too long.
    """
    if not str(path):
        raise UsageError(message("the output", "has an empty name", "a path", "Name a file or a folder"))
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError, ValueError) as error:
        raise FileSystemError(message(path, f"cannot be resolved ({error})", "a usable path", "Check it")) from error


def _ensure_replaceable(target: Path, path: str | Path, marker: str) -> None:
    if os.path.ismount(target):
        raise FileSystemError(message(path, "is a mount point", "a folder that can be renamed", "Name one inside it"))
    with _system_errors(target):
        is_empty = not any(target.iterdir())
    if not is_empty and not _has_marker(target, marker):
        came = f"exists and was not written by icp-ml (no {marker} of ours in it)"
        raise UsageError(message(path, came, "a new name, an empty folder or one of ours", "Name another folder"))


def _ensure_parent(target: Path) -> None:
    parent = target.parent
    if not parent.exists():
        raise FileSystemError(message(parent, "does not exist", "a folder to write into", "Create it first"))
    if not parent.is_dir():
        raise UsageError(message(parent, "is a file", "a folder to write into", "Name another path"))
    try:
        tempfile.TemporaryDirectory(prefix=".", suffix=_TEMP_ENDING, dir=parent).cleanup()
    except OSError as error:
        came = f"cannot be written ({error.strerror or error})"
        raise FileSystemError(message(parent, came, "a writable folder", "Check its rights and free space")) from error


def _has_marker(folder: Path, marker: str) -> bool:
    try:
        with (folder / marker).open("rb") as file:
            return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and SIGNATURE in file.read(4096)
    except OSError:
        return False


def _prefix(target: Path) -> str:
    return f".{target.name[:100]}."


def _lock(folder: Path) -> int | None:
    """Return a descriptor that marks the folder as in use until this process ends."""
    if fcntl is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # a file system without locks: nothing can be told stale there either
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _sweep(target: Path) -> None:
    """Remove what killed processes left for this name; put back a folder caught between the two renames."""
    for stale in target.parent.glob(f"{_glob_escaped(_prefix(target))}*{_TEMP_ENDING}"):
        descriptor = _claim(stale)
        if descriptor is None:
            continue
        if (stale / _REPLACED).is_dir() and not target.exists():
            os.rename(stale / _REPLACED, target)
            logger.warning("%s: put back after an interrupted run", target.name)
        shutil.rmtree(stale, ignore_errors=True)
        os.close(descriptor)


def _glob_escaped(text: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in text)


def _claim(folder: Path) -> int | None:
    """Return a descriptor with the lock of a folder that no living process holds, else None."""
    if fcntl is None or folder.is_symlink() or not folder.is_dir():
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _exchange(written: Path, target: Path, replaced: Path) -> None:
    """Rename the new folder into place; on failure put the old one back."""
    had_one = target.exists()
    if had_one:
        os.rename(target, replaced)
    try:
        os.rename(written, target)
    except OSError:
        if had_one:
            os.rename(replaced, target)
        raise
    _sync(target.parent)


def _sync(path: Path) -> None:
    """Ask the system to put a file or folder on the disk; folders cannot be asked everywhere."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError:
        if not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def _sync_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if not path.is_symlink():
            _sync(path)
    _sync(folder)


@contextmanager
def _system_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename if isinstance(error.filename, str) and _TEMP_ENDING not in error.filename else target
        came = f"the system refused ({error.strerror or error})"
        next_step = "Check the free space and the rights; nothing was changed"
        raise FileSystemError(message(where, came, "to read and write here", next_step)) from error
