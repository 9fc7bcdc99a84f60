"""The simulated deals: they agree with the customers, with the chance to convert, and with an even pace."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from icp_ml.accounts.deals import read_deals
from icp_ml.accounts.simulate import OBSERVED_UNTIL, simulate, write_company
from icp_ml.accounts.status import statuses
from icp_ml.study import load_study

TODAY = pd.Timestamp(OBSERVED_UNTIL)


@pytest.fixture(scope="module")
def company():
    return simulate(4000, 60_000, seed=2)


def outcome_of(deals):
    return deals["is_won"].map({"true": 1.0, "false": 0.0})


def test_every_customer_was_won_on_the_day_of_signing(company):
    won = company.deals[company.deals["is_won"] == "true"].set_index("account_id")
    customers = company.customers.set_index("account_id")
    assert set(won.index) == set(customers.index)
    assert (won["closed_on"] == customers["signed_on"].reindex(won.index)).all()
    assert (won["channel"] == customers["channel"].reindex(won.index)).all()
    assert (won["closed_on"] - won["opened_on"]).dt.days.median() == pytest.approx(35, abs=2)


def test_a_win_has_the_value_that_progress_tells(company):
    won = company.deals.set_index("account_id")["amount"]
    assert (won.reindex(company.progress["account_id"]).to_numpy() == company.progress["value"].to_numpy()).all()


def test_the_other_deals_are_of_prospects_one_each(company):
    other = company.deals[company.deals["is_won"] != "true"]
    assert other["account_id"].is_unique
    assert set(other["account_id"]) <= set(company.prospects["account_id"])
    assert (other["is_won"] == "").equals(other["closed_on"].isna())
    assert other["closed_on"].dropna().max() <= TODAY


@pytest.mark.parametrize("world", ["aligned", "misaligned"])
def test_the_odds_of_winning_are_those_of_converting(world):
    company = simulate(4000, 60_000, seed=2, world=world)
    truth = pd.concat([company.truth_customers, company.truth_prospects]).set_index("account_id")["p_convert"]
    ended = company.deals[company.deals["is_won"] != ""]
    odds = np.log(truth / (1 - truth)).reindex(ended["account_id"]).to_numpy()[:, None]
    slope = LogisticRegression(C=1e6).fit(odds, ended["is_won"] == "true").coef_[0, 0]
    assert slope == pytest.approx(1, abs=0.15)


def test_open_deals_are_as_many_as_the_pace_leaves_open(company):
    age = (TODAY - company.deals["opened_on"]).dt.days
    per_period = np.bincount(age // 60)[:6]
    growth = per_period[:-1] / per_period[1:]
    assert growth == pytest.approx(np.full(5, np.exp(0.0023 * 60)), abs=0.15)


def test_accounts_at_risk_are_active_and_succeed_less_often(company):
    state, chance = company.customers["lifecycle"], company.truth_customers["p_success"]
    assert set(state) == {"Active", "At risk", "Churned"}
    assert ((state == "Churned") == company.customers["churned_on"].notna()).all()
    assert chance[state == "At risk"].mean() < chance[state == "Active"].mean() - 0.1
    assert 0.05 < (state == "At risk").mean() < 0.2


def test_prospects_stand_where_their_deal_does(company):
    state = company.prospects.set_index("account_id")["lifecycle"]
    deals = company.deals[company.deals["is_won"] != "true"].set_index("account_id")["is_won"]
    assert set(state[deals.index[deals == ""]]) == {"Open deal"}
    assert set(state[deals.index[deals == "false"]]) == {"Trial ended"}
    assert state.notna().sum() == len(deals)


def test_what_is_wanted_goes_with_the_use_case_and_is_sometimes_missing(company):
    known = company.customers.dropna(subset=["wanted", "use_case"])
    usual = known.groupby("use_case")["wanted"].agg(lambda cells: cells.value_counts(normalize=True).iloc[0])
    assert ((usual > 0.7) & (usual < 0.9)).all()
    assert company.customers["wanted"].isna().mean() == pytest.approx(0.08, abs=0.02)


def test_the_sales_side_of_customers_does_not_depend_on_the_prospects():
    few, many = simulate(100, 10), simulate(100, 500)
    pd.testing.assert_frame_equal(few.customers, many.customers)
    first, second = (one.deals[one.deals["is_won"] == "true"].reset_index(drop=True) for one in (few, many))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize("size", [(1, 1), (5, 5), (300, 2), (2, 300)])
def test_tiny_companies_have_deals_that_can_be_read(tmp_path, size):
    company = simulate(*size, seed=1)
    write_company(company, tmp_path)
    study = load_study(tmp_path / "study.yaml")
    deals = read_deals(study, {*company.customers["account_id"], *company.prospects["account_id"]})
    assert (deals.won == 1).sum() == size[0]
    assert deals.warnings == ()
    assert statuses(study.status, company.customers["lifecycle"]).sentence == ""
