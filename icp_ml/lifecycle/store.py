"""Opens the MLflow store: quietly, without telemetry, and one at a time where the store is a file."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from filelock import FileLock, Timeout

from icp_ml.errors import ConfigError, FileSystemError, IcpError, ModelError, message

if TYPE_CHECKING:
    from mlflow import MlflowClient

TRACKING_URI = "MLFLOW_TRACKING_URI"
_SQLITE = "sqlite:///"
_STORES = "a server (http, https), a database, or sqlite:///FILE"
_LOCK_SECONDS = 600.0


@dataclass(frozen=True)
class StoreAddress:
    """Where runs and versions are kept.

    Attributes
    ----------
    uri : str
        The tracking URI, as MLflow wants it.
    database : Path or None
        The SQLite file; None where a server or another database keeps the runs.
    """

    uri: str
    database: Path | None

    @property
    def artifacts(self) -> str | None:
        """Folder for the files of runs, as a URI beside the SQLite file; None leaves the choice to the server."""
        return (self.database.parent / "mlartifacts").as_uri() if self.database else None


def store_address() -> StoreAddress:
    """Return the store of ``MLFLOW_TRACKING_URI``, else ``mlflow.db`` in the working directory.

    Raises
    ------
    ConfigError
        The address is a folder: MLflow no longer supports its file store.
    """
    given = os.environ.get(TRACKING_URI, "").strip()
    if not given:
        return _sqlite(Path.cwd() / "mlflow.db")
    if given.startswith(_SQLITE) and "?" not in given and not given.startswith(_SQLITE + ":memory:"):
        return _sqlite(Path(unquote(given.removeprefix(_SQLITE))).absolute())
    if given.startswith("file:") or "://" not in given:
        raise ConfigError(message(TRACKING_URI, f"'{given}' is a folder", _STORES, "Name one of these, or unset it"))
    return StoreAddress(given, None)


@contextmanager
def opened_store(*, create: bool) -> Iterator[tuple[MlflowClient, StoreAddress]]:
    """Open the store for one piece of work; a SQLite store is held by one process at a time.

    The lock covers the creation of the tables too: two processes that create them at once damage the file.

    Parameters
    ----------
    create : bool
        Whether a SQLite file that does not exist may be created.

    Raises
    ------
    FileSystemError
        The store cannot be opened, reached, read or written.
    ConfigError
        The address names no kind of store that MLflow knows.
    ModelError
        Nothing was ever registered here and ``create`` is false.
    """
    address = store_address()
    with _locked(address.database, create=create), _without_noise():
        try:
            yield _client(address.uri), address
        except IcpError:
            raise
        except Exception as error:
            if not _is_of_the_store(error):
                raise
            raise _unusable(address.uri, _first_line(error)) from error


def _sqlite(database: Path) -> StoreAddress:
    return StoreAddress(_SQLITE + str(database).replace("%", "%25").replace("?", "%3F"), database)


def _client(uri: str) -> MlflowClient:
    """Import MLflow with telemetry off, and connect. Retries are few: a store that is down should be heard of."""
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "2")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException

    logging.getLogger("mlflow").setLevel(logging.ERROR)  # the import has just set it to INFO
    try:
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    except MlflowException as error:
        if _is_of_the_store(error):
            raise
        raise ConfigError(
            message(TRACKING_URI, _first_line(error), _STORES, "Name one of these, or unset it")
        ) from error


@contextmanager
def _locked(database: Path | None, *, create: bool) -> Iterator[None]:
    if database is None:
        yield
        return
    if not database.exists():
        _check_creatable(database, create=create)
    try:
        lock = FileLock(f"{database}.lock", timeout=_LOCK_SECONDS)
        lock.acquire()
    except Timeout as error:
        came = f"is held by another process for {_LOCK_SECONDS:.0f} seconds"
        raise FileSystemError(
            message(database, came, "a free store", "Wait for the other run, then try again")
        ) from error
    except OSError as error:
        raise _unusable(str(database), error.strerror or str(error)) from error
    try:
        yield
    finally:
        lock.release()


def _check_creatable(database: Path, *, create: bool) -> None:
    """Refuse at once what SQLite would try for two minutes."""
    if not create:
        came = "no model was ever registered in this store"
        raise ModelError(message(database, came, "a registered model", f"Train first, or set {TRACKING_URI}"))
    if not database.parent.is_dir():
        raise _unusable(str(database), "its folder does not exist")
    if not os.access(database.parent, os.W_OK):
        raise _unusable(str(database), "its folder cannot be written")


@contextmanager
def _without_noise() -> Iterator[None]:
    """Keep the libraries' progress and deprecations out of our messages, and put everything back."""
    loggers = [logging.getLogger(name) for name in ("mlflow", "alembic")]
    levels = [logger.level for logger in loggers]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _is_of_the_store(error: Exception) -> bool:
    """Tell a store that fails from a defect of ours, such as a wrong argument."""
    of_library = type(error).__module__.split(".")[0] in {"mlflow", "sqlalchemy", "requests", "urllib3"}
    return of_library and getattr(error, "error_code", None) != "INVALID_PARAMETER_VALUE"


def _unusable(where: str, why: str) -> FileSystemError:
    expected = "an MLflow store that can be opened"
    return FileSystemError(message(where, why, expected, f"Check {TRACKING_URI}, the server, the path and its rights"))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__
