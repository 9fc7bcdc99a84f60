"""The laws of a score file with a model that was really trained, saved and loaded."""

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from icp_ml import __version__
from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.success_model import SuccessModel, load_model, save_model
from icp_ml.names import PLAYERS
from icp_ml.prospects import admission
from icp_ml.prospects.score import ScoreOptions, score_file, score_frame

FIT_OF = {"integrations": "technical", "crm": "technical", "budget": "resource", "industry": "context"}
LEVELS = {"crm": ("hubspot", "other", "salesforce"), "industry": ("bank", "retail")}


def draw(n, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"integrations": random.poisson(4, n).astype(float), "budget": random.lognormal(4, 1, n)})
    for name, levels in LEVELS.items():
        frame[name] = pd.Categorical(random.choice(levels, n), categories=levels)
    frame.loc[random.random(n) < 0.1, "budget"] = np.nan
    return frame[list(FIT_OF)]


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    frame = draw(400, 0)
    margin = 0.4 * (frame["integrations"] - 4) + (frame["crm"] == "hubspot")
    y = np.random.default_rng(1).random(400) < expit(margin)
    kinds = {name: "categorical" if name in LEVELS else "numeric" for name in FIT_OF}
    attributes = [
        AttributeContract(name, fit, kinds[name], LEVELS.get(name, ()), None, None, 0.0) for name, fit in FIT_OF.items()
    ]
    trained = SuccessModel(
        name="acme",
        kind="success",
        study={},
        horizon_days=365,
        stage="prospect",
        contract=TableContract("id", False, tuple(attributes)),
        classifier=SuccessClassifier(FIT_OF, learner="blend", kinds=kinds).fit(frame, y),
        domain=Domain.learn(frame, kinds, FIT_OF),
        ready=True,
        data_sha256="0" * 64,
        code_version=__version__,
    )
    folder = tmp_path_factory.mktemp("model") / "model"
    save_model(trained, folder)
    return load_model(folder)


@pytest.fixture(scope="module")
def table():
    frame = draw(3000, 2)
    frame.insert(0, "id", [f"p{at}" for at in range(len(frame))])
    return frame


def test_what_is_stored_is_what_the_model_says(model, table):
    scored = score_frame(table, model, ScoreOptions(n_reasons=50))
    np.testing.assert_allclose(
        scored["probability"], model.classifier.predict_proba(table[list(FIT_OF)])[:, 1], rtol=1e-9
    )
    margin = scored["base_value"] + scored[list(PLAYERS)].sum(axis=1)
    np.testing.assert_allclose(expit(margin), scored["probability"], atol=1e-12)
    assert (
        (scored["probability_low"] <= scored["probability"]) & (scored["probability"] <= scored["probability_high"])
    ).all()


def test_reasons_hold_the_strongest_attribute_contributions(model, table):
    scored = score_frame(table, model, ScoreOptions(n_reasons=50))
    first = scored["rank"] == 1
    shares = model.classifier.attribute_contributions(table.loc[first, list(FIT_OF)]).iloc[0]
    assert scored.loc[first, "reason_1"].iloc[0].startswith(str(shares.idxmax()))
    assert scored.loc[first, "reason_1"].iloc[0].endswith(f"({shares.max():+.2f})")


def test_batches_and_row_groups_change_no_byte(tmp_path, model, table, monkeypatch):
    monkeypatch.setattr(admission, "BLOCK_ROWS", 1024)
    found = set()
    table.to_parquet(tmp_path / "p.parquet", row_group_size=500)
    for rows in (100, 1024, 65_536):
        score_file(tmp_path / "p.parquet", model, tmp_path / "s.csv", ScoreOptions(n_reasons=200, batch_rows=rows))
        found.add((tmp_path / "s.csv").read_bytes())
    assert len(found) == 1


def test_csv_and_parquet_inputs_give_the_same_scores(tmp_path, model, table):
    table.to_parquet(tmp_path / "p.parquet")
    table.to_csv(tmp_path / "p.csv", index=False)
    kept = [
        score_file(tmp_path / name, model, tmp_path / "s.parquet") and pq.read_table(tmp_path / "s.parquet")
        for name in ("p.parquet", "p.csv")
    ]
    assert kept[0].drop_columns(["run_id"]).equals(kept[1].drop_columns(["run_id"]))


def test_what_the_model_never_saw_comes_last(model, table):
    strange = table.head(200).copy()
    strange.loc[[3, 8], "integrations"] = 1e6
    scored = score_frame(strange, model)
    assert not scored.loc[[3, 8], "in_domain"].any()
    assert (scored.loc[[3, 8], "unusual"].str.contains(r"integrations \(technical\)")).all()
    assert scored.loc[~scored["in_domain"], "rank"].min() > scored.loc[scored["in_domain"], "rank"].max()
