"""One simulated company on disk, and a store that a whole module shares (a fresh one costs seconds)."""

from __future__ import annotations

import pytest

from icp_ml.accounts.simulate import simulate, write_company

QUICK = ["model.learner=logistic"]


@pytest.fixture(scope="session")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(simulate(600, 300, seed=3), folder)
    return folder


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/mlflow.db"


@pytest.fixture
def shared_store(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", store)
