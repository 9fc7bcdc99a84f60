"""One account in depth: odd ids and tables, damaged comparisons, pages that cannot be written."""

from __future__ import annotations

import io
import json
import shutil
import time

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from icp_ml.accounts.personal import shown
from icp_ml.model.bundle import MANIFEST, manifest_of
from tests.faults.conftest import PERSON, files_of, placed

ODD_IDS = ["007", "1E5", "a b ", " lead", "日本 é", "<b>x</b>", "1" * 23, 'q"uote', "NA", "null", "a;b", "o'k"]
FORMULAS = ["-5", "=1+1", "+x", "@sum"]


def explained(desk, table, account, *options, model=None):
    return ["explain", table, "--model", model or desk.company.model, f"--id={account}", *options]


def with_ids(desk, ids):
    return desk.prospects.head(len(ids)).assign(account_id=ids)


@pytest.mark.parametrize("name", ["odd.csv", "odd.parquet"])
def test_ids_are_found_byte_for_byte_and_pages_escape_them(desk, name):
    path = desk.table(name, with_ids(desk, ODD_IDS))
    page = desk.folder / "page.html"
    for account in ODD_IDS:
        outcome = desk.run(*explained(desk, path, account, "--out", page))
        assert outcome.exit_code == 0, outcome.told
        assert outcome.document["id"] == account
        assert "<b>x</b>" not in page.read_text()


def test_ids_like_formulas_are_refused_rows(desk):
    path = desk.table("odd.csv", with_ids(desk, FORMULAS))
    for account in FORMULAS:
        assert "spreadsheet formula" in desk.refused(4, *explained(desk, path, account))


@pytest.mark.parametrize("account", ["", " ", "nope", "-5", "a\nb", "x" * 100_000, "\N{RIGHT-TO-LEFT OVERRIDE}"])
def test_an_absent_id_is_refused_soon_and_resembles_nothing_by_chance(desk, account):
    path = desk.table("prospects.csv", desk.prospects.assign(account_id=lambda t: "00" + t.index.astype(str)))
    started = time.process_time()
    error = desk.refused(2, *explained(desk, path, account))
    assert "no row has the id" in error
    assert len(error) < 500
    assert "there is" not in error
    assert time.process_time() - started < 5


def test_an_address_in_a_long_text_is_hidden_in_little_time():
    started = time.process_time()
    assert shown("note", "x" * 1_000_000) == repr("x" * 40 + "...")
    assert shown("note", "x" * 35 + "@secret.example" + "y" * 1_000_000) == "a value not shown"
    assert time.process_time() - started < 1


def test_an_id_of_a_person_is_not_shown(desk):
    path = desk.table("prospects.csv", desk.prospects)
    assert "a value not shown" in desk.refused(2, *explained(desk, path, "sentinel.person@secret.example"))


def test_an_id_that_comes_twice_and_a_row_that_scoring_refuses(desk):
    twice = pd.concat([desk.prospects, desk.prospects.head(1)])
    first, second = desk.prospects["account_id"][:2]
    path = desk.table("twice.csv", twice)
    assert "stands in 2 rows (rows 1, 121)" in desk.refused(4, *explained(desk, path, first))
    assert desk.run(*explained(desk, path, second)).exit_code == 0
    desk.prospects["stack_age"] = placed(desk.prospects["stack_age"], 1, "inf")
    path = desk.table("infinite.csv", desk.prospects)
    assert "cannot be scored: stack_age" in desk.refused(4, *explained(desk, path, first))
    assert desk.run(*explained(desk, path, second)).exit_code == 0


@pytest.mark.parametrize("cell", [None, "<img src=x onerror=alert(1)>"])
@pytest.mark.parametrize("name", ["odd.csv", "odd.parquet"])
def test_an_account_without_a_known_value_is_explained(desk, cell, name):
    table, first = desk.prospects.copy(), desk.prospects["account_id"][0]
    for column in table.columns.drop("account_id"):
        if cell is None or pd.api.types.is_string_dtype(table[column].dtype):
            table[column] = placed(table[column], 1, cell)
    page = desk.folder / "page.html"
    outcome = desk.run(*explained(desk, desk.table(name, table), first, "--out", page))
    assert outcome.exit_code == 0, outcome.told
    assert "<img src=x" not in page.read_text()


@pytest.mark.parametrize(
    ("exit_code", "out"), [(2, "page.csv"), (2, "mine.html"), (2, "folder.html"), (6, "none/page.html"), (2, "")]
)
def test_a_page_that_cannot_be_written(desk, exit_code, out):
    (desk.folder / "mine.html").write_text("mine")
    (desk.folder / "folder.html").mkdir()
    path, account = desk.table("prospects.csv", desk.prospects), desk.prospects["account_id"][0]
    before = files_of(desk.folder)
    desk.refused(exit_code, *explained(desk, path, account, "--out", out and desk.folder / out))
    assert files_of(desk.folder) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["explain", "", "--model", "m", "--id", "a"],
        ["explain", "a.csv", "--model", "", "--id", "a"],
        ["score", "a.csv", "--model", "m", "--out", ""],
        ["audit", "study.yaml", "--earlier", ""],
        ["train", ""],
    ],
)
def test_an_empty_path_is_not_this_folder(desk, arguments):
    assert "is empty; expected a path" in desk.refused(2, *arguments)


