from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.propose import propose_study
from icp_ml.errors import DataError, FileSystemError
from icp_ml.names import PLAYERS
from icp_ml.study import load_study

DATA = Path(__file__).parents[3] / "shared" / "data"
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="the public data sets are not beside the project")


def proposed(table, tmp_path, name="customers.csv"):
    path = tmp_path / name
    if isinstance(table, pd.DataFrame):
        table.to_parquet(path) if name.endswith("parquet") else table.to_csv(path, index=False)
        path_of = path
    else:
        path_of = table
    proposal = propose_study(path_of, tmp_path / "study.yaml")
    (tmp_path / "study.yaml").write_text(proposal.text)
    return load_study(tmp_path / "study.yaml"), proposal


def places(study):
    found = {attribute.column: attribute.fit for attribute in study.attributes}
    return found | dict.fromkeys(study.ignore, "ignore") | dict.fromkeys(study.sensitive, "sensitive")


def company(n=200, seed=0):
    rng = np.random.default_rng(seed)
    signed = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(n), "D")
    churned = pd.Series(signed + pd.to_timedelta(rng.integers(20, 300, n), "D")).where(rng.random(n) < 0.4)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:04}" for i in range(n)],
            "signed_on": signed,
            "churned_on": churned,
            "crm": rng.choice(["hubspot", "zoho"], n),
            "use_case": rng.choice(["routing", "reports"], n),
            "team_size": rng.integers(1, 50, n),
            "analysts": rng.integers(0, 5, n),
            "support_tier_needed": rng.choice(["a", "b", "c"], n),
            "decision_style": rng.choice(["committee", "founder"], n),
            "sponsor_rating": rng.integers(1, 6, n),
            "rated_on": signed,
            "industry": rng.choice(["retail", "media"], n),
            "xyzzy": rng.random(n),
            "founded_on": signed - pd.to_timedelta(2000 + np.arange(n) % 7, "D"),
            "owner_gender": rng.choice(["f", "m"], n),
            "contact_email": [f"p{i}@example.org" for i in range(n)],
            "account_owner": rng.choice(["x", "y"], n),
            "churn_reason": churned.notna().map({True: "price", False: None}),
            "is_beta": [True] * n,
            "empty": [None] * n,
            "parent_id": rng.integers(0, 60, n).astype(str),
        }
    )


@pytest.mark.parametrize("name", ["customers.csv", "customers.parquet", "customers.csv.gz"])
def test_a_lifetime_and_all_six_fits(tmp_path, name):
    study, proposal = proposed(company(), tmp_path, name)
    assert (study.id.column, study.as_of.column, study.group.column) == ("account_id", "signed_on", "parent_id")
    assert (study.outcome.ended, study.outcome.horizon_days) == ("churned_on", 365)
    assert str(study.outcome.observed_until) == str(company()["churned_on"].max().date())
    assert places(study) == {
        "crm": "technical",
        "use_case": "functional",
        "team_size": "resource",
        "analysts": "competence",
        "support_tier_needed": "experience",
        "decision_style": "cultural",
        "sponsor_rating": "cultural",
        "industry": "context",
        "xyzzy": "context",
        "founded_on": "context",
        "owner_gender": "sensitive",
        **dict.fromkeys(["contact_email", "account_owner", "churn_reason", "is_beta", "empty"], "ignore"),
    }
    assert study.map_reviewed is None
    assert next(a.entered_on for a in study.attributes if a.column == "sponsor_rating") == "rated_on"
    assert "example.org" not in proposal.text


def test_every_column_is_listed_and_commented(tmp_path):
    table = company()
    study, proposal = proposed(table, tmp_path)
    assert study.listed_columns >= set(table.columns)
    lines = [line for line in proposal.text.splitlines() if line.strip().startswith("- ")]
    assert lines
    assert all("# " in line for line in lines)
    assert {a.kind for a in study.attributes} == {"numeric", "categorical", "date"}


def test_a_column_that_is_the_outcome_is_ignored(tmp_path):
    table = company()
    rng = np.random.default_rng(1)
    table["code_word"] = np.where(table["churned_on"].notna(), rng.integers(5, 9, len(table)), 0)
    study, proposal = proposed(table, tmp_path)
    assert "code_word" in study.ignore
    assert "alone it orders the outcome with AUC 1.00" in proposal.text


def test_a_date_after_the_start_is_ignored(tmp_path):
    table = company()
    table["visited_on"] = table["signed_on"] + pd.to_timedelta(np.arange(len(table)) % 2, "D")
    study, proposal = proposed(table, tmp_path)
    assert "visited_on" in study.ignore
    assert "later than signed_on in 100 of 200 rows" in proposal.text


def test_a_flag_of_failure_is_turned_around(tmp_path):
    table = company().drop(columns=["churned_on", "churn_reason"])
    table["churned"] = np.random.default_rng(2).random(len(table)) < 0.5
    study, _ = proposed(table, tmp_path)
    assert (study.outcome.column, study.outcome.success, study.outcome.failure) == ("churned", ("False",), ("True",))


def test_without_an_outcome_the_place_is_kept_free(tmp_path):
    study, proposal = proposed(company()[["account_id", "crm", "team_size"]], tmp_path)
    assert study.outcome.column == "NAME_OF_THE_OUTCOME"
    assert proposal.notes[0].startswith("no outcome was found")


