"""A test period is read once: later trainings that read it again are counted.

Who trains with other settings until the test period looks good has chosen by it, and its numbers are then too good.
Nothing is forbidden; the number of readings is told. It is kept as tags of the MLflow runs, and stays out of report and
bundle, which are the same bytes on every repetition.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from icp_ml.errors import ModelError
from icp_ml.lifecycle.store import opened_store
from icp_ml.lifecycle.tracking import STATE_TAG

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

PERIOD_TAG = "icp_ml.test_period"
"""Tag of a run: the key of the accounts that judged it."""
IDENTITY = ("study_sha256", "data_sha256", "code_version")
"""Tags that tell one reading from another; the same three are a repetition, not a reading."""


@dataclass(frozen=True)
class Reading:
    """One training that was judged by a test period.

    Attributes
    ----------
    run_id : str
        MLflow run.
    study_sha256 : str
        Digest of the study it was of.
    version : int
        Registered version.
    ready : bool
        It passed its gates.
    """

    run_id: str
    study_sha256: str
    version: int
    ready: bool

    def as_document(self) -> dict[str, Any]:
        """Return the reading as a JSON object."""
        return asdict(self)


def period_key(ids: Sequence[str], labels: Sequence[float]) -> str:
    """Return the key of a test period: who judged, and with which outcome, whatever the order of rows.

    Parameters
    ----------
    ids : sequence of str, length n
        Of the accounts that judged.
    labels : sequence of float, length n
        1 success, 0 churned.

    Returns
    -------
    str
        32 hexadecimal digits. One more account or another outcome is another test period.

    Examples
    --------
    >>> period_key(["a", "b"], [1, 0]) == period_key(["b", "a"], [0, 1])
    True
    """
    digest = hashlib.blake2b(digest_size=16)
    for account, label in sorted(zip(ids, labels, strict=True)):
        content = account.encode("utf-8", "surrogatepass")
        digest.update(b"%d:%b=%d;" % (len(content), content, int(label)))
    return digest.hexdigest()


def earlier_readings(name: str, key: str, identity: Mapping[str, str]) -> list[Reading]:
    """Return the registered trainings of this name that were judged by the same accounts, oldest version first.

    Parameters
    ----------
    name : str
        Registered name of the model.
    key : str
        From `period_key`.
    identity : mapping of str to str
        The tags ``study_sha256``, ``data_sha256`` and ``code_version`` of the training that asks. Runs with the same
        three are the same reading; of several equal ones the first is returned.

    Returns
    -------
    list of Reading
        Empty when nobody read this test period before, or there is no store yet.

    Raises
    ------
    FileSystemError
        The store cannot be used.
    """
    try:
        with opened_store(create=False) as (client, _):
            found = [(run, version) for run in _judged_by(client, key) for version in _versions(client, run, name)]
    except ModelError:  # nothing was ever registered here
        return []
    seen = {_identity(identity)}
    readings = []
    for run, version in sorted(found, key=lambda pair: pair[1]):
        tags = run.data.tags
        if _identity(tags) not in seen:
            seen.add(_identity(tags))
            ready = tags.get("ready") == "true"
            readings.append(Reading(run.info.run_id, tags.get("study_sha256", ""), version, ready))
    return readings


def readings_sentence(readings: Sequence[Reading]) -> str:
    """Say how often a test period was read before, and what that does to its numbers; empty for a first reading.

    Examples
    --------
    >>> readings_sentence([Reading("a", "b", 3, True)])[:68]
    'This test period was read by 1 earlier training with other settings '
    """
    if not readings:
        return ""
    n = len(readings)
    versions = ", ".join(str(reading.version) for reading in readings[-5:])
    named = f"version{'s' * (n > 1)} {'..., ' * (n > 5)}{versions}"
    return (
        f"This test period was read by {n:,} earlier training{'s' * (n > 1)} with other settings or data ({named}); "
        "choosing among them by these numbers makes them optimistic."
    )


def _identity(tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(tags.get(key, "") for key in IDENTITY)


def _judged_by(client: MlflowClient, key: str) -> Iterator[Run]:
    """Yield the complete runs of a test period, in every experiment: a run of `mlflow run` may be in any."""
    experiments = [found.experiment_id for found in client.search_experiments()]
    wanted = f"tags.`{PERIOD_TAG}` = '{key}' and tags.`{STATE_TAG}` = 'complete'"
    token: str | None = None
    while True:
        page = client.search_runs(experiments, filter_string=wanted, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _versions(client: MlflowClient, run: Run, name: str) -> list[int]:
    found = client.search_model_versions(f"run_id = '{run.info.run_id}'")
    return [int(version.version) for version in found if version.name == name]