@pytest.fixture
def model(desk, company):
    folder = desk.folder / "model"
    shutil.copytree(company.model, folder)
    return folder


def sign(model):
    """Give the manifest the digests of the parts that are there."""
    names = json.loads((model / MANIFEST).read_text())["files"]
    kept = {name: (model / name).read_bytes() for name in names if (model / name).exists()}
    (model / MANIFEST).write_bytes(manifest_of(kept))


def answers(desk, model):
    """Return the exit codes of explain, score and check."""
    path, account = desk.table("prospects.csv", desk.prospects), desk.prospects["account_id"][0]
    score = ["score", path, "--model", model, "--out", desk.out]
    commands = (explained(desk, path, account, model=model), score, ["check", path, "--model", model])
    return {desk.run(*command).exit_code for command in commands}


@pytest.mark.parametrize("name", ["reference.parquet", "stability.json"])
def test_comparisons_that_are_gone_were_never_there_or_are_a_folder(desk, model, name):
    (model / name).unlink()
    assert answers(desk, model) == {5}
    (model / name).mkdir()
    assert answers(desk, model) == {5}
    (model / name).rmdir()
    sign(model)
    assert answers(desk, model) == {0}


def _swap(document):
    tables = document["attributes"]
    number, category = (
        next(name for name, table in tables.items() if (table["levels"] is None) == is_number)
        for is_number in (True, False)
    )
    return tables, number, category


def _number_as_levels(document):
    tables, number, category = _swap(document)
    tables[number] = tables[category]


def _levels_as_number(document):
    tables, number, category = _swap(document)
    tables[category] = tables[number]


def _foreign(document):
    tables, number, _ = _swap(document)
    tables["no_such_column"] = tables[number]


@pytest.mark.parametrize(
    "change",
    [
        _number_as_levels,
        _levels_as_number,
        _foreign,
        lambda document: document.update(format=True),
        lambda document: document.update(bar=1),
        lambda document: document.update(attributes=[]),
        lambda document: document.update(n_refits=True),
    ],
)
def test_a_table_of_reasons_that_is_not_of_this_model(desk, model, change):
    document = json.loads((model / "stability.json").read_text())
    change(document)
    (model / "stability.json").write_text(json.dumps(document))
    sign(model)
    assert answers(desk, model) == {5}


def _replaced(name, value):
    def change(table):
        at = table.column_names.index(name)
        column = pa.array(np.full(table.num_rows, value), table.schema.field(at).type)
        return table.set_column(at, name, column)

    return change


def _a_number(value):
    def change(table):
        of_numbers = [f.name for f in table.schema if f.name.startswith("a") and f.type == pa.float64()]
        return _replaced(of_numbers[0], value)(table)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda table: table.slice(0, 0), id="nobody"),
        pytest.param(_replaced("weight", np.inf), id="infinite_weight"),
        pytest.param(_replaced("weight", 1e308), id="overflow"),
        pytest.param(_replaced("weight", np.nan), id="weight_missing"),
        pytest.param(_replaced("outcome", 2.0), id="third_outcome"),
        pytest.param(_a_number(np.inf), id="infinite_value"),
        pytest.param(lambda table: table.replace_schema_metadata({b"n_known": b"1"}), id="too_many"),
        pytest.param(lambda table: table.drop_columns([table.column_names[-1]]), id="column_gone"),
        pytest.param(lambda table: table.append_column("z", table["weight"]), id="column_more"),
    ],
)
def test_customers_that_cannot_be_compared_with(desk, model, change):
    path = model / "reference.parquet"
    content = io.BytesIO()
    pq.write_table(change(pq.read_table(pa.BufferReader(path.read_bytes()))), content)
    path.write_bytes(content.getvalue())
    sign(model)
    assert answers(desk, model) == {5}


@pytest.mark.parametrize("keep", [lambda outcome: outcome == 1, lambda outcome: outcome == 0])
def test_customers_of_one_outcome_are_enough_to_explain(desk, model, keep):
    path = model / "reference.parquet"
    table = pq.read_table(pa.BufferReader(path.read_bytes()))
    content = io.BytesIO()
    pq.write_table(table.filter(pa.array(keep(table["outcome"].to_numpy()))), content)
    path.write_bytes(content.getvalue())
    sign(model)
    assert answers(desk, model) == {0}


def test_customers_whose_ids_are_addresses_are_not_named(desk, model):
    path = model / "reference.parquet"
    table = pq.read_table(pa.BufferReader(path.read_bytes()))
    people = pa.array([f"{PERSON}{row}@secret.example" for row in range(table.num_rows)])
    content = io.BytesIO()
    pq.write_table(table.set_column(0, "id", people), content)
    path.write_bytes(content.getvalue())
    sign(model)
    prospects, page = desk.table("prospects.csv", desk.prospects), desk.folder / "page.html"
    outcome = desk.run(*explained(desk, prospects, desk.prospects["account_id"][0], "--out", page, model=model))
    assert outcome.document["like"][0]["id"].startswith("customer ")
    assert PERSON not in page.read_text()
