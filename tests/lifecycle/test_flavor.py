"""MLflow's own loader scores with the same bundle, with pickle forbidden, and prints no row of anybody's data."""

from __future__ import annotations

import pandas as pd
import pytest

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.errors import IcpError
from icp_ml.lifecycle.registry import resolve_model
from icp_ml.lifecycle.tracking import log_training
from icp_ml.model import load_model
from icp_ml.model.success_model import SuccessModel, save_model
from icp_ml.prospects.score import score_frame

SENTINEL = "jane.doe@customer.example"


@pytest.fixture
def logged(store, tmp_path, monkeypatch):
    """Register a model that orders by one criterion; return its address."""
    attribute = AttributeContract("employees", "resource", "numeric", (), 1.0, 900.0, 0.0)
    contract = TableContract("account_id", False, (attribute,), None, 0, None, 40)
    model = SuccessModel(
        name="acme",
        kind="hypothesis",
        study={"name": "acme"},
        horizon_days=365,
        stage="prospect",
        contract=contract,
        classifier=None,
        ready=False,
        data_sha256="0" * 64,
        code_version="0",
        criteria=("employees >= 50",),
    )
    save_model(model, tmp_path / "model")
    log_training(tmp_path / "model", "acme", ready=False)
    monkeypatch.setenv("MLFLOW_ALLOW_PICKLE_DESERIALIZATION", "false")
    return "models:/acme@challenger"


def loaded_by_mlflow(uri: str):
    from mlflow import pyfunc

    return pyfunc.load_model(uri)


PROSPECTS = pd.DataFrame({"account_id": ["a", "b"], "employees": [10.0, 90.0]})


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_mlflow_scores_with_the_same_bundle(logged):
    ours = score_frame(PROSPECTS, load_model(resolve_model(logged)))
    pd.testing.assert_frame_equal(loaded_by_mlflow(logged).predict(PROSPECTS), ours)
    assert ours["rank"].tolist() == [2, 1]
    assert ours["model"][0].startswith("acme/1 sha256:")


@pytest.mark.filterwarnings("ignore")  # MLflow's own
def test_a_refusal_shows_no_row_of_the_data(logged, caplog, capsys):
    theirs = pd.DataFrame({"account_id": [SENTINEL], "name": [SENTINEL]})
    with pytest.raises(IcpError, match="employees") as refused:
        loaded_by_mlflow(logged).predict(theirs)
    shown = capsys.readouterr()
    assert SENTINEL not in str(refused.value) + caplog.text + shown.out + shown.err
