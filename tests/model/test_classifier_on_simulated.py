"""What is planted in a simulated company is found, and nothing where nothing was planted.

Bars are loose, for one company; benchmarks/simulation.py measures the same over many.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.customers import Customers, load_customers
from icp_ml.accounts.outcome import Labels, label_outcome
from icp_ml.accounts.simulate import simulate
from icp_ml.accounts.tables import table_of
from icp_ml.model import SuccessClassifier
from icp_ml.names import PLAYERS
from icp_ml.study import load_study


@dataclass(frozen=True)
class Company:
    """Customers as exported, their truth, and fresh customers of the same world."""

    customers: Customers
    labels: Labels
    table_truth: pd.DataFrame
    fresh: pd.DataFrame
    truth: pd.DataFrame

    @property
    def table(self):
        return self.customers.frame[self.fresh.columns]

    @property
    def p(self):
        return self.truth["p_success"].to_numpy()

    def fit(self, learner="auto", weighted=True):
        attributes = self.customers.study.attributes_at("prospect")
        model = SuccessClassifier(
            {each.column: each.fit for each in attributes},
            learner=learner,
            effects={each.column: each.effect for each in attributes if each.effect},
        )
        known = self.labels.known
        weight = self.labels.weight[known] if weighted else None
        return model.fit(self.table[known], self.labels.label[known], weight, self.customers.groups[known])


def simulated(folder, n, seed, world="aligned"):
    made, other = simulate(n, 1, seed, world=world), simulate(3000, 1, 1000 + seed, world=world)
    (folder / "study.yaml").write_text(made.study, encoding="utf-8")
    study = load_study(folder / "study.yaml")
    customers, fresh = (load_customers(study, table_of(each.customers)) for each in (made, other))
    labels = label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    columns = [each.column for each in study.attributes_at("prospect")]
    return Company(customers, labels, made.truth_customers, fresh.frame[columns], other.truth_customers)


@pytest.fixture(scope="module")
def company(tmp_path_factory):
    return simulated(tmp_path_factory.mktemp("company"), 1000, seed=0)


@pytest.fixture(scope="module")
def model(company):
    return company.fit()


def mean_bias(model, company):
    return model.predict_proba(company.table)[:, 1].mean() - company.table_truth["p_success"].mean()


def test_weights_remove_the_bias_of_the_naive_query(company, model):
    assert mean_bias(company.fit("logistic", weighted=False), company) < -0.06
    assert abs(mean_bias(model, company)) < 0.05


def test_chances_of_new_accounts_are_near_the_truth(company, model):
    chance = model.predict_proba(company.fresh)[:, 1]
    bins = np.array_split(np.argsort(chance), 10)
    assert np.mean([abs(chance[rows].mean() - company.p[rows].mean()) for rows in bins]) < 0.08


def test_order_of_new_accounts_is_near_the_truth(company, model):
    assert np.corrcoef(model.decision_function(company.fresh), company.p)[0, 1] > 0.5


def test_contributions_follow_the_planted_fits(company, model):
    found = model.fit_contributions(company.fresh)
    for name in PLAYERS[:3]:
        assert np.corrcoef(found[name], company.truth[f"fit_{name}"])[0, 1] > 0.5, name


def test_a_fit_that_never_matters_contributes_less_than_those_that_do(company, model):
    size = model.fit_contributions(company.fresh).abs().mean()
    assert size["cultural"] < 0.6 * size[list(PLAYERS[:3])].mean()


def test_range_holds_the_share_of_success_of_all_accounts(company, model):
    margin = model.decision_function(company.fresh)
    middle = np.abs(margin - np.median(margin)) < 0.2
    low, high = model.probability_range(np.array([np.median(margin)]))
    assert low[0] - 0.03 < company.p[middle].mean() < high[0] + 0.03
    assert high[0] - low[0] < 0.15


def test_little_is_promised_where_nothing_was_planted(tmp_path):
    company = simulated(tmp_path, 600, 0, world="null")
    assert company.p.std() < 1e-12
    assert np.std(company.fit().predict_proba(company.fresh)[:, 1]) < 0.06


def test_auto_serves_exactly_what_its_choice_would(tmp_path):
    company = simulated(tmp_path, 300, 0)
    auto = company.fit()
    alone = company.fit(auto.learner_)
    assert np.array_equal(auto.decision_function(company.fresh), alone.decision_function(company.fresh))
