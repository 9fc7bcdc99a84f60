"""Write a draft that may be replaced only while nobody has changed it: its first line signs the rest."""

from __future__ import annotations

import hashlib
from pathlib import Path

from icp_ml.errors import UsageError, message
from icp_ml.outputs import ensure_can_write_file, whole_file


def ensure_can_draft(out: str | Path, command: str) -> Path:
    """Return where a draft goes, or refuse before any work is done.

    Raises
    ------
    UsageError
        Something is there that is not an untouched draft of this command.
    FileSystemError
        The folder is missing or cannot be written.
    """
    path = Path(out)
    if path.is_file() and path.read_bytes().startswith(_start(command).encode()) and not _is_untouched(path, command):
        came = "was changed since icp-ml wrote it"
        raise UsageError(message(path, came, "an untouched proposal to replace", "Name another file with --out"))
    ensure_can_write_file(path, lambda found: _is_untouched(found, command))
    return path


def write_draft(out: Path, text: str, command: str) -> str:
    """Write a draft whole, under its signature, and return what was written."""
    signed = f"{_signature(text, command)}\n{text}"
    with whole_file(out, lambda found: _is_untouched(found, command)) as path:
        path.write_text(signed, encoding="utf-8")
    return signed


def _start(command: str) -> str:
    return f"# icp-ml {command} "


def _signature(text: str, command: str) -> str:
    return f"{_start(command)}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def _is_untouched(path: Path, command: str) -> bool:
    first, _, rest = path.read_bytes().decode(errors="replace").partition("\n")
    return first == _signature(rest, command)
