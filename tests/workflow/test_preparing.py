"""Proposing and auditing a study."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from icp_ml.cli import main
from icp_ml.errors import DataError, FileSystemError, UsageError
from icp_ml.study import load_study
from icp_ml.workflow import audit, init


@pytest.fixture(scope="module")
def audited(company):
    return audit(company / "study.yaml")


def test_a_proposal_loads_and_an_untouched_one_is_replaced(company, tmp_path):
    out = tmp_path / "study.yaml"
    for _ in range(2):
        result = init(company / "customers.parquet", out=out)
    assert out.read_text() == result.text
    assert load_study(out).id.column == "account_id"


def test_a_proposal_that_somebody_corrected_is_kept(company, tmp_path):
    out = tmp_path / "study.yaml"
    init(company / "customers.parquet", out=out)
    out.write_text(out.read_text() + "# checked by me\n")
    with pytest.raises(UsageError, match=r"study\.yaml: was changed since icp-ml wrote it"):
        init(company / "customers.parquet", out=out)


def test_an_audit_is_one_json_document_with_the_contracts_keys(audited):
    document = json.loads(json.dumps(audited.to_document(), allow_nan=False))
    keys = {"severity", "check", "column", "count", "evidence", "next_step"}
    assert all(set(finding) == keys for finding in document["findings"])
    assert document["counts"]["rows"] == 600
    assert audited.exit_code == 0


def test_an_audit_tells_which_keys_are_not_used_yet(company):
    text = audit(company / "study.yaml", overrides=["readiness={able: [team_size >= 5]}"]).to_text()
    assert "not used yet: " in text
    assert "readiness" in text.splitlines()[-1]


def test_a_latin_1_table_is_proposed_with_its_encoding(company, tmp_path):
    frame = pd.read_parquet(company / "customers.parquet").head(100)
    frame["region"] = "Höhe"
    frame.to_csv(tmp_path / "c.csv", index=False, encoding="latin-1", sep=";")
    init(tmp_path / "c.csv", out=tmp_path / "study.yaml", encoding="latin-1")
    read = load_study(tmp_path / "study.yaml").read
    assert (read.delimiter, read.encoding) == (";", "latin-1")


def test_an_audit_says_what_so_many_customers_can_show(audited):
    text = audited.to_text()
    assert "differences in success of" in text
    assert "were followed for all 365 days" in text
    assert "300 rows of prospects.parquet, none differs in fill, levels or range" in text
    assert "Point in time, grade B" in text


def test_the_document_of_an_audit_has_every_part(audited):
    document = json.loads(json.dumps(audited.to_document(), allow_nan=False))
    assert {"study", "counts", "left_out", "findings", "notes", "not_used"} <= set(document)
    assert {"maturity", "power", "parity", "backfill", "grades", "probes"} <= set(document)
    assert set(document["counts"]["segments"]) == {"channel", "region"}
    assert document["counts"]["rows"] == sum(row["n"] for row in document["counts"]["classes"])


@pytest.mark.parametrize(
    ("content", "error", "problem"),
    [
        (None, FileSystemError, "cannot be read"),
        (b"PAR1 but not really", DataError, "it cannot be read as Parquet"),
    ],
)
def test_bad_prospects_are_named(company, tmp_path, content, error, problem):
    path = tmp_path / "prospects.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(error, match=rf"prospects\.parquet: {problem}"):
        audit(company / "study.yaml", overrides=[f"prospects={path}"])


def test_the_command_compares_with_an_earlier_export(company, tmp_path, capsys):
    frame = pd.read_parquet(company / "customers.parquet")
    frame.assign(team_size=frame["team_size"].mask(frame["churned_on"].notna())).to_parquet(tmp_path / "old.parquet")
    code = main(["audit", str(company / "study.yaml"), "--earlier", str(tmp_path / "old.parquet"), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert code == 0
    assert "team_size" in [found["column"] for found in document["findings"] if found["check"] == "backfilled"]
    assert document["backfill"]["n_both"] == 600


def test_an_earlier_export_may_be_a_frame(company):
    frame = pd.read_parquet(company / "customers.parquet")
    text = audit(company / "study.yaml", frame, earlier=frame).to_text()
    assert "600 customers stand in the earlier export too" in text
    assert "None of 22 attributes was written to more often" in text
