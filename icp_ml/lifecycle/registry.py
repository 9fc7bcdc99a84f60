"""Turn the name of a model into a local folder, without running anything that comes with it.

MLflow's own loaders are not used: they import the module an ``MLmodel`` file names and read pickles. Here the files of
the bundle are fetched, and `icp_ml.model.bundle` verifies every byte before anything parses it.
"""

from __future__ import annotations

import atexit
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from icp_ml.errors import FileSystemError, ModelError, UsageError, message
from icp_ml.lifecycle.store import opened_store
from icp_ml.lifecycle.tracking import BUNDLE_PATH, DIGEST_TAG, MODEL_PATH
from icp_ml.model.bundle import MANIFEST, read_bundle

if TYPE_CHECKING:
    from mlflow import MlflowClient

FORMS = "a model folder, models:/NAME@ALIAS, models:/NAME/VERSION or runs:/ID/model"
_VERSION = re.compile(r"models:/(?P<name>[^/@:]+)/(?P<version>[1-9][0-9]{0,8})")
_ALIAS = re.compile(r"models:/(?P<name>[^/@:]+)@(?P<alias>[\w-]+)")
_RUN = re.compile(rf"runs:/(?P<run>[0-9a-zA-Z]+)/{MODEL_PATH}")
_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+:")


@dataclass(frozen=True)
class _Place:
    """The run that holds a model, and the digest it was registered with (None: not registered)."""

    run_id: str
    digest: str | None


def resolve_model(model: str | Path) -> Path:
    """Return the local folder that holds the bundle of ``model``; an alias is looked up once, now.

    Parameters
    ----------
    model : str or Path
        A model folder, ``models:/NAME@ALIAS``, ``models:/NAME/VERSION`` or ``runs:/ID/model``.

    Returns
    -------
    Path
        A folder to give to `icp_ml.model.load_model`. The copy made of a
        registered model is removed when the process ends.

    Raises
    ------
    UsageError
        The address has none of these forms.
    FileSystemError
        The folder does not exist, or the store cannot be reached.
    ModelError
        There is no such model, its files are not a bundle of ours, or they are not those that were registered.

    Examples
    --------
    >>> resolve_model("models:/acme")
    Traceback (most recent call last):
    ...
    icp_ml.errors.UsageError: models:/acme: is no address of a model; expected a model folder, ...
    """
    text = str(model)
    if _SCHEME.match(text) and not Path(text).exists():
        return _from_store(text)
    folder = Path(model)
    if not folder.is_dir():
        came = "is a file" if folder.exists() else "does not exist"
        raise FileSystemError(message(folder, came, FORMS, "Check the path"))
    return folder


def _from_store(uri: str) -> Path:
    if not any(form.fullmatch(uri) for form in (_VERSION, _ALIAS, _RUN)):
        raise UsageError(message(uri, "is no address of a model", FORMS, "Correct the address"))
    with opened_store(create=False) as (client, _):
        place = _locate(client, uri)
        folder = _fetch(client, place.run_id, uri)
    digest = read_bundle(folder).digest
    if place.digest not in (None, digest):
        came = "its files are not those that were registered"
        raise ModelError(message(uri, came, f"digest {str(place.digest)[:12]}", "Restore them, or train again"))
    return folder


def _locate(client: MlflowClient, uri: str) -> _Place:
    from mlflow.exceptions import MlflowException

    try:
        if run := _RUN.fullmatch(uri):
            found = client.get_run(run["run"])
            return _Place(found.info.run_id, found.data.tags.get(DIGEST_TAG))
        name, at, wanted = uri.removeprefix("models:/").partition("@")
        if not at:
            name, _, wanted = name.partition("/")
        look_up = client.get_model_version_by_alias if at else client.get_model_version
        version = look_up(name, wanted)
        return _Place(version.run_id, version.tags.get(DIGEST_TAG))
    except MlflowException as error:
        if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
            raise
        raise _no_such(uri, "is not in the registry") from error


def _fetch(client: MlflowClient, run_id: str, uri: str) -> Path:
    """Return a copy of the bundle's folder, removed at exit: what is verified is what is read."""
    from mlflow.exceptions import MlflowException

    if not run_id:
        raise _no_such(uri, "was registered without a run")
    temporary = Path(tempfile.mkdtemp(prefix="icp-ml-model-"))
    atexit.register(shutil.rmtree, temporary, ignore_errors=True)
    try:
        folder = Path(client.download_artifacts(run_id, BUNDLE_PATH, str(temporary)))
    except (MlflowException, OSError) as error:
        raise _no_such(uri, "has no files of ours in its run") from error
    if not (folder / MANIFEST).is_file():
        raise _no_such(uri, "has no files of ours in its run")
    return folder


def _no_such(uri: str, came: str) -> ModelError:
    return ModelError(message(uri, came, "a model that icp-ml has registered", "Check the name, or train first"))
