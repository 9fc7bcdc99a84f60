"""Lookalikes from the command line and from Python: four files, the same rows, nothing of a stranger's replaced."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

import icp_ml
from icp_ml import cli
from icp_ml.errors import UsageError


def run(files, *options):
    accounts, out = str(files / "accounts.csv"), str(files / "like.csv")
    return cli.main(["lookalikes", accounts, "--model", str(files / "model"), "--out", out, "--quiet", *options])


def test_the_list_stands_beside_its_summary_its_rejected_rows_and_its_page(files, capsys):
    assert run(files, "--top", "5") == 0
    listed = pd.read_csv(files / "like.csv")
    assert listed["rank"].tolist() == [1, 2, 3, 4, 5]
    assert {path.name for path in files.glob("like.csv*")} == {
        "like.csv",
        *(f"like.csv{ending}" for ending in (".rejected.csv", ".summary.json", ".html")),
    }
    told = capsys.readouterr().out
    assert "5 of 30 prospects listed" in told
    assert str(files / "like.csv.html") in told


def test_json_is_the_summary_and_where_everything_is(files, capsys):
    assert run(files, "--top", "5", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    summary = json.loads((files / "like.csv.summary.json").read_text())
    assert (document["listed"], document["seeds"]) == (5, summary["seeds"])
    assert document["page"] == str(files / "like.csv.html")


def test_a_frame_gives_the_rows_of_the_file_and_writes_nothing(files, model, draw):
    assert run(files, "--top", "5") == 0
    before = sorted(files.iterdir())
    accounts = draw(30, 2).assign(id=[f"p{i}" for i in range(30)])
    found = icp_ml.lookalikes(accounts, model, top=5)
    written = pd.read_csv(files / "like.csv", dtype={"id": str})
    columns = ["id", "similarity", "like_1", "unlike_1", "technical_match", "probability"]
    pd.testing.assert_frame_equal(found.frame[columns], written[columns], check_dtype=False)
    assert sorted(files.iterdir()) == before


def test_the_page_of_a_stranger_is_not_replaced_and_nothing_else_is_written(files, capsys):
    (files / "like.csv.html").write_text("<p>mine</p>")
    assert run(files) == 2
    assert "was not written by icp-ml" in capsys.readouterr().err
    assert [path.name for path in files.glob("like*")] == ["like.csv.html"]


def test_a_second_table_has_the_ending_of_a_table(model, draw, tmp_path):
    page = tmp_path / "like.csv.html"
    with pytest.raises(UsageError, match="ends in"):
        icp_ml.lookalikes(draw(5, 2).assign(id=list("abcde")), model, tmp_path / "like.csv", by_seed=page)
    assert not list(Path(tmp_path).iterdir())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--top", "5", "--reach", ".1"], "not allowed with argument"),
        (["--reach", "1.5"], "'1.5' is not a share of 0 to 1"),
        (["--reach", "nan"], "'nan' is not a share"),
        (["--top", "-1"], "not a whole number"),
        (["--top", "0"], "1 or more"),
        (["--segment", ""], "is empty"),
        (["--diversity", "1"], "below 1"),
    ],
)
def test_wrong_usage_is_told_before_anything_is_read(files, capsys, options, told):
    assert run(files, *options) == 2
    assert told in capsys.readouterr().err
    assert not (files / "like.csv").exists()
