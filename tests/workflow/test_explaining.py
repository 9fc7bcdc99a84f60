"""One account from the command line: in the terminal, as JSON, as a page."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest

from icp_ml import cli, workflow
from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.errors import UsageError
from icp_ml.model import SuccessClassifier, save_model
from icp_ml.model.domain import Domain
from icp_ml.model.reference import Reference
from icp_ml.model.success_model import SuccessModel

FIT_OF = {"integrations": "technical", "budget": "resource"}
KINDS = dict.fromkeys(FIT_OF, "numeric")


def draw(n, seed):
    random = np.random.default_rng(seed)
    return pd.DataFrame({"integrations": random.poisson(4, n).astype(float), "budget": random.normal(size=n).round(2)})


@pytest.fixture(scope="module")
def model():
    frame = draw(120, 0)
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
    save_model(model, tmp_path / "model")
    draw(30, 2).assign(id=[f"p{i}" for i in range(30)]).to_csv(tmp_path / "accounts.csv", sep=";", index=False)
    return tmp_path


def run(files, *options):
    return cli.main(["explain", str(files / "accounts.csv"), "--model", str(files / "model"), *options])


def test_the_terminal_shows_chance_fits_and_evidence_in_a_screen(files, capsys):
    assert run(files, "--id", "p3") == 0
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert len(lines) < 40
    assert lines[0].startswith("p3: ")
    assert "model not ready" in lines[0]
    assert "functional      -  not measured" in told
    for part in ("  technical   ", "nearest successes: c", "declares no attribute of this model as changeable"):
        assert part in told


def test_json_holds_the_document(files, model, capsys):
    assert run(files, "--id", "p3", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["id"] == "p3"
    assert document["out"] is None
    row = draw(30, 2).iloc[[3]]
    assert document["probability"] == pytest.approx(model.classifier.predict_proba(row)[0, 1], abs=1e-12)


def test_the_page_is_written_whole_and_replaced(files):
    for _ in range(2):
        assert run(files, "--id", "p3", "--out", str(files / "p3.html")) == 0
    page = (files / "p3.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert "p3" in page


def test_what_others_wrote_is_not_replaced_and_other_endings_are_refused(files, capsys):
    (files / "mine.html").write_text("<p>mine</p>")
    assert run(files, "--id", "p3", "--out", str(files / "mine.html")) == 2
    assert run(files, "--id", "p3", "--out", str(files / "p3.pdf")) == 2
    assert "expected an ending .html" in capsys.readouterr().err
    assert (files / "mine.html").read_text() == "<p>mine</p>"


def test_an_absent_id_ends_with_wrong_usage(files, capsys):
    assert run(files, "--id", "P3") == 2
    assert "(there is 'p3')" in capsys.readouterr().err


def test_a_frame_and_a_loaded_model_will_do(model):
    result = workflow.explain(draw(5, 2).assign(id=list("abcde")), model, "b", reading={"as_of": "2026-01-01"})
    assert (result.exit_code, result.document["id"]) == (0, "b")
    with pytest.raises(UsageError, match="no row has the id 'z'"):
        workflow.explain(draw(5, 2).assign(id=list("abcde")), model, "z")


def test_a_withdrawn_probability_is_not_shown(model):
    withdrawn = dataclasses.replace(model, probability_withdrawn=True)
    told = workflow.explain(draw(5, 2).assign(id=list("abcde")), withdrawn, "b").to_text()
    assert "not stated (probability withdrawn)" in told
    assert "points" not in told


def test_a_hypothesis_shows_its_criteria(model):
    rules = ("integrations >= 0", "seats > 3")
    changes = {"kind": "hypothesis", "classifier": None, "domain": None, "reference": None, "criteria": rules}
    told = workflow.explain(draw(5, 2).assign(id=list("abcde")), dataclasses.replace(model, **changes), "b").to_text()
    assert "untested hypothesis, no probability" in told
    assert "integrations >= 0: met" in told
    assert "seats > 3: not known" in told
