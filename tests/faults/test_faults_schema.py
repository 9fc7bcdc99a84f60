"""Lines 43-46 of the fault list: a table of prospects that differs from the one of training."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def test_fault_43_another_order_of_columns_gives_the_same_scores(desk):
    desk.scored()
    before = desk.scores().drop(columns="run_id")
    desk.scored(desk.prospects[desk.prospects.columns[::-1]])
    pd.testing.assert_frame_equal(desk.scores().drop(columns="run_id"), before)


def test_fault_44_missing_columns_are_all_named(desk):
    error = desk.score_refused(4, desk.prospects.drop(columns=["crm", "integrations", "account_id"]))
    assert "3 columns of the model are missing: 'account_id', 'integrations', 'crm'" in error.replace(
        "'crm', 'integrations'", "'integrations', 'crm'"
    )


def test_fault_44_a_missing_column_of_the_study_is_named_beside_its_new_name(desk):
    study = desk.study_of(desk.customers.rename(columns={"crm": "CRM"}))
    error = desk.refused(2, "audit", study)
    assert "'CRM'" in error


def test_fault_45_extra_columns_are_listed_and_ignored(desk):
    desk.scored()
    before = desk.scores().drop(columns="run_id")
    outcome = desk.scored(desk.prospects.assign(new=1, newer="x"))
    assert {"new", "newer"} <= set(outcome.document["ignored_columns"])
    pd.testing.assert_frame_equal(desk.scores().drop(columns="run_id"), before)


def test_fault_46_other_types_of_the_same_values_give_the_same_scores(desk):
    desk.scored()
    before = desk.scores().drop(columns="run_id")
    table = desk.prospects
    table["integrations"] = table.integrations.astype("Int64")
    table["team_size"] = table.team_size.astype("float32")
    table["crm"] = table.crm.astype("category")
    path = desk.folder / "prospects.parquet"
    pq.write_table(pa.Table.from_pandas(table), path)
    outcome = desk.run("score", path, "--model", desk.company.model, "--out", desk.out)
    assert outcome.exit_code == 0, outcome.told
    pd.testing.assert_frame_equal(desk.scores().drop(columns="run_id"), before)


def test_fault_46_numbers_stored_as_text_are_refused(desk):
    desk.prospects["integrations"] = desk.prospects.integrations.astype(str)
    path = desk.table("prospects.parquet", desk.prospects)
    error = desk.refused(4, "score", path, "--model", desk.company.model, "--out", desk.out)
    assert "column 'integrations' has the type" in error
