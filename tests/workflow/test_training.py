"""A training as a whole: what it writes, what it refuses, and that it comes out the same again."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import LeakError, TooFewError, UsageError
from icp_ml.names import PLAYERS
from icp_ml.workflow import audit, score, train

QUICK = ["model.learner=logistic"]
METRICS = [
    "roc_auc",
    "average_precision",
    "log_loss",
    "brier",
    "calibration_error",
    "calibration_slope",
    "calibration_intercept",
    "lift_at_10",
    "precision_at_10",
    "lift_at_capacity",
    "precision_at_capacity",
]

pytestmark = pytest.mark.usefixtures("shared_store")


@pytest.fixture(scope="module")
def trained(company, tmp_path_factory, store):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", store)
        return train(company / "study.yaml", out=tmp_path_factory.mktemp("made") / "model", overrides=QUICK)


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_folder_holds_the_model_and_its_reports(trained):
    names = set(files_of(trained.out))
    assert {"manifest.json", "metrics.json", "report.html", "report.md", "report.json", "model_card.md"} <= names


def test_metrics_json_is_as_the_contract_says(trained):
    document = json.loads((trained.out / "metrics.json").read_text())
    assert {"learner", "n_train", "n_test", "base_rate", "baselines", "random_split", "ready"} <= set(document)
    for name in METRICS:
        estimate = document["metrics"][name]
        assert estimate["low"] <= estimate["value"] <= estimate["high"], name
    assert {"name", "passed", "value", "bar"} <= set(document["gates"][0])
    assert {"random", "base_rate", "logistic"} <= set(document["baselines"])


def test_counts_of_the_report_add_up_to_the_rows_read(trained):
    shown = [int(row["n"].replace(",", "")) for row in trained.facts["counts"]]
    assert shown[0] == sum(shown[1:]) == 600


def test_the_same_data_study_and_seed_give_the_same_bytes_in_another_process(trained, company, tmp_path, store):
    out = tmp_path / "again"
    command = [sys.executable, "-m", "icp_ml.cli", "train", str(company / "study.yaml"), "--out", str(out)]
    environment = os.environ | {"MLFLOW_TRACKING_URI": store, "OMP_NUM_THREADS": "2"}
    done = subprocess.run([*command, "--set", QUICK[0]], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == trained.exit_code, done.stderr
    assert files_of(out) == files_of(trained.out)


def test_the_same_model_scores_the_same_bytes_from_any_address(trained, company, tmp_path):
    name = trained.registration.name
    addresses = (
        trained.out,
        f"models:/{name}@challenger",
        f"models:/{name}/1",
        f"runs:/{trained.registration.run_id}/model",
    )
    scored = set()
    for number, address in enumerate(addresses):
        out = tmp_path / f"scores{number}.csv"
        score(company / "prospects.parquet", address, out)
        scored.add(out.read_bytes())
    assert len(scored) == 1


def test_contributions_add_up_to_the_stored_probability(trained, company):
    scored = score(company / "prospects.parquet", trained.model)
    margin = scored.frame["base_value"] + scored.frame[list(PLAYERS)].fillna(0).sum(axis=1)
    np.testing.assert_allclose(1 / (1 + np.exp(-margin)), scored.frame["probability"], atol=1e-12)
    assert scored.summary["rows_in"] == len(scored.frame) == 300


def test_nothing_is_written_without_out(company, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = train(company / "study.yaml", overrides=QUICK)
    assert result.model.digest
    assert list(tmp_path.iterdir()) == []


def test_a_frame_trains_the_same_model_as_its_file(trained, company):
    frame = pd.read_parquet(company / "customers.parquet")
    again = train(company / "study.yaml", frame, overrides=QUICK)
    assert again.evaluation.metrics == trained.evaluation.metrics


def test_a_dry_run_fits_and_writes_nothing(company, tmp_path):
    result = train(company / "study.yaml", out=tmp_path / "model", dry_run=True)
    assert result.model is None
    assert result.split.kind == "time"
    assert not (tmp_path / "model").exists()


def test_below_the_floor_there_is_no_model(company):
    with pytest.raises(TooFewError, match=r"successes and .* failures are known .*; expected at least 3000"):
        train(company / "study.yaml", overrides=["floor={successes: 3000, failures: 30}"])


def test_a_dry_run_below_the_floor_ends_as_the_run_would(company):
    settings = {"overrides": ["floor.successes=100000"], "dry_run": True}
    with pytest.raises(TooFewError, match="expected at least 100000"):
        train(company / "study.yaml", **settings)
    made = train(company / "study.yaml", profile=company / "profile.yaml", **settings)
    assert (made.model, made.exit_code) == (None, 0)
    assert "dry run: below the floor" in made.to_text()


def test_below_the_floor_a_profile_gives_an_untested_order(company, tmp_path):
    floor = "floor={successes: 3000, failures: 30}"
    made = train(company / "study.yaml", out=tmp_path / "m", profile=company / "profile.yaml", overrides=[floor])
    scored = score(company / "prospects.parquet", tmp_path / "m")
    assert made.exit_code == 0
    assert "Untested" in (tmp_path / "m" / "report.html").read_text()
    assert "probability" not in scored.frame.columns
    assert sorted(scored.frame["rank"]) == list(range(1, 301))
    assert scored.frame["model"].str.endswith("untested").all()


def test_a_leak_stops_the_training_and_writes_nothing(company, tmp_path):
    frame = pd.read_parquet(company / "customers.parquet")
    lived = pd.to_datetime(frame["churned_on"]) - pd.to_datetime(frame["signed_on"])
    frame["integrations"] = 5 * (lived > pd.Timedelta(days=365)) + 5.0 * lived.isna()
    with pytest.raises(LeakError, match=r"integrations: .*AUC"):
        train(company / "study.yaml", frame, out=tmp_path / "model")
    assert not (tmp_path / "model").exists()
    assert audit(company / "study.yaml", frame).exit_code == 3


def test_a_folder_of_somebody_else_is_not_replaced(company, tmp_path):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="theirs"):
        train(company / "study.yaml", out=tmp_path / "theirs")
    assert (tmp_path / "theirs" / "thesis.txt").read_text() == "years of work"


def test_the_first_ready_model_becomes_champion_and_is_registered_once(trained, company, tmp_path):
    again = train(company / "study.yaml", out=tmp_path / "again", overrides=QUICK)
    assert again.registration.version == trained.registration.version == 1
    assert again.registration.is_champion == trained.evaluation.ready


def test_what_prospects_do_not_have_is_left_out_and_said(company, tmp_path, caplog):
    prospects = pd.read_parquet(company / "prospects.parquet")
    prospects.assign(crm=None).drop(columns="analysts").to_parquet(tmp_path / "p.parquet")
    overrides = [*QUICK, f"prospects={tmp_path / 'p.parquet'}"]
    with caplog.at_level("INFO", "icp_ml"):
        made = train(company / "study.yaml", overrides=overrides)
    assert not {"crm", "analysts"} & {known.column for known in made.model.contract.attributes}
    assert "left out, because prospects do not have it: crm, analysts" in caplog.text
    assert "Left out of the model, because prospects do not have it: crm, analysts." in made.to_document()["notes"]
    assert len(score(tmp_path / "p.parquet", made.model).frame) == 300


def test_at_a_later_stage_prospects_leave_nothing_out(company, tmp_path):
    pd.read_parquet(company / "prospects.parquet").drop(columns="analysts").to_parquet(tmp_path / "p.parquet")
    overrides = [f"prospects={tmp_path / 'p.parquet'}", "model.stage=discovery"]
    assert train(company / "study.yaml", overrides=overrides, dry_run=True).prepared.left_out == ()


def test_prospects_without_any_attribute_are_an_error(company, tmp_path):
    pd.DataFrame({"account_id": ["a"]}).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(TooFewError, match=r"p\.parquet: none of the 22 attributes of the study is filled"):
        train(company / "study.yaml", overrides=[f"prospects={tmp_path / 'p.parquet'}"])
