"""The five studies of real data, as `configs/` has them, end with the verdicts that their data allow."""

from __future__ import annotations

import json
from functools import cache

import pytest

from icp_ml.accounts.outcome import label_outcome
from icp_ml.study import load_study
from icp_ml.workflow import audit, train

STUDIES = ("olist-sellers", "olist-deals", "sba", "salvirt", "maven-null")
pytestmark = pytest.mark.slow


@pytest.fixture
def config(repository, shared_data):
    assert shared_data.is_dir()
    return lambda name: repository / "configs" / f"{name}.yaml"


@pytest.mark.parametrize("name", STUDIES)
def test_nothing_honest_is_blocked(config, name):
    found = audit(config(name))
    assert [finding for finding in found.prepared.findings if finding.severity == "blocker"] == []


def test_maven_has_nothing_to_find_and_says_so(config):
    result = train(config("maven-null"))
    assert result.exit_code == 3
    assert "No better than chance" in result.facts["verdict"]["headline"]
    assert result.split.kind == "time"


def test_salvirt_is_judged_by_grouped_cross_validation_and_every_fit_is_measured(config):
    result = train(config("salvirt"))
    auc = result.evaluation.metrics["roc_auc"]
    assert auc.value == pytest.approx(0.79, abs=0.03)
    assert result.split.kind == "cross_validation"
    assert all(fit["measured"] for fit in result.facts["fits"])
    groups = result.prepared.customers.groups
    assert len(set(groups)) < len(groups) == 448


def test_olist_sellers_are_judged_out_of_time(config):
    result = train(config("olist-sellers"))
    assert result.evaluation.metrics["roc_auc"].value == pytest.approx(0.69, abs=0.03)
    measured = {fit["name"] for fit in result.facts["fits"] if fit["measured"]}
    assert measured == {"functional", "resource", "experience", "context"}


def test_olist_deals_fall_back_to_cross_validation_and_say_so(config):
    result = train(config("olist-deals"))
    assert result.split.kind == "cross_validation"
    assert "how much worse the model is on later accounts is unknown" in result.evaluation.procedure


def test_sba_is_not_ready_because_its_market_falls(config):
    result = train(config("sba"), overrides=["model.learner=logistic"])
    assert result.exit_code == 3
    assert result.facts["verdict"]["reasons"]


LEAKS = [
    ("sba", "term", "warning", {"single_attribute", "roundness"}),
    ("sba", "chg_off_date", "blocker", {"after_as_of", "missingness"}),
    ("sba", "chg_off_prin_gr", "blocker", {"single_attribute"}),
    ("sba", "disbursement_date", "blocker", {"after_as_of"}),
    ("sba", "balance_gross", "warning", {"constant"}),
    ("olist-deals", "seller_state", "warning", {"missingness"}),
    ("olist-deals", "seller_zip_code_prefix", "warning", {"missingness"}),
    ("olist-sellers", "n_orders", "warning", {"single_attribute"}),
    ("maven-null", "close_value", "blocker", {"single_attribute"}),
    ("maven-null", "close_date", "blocker", {"after_as_of"}),
]
"""Study, column that knows the outcome (or says nothing), the worst severity, and checks that name it."""


@pytest.fixture(scope="module")
def listed():
    """Return the findings of a study in which its known leaks are listed as attributes."""

    @cache
    def findings(path):
        study, leaks = load_study(path), [column for name, column, *_ in LEAKS if name == path.stem]
        attributes = [*study.as_document()["fits"]["functional"], *leaks]
        ignore = [column for column in study.ignore if column not in leaks]
        overrides = [f"ignore={json.dumps(ignore)}", f"fits.functional={json.dumps(attributes)}"]
        return audit(path, overrides=overrides).prepared.findings

    return findings


@pytest.mark.parametrize(("name", "column", "severity", "checks"), LEAKS)
def test_a_known_leak_is_named_when_it_is_listed(config, listed, name, column, severity, checks):
    found = [finding for finding in listed(config(name)) if finding.column == column]
    assert found[0].severity == severity
    assert checks <= {finding.check for finding in found}


def test_labels_of_olist_sellers_are_those_of_the_finished_column(config):
    prepared = audit(config("olist-sellers")).prepared
    outcome, customers = prepared.study.outcome, prepared.customers
    again = label_outcome(outcome, customers.outcome, customers.as_of, customers.observed_until)
    assert (again.n_success, again.n_churned) == (1330, 709)
