"""The five studies of real data, as `configs/` has them, end with the verdicts that their data allow."""

from __future__ import annotations

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


def test_sba_term_is_named_and_its_outcomes_in_disguise_block(config):
    study = load_study(config("sba"))
    leaks = ["term", "chg_off_prin_gr", "disbursement_date", "balance_gross"]
    listed = study.as_document()["fits"]["functional"]
    ignore = [column for column in study.ignore if column not in leaks]
    found = audit(
        config("sba"),
        overrides=[
            f"ignore=[{', '.join(ignore)}]",
            f"fits.functional=[{', '.join(map(_key, listed))}, {', '.join(leaks)}]",
        ],
    ).prepared.findings
    worst = {finding.column: finding.severity for finding in reversed(found)}
    assert worst["chg_off_prin_gr"] == worst["disbursement_date"] == "blocker"
    assert worst["term"] == worst["balance_gross"] == "warning"


def test_labels_of_olist_sellers_are_those_of_the_finished_column(config):
    prepared = audit(config("olist-sellers")).prepared
    outcome, customers = prepared.study.outcome, prepared.customers
    again = label_outcome(outcome, customers.outcome, customers.as_of, customers.observed_until)
    assert (again.n_success, again.n_churned) == (1330, 709)


def _key(entry):
    return entry if isinstance(entry, str) else "{" + ", ".join(f"{k}: {v}" for k, v in entry.items()) + "}"
