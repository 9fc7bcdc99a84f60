"""A review from files to files: the contract's keys, the ledger, and what it refuses."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.cli import main
from icp_ml.errors import ConfigError, DataError, UsageError
from icp_ml.workflow import review, train

CONTRACT = {
    "profile", "verdict", "progress", "populations", "criteria", "suggestions", "tried", "power", "actions",
}  # fmt: skip
SUGGESTION = {
    "rule", "fit", "action", "gain", "low", "high", "n", "q_value", "confirmed", "successes_lost_share", "market_share",
    "statement",
}  # fmt: skip


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    write_company(simulate(1200, 400, seed=2), folder)
    model = train(folder / "study.yaml", overrides=["model.learner=logistic"]).model
    return folder, model


@pytest.fixture(scope="module")
def found(company):
    folder, model = company
    return review(folder / "profile.yaml", folder / "study.yaml", model)


def profile_of(company, tmp_path, old, new):
    """Write the company's profile with one text replaced, tables by their full path, and return its path."""
    text = (company[0] / "profile.yaml").read_text().replace("progress.csv", str(company[0] / "progress.csv"))
    assert old in text
    path = tmp_path / "profile.yaml"
    path.write_text(text.replace(old, new))
    return path


def test_the_document_has_the_keys_of_the_contract(found):
    assert set(found.document) >= CONTRACT
    assert found.document["verdict"] in {"keep", "change_tactics", "change_profile", "too_early", "cannot_tell"}
    assert found.document["actions"]
    assert found.document["tried"] > 100
    for one in found.document["suggestions"]:
        assert set(one) >= SUGGESTION
        assert -1 <= one["low"] <= one["gain"] <= one["high"] <= 1
        assert one["q_value"] <= 0.1


def test_the_document_is_json_without_holes(found):
    assert json.loads(json.dumps(found.document, allow_nan=False)) == found.document


def test_the_same_review_is_the_same_bytes(company, found):
    folder, model = company
    again = review(folder / "profile.yaml", folder / "study.yaml", model)
    assert json.dumps(again.document) == json.dumps(found.document)


def test_nothing_is_written_unless_asked(company, found):
    assert found.out is None
    assert not list(company[0].glob("*.ledger.jsonl"))


def test_files_and_ledger_are_written_and_a_second_run_adds_nothing(company, tmp_path):
    folder, model = company
    path = profile_of(company, tmp_path, "name: simulated-midmarket", "name: other")
    first = review(path, folder / "study.yaml", model, out=tmp_path / "review")
    assert {one.name for one in first.out.iterdir()} >= {"review.html", "review.md", "review.json"}
    lines = first.ledger.read_bytes()
    review(path, folder / "study.yaml", model, out=tmp_path / "review")
    assert first.ledger.read_bytes() == lines
    assert json.loads((tmp_path / "review" / "review.json").read_text())["run_id"] == first.document["run_id"]


def test_populations_add_up(found):
    rows = {one["name"]: one for one in found.document["populations"]}
    both = rows["matching the profile"], rows["rest of the base"]
    assert sum(one["n"] for one in both) == found.document["customers"]["n"] == 1200
    assert sum(one["known"] for one in both) <= found.document["customers"]["known"]


def test_prospects_may_be_given_and_are_counted(company):
    folder, model = company
    frame = pd.read_parquet(folder / "prospects.parquet").head(50)
    found = review(folder / "profile.yaml", folder / "study.yaml", model, prospects=frame)
    assert found.document["market"]["n"] == 50
    assert found.document["market"]["matching"] <= 50


def test_few_customers_are_described_and_not_judged(company):
    folder, model = company
    frame = pd.read_parquet(folder / "customers.parquet").head(90)
    found = review(folder / "profile.yaml", folder / "study.yaml", model, customers=frame)
    assert found.document["verdict"] == "cannot_tell"
    assert found.document["suggestions"] == []
    assert found.document["tried"] == 0
    assert found.document["actions"]


def test_a_criterion_on_an_unknown_column_names_it(company, tmp_path):
    path = profile_of(company, tmp_path, "team_size >= 10", "team_sizes >= 10")
    with pytest.raises(ConfigError, match=r"'team_sizes' \(there is 'team_size'\)"):
        review(path, company[0] / "study.yaml", company[1])


def test_a_model_of_another_study_is_refused(company, tmp_path):
    folder, model = company
    text = (folder / "study.yaml").read_text().replace("    - certifications\n", "")
    for name in ("customers.parquet", "prospects.parquet", "deals.csv"):
        text = text.replace(f" {name}", f" {folder / name}")
    (tmp_path / "study.yaml").write_text(text + "unlisted: ignore\n")
    with pytest.raises(ConfigError, match="attributes that the study does not: 'certifications'"):
        review(folder / "profile.yaml", tmp_path / "study.yaml", model)


def test_a_progress_without_values_is_refused(company, tmp_path):
    (tmp_path / "progress.csv").write_text("date,account_id\n2026-05-03,A-1\n")
    path = profile_of(company, tmp_path, str(company[0] / "progress.csv"), "progress.csv")
    with pytest.raises(DataError, match=r"progress\.csv: there is no column 'value'"):
        review(path, company[0] / "study.yaml", company[1])


def test_a_folder_of_somebody_else_is_never_replaced(company, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(UsageError):
        review(company[0] / "profile.yaml", company[0] / "study.yaml", company[1], out=tmp_path / "mine")


def test_the_command_ends_with_0_whatever_the_verdict(company, tmp_path, capsys):
    from icp_ml.model import save_model

    save_model(company[1], tmp_path / "model")
    path = profile_of(company, tmp_path, "name: simulated-midmarket", "name: by-command")
    options = ["--study", str(company[0] / "study.yaml"), "--model", str(tmp_path / "model"), "--quiet"]
    assert main(["review", str(path), *options, "--out", str(tmp_path / "review")]) == 0
    assert "by-command version 1: " in capsys.readouterr().out
