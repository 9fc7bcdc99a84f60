"""A model on disk: a flat folder of parts and a manifest; every byte is checked before anything parses it.

``manifest.json`` lists the parts with their length and SHA-256. The digest of a bundle is the SHA-256 of its manifest,
so it names every byte of the model. Files that the manifest does not list (reports, ``registration.json``) may stand
beside the parts; they are not read as part of the model. Text, JSON and Parquet only: nothing here can run code.

To raise the format version: add one to `FORMAT_VERSION`, describe the change in the list below, and keep reading the
earlier version only where its meaning is unchanged.

1. First format.
2. The reference customers have a group, a part in the evaluation and a desired outcome; models of format 1 are refused.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icp_ml.errors import FileSystemError, ModelError, message
from icp_ml.outputs import whole_folder

FORMAT = "icp_ml model"
FORMAT_VERSION = 2
MANIFEST = "manifest.json"
_MAX_MANIFEST_BYTES = 1_000_000
_MAX_PARTS = 64
_MAX_BYTES = 2_000_000_000
_NAME = re.compile(r"[a-z0-9_]{1,64}\.(json|txt|parquet)")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NEXT = "Train the model again, or restore the folder from its source"


@dataclass(frozen=True)
class Bundle:
    """The verified parts of a model.

    Attributes
    ----------
    parts : dict of str to bytes
        Content of every listed file.
    digest : str
        SHA-256 of the manifest, 64 hexadecimal digits.
    """

    parts: dict[str, bytes]
    digest: str


def manifest_of(parts: Mapping[str, bytes]) -> bytes:
    """Return the manifest of some parts: the same parts give the same bytes.

    Raises
    ------
    ValueError
        A part is not named in lower case with the ending json, txt or parquet.
    """
    for name in parts:
        if not _NAME.fullmatch(name) or name == MANIFEST:
            raise ValueError(f"{name!r} is not a name for a part of a bundle")
    files = {name: {"bytes": len(parts[name]), "sha256": _sha256(parts[name])} for name in sorted(parts)}
    document = {"files": files, "format": FORMAT, "format_version": FORMAT_VERSION}
    return json.dumps(document, indent=1, sort_keys=True).encode() + b"\n"


def digest_of(parts: Mapping[str, bytes]) -> str:
    """Return the digest that a bundle of these parts has."""
    return _sha256(manifest_of(parts))


def write_bundle(folder: str | Path, parts: Mapping[str, bytes]) -> str:
    """Write the parts and their manifest into an existing folder and return the digest.

    The folder is written file by file: give it the temporary folder of `icp_ml.outputs.whole_folder`, or call
    `save_bundle`, where the whole must appear at once.
    """
    manifest = manifest_of(parts)
    for name, content in parts.items():
        (Path(folder) / name).write_bytes(content)
    (Path(folder) / MANIFEST).write_bytes(manifest)
    return _sha256(manifest)


def save_bundle(path: str | Path, parts: Mapping[str, bytes]) -> str:
    """Write a bundle whole or not at all and return its digest.

    Raises
    ------
    UsageError
        Something that is not a model of ours is at ``path``.
    FileSystemError
        The operating system could not write.
    """
    with whole_folder(path, MANIFEST) as folder:
        return write_bundle(folder, parts)


def read_bundle(folder: str | Path) -> Bundle:
    """Read a bundle and verify every byte of it.

    Raises
    ------
    ModelError
        The manifest or a part is missing, damaged, changed, a link, outside the folder, or of another format.
    FileSystemError
        The folder does not exist or cannot be read.
    """
    folder = Path(folder)
    if not folder.exists():
        raise FileSystemError(message(folder, "does not exist", "a model folder", "Check the path"))
    manifest = _read_file(folder, MANIFEST, _MAX_MANIFEST_BYTES)
    files = _listed_files(folder, manifest)
    parts = {name: _read_part(folder, name, entry) for name, entry in files.items()}
    return Bundle(parts, _sha256(manifest))


def parse_json(content: bytes, where: object) -> dict[str, Any]:
    """Return one JSON object.

    Raises
    ------
    ModelError
        The bytes are not UTF-8 JSON with an object at the top.
    """
    try:
        document = json.loads(content.decode())
    except (ValueError, RecursionError) as error:
        raise _refused(where, f"is not JSON ({type(error).__name__})", "a JSON object") from error
    if not isinstance(document, dict):
        raise _refused(where, f"holds a {type(document).__name__}", "a JSON object")
    return document


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _refused(where: object, came: str, expected: str) -> ModelError:
    return ModelError(message(where, came, expected, _NEXT))


def _listed_files(folder: Path, manifest: bytes) -> dict[str, dict[str, Any]]:
    """Return the manifest's entries, each checked in form, none yet opened."""
    where = folder / MANIFEST
    document = parse_json(manifest, where)
    if document.get("format") != FORMAT:
        raise _refused(where, "is the manifest of something else", f"format {FORMAT!r}")
    version = document.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        raise _refused(where, f"has format_version {version!r:.40}", f"{FORMAT_VERSION}, the one this version reads")
    files = document.get("files")
    if set(document) != {"files", "format", "format_version"} or not isinstance(files, dict):
        raise _refused(where, "has other keys than ours", "files, format and format_version")
    if not 0 < len(files) <= _MAX_PARTS:
        raise _refused(where, f"lists {len(files)} files", f"1 to {_MAX_PARTS}")
    for name, entry in files.items():
        _check_entry(where, name, entry)
    total = sum(entry["bytes"] for entry in files.values())
    if total > _MAX_BYTES:
        raise _refused(where, f"lists {total} bytes", f"at most {_MAX_BYTES}")
    return files


