"""Log a training in MLflow and register its model: once per content, champion only when ready.

MLflow's run status proves nothing (a killed run stays RUNNING, an interrupted one may say FINISHED). A run of ours is
complete when it holds the file ``_SUCCESS``, written last, with the digest of the model.
"""

from __future__ import annotations

import json
import logging
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING

from icp_ml import __version__
from icp_ml.lifecycle.store import StoreAddress, opened_store
from icp_ml.model.bundle import Bundle, read_bundle, write_bundle

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

CHAMPION = "champion"
CHALLENGER = "challenger"
MODEL_PATH = "model"
BUNDLE_PATH = "model/data/bundle"
DIGEST_TAG = "icp_ml.digest"
STATE_TAG = "icp_ml.state"
REGISTRATION_FILE = "registration.json"
SUCCESS_FILE = "_SUCCESS"
LOADER_MODULE = "icp_ml.lifecycle.flavor"

_logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Registration:
    """One registered version of a model.

    Attributes
    ----------
    name : str
        Registered name: the study's.
    version : int
        Version, from 1.
    run_id : str
        MLflow run that holds the files.
    is_champion : bool
        Whether the alias ``champion`` names this version.
    is_new : bool
        False where this very content was registered before; then nothing was added.
    """

    name: str
    version: int
    run_id: str
    is_champion: bool
    is_new: bool


def registration_text(name: str, version: int, read_before_by: Sequence[int] = ()) -> str:
    r"""Return the text of ``registration.json``, which stands beside the bundle and outside its digest.

    Examples
    --------
    >>> registration_text("acme", 3, [1, 2])
    '{"name": "acme", "version": 3, "test_period_read_before_by": [1, 2]}\n'
    """
    read = {"test_period_read_before_by": list(read_before_by)} if read_before_by else {}
    return json.dumps({"name": name, "version": version, **read}) + "\n"


@dataclass(frozen=True)
class _Record:
    """What is written down about one training, beside the model."""

    params: Mapping[str, object]
    metrics: Mapping[str, float | None]
    artifacts: Iterable[Path]
    tags: Mapping[str, str]


def log_training(
    model_dir: Path,
    name: str,
    ready: bool,
    *,
    params: Mapping[str, object] | None = None,
    metrics: Mapping[str, float | None] | None = None,
    artifacts: Iterable[Path] = (),
    tags: Mapping[str, str] | None = None,
) -> Registration:
    """Log the training and register the model in ``model_dir`` under ``name``.

    The newest version gets the alias ``challenger``; the first one that is ready gets ``champion``, and keeps it until
    someone promotes another. The same content (same digest) under the same name is not registered twice.

    Parameters
    ----------
    model_dir : Path
        Folder of a bundle; only the files of its manifest are uploaded as the model.
    name : str
        Registered name.
    ready : bool
        Whether the model passed its gates. One that did not is registered, and never becomes champion.
    params : mapping of str to anything, optional
        Settings; written as text.
    metrics : mapping of str to float or None, optional
        Numbers; missing and infinite ones are left out.
    artifacts : iterable of Path, optional
        Files to keep with the run: metrics, reports, the study.
    tags : mapping of str to str, optional
        Lineage: digest of the data, of the study, code version.

    Returns
    -------
    Registration
        Name, version and run.

    Raises
    ------
    FileSystemError
        The store cannot be used; the model folder stays as it is.
    ModelError
        The bundle is damaged.
    """
    bundle = read_bundle(model_dir)
    with opened_store(create=True) as (client, address):
        training = _Training(client, address, bundle, name, ready)
        return training.known_version() or training.log(_Record(params or {}, metrics or {}, artifacts, tags or {}))


