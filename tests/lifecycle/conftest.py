"""A store with its tables made once (that takes longer than a test), bundles to log, and a look at the store."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from icp_ml.lifecycle.store import opened_store
from icp_ml.model.bundle import save_bundle


@pytest.fixture(scope="session")
def made_store(tmp_path_factory):
    database = tmp_path_factory.mktemp("store") / "mlflow.db"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{database}")
        with opened_store(create=True):
            return database


@pytest.fixture
def store(made_store, tmp_path):
    return shutil.copy(made_store, tmp_path / "mlflow.db")


@pytest.fixture
def bundle(tmp_path):
    """Return a maker of bundles: another text, another content."""

    def make(text: str = "one") -> Path:
        save_bundle(tmp_path / "models" / text, {"model.json": json.dumps({"text": text}).encode()})
        return tmp_path / "models" / text

    (tmp_path / "models").mkdir()
    return make


@pytest.fixture
def client_after():
    """Return a maker of clients, to look at the store once a training is over."""

    def make():
        with opened_store(create=True) as (client, _):
            return client

    return make
