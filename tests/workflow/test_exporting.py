"""`icp-ml profile export`, from files to files: what is told of a query is what the query does."""

from __future__ import annotations

import csv
import io
import json
import logging
import sqlite3
from contextlib import closing

import pandas as pd
import pytest

from icp_ml.cli import main
from icp_ml.errors import DataError, UsageError
from icp_ml.icp.ledger import Ledger
from icp_ml.icp.profile import load_profile
from icp_ml.icp.review import review_base
from icp_ml.study import load_study
from icp_ml.workflow import train
from icp_ml.workflow.exporting import ExportOptions, export
from icp_ml.workflow.reviewing import read_base

EXCLUDE = 'exclude=["industry == Retail", "decision_style is null"]'


@pytest.fixture(scope="module")
def model(company):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{company}/export.db")
        return train(company / "study.yaml", overrides=["model.learner=logistic"]).model


def run_in_sqlite(sql, frame):
    with closing(sqlite3.connect(":memory:")) as database:
        frame.to_sql("companies", database, index=False)
        return [row[0] for row in database.execute(sql)]


@pytest.mark.parametrize("overrides", [(), (EXCLUDE,)])
def test_the_sql_selects_as_many_prospects_as_it_says(company, overrides):
    options = ExportOptions("sql", overrides=overrides)
    result = export(company / "profile.yaml", study=company / "study.yaml", options=options)
    frame = pd.read_parquet(company / "prospects.parquet")
    found = run_in_sqlite(result.content, frame.assign(founded_on=frame["founded_on"].astype("str")))
    assert len(found) == result.export.prospects.selected > 0
    assert f"It selects {len(found)} of" in result.content
    assert ("never on a list: industry == Retail" in result.content) == bool(overrides)


def test_what_a_supplier_cannot_be_asked_makes_the_query_wider(company):
    options = ExportOptions("sql", columns=("integrations", "region"))
    told = export(company / "profile.yaml", study=company / "study.yaml", options=options).export
    assert {one.rule for one in told.query.left_out} == {
        "jobs_covered >= 4", "team_size >= 10", "support_tier_needed == 'Around the clock'",
    }  # fmt: skip
    assert told.prospects.whole < told.prospects.selected
    assert told.coverage.rows[0].prospects == told.prospects.whole


def test_a_model_alone_tells_of_prospects_and_not_of_customers(company, model):
    told = export(company / "profile.yaml", model=model, prospects=company / "prospects.parquet").export
    both = export(company / "profile.yaml", model=model, study=company / "study.yaml").export
    assert told.prospects == both.prospects
    assert 0 < told.prospects.probability_all < told.prospects.probability < 1
    assert (told.customers, told.coverage) == (None, None)
    assert "--study STUDY counts them" in " ".join(told.sentences)


def test_without_prospects_it_says_what_would_tell(company, model):
    told = export(company / "profile.yaml", model=model).export
    assert told.prospects is None
    assert "--prospects FILE counts them in a table of prospects" in told.content()


def test_the_coverage_is_that_of_the_review(company, model, tmp_path):
    base = read_base(load_profile(company / "profile.yaml"), load_study(company / "study.yaml"), model)
    ledger = Ledger.read(tmp_path / "none.jsonl")
    reviewed = review_base(base, company / "prospects.parquet", ledger).as_document()
    told = export(company / "profile.yaml", study=company / "study.yaml").export
    assert reviewed["coverage"] == told.coverage.as_document()
    assert reviewed["coverage"]["rows"][0]["n"] == reviewed["market"]["matching"] + base.in_profile().sum()


@pytest.mark.parametrize("form", ["sql", "filters", "csv"])
def test_an_export_is_the_same_each_time_and_replaces_itself_only(company, tmp_path, capsys, form):
    out = tmp_path / f"query.{'json' if form == 'filters' else form}"
    options = ["profile", "export", str(company / "profile.yaml"), "--as", form, "--out", str(out)]
    options += ["--study", str(company / "study.yaml"), "--quiet"]
    assert main(options) == 0
    assert "  market: all criteria: " in capsys.readouterr().out
    first = out.read_bytes()
    assert main(options) == 0
    assert out.read_bytes() == first
    out.write_bytes(b"mine" + first)
    assert main(options) == 2
    assert "exists and was not written by icp-ml" in capsys.readouterr().err
    assert out.read_bytes() == b"mine" + first


def test_stdout_is_the_query_alone(company, capsys):
    options = ["profile", "export", str(company / "profile.yaml"), "--study", str(company / "study.yaml"), "--as"]
    assert main([*options, "csv"]) == 0
    said = capsys.readouterr()
    assert {len(row) for row in csv.reader(io.StringIO(said.out))} == {6}
    assert "It selects" in said.err
    assert main([*options, "filters"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "profile_export"
    logging.getLogger("icp_ml").handlers[:] = []


def test_the_document_holds_the_query_and_what_to_expect(company, capsys):
    options = ["profile", "export", str(company / "profile.yaml"), "--study", str(company / "study.yaml")]
    assert main([*options, "--as", "sql", "--table", "crm.companies", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert 'FROM "crm"."companies" AS c' in told["content"]
    assert told["prospects"]["whole_profile"] == told["prospects"]["selected"]
    assert (
        told["customers"]["inside"]["low"] < told["customers"]["inside"]["share"] < told["customers"]["inside"]["high"]
    )
    assert told["coverage"]["universe"] == 900


def test_somebody_must_say_which_attributes_there_are(company):
    with pytest.raises(UsageError, match="nothing says which attributes there are; expected a study or a model"):
        export(company / "profile.yaml")


def test_a_table_of_something_else_is_refused(company):
    with pytest.raises(DataError, match=r"it has none of the .* attributes of the study that are known of a prospect"):
        export(company / "profile.yaml", study=company / "study.yaml", prospects=pd.DataFrame({"account_id": ["P1"]}))


def test_nothing_is_written_when_nothing_can_be_asked(company, tmp_path):
    options = ExportOptions("sql", columns=("industry",))
    with pytest.raises(UsageError, match="none of its 4 criteria can be asked"):
        export(company / "profile.yaml", study=company / "study.yaml", out=tmp_path / "q.sql", options=options)
    assert not list(tmp_path.iterdir())
