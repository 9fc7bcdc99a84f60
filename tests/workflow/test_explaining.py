"""One account from the command line: in the terminal, as JSON, as a page."""

from __future__ import annotations

import dataclasses
import json

import pytest

from icp_ml import cli, workflow
from icp_ml.errors import UsageError


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


def test_json_holds_the_document(files, model, draw, capsys):
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


def test_a_frame_and_a_loaded_model_will_do(model, draw):
    result = workflow.explain(draw(5, 2).assign(id=list("abcde")), model, "b", reading={"as_of": "2026-01-01"})
    assert (result.exit_code, result.document["id"]) == (0, "b")
    with pytest.raises(UsageError, match="no row has the id 'z'"):
        workflow.explain(draw(5, 2).assign(id=list("abcde")), model, "z")


def test_a_withdrawn_probability_is_not_shown(model, draw):
    withdrawn = dataclasses.replace(model, probability_withdrawn=True)
    told = workflow.explain(draw(5, 2).assign(id=list("abcde")), withdrawn, "b").to_text()
    assert "not stated (probability withdrawn)" in told
    assert "points" not in told


def test_a_hypothesis_shows_its_criteria(model, draw):
    rules = ("integrations >= 0", "seats > 3")
    changes = {"kind": "hypothesis", "classifier": None, "domain": None, "reference": None, "criteria": rules}
    told = workflow.explain(draw(5, 2).assign(id=list("abcde")), dataclasses.replace(model, **changes), "b").to_text()
    assert "untested hypothesis, no probability" in told
    assert "integrations >= 0: met" in told
    assert "seats > 3: not known" in told
