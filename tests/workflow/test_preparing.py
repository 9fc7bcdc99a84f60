"""Proposing and auditing a study."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from icp_ml.errors import UsageError
from icp_ml.study import load_study
from icp_ml.workflow import audit, init


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


def test_an_audit_is_one_json_document_with_the_contracts_keys(company):
    result = audit(company / "study.yaml")
    document = json.loads(json.dumps(result.to_document(), allow_nan=False))
    keys = {"severity", "check", "column", "count", "evidence", "next_step"}
    assert all(set(finding) == keys for finding in document["findings"])
    assert document["counts"]["rows"] == 600
    assert result.exit_code == 0


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
