"""A model is found by any of its names, pinned at once, verified, and nothing that lies beside it is run."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from icp_ml.errors import FileSystemError, ModelError, UsageError
from icp_ml.lifecycle.registry import resolve_model
from icp_ml.lifecycle.store import opened_store
from icp_ml.lifecycle.tracking import log_training
from icp_ml.model.bundle import read_bundle, write_bundle

pytestmark = pytest.mark.usefixtures("store")


def logged_folder(tmp_path: Path) -> Path:
    (folder,) = tmp_path.glob("mlartifacts/*/artifacts/model")
    return folder


def test_every_name_leads_to_the_same_bundle(bundle):
    run_id = log_training(bundle(), "acme crm", ready=True).run_id
    names = ("models:/acme crm/1", "models:/acme crm@champion", "models:/acme crm@challenger", f"runs:/{run_id}/model")
    digests = {read_bundle(resolve_model(name)).digest for name in (bundle(), str(bundle()), *names)}
    assert digests == {read_bundle(bundle()).digest}


def test_the_registration_comes_with_the_bundle(bundle):
    log_training(bundle("one"), "acme", ready=True)
    log_training(bundle("two"), "acme", ready=True)
    text = (resolve_model("models:/acme@challenger") / "registration.json").read_text()
    assert json.loads(text) == {"name": "acme", "version": 2}


def test_an_alias_that_moves_later_changes_nothing(bundle):
    log_training(bundle("one"), "acme", ready=True)
    folder = resolve_model("models:/acme@champion")
    log_training(bundle("two"), "acme", ready=True)
    with opened_store(create=False) as (client, _):
        client.set_registered_model_alias("acme", "champion", "2")
    assert read_bundle(folder) == read_bundle(bundle("one"))
    assert read_bundle(resolve_model("models:/acme@champion")) == read_bundle(bundle("two"))


@pytest.mark.parametrize(
    "name", ["models:/acme/7", "models:/acme@champion", "models:/nobody/1", "models:/acme@nobody", "runs:/0f0f/model"]
)
def test_a_model_that_is_not_there_is_refused(bundle, name):
    log_training(bundle(), "acme", ready=False)
    with pytest.raises(ModelError, match=r"is not in the registry; expected a model that icp-ml has registered"):
        resolve_model(name)


@pytest.mark.parametrize(
    "name", ["models:/acme", "models:/acme/latest", "models:/a/b/1", "runs:/x/other", "runs:/../model", "s3://b/model"]
)
def test_an_address_of_another_form_is_wrong_usage(name):
    with pytest.raises(UsageError, match="is no address of a model; expected a model folder, models:/NAME@ALIAS"):
        resolve_model(name)


def test_a_missing_folder_and_a_file_are_told_apart(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileSystemError, match="does not exist"):
        resolve_model(tmp_path / "nowhere")
    with pytest.raises(FileSystemError, match="is a file"):
        resolve_model(tmp_path / "file")


def test_looking_creates_no_store(tmp_path):
    (tmp_path / "mlflow.db").unlink()
    with pytest.raises(ModelError, match=r"no model was ever registered.*Train first"):
        resolve_model("models:/acme@champion")
    assert not (tmp_path / "mlflow.db").exists()


def test_a_byte_changed_in_the_store_is_refused(bundle, tmp_path):
    log_training(bundle(), "acme", ready=True)
    part = logged_folder(tmp_path) / "data" / "bundle" / "model.json"
    part.write_bytes(part.read_bytes().replace(b"one", b"two"))
    with pytest.raises(ModelError, match="was changed"):
        resolve_model("models:/acme/1")


@pytest.mark.parametrize("uri", ["models:/acme/1", "models:/acme@champion", "runs:/{run}/model"])
def test_a_valid_bundle_put_in_the_place_of_another_is_refused(bundle, tmp_path, uri):
    run_id = log_training(bundle(), "acme", ready=True).run_id
    write_bundle(logged_folder(tmp_path) / "data" / "bundle", {"model.json": b'{"text": "other"}'})
    with pytest.raises(ModelError, match="its files are not those that were registered; expected digest"):
        resolve_model(uri.format(run=run_id))


def test_files_that_are_gone_are_refused(bundle, tmp_path):
    log_training(bundle(), "acme", ready=True)
    (logged_folder(tmp_path) / "data" / "bundle" / "manifest.json").unlink()
    with pytest.raises(ModelError, match="has no files of ours"):
        resolve_model("models:/acme/1")


class _Payload:
    """Unpickling it would write a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_code_and_pickles_beside_a_bundle_are_never_run(bundle, tmp_path):
    log_training(bundle(), "acme", ready=True)
    folder, mark = logged_folder(tmp_path), tmp_path / "pwned"
    (folder / "code").mkdir()
    (folder / "code" / "evil.py").write_text(f"from pathlib import Path\nPath({str(mark)!r}).touch()\n")
    (folder / "MLmodel").write_text("flavors:\n  python_function:\n    loader_module: evil\n    code: code\n")
    for name in ("python_model.pkl", "model.joblib", "data/bundle/model.pkl"):
        (folder / name).write_bytes(pickle.dumps(_Payload(mark)))
    assert read_bundle(resolve_model("models:/acme/1")) == read_bundle(bundle())
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Payload(mark)))
    assert mark.exists(), "the payload does not work, so the test proves nothing"


@pytest.mark.parametrize("content", [b"", b"\x80\x04payload", b"flavors: {python_function: {loader_module: evil}}"])
def test_a_model_of_somebody_else_is_refused(tmp_path, content):
    with opened_store(create=True) as (client, address):
        run = client.create_run(client.create_experiment("theirs", artifact_location=address.artifacts)).info
        (tmp_path / "MLmodel").write_bytes(content)
        client.log_artifact(run.run_id, str(tmp_path / "MLmodel"), "model")
        client.create_registered_model("theirs")
        client.create_model_version("theirs", f"runs:/{run.run_id}/model", run.run_id)
    with pytest.raises(ModelError, match="has no files of ours in its run"):
        resolve_model("models:/theirs/1")