@dataclass(frozen=True)
class _Training:
    """One training on its way into one store."""

    client: MlflowClient
    address: StoreAddress
    bundle: Bundle
    name: str
    ready: bool

    def known_version(self) -> Registration | None:
        """Return the version that already holds this content; one whose registration was cut short is finished."""
        found_anywhere = self.client.search_model_versions(f"tags.`{DIGEST_TAG}` = '{self.bundle.digest}'")
        same = [version for version in found_anywhere if version.name == self.name]
        if not same:
            return None
        found = min(same, key=lambda version: int(version.version))
        _logger.info("%s: this model is registered already, as version %s", self.name, found.version)
        if found.tags.get(STATE_TAG) != "complete":
            return self._finish(int(found.version), found.run_id, is_new=False)
        champion = self._aliases().get(CHAMPION) == int(found.version)
        return Registration(self.name, int(found.version), found.run_id, champion, is_new=False)

    def log(self, record: _Record) -> Registration:
        """Log everything to one run, then register it; a run of `mlflow run` is used and left to its owner."""
        adopted = _adopted_run(self.client)
        experiment = adopted.info.experiment_id if adopted else self._experiment()
        if self.address.database:  # we hold the store: whoever else was logging here is dead
            _mark_stale(self.client, experiment)
        run = adopted or self.client.create_run(experiment, run_name=f"{self.name} {self.bundle.digest[:12]}")
        try:
            registration = self._fill(run, record)
        except BaseException as error:
            if not adopted:
                self.client.set_terminated(run.info.run_id, "FAILED" if isinstance(error, Exception) else "KILLED")
            raise
        if not adopted:
            self.client.set_terminated(run.info.run_id, "FINISHED")
        return registration

    def _fill(self, run: Run, record: _Record) -> Registration:
        run_id = run.info.run_id
        tags = {**record.tags, DIGEST_TAG: self.bundle.digest, STATE_TAG: "logging", "icp_ml.version": __version__}
        _log_values(self.client, run, record, tags)
        for path in record.artifacts:
            self.client.log_artifact(run_id, str(path))
        with tempfile.TemporaryDirectory(prefix="icp-ml-") as folder:
            self.client.log_artifacts(run_id, str(_mlflow_model(self.bundle, Path(folder))), MODEL_PATH)
        _create_model(self.client, self.name)
        version = self.client.create_model_version(
            self.name, f"runs:/{run_id}/{MODEL_PATH}", run_id, tags={DIGEST_TAG: self.bundle.digest}
        )
        return self._finish(int(version.version), run_id, is_new=True)

    def _finish(self, version: int, run_id: str, *, is_new: bool) -> Registration:
        """Write the version beside the bundle, set the aliases, and mark the run as complete, in this order."""
        text = registration_text(self.name, version)
        self.client.log_text(run_id, text, f"{BUNDLE_PATH}/{REGISTRATION_FILE}")
        champion = self._set_aliases(version)
        self.client.set_model_version_tag(self.name, str(version), "icp_ml.ready", str(self.ready).lower())
        self.client.set_model_version_tag(self.name, str(version), STATE_TAG, "complete")
        self.client.set_tag(run_id, STATE_TAG, "complete")
        self.client.log_text(run_id, self.bundle.digest + "\n", SUCCESS_FILE)
        return Registration(self.name, version, run_id, champion, is_new)

    def _set_aliases(self, version: int) -> bool:
        aliases = self._aliases()
        if version > aliases.get(CHALLENGER, 0):
            self.client.set_registered_model_alias(self.name, CHALLENGER, str(version))
        if self.ready and CHAMPION not in aliases:
            self.client.set_registered_model_alias(self.name, CHAMPION, str(version))
            return True
        return aliases.get(CHAMPION) == version

    def _aliases(self) -> dict[str, int]:
        found = self.client.get_registered_model(self.name).aliases
        return {alias: int(version) for alias, version in found.items()}

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(self.name)
        if found is not None:
            return str(found.experiment_id)
        return str(self.client.create_experiment(self.name, artifact_location=self.address.artifacts))


def _mlflow_model(bundle: Bundle, folder: Path) -> Path:
    """Write an MLflow model around the bundle: our loader named, no pickle, no signature.

    A signature would make MLflow check the input, and its refusal prints rows of data; the bundle's own contract
    checks instead.
    """
    from mlflow import pyfunc

    (folder / "bundle").mkdir()
    write_bundle(folder / "bundle", bundle.parts)
    target = folder / "mlflow"
    pyfunc.save_model(
        str(target),
        loader_module=LOADER_MODULE,
        data_path=str(folder / "bundle"),
        pip_requirements=[f"icp-ml=={__version__}"],
        metadata={DIGEST_TAG: bundle.digest},
    )
    return target


def _log_values(client: MlflowClient, run: Run, record: _Record, tags: Mapping[str, str]) -> None:
    """Log tags, parameters and metrics; a parameter that `mlflow run` has written already is left alone."""
    run_id = run.info.run_id
    for key, text in tags.items():
        client.set_tag(run_id, key, text)
    for key, setting in record.params.items():
        if key not in run.data.params:
            client.log_param(run_id, key, str(setting)[:6000])
    for key, number in record.metrics.items():
        if number is not None and isfinite(number):
            client.log_metric(run_id, key, float(number))


def _adopted_run(client: MlflowClient) -> Run | None:
    """Return the run that `mlflow run` opened for this process, if it is in this store."""
    from mlflow.exceptions import MlflowException

    run_id = os.environ.get("MLFLOW_RUN_ID")
    try:
        return client.get_run(run_id) if run_id else None
    except MlflowException:
        return None


def _mark_stale(client: MlflowClient, experiment: str) -> None:
    """Close the runs that a killed process left RUNNING while it was logging."""
    abandoned = f"attributes.status = 'RUNNING' and tags.`{STATE_TAG}` = 'logging'"
    for run in client.search_runs([experiment], filter_string=abandoned):
        client.set_tag(run.info.run_id, STATE_TAG, "stale")
        client.set_terminated(run.info.run_id, "KILLED")
        _logger.warning("MLflow run %s was never completed; it is marked as stale", run.info.run_id)


def _create_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.create_registered_model(name)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
