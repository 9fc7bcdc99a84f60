"""What judged accounts say is told from the study's columns, with the weights and the fit of the evaluation."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.simulate import simulate, write_company
from icp_ml.accounts.split import Split
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.evaluation.evaluate import Evaluation, EvaluationOptions, evaluate
from icp_ml.model.success_model import SuccessModel
from icp_ml.study import load_study
from icp_ml.workflow import evidence
from icp_ml.workflow.evidence import judged_evidence
from icp_ml.workflow.fitting import chosen_split, success_model
from icp_ml.workflow.preparing import Prepared, prepare

EARLY = "leading_outcome: {column: onboarded, success: [yes], horizon_days: 90}\nsensitive: [founder]\n"


@dataclass(frozen=True)
class Trained:
    prepared: Prepared
    split: Split
    evaluation: Evaluation
    model: SuccessModel

    def told(self):
        return judged_evidence(self.prepared, self.split, self.evaluation, self.model)


def trained(folder, n):
    """Train on a company with an early signal and a sensitive column beside its attributes."""
    company = simulate(n, 10, seed=5)
    write_company(company, folder)
    rng = np.random.default_rng(0)
    stayed = company.customers["churned_on"].isna().to_numpy()
    onboarded = np.where(rng.random(n) < np.where(stayed, 0.8, 0.4), "yes", "no")
    customers = company.customers.assign(onboarded=onboarded, founder=rng.choice(["f", "m"], n))
    (folder / "study.yaml").write_text(company.study + EARLY)
    study = load_study(folder / "study.yaml", ["model.learner=logistic"])
    prepared, attributes = prepare(study, customers), study.attributes_at(study.model.stage)
    names = [attribute.column for attribute in attributes]
    kinds = {name: "categorical" if prepared.customers.kinds[name] == "categorical" else "numeric" for name in names}
    make = partial(SuccessClassifier, learner="logistic", kinds=kinds, n_folds=2)
    options = EvaluationOptions(n_splits=2, n_boot=50)
    frame = prepared.customers.frame[names]
    split = chosen_split(prepared)
    evaluation = evaluate(make, frame, prepared.labels, split, options=options)
    return Trained(prepared, split, evaluation, success_model(prepared, attributes, evaluation, split).model)


@pytest.fixture(scope="module")
def by_time(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("company"), n=900)


@pytest.fixture(scope="module")
def document(by_time):
    return by_time.told()


def test_every_part_is_there_and_is_json(document):
    assert set(document) == {"slices", "surprises", "bottom", "leading"}
    assert all(part["sentence"] for part in (*document["slices"], *list(document.values())[1:]))
    json.dumps(document, allow_nan=False)


def test_segments_sensitive_columns_and_sizes_are_sliced(document):
    kinds = {table["column"]: table["kind"] for table in document["slices"]}
    assert kinds == {"channel": "segment", "region": "segment", "founder": "sensitive", "team_size": "size"}
    (founder,) = [table for table in document["slices"] if table["column"] == "founder"]
    assert {row["name"] for row in founder["rows"]} == {"f", "m"}
    assert all(row["selection_ratio"] is not None for row in founder["rows"])


def test_the_slices_are_weighted_as_the_metrics_are(by_time, document):
    rows = evidence._rows(by_time.prepared, by_time.split, by_time.evaluation)
    assert np.average(rows.outcome, weights=rows.weight) == pytest.approx(by_time.evaluation.base_rate, abs=1e-12)
    assert np.ptp(rows.weight) > 0
    assert "weighted for censoring" in document["surprises"]["sentence"]


def test_a_true_base_rate_reaches_the_slices(by_time):
    sampled = replace(by_time.evaluation, base_rate=0.1)
    rows = evidence._rows(by_time.prepared, by_time.split, sampled)
    assert np.average(rows.outcome, weights=rows.weight) == pytest.approx(0.1)


def test_surprises_are_judged_accounts_explained_by_the_fit_that_judged_them(by_time, document):
    judged_ids = {by_time.prepared.customers.ids[at] for at in by_time.evaluation.test_index}
    both = [*document["surprises"]["low_successes"], *document["surprises"]["high_failures"]]
    assert len(both) == 10
    assert {found["id"] for found in both} <= judged_ids
    assert all("(+" in text for found in document["surprises"]["high_failures"] for text in found["reasons"])
    assert "has seen these accounts" not in document["surprises"]["sentence"]


def test_the_planted_early_signal_is_found(document):
    leading = document["leading"]
    assert leading["column"] == "onboarded"
    assert leading["difference"]["low"] > 0.1
    assert leading["waiting"] > 0


def test_without_an_early_signal_or_its_column_there_is_none(by_time):
    study = replace(by_time.prepared.study, leading_outcome=None)
    assert replace(by_time, prepared=replace(by_time.prepared, study=study)).told()["leading"] is None
    others = by_time.prepared.customers.others.drop(columns="onboarded")
    customers = replace(by_time.prepared.customers, others=others)
    assert replace(by_time, prepared=replace(by_time.prepared, customers=customers)).told()["leading"] is None


def test_ids_that_are_data_of_persons_are_replaced_by_rows(by_time):
    mails = pd.Series(by_time.prepared.customers.ids).str.cat(["@example.com"] * len(by_time.prepared.customers.ids))
    customers = replace(by_time.prepared.customers, ids=mails.to_numpy(dtype=object))
    told = replace(by_time, prepared=replace(by_time.prepared, customers=customers)).told()
    assert "@" not in json.dumps(told)
    assert told["surprises"]["low_successes"][0]["id"].startswith("row ")


def test_with_cross_validation_the_served_fit_explains(by_time):
    crossed = replace(by_time, evaluation=replace(by_time.evaluation, classifier=None))
    assert "has seen these accounts" in crossed.told()["surprises"]["sentence"]


def test_of_many_accounts_some_are_explained(by_time, document, monkeypatch):
    monkeypatch.setattr(evidence, "MAX_EXPLAINED", 100)
    some = by_time.told()
    assert some["surprises"] == document["surprises"]
    assert some["bottom"]["observed"] == document["bottom"]["observed"]
    assert some["bottom"]["missing"] != document["bottom"]["missing"]


def test_a_repetition_gives_the_same_bytes(by_time, document):
    assert json.dumps(by_time.told()) == json.dumps(document)


def test_a_hypothesis_has_no_evidence(by_time):
    nothing = replace(by_time, model=replace(by_time.model, classifier=None))
    nothing = replace(nothing, evaluation=replace(by_time.evaluation, classifier=None))
    with pytest.raises(ValueError, match="a hypothesis has none"):
        nothing.told()