def test_a_study_needs_one_fit(tmp_path):
    study, _ = proposed(company()[["account_id", "xyzzy"]], tmp_path)
    assert places(study) == {"xyzzy": "functional"}


def test_awkward_names_come_through(tmp_path):
    names = ["null", "true", "1e3", "2020", "a: b", "c # d", "- e", "{f}", "[g", "h,i", "'j'", '"k"', "ü ö", "\x85x", "😀", "*l", "&m", "!n", " o ", "NO", "p\\q"]  # fmt: skip  # noqa: E501
    table = pd.DataFrame({name: [1, 2, 3, 3] for name in names}, dtype="int64").assign(account_id=list("abcd"))
    study, _ = proposed(table, tmp_path, "customers.parquet")
    assert set(places(study)) == set(names)


def test_the_same_table_gives_the_same_text(tmp_path):
    assert proposed(company(), tmp_path)[1].text == proposed(company(), tmp_path)[1].text


def test_the_path_is_relative_to_the_study(tmp_path):
    (tmp_path / "a").mkdir()
    company().to_csv(tmp_path / "a" / "crm export.csv", index=False)
    text = propose_study(tmp_path / "a" / "crm export.csv", tmp_path / "b" / "study.yaml").text
    assert 'accounts: "../a/crm export.csv"' in text
    assert "name: crm-export" in text
    assert str(tmp_path) not in text


def test_a_table_without_attributes(tmp_path):
    with pytest.raises(DataError, match="no column can be an attribute"):
        proposed(company()[["account_id", "is_beta"]], tmp_path)


def test_a_table_without_rows(tmp_path):
    with pytest.raises(DataError, match="no rows"):
        proposed(company().iloc[:0], tmp_path)


def test_a_missing_table(tmp_path):
    with pytest.raises(FileSystemError, match=r"none\.csv"):
        propose_study(tmp_path / "none.csv", tmp_path / "study.yaml")


@real_data
@pytest.mark.parametrize(
    ("path", "identity", "as_of", "outcome", "success"),
    [
        ("olist/sellers.csv", "seller_id", ("first_sale_est", 30), "y_still_selling_91_180", "True"),
        ("sba/loans.csv.gz", "loan_nr_chk_dgt", ("approval_date", 0), "mis_status", "PIF"),
        ("maven_crm/opportunities.csv", "opportunity_id", ("engage_date", 0), "deal_stage", "Won"),
        ("salvirt/opportunities.csv", None, None, "Status", "Won"),
        ("olist/leads.csv", "mql_id", ("first_contact_date", 0), "converted", "1"),
    ],
)
def test_real_tables(path, identity, as_of, outcome, success, tmp_path):
    study, _ = proposed(DATA / path, tmp_path)
    assert study.id.column == identity
    assert (study.as_of and (study.as_of.column, study.as_of.plus_days)) == as_of
    assert (study.outcome.column, study.outcome.success) == (outcome, (success,))
    assert {attribute.fit for attribute in study.attributes} <= set(PLAYERS)


@real_data
def test_known_leaks_are_never_proposed(tmp_path):
    sba, proposal = proposed(DATA / "sba" / "loans.csv.gz", tmp_path)
    assert {"chg_off_date", "chg_off_prin_gr", "disbursement_date", "balance_gross", "approval_fy"} <= set(sba.ignore)
    assert "column: term, kind: numeric}    # guess: no keyword matched" in proposal.text
    assert any("term" in note for note in proposal.notes)
    sellers, _ = proposed(DATA / "olist" / "sellers.csv", tmp_path)
    assert {"last_sale_est", "n_orders", "gmv_total", "n_products_sold", "main_category"} <= set(sellers.ignore)
    maven, _ = proposed(DATA / "maven_crm" / "opportunities.csv", tmp_path)
    assert {"close_date", "close_value"} <= set(maven.ignore)


@real_data
def test_salvirt_has_all_six_fits(tmp_path):
    study, _ = proposed(DATA / "salvirt" / "opportunities.csv", tmp_path)
    assert study.read.delimiter == ";"
    assert study.group.identical_rows
    assert {attribute.fit for attribute in study.attributes} == set(PLAYERS)
    assert set(study.ignore) == {"Seller", "Cross_sale", "Up_sale"}


def test_zero_padded_ids_are_ids_and_a_second_outcome_is_ignored(tmp_path):
    table = company()
    table["account_id"] = [f"{i:06}" for i in range(len(table))]
    table = table.rename(columns={"account_id": "kunde"})
    table["note"] = [f"free text {i}" for i in range(len(table))]
    table["branch"] = ["007", "010"] * 100
    table["status"] = ["churned" if day == day else "active" for day in table.churned_on]
    study, _ = proposed(table, tmp_path)
    assert study.id.column == "kunde"
    assert places(study)["status"] == "ignore"
    assert {attribute.column: attribute.kind for attribute in study.attributes}["branch"] == "categorical"


def test_numbers_stored_as_text_are_left_out_with_the_reason(tmp_path):
    table = company().astype({"team_size": str, "analysts": str})
    study, proposal = proposed(table, tmp_path, "customers.parquet")
    assert places(study)["team_size"] == places(study)["analysts"] == "ignore"
    assert "numbers stored as text" in proposal.text