def _check_entry(where: Path, name: str, entry: object) -> None:
    if not _NAME.fullmatch(name) or name == MANIFEST:
        raise _refused(where, f"lists a file {name!r:.80}", "plain names that end in json, txt or parquet")
    if not isinstance(entry, dict) or set(entry) != {"bytes", "sha256"}:
        raise _refused(where, f"has a damaged entry for {name}", "bytes and sha256")
    size, sha256 = entry["bytes"], entry["sha256"]
    if type(size) is not int or not 0 <= size <= _MAX_BYTES:
        raise _refused(where, f"gives {name} a size of {size!r:.40}", f"0 to {_MAX_BYTES} bytes")
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise _refused(where, f"gives {name} no SHA-256", "64 hexadecimal digits")


def _read_part(folder: Path, name: str, entry: Mapping[str, Any]) -> bytes:
    content = _read_file(folder, name, entry["bytes"])
    if len(content) != entry["bytes"]:
        raise _refused(folder / name, f"has {len(content)} bytes", f"the {entry['bytes']} that were written")
    if _sha256(content) != entry["sha256"]:
        raise _refused(folder / name, "was changed (another SHA-256)", "the bytes that were written")
    return content


def _read_file(folder: Path, name: str, limit: int) -> bytes:
    """Return the bytes of a regular file, read once; never more than the limit, never through a link."""
    path = folder / name
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        if path.is_symlink():
            raise _refused(path, "is a symbolic link", "a file inside the model folder")
        descriptor = os.open(path, flags)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _refused(path, "is missing", "a complete model folder") from error
    except OSError as error:
        came = f"cannot be read ({error.strerror or error})"
        raise FileSystemError(message(path, came, "a readable model folder", "Check its rights")) from error
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):  # asked first: a folder can be opened, but is no file object
        os.close(descriptor)
        raise _refused(path, "is not a regular file", "a file inside the model folder")
    with os.fdopen(descriptor, "rb") as file:
        if status.st_size > limit:
            raise _refused(path, f"has {status.st_size} bytes", f"at most {limit}")
        return file.read(limit + 1)
