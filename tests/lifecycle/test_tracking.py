"""Every training is one complete run and one version; the champion is ready, or there is none."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from icp_ml.errors import ConfigError, FileSystemError, ModelError
from icp_ml.lifecycle import tracking
from icp_ml.lifecycle.store import store_address
from icp_ml.lifecycle.tracking import DIGEST_TAG, STATE_TAG, log_training
from icp_ml.model.bundle import read_bundle


def test_first_ready_model_becomes_champion_and_stays(bundle, store):
    first, second = (log_training(bundle(text), "acme", ready=True) for text in ("one", "two"))
    assert (first.version, first.is_champion, second.version, second.is_champion) == (1, True, 2, False)


def test_a_model_that_is_not_ready_is_challenger_and_never_champion(bundle, client_after, store):
    assert not log_training(bundle(), "acme", ready=False).is_champion
    assert client_after().get_registered_model("acme").aliases == {"challenger": 1}


def test_a_ready_model_after_one_that_is_not_becomes_champion(bundle, client_after, store):
    log_training(bundle("one"), "acme", ready=False)
    assert log_training(bundle("two"), "acme", ready=True).is_champion
    assert client_after().get_registered_model("acme").aliases == {"challenger": 2, "champion": 2}


def test_same_content_is_registered_once(bundle, store):
    first, again = (log_training(bundle(), "acme", ready=True) for _ in range(2))
    assert (again.version, again.run_id, again.is_new) == (first.version, first.run_id, False)
    assert first.is_new


def test_same_content_under_another_name_is_another_model(bundle, store):
    assert [log_training(bundle(), name, ready=True).is_new for name in ("acme", "o'neil & co")] == [True, True]
    assert not log_training(bundle(), "o'neil & co", ready=True).is_new


def test_the_run_holds_what_was_written_down(bundle, tmp_path, client_after, store):
    (tmp_path / "metrics.json").write_text("{}")
    registration = log_training(
        bundle(),
        "acme",
        ready=True,
        params={"learner": "auto", "long": "x" * 9000},
        metrics={"roc_auc": 0.75, "lift": None, "slope": float("nan")},
        artifacts=[tmp_path / "metrics.json"],
        tags={"icp_ml.data": "abc"},
    )
    run = client_after().get_run(registration.run_id)
    assert run.data.metrics == {"roc_auc": 0.75}
    assert (run.data.params["learner"], len(run.data.params["long"])) == ("auto", 6000)
    assert (run.data.tags["icp_ml.data"], run.data.tags[STATE_TAG]) == ("abc", "complete")
    names = {entry.path for entry in client_after().list_artifacts(registration.run_id)}
    assert names == {"metrics.json", "model", "_SUCCESS"}


def test_the_artifacts_lie_beside_the_database(bundle, tmp_path, store):
    log_training(bundle(), "acme", ready=True)
    assert len(list((tmp_path / "mlartifacts").glob("*/artifacts/_SUCCESS"))) == 1
    assert not list(Path.cwd().iterdir())


def test_the_logged_bundle_is_the_bundle(bundle, tmp_path, store):
    log_training(bundle(), "acme", ready=True)
    (logged,) = tmp_path.glob("mlartifacts/*/artifacts/model/data/bundle")
    assert read_bundle(logged) == read_bundle(bundle())
    assert json.loads((logged / "registration.json").read_text()) == {"name": "acme", "version": 1}


def test_an_interrupted_training_is_killed_and_not_registered(bundle, monkeypatch, client_after, store):
    def stop(*_: object) -> Path:
        raise KeyboardInterrupt

    monkeypatch.setattr(tracking, "_mlflow_model", stop)
    with pytest.raises(KeyboardInterrupt):
        log_training(bundle(), "acme", ready=True)
    client = client_after()
    (run,) = client.search_runs([client.get_experiment_by_name("acme").experiment_id])
    assert (run.info.status, run.data.tags[STATE_TAG]) == ("KILLED", "logging")
    assert not client.list_artifacts(run.info.run_id)
    assert not client.search_registered_models()


def test_a_run_that_was_left_running_is_marked_stale(bundle, client_after, store):
    log_training(bundle("one"), "acme", ready=True)
    client = client_after()
    experiment = client.get_experiment_by_name("acme").experiment_id
    left = client.create_run(experiment, tags={STATE_TAG: "logging"}).info.run_id
    log_training(bundle("two"), "acme", ready=True)
    run = client.get_run(left)
    assert (run.info.status, run.data.tags[STATE_TAG]) == ("KILLED", "stale")


def test_a_registration_cut_short_is_finished_by_the_next_training(bundle, monkeypatch, client_after, store):
    with monkeypatch.context() as patch:
        patch.setattr(tracking._Training, "_set_aliases", lambda *_: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(OSError, match="full"):
            log_training(bundle(), "acme", ready=True)
    registration = log_training(bundle(), "acme", ready=True)
    assert (registration.version, registration.is_champion, registration.is_new) == (1, True, False)
    assert "_SUCCESS" in {entry.path for entry in client_after().list_artifacts(registration.run_id)}


def test_the_run_of_mlflow_run_is_used_and_left_to_its_owner(bundle, monkeypatch, client_after, store):
    client = client_after()
    run_id = client.create_run("0").info.run_id
    client.log_param(run_id, "seed", "")
    monkeypatch.setenv("MLFLOW_RUN_ID", run_id)
    registration = log_training(bundle(), "acme", ready=True, params={"seed": 0, "learner": "auto"})
    run = client.get_run(run_id)
    assert (registration.run_id, run.info.status) == (run_id, "RUNNING")
    assert run.data.params == {"seed": "", "learner": "auto"}


def test_a_run_id_of_another_store_is_not_used(bundle, monkeypatch, store):
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    assert log_training(bundle(), "acme", ready=True).run_id != "0" * 32


def test_a_damaged_bundle_is_refused_before_the_store_is_touched(bundle, tmp_path):
    (bundle() / "model.json").write_text("{}")
    with pytest.raises(ModelError, match="bytes"):
        log_training(bundle("one2").parent / "one", "acme", ready=True)
    assert not (tmp_path / "mlflow.db").exists()


TRAINER = """
import sys
from pathlib import Path
from icp_ml.lifecycle.tracking import log_training
print(log_training(Path(sys.argv[1]), "acme", ready=True).version)
"""


@pytest.mark.slow
def test_two_trainers_on_a_fresh_store_both_succeed(bundle):
    folders = [bundle("one"), bundle("two")]
    trainers = [
        subprocess.Popen([sys.executable, "-c", TRAINER, str(folder)], stdout=subprocess.PIPE, text=True)
        for folder in folders
    ]
    assert sorted(trainer.communicate(timeout=300)[0].strip() for trainer in trainers) == ["1", "2"]


def test_telemetry_is_off(bundle, store):
    log_training(bundle(), "acme", ready=True)
    from mlflow.telemetry.utils import is_telemetry_disabled

    assert is_telemetry_disabled()
    assert (os.environ["MLFLOW_DISABLE_TELEMETRY"], os.environ["DO_NOT_TRACK"]) == ("true", "true")


def test_the_store_is_the_working_directory_s_unless_named(monkeypatch, tmp_path):
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.chdir(tmp_path)
    assert store_address().database == tmp_path / "mlflow.db"
    assert store_address().artifacts == (tmp_path / "mlartifacts").as_uri()


@pytest.mark.parametrize("folder", ["with space", "100%25", "Zürich"])
def test_odd_folders_hold_a_store(bundle, monkeypatch, tmp_path, folder, made_store):
    (tmp_path / folder).mkdir()
    shutil.copy(made_store, tmp_path / folder / "mlflow.db")
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.chdir(tmp_path / folder)
    log_training(bundle(), "acme", ready=True)
    assert (tmp_path / folder / "mlflow.db").read_bytes() != made_store.read_bytes()
    assert list((tmp_path / folder).glob("mlartifacts/*/artifacts/_SUCCESS"))


@pytest.mark.parametrize("uri", ["mlruns", "file:///nowhere/mlruns"])
def test_a_folder_is_no_store(monkeypatch, uri):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    with pytest.raises(ConfigError, match="is a folder; expected a server"):
        store_address()


def test_a_kind_of_store_that_is_unknown_is_a_wrong_setting(bundle, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "gopher://nowhere")
    with pytest.raises(ConfigError, match=r"MLFLOW_TRACKING_URI: .*expected a server"):
        log_training(bundle(), "acme", ready=True)


def test_a_defect_of_ours_is_not_blamed_on_the_store(bundle, store):
    from mlflow.exceptions import MlflowException

    with pytest.raises(MlflowException, match="Invalid"):
        log_training(bundle(), "acme", ready=True, metrics={"not a \n name": 1.0})


def test_a_store_in_a_missing_folder_is_refused_at_once(bundle, monkeypatch, tmp_path):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/nowhere/mlflow.db")
    with pytest.raises(FileSystemError, match="its folder does not exist"):
        log_training(bundle(), "acme", ready=True)


def test_a_file_that_is_no_database_is_refused(bundle, tmp_path):
    (tmp_path / "mlflow.db").write_text("not a database, " * 100)
    with pytest.raises(FileSystemError, match=r"mlflow\.db: .*not a database"):
        log_training(bundle(), "acme", ready=True)


def test_a_server_that_is_down_is_refused(bundle, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(FileSystemError, match=r"127\.0\.0\.1:9"):
        log_training(bundle(), "acme", ready=True)


def test_the_digest_is_on_the_version_and_the_run(bundle, client_after, store):
    registration = log_training(bundle(), "acme", ready=True)
    digest = read_bundle(bundle()).digest
    assert client_after().get_model_version("acme", "1").tags[DIGEST_TAG] == digest
    assert client_after().get_run(registration.run_id).data.tags[DIGEST_TAG] == digest
