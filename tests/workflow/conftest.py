"""One simulated company on disk, and a store that a whole module shares (a fresh one costs seconds)."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.model import SuccessClassifier, save_model
from icp_ml.model.domain import Domain
from icp_ml.model.reference import Reference
from icp_ml.model.success_model import SuccessModel

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


FIT_OF = {"integrations": "technical", "budget": "resource"}
KINDS = dict.fromkeys(FIT_OF, "numeric")


def draw_accounts(n, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame({"integrations": random.poisson(4, n).astype(float), "budget": random.normal(size=n).round(2)})


@pytest.fixture(scope="session")
def model():
    """Return a model of two attributes, 120 customers and no readiness."""
    frame = draw_accounts(120, 0)
    outcome = (frame["integrations"] + np.random.default_rng(1).normal(size=120) * 2 > 4).to_numpy(dtype=float)
    return SuccessModel(
        name="acme",
        kind="success",
        study={"read": {"delimiter": ";"}},
        horizon_days=365,
        stage="prospect",
        contract=TableContract(
            "id",
            False,
            tuple(AttributeContract(name, fit, "numeric", (), -9.0, 9.0, 0.0) for name, fit in FIT_OF.items()),
        ),
        classifier=SuccessClassifier(FIT_OF, learner="logistic").fit(frame, outcome),
        domain=Domain.learn(frame, KINDS, FIT_OF),
        ready=False,
        data_sha256="0" * 64,
        code_version="0",
        reference=Reference.learn([f"c{i}" for i in range(120)], frame, outcome, weight=np.ones(120), seed=0),
    )


@pytest.fixture
def files(model, tmp_path):
    """Return a folder with the model and 30 accounts."""
    save_model(model, tmp_path / "model")
    draw_accounts(30, 2).assign(id=[f"p{i}" for i in range(30)]).to_csv(tmp_path / "accounts.csv", sep=";", index=False)
    return tmp_path


@pytest.fixture
def draw():
    """Return what draws accounts: how many, and a seed."""
    return draw_accounts
