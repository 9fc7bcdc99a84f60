"""The simulated company: its truth is true, its tables look like tables, its files load."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.special import logit
from sklearn.metrics import roc_auc_score

from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.simulate import OBSERVED_UNTIL, simulate, survival_exponent, write_company
from icp_ml.accounts.simulate.columns import CONTEXT as CONTEXT_LEVELS
from icp_ml.accounts.simulate.columns import INDICATORS, NOISE
from icp_ml.accounts.simulate.leaks import LEAKS
from icp_ml.errors import UsageError
from icp_ml.icp.profile import load_profile
from icp_ml.names import FIT_NAMES
from icp_ml.study import load_study

WORLDS = ("aligned", "misaligned", "null", "drift")
FITS = [f"fit_{name}" for name in (*FIT_NAMES, "context")]


@pytest.fixture(scope="module")
def companies():
    return {world: simulate(20_000, 20_000, seed=1, world=world) for world in WORLDS}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("company")
    write_company(simulate(600, 900, seed=3, leaks=True), out)
    return out


def labels_of(company, study):
    signed, ended = (company.customers[name].to_numpy().astype("datetime64[D]") for name in ("signed_on", "churned_on"))
    return label_outcome(study.outcome, {"ended": ended}, signed, study.outcome.observed_until)


def oracle_auc(company, seed=0):
    chance = company.truth_customers["p_success"].to_numpy()
    return roc_auc_score(np.random.default_rng(seed).uniform(size=len(chance)) < chance, chance)


# The truth


@pytest.mark.parametrize("world", WORLDS)
def test_fits_add_up_to_the_log_odds_of_success(companies, world):
    truth = companies[world].truth_customers
    rest = logit(truth["p_success"]) - truth[FITS].sum(axis=1)
    assert rest.round(9).nunique() == (2 if world == "drift" else 1)  # one intercept for each set of rules


def test_oracle_of_the_default_world_is_as_good_as_documented(companies):
    assert oracle_auc(companies["aligned"]) == pytest.approx(0.77, abs=0.015)
    assert 0.56 < companies["aligned"].truth_customers["p_success"].mean() < 0.65


def test_nothing_matters_in_the_null_world(companies):
    truth = companies["null"].truth_customers
    assert truth["p_success"].max() == truth["p_success"].min()
    assert (truth[FITS] == 0).all(axis=None)
    assert oracle_auc(companies["null"]) == 0.5
    assert truth["p_convert"].std() > 0.03


def test_sales_wins_who_succeeds_or_who_churns(companies):
    for world, sign in (("aligned", 1), ("misaligned", -1)):
        company = companies[world]
        won, market = company.truth_customers["p_success"].mean(), company.truth_prospects["p_success"].mean()
        assert sign * (won - market) > 0.05
        assert sign * company.truth_prospects[["p_success", "p_convert"]].corr().iloc[0, 1] > 0.5


def test_rules_change_in_the_drift_world(companies):
    truth, signed = companies["drift"].truth_customers, companies["drift"].customers["signed_on"]
    late = signed > pd.Timestamp("2025-06-30")
    assert truth.loc[late, "fit_technical"].std() < 0.5 * truth.loc[~late, "fit_technical"].std()
    assert truth.loc[late, "fit_functional"].std() > 1.3 * truth.loc[~late, "fit_functional"].std()


@pytest.mark.parametrize("world", WORLDS)
def test_labels_agree_with_the_true_chance_of_success(companies, world, tmp_path):
    company = companies[world]
    (tmp_path / "study.yaml").write_text(company.study)
    labels = labels_of(company, load_study(tmp_path / "study.yaml"))
    followed = labels.follow_up_days >= 365
    expected = company.truth_customers["p_success"]
    assert labels.label[followed].mean() == pytest.approx(expected[followed].mean(), abs=0.02)
    if world != "drift":  # weights assume that the chance of success does not depend on the day of signing
        assert labels.rates["weighted"] == pytest.approx(expected.mean(), abs=0.02)
        assert labels.rates["known"] < expected.mean() - 0.07


def test_churn_depends_on_the_chance_decile_by_decile(companies):
    company = companies["aligned"]
    followed = (pd.Timestamp(OBSERVED_UNTIL) - company.customers["signed_on"]).dt.days >= 365
    lived = (company.customers["churned_on"] - company.customers["signed_on"]).dt.days
    success = lived.isna() | (lived > 365)
    chance = company.truth_customers["p_success"]
    by_decile = pd.DataFrame({"success": success, "chance": chance})[followed].groupby(pd.qcut(chance[followed], 10))
    means = by_decile.mean()
    assert (means["success"] - means["chance"]).abs().max() < 0.05


def test_most_customers_are_young(companies):
    age = (pd.Timestamp(OBSERVED_UNTIL) - companies["aligned"].customers["signed_on"]).dt.days
    assert (age < 365).mean() == pytest.approx(0.57, abs=0.015)
    assert age.between(0, 1826).all()


def test_churn_bumps_at_onboarding_and_jumps_at_renewals():
    exponent = survival_exponent(np.arange(800))
    steps = np.diff(exponent)
    assert (steps > 0).all()
    assert exponent[365] == 1
    assert set(np.argsort(steps)[-2:]) == {364, 729}
    assert steps[60:90].mean() > 2 * steps[200:230].mean()


def test_attributes_show_their_fit_and_noise_shows_nothing(companies):
    company = companies["aligned"]
    total = company.truth_customers[FITS].sum(axis=1)
    for column in (*INDICATORS, *NOISE):
        values = company.customers[column.name]
        codes = values.astype(float) if values.dtype != "str" else values.map(total.groupby(values).mean())
        linked = abs(codes.corr(total, method="spearman"))
        assert (linked > 0.08) == (column.fit is not None), column.name
        assert values.isna().mean() == pytest.approx(column.missing, abs=0.02)


# The tables


def test_same_seed_same_company_and_another_seed_another():
    first, again, other = (simulate(200, 300, seed=seed, leaks=True) for seed in (5, 5, 6))
    for name in ("customers", "prospects", "truth_customers", "truth_prospects", "progress", "deals"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(again, name))
    assert not first.customers["integrations"].equals(other.customers["integrations"])


def test_customers_do_not_depend_on_the_number_of_prospects():
    pd.testing.assert_frame_equal(simulate(100, 10).customers, simulate(100, 500).customers)


def test_prospects_lack_what_is_found_out_later(companies):
    columns = set(companies["aligned"].prospects.columns)
    later = {column.name for column in INDICATORS if column.known != "prospect"}
    assert later == {"data_quality", "success_budget", "onboarding_model", "sponsor_rating"}
    assert not columns & {*later, "signed_on", "churned_on", "parent_id", "rated_on"}
    assert set(companies["aligned"].customers.columns) > columns


def test_there_are_26_attributes():
    assert (len(INDICATORS), len(NOISE) + 1, len(CONTEXT_LEVELS)) == (14, 9, 3)
    assert {column.fit for column in INDICATORS} == set(FIT_NAMES)


def test_some_companies_have_a_sister(companies):
    sizes = companies["aligned"].customers["parent_id"].value_counts()
    assert set(sizes) == {1, 2}
    assert (sizes == 2).sum() == 20_000 // 30


def test_deals_of_the_situation_are_customers_signed_in_it():
    company = simulate(500, 10, seed=2)
    assert company.progress["date"].min() >= pd.Timestamp("2026-05-01")
    assert set(company.progress["account_id"]) <= set(company.customers["account_id"])
    assert (company.progress["value"] > 0).all()


@pytest.mark.parametrize("count", [1, 5, 30])
def test_tiny_companies_work(count):
    company = simulate(count, count, seed=1, leaks=True)
    assert len(company.customers) == len(company.prospects) == count


# Leaks


def test_each_leak_knows_what_it_should():
    company = simulate(20_000, 50, seed=4, leaks=True)
    lived = (company.customers["churned_on"] - company.customers["signed_on"]).dt.days
    known = ((pd.Timestamp(OBSERVED_UNTIL) - company.customers["signed_on"]).dt.days >= 365).to_numpy()
    churned, table = (lived <= 365).to_numpy()[known], company.customers[known]
    assert roc_auc_score(churned, -table["health_score"]) == pytest.approx(0.78, abs=0.015)
    assert roc_auc_score(churned, table["tickets_closed"].astype(float)) > 0.9
    assert roc_auc_score(churned, table["ledger_no"].astype(float)) == 1
    assert (table["lost_reason"].notna() == churned).all()
    assert roc_auc_score(churned, table["revenue_estimate"]) == pytest.approx(0.5, abs=0.02)
    assert roc_auc_score(churned, table["revenue_estimate"] % 100_000 == 0) > 0.99


def test_leaking_columns_of_prospects_are_empty():
    prospects = simulate(50, 60, leaks=["soft_score", "reason"]).prospects
    assert prospects[["health_score", "lost_reason"]].isna().all(axis=None)
    assert "ledger_no" not in prospects.columns


def test_unknown_leak_world_or_size_is_refused():
    with pytest.raises(UsageError, match="simulate leaks: crystal_ball; expected names from count_after"):
        simulate(10, 10, leaks=["crystal_ball"])
    with pytest.raises(UsageError, match="'flat'; expected one of aligned"):
        simulate(10, 10, world="flat")
    with pytest.raises(UsageError, match="simulate customers: 0; expected 1 or more"):
        simulate(0, 10)


# The files


@pytest.mark.parametrize("leaks", [False, True])
def test_study_loads_and_lists_every_column(tmp_path, leaks):
    company = simulate(50, 50, leaks=leaks)
    write_company(company, tmp_path)
    study = load_study(tmp_path / "study.yaml")
    assert study.outcome.is_lifetime
    assert (study.outcome.horizon_days, study.outcome.observed_until) == (365, date(2026, 6, 30))
    assert set(company.customers.columns) == set(study.listed_columns)
    assert set(company.prospects.columns) >= {attribute.column for attribute in study.attributes_at("prospect")}
    assert len(study.attributes) == 26 + len(LEAKS) * leaks
    assert {attribute.fit for attribute in study.attributes} == {*FIT_NAMES, "context"}


def test_study_says_when_each_attribute_is_known(folder):
    stated = {attribute.column: attribute.available for attribute in load_study(folder / "study.yaml").attributes}
    assert {column.name: stated[column.name] for column in INDICATORS} == {c.name: c.known for c in INDICATORS}


def test_profile_loads(folder):
    profile = load_profile(folder / "profile.yaml")
    target = profile.situation.goal.target
    assert target % 10_000 == 0
    assert [one.at_least for one in profile.situation.milestones] == pytest.approx(
        [target / 3, 2 * target / 3], abs=500
    )
    columns = set(pq.read_schema(folder / "customers.parquet").names)
    assert {name for rule in profile.criteria for name in getattr(rule, "columns", ())} <= columns


def test_files_are_the_ones_of_the_contract(folder):
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files == {
        "customers.parquet", "prospects.parquet", "study.yaml", "profile.yaml", "progress.csv", "deals.csv",
        "truth/customers.parquet", "truth/prospects.parquet",
    }  # fmt: skip
    truth = pq.read_schema(folder / "truth" / "prospects.parquet").names
    assert truth == ["account_id", "p_success", "p_convert", *FITS]
    assert (folder / "progress.csv").read_text().splitlines()[0] == "date,account_id,value"


def test_types_vary_as_in_a_real_export(folder):
    schema = pq.read_schema(folder / "customers.parquet")
    wanted = {
        "account_id": pa.string(), "signed_on": pa.date32(), "churned_on": pa.date32(), "founded_on": pa.date32(),
        "integrations": pa.int64(), "data_quality": pa.float64(), "reads_newsletter": pa.bool_(), "crm": pa.string(),
        "lost_reason": pa.string(), "ledger_no": pa.int64(),
    }  # fmt: skip
    assert {name: schema.field(name).type for name in wanted} == wanted
    assert schema.metadata is None
    assert pq.read_table(folder / "customers.parquet")["integrations"].null_count > 0


def test_files_are_the_same_twice(folder, tmp_path):
    write_company(simulate(600, 900, seed=3, leaks=True), tmp_path)
    for path in folder.rglob("*.*"):
        assert path.read_bytes() == (tmp_path / path.relative_to(folder)).read_bytes()
