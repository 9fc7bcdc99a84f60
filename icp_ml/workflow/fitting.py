"""Compute what a training makes: the evaluation, the served fit, its domain, and the model of either kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml import __version__
from icp_ml.accounts.contract import learn_contract
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.outcome import Labels, relabel_at
from icp_ml.accounts.split import Split, choose_split
from icp_ml.errors import DataError, message
from icp_ml.icp.base import rule_frame
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.evaluation.evaluate import Evaluation, EvaluationOptions, Timeline, evaluate
from icp_ml.model.explanation.importance import importance
from icp_ml.model.explanation.stability import Stability
from icp_ml.model.reference import JUDGED, TAUGHT, Membership, Reference
from icp_ml.model.refits import refits
from icp_ml.model.success_model import SuccessModel, identified
from icp_ml.prospects.admission import customer_key
from icp_ml.rules import parse_rule
from icp_ml.study import Attribute, Study
from icp_ml.workflow.preparing import Prepared

_FEWEST = 2
"""Customers that a domain is learned from."""


@dataclass(frozen=True)
class _Fitted:
    """The accounts whose outcome is known: where they stand, and what a fit is given of them."""

    rows: npt.NDArray[np.int64]
    frame: pd.DataFrame
    label: npt.NDArray[np.float64]
    weight: npt.NDArray[np.float64]
    groups: npt.NDArray[np.int64] | None


@dataclass(frozen=True)
class Served:
    """The model that is served, and its classifier, which a success model always has."""

    model: SuccessModel
    classifier: SuccessClassifier


def success_model(prepared: Prepared, attributes: Sequence[Attribute], evaluation: Evaluation, split: Split) -> Served:
    """Return the model that is served: the judged procedure, fitted once more on every account with a known outcome."""
    study, customers, labels = prepared.study, prepared.customers, prepared.labels
    rows = np.flatnonzero(labels.known)
    frame = customers.frame[[attribute.column for attribute in attributes]].iloc[rows]
    groups = None if customers.groups is None else customers.groups[rows]
    fitted = _Fitted(rows, frame, labels.label[rows], labels.weight[rows], groups)
    classifier = _classifier(study, customers.kinds, attributes)
    classifier.fit(fitted.frame, fitted.label, fitted.weight, fitted.groups)
    again = refits(classifier, fitted.frame, fitted.label, fitted.weight, groups=fitted.groups)
    model = SuccessModel(
        **_common(prepared, attributes),
        kind="success",
        classifier=classifier,
        evaluation_classifier=cast("SuccessClassifier | None", evaluation.classifier),
        domain=_domain(prepared, attributes, rows),
        metrics=evaluation.to_metrics_json(),
        ready=evaluation.ready,
        probability_withdrawn=evaluation.calibration_failed,
        question_value=_question_values(prepared, classifier, fitted),
        reference=_reference(prepared, fitted, split),
        stability=Stability.learn(classifier, fitted.frame, again),
        importance=importance(again).as_document(),
    )
    return Served(identified(model), classifier)


def hypothesis_model(prepared: Prepared, attributes: Sequence[Attribute], criteria: Sequence[str]) -> SuccessModel:
    """Return an order by written criteria, for when there are too few outcomes to learn from."""
    model = SuccessModel(
        **_common(prepared, attributes),
        kind="hypothesis",
        classifier=None,
        domain=_domain(prepared, attributes, np.arange(len(prepared.customers))),
        metrics={"ready": False},
        ready=False,
        criteria=tuple(criteria),
    )
    return identified(model)


def chosen_split(prepared: Prepared) -> Split:
    """Return who trains the model that is judged, and who judges it."""
    study, customers = prepared.study, prepared.customers
    return choose_split(prepared.labels, customers.as_of, customers.groups, study.floor, _relabel(prepared))


def judged(prepared: Prepared, attributes: Sequence[Attribute], split: Split) -> Evaluation:
    """Return how good the procedure is on accounts it did not train on."""
    study, customers = prepared.study, prepared.customers
    make = partial(_classifier, study, customers.kinds, attributes)
    options = EvaluationOptions(
        make_baseline=partial(make, learner="logistic"),
        capacity=study.capacity,
        gates=study.gates,
        rule=_rule(prepared),
        base_rate=study.outcome.base_rate,
        timeline=_timeline(prepared),
        seed=study.seed,
    )
    frame = customers.frame[[attribute.column for attribute in attributes]]
    return evaluate(make, frame, prepared.labels, split, groups=customers.groups, options=options)


def _timeline(prepared: Prepared) -> Timeline | None:
    """Return when customers were signed, with what was known of them on earlier days."""
    days = prepared.customers.as_of
    return None if days is None else Timeline(days, _relabel(prepared))


def _relabel(prepared: Prepared) -> Callable[[date], Labels]:
    """Return what gives the labels as known on an earlier day; nobody asks it where there are no dates."""
    study, customers = prepared.study, prepared.customers
    days = np.empty(0, "datetime64[D]") if customers.as_of is None else customers.as_of
    return partial(relabel_at, study.outcome, customers.outcome, days)


def _rule(prepared: Prepared) -> npt.NDArray[np.bool_] | None:
    """Return which customers today's rule would choose."""
    study, customers = prepared.study, prepared.customers
    if study.rule is None:
        return None
    return parse_rule(study.rule).matches(rule_frame(customers))


def _classifier(
    study: Study, kinds: Mapping[str, str], attributes: Sequence[Attribute], learner: str | None = None
) -> SuccessClassifier:
    columns = [attribute.column for attribute in attributes]
    return SuccessClassifier(
        fits={attribute.column: attribute.fit for attribute in attributes},
        learner=learner or study.model.learner,
        effects={attribute.column: attribute.effect for attribute in attributes if attribute.effect},
        kinds={column: "categorical" if kinds[column] == "categorical" else "numeric" for column in columns},
        base_rate=study.outcome.base_rate,
        random_state=study.seed,
    )


def _domain(prepared: Prepared, attributes: Sequence[Attribute], rows: npt.NDArray[np.int64]) -> Domain:
    customers = prepared.customers
    if len(rows) < _FEWEST:
        came = f"{len(rows)} customer to learn from"
        raise DataError(message(prepared.study.path, came, f"at least {_FEWEST}", "Export more customers"))
    frame = customers.frame[[attribute.column for attribute in attributes]].iloc[rows]
    groups = None if customers.groups is None else customers.groups[rows]
    fit_of = {attribute.column: attribute.fit for attribute in attributes}
    kinds = {column: customers.kinds[column] for column in fit_of}
    return Domain.learn(frame, kinds, fit_of, prepared.study.seed, groups=groups)


def _reference(prepared: Prepared, fitted: _Fitted, split: Split) -> Reference:
    customers, rows = prepared.customers, fitted.rows
    group = np.arange(len(rows)) if fitted.groups is None else fitted.groups
    part = np.zeros(len(customers), dtype=np.int8)
    if split.kind == "time":
        part[split.train], part[split.test] = TAUGHT, JUDGED
    return Reference.learn(
        customers.ids[rows],
        fitted.frame,
        fitted.label,
        weight=fitted.weight,
        seed=prepared.study.seed,
        membership=Membership(group.astype(np.int64), part[rows], _wanted(customers)[rows]),
    )


def _wanted(customers: Customers) -> npt.NDArray[np.object_]:
    """Return the desired outcome of every customer as text, None where there is none."""
    column = customers.study.desired_outcome
    held = customers.others if column in customers.others else customers.frame
    if column is None or column not in held:
        return np.full(len(customers), None, dtype=object)
    return np.array([None if pd.isna(cell) else str(cell) for cell in held[column]], dtype=object)


def _question_values(prepared: Prepared, classifier: SuccessClassifier, fitted: _Fitted) -> dict[str, float]:
    """Return how much the contributions of each attribute vary among the customers, in log-odds.

    What is only found out in discovery is not in the model of a list, and may be the question most worth asking: its
    value is that in a regression with these attributes beside the model's own.
    """
    spread = _spread(classifier, fitted.frame)
    staged = prepared.study.attributes_at("discovery")
    frame = prepared.customers.frame[[attribute.column for attribute in staged]].iloc[fitted.rows]
    later = [a for a in staged if a.column not in spread and len(frame[a.column].drop_duplicates()) > 1]
    if prepared.study.model.stage != "prospect" or not later:
        return spread
    attributes = [a for a in staged if a.column in spread or a in later]
    wider = _classifier(prepared.study, prepared.customers.kinds, attributes, learner="logistic")
    wider.fit(frame[[a.column for a in attributes]], fitted.label, fitted.weight, fitted.groups)
    found = _spread(wider, frame[[a.column for a in attributes]])
    return spread | {a.column: found[a.column] for a in later}


def _spread(classifier: SuccessClassifier, frame: pd.DataFrame) -> dict[str, float]:
    spread = classifier.attribute_contributions(frame).std(ddof=0)
    return {str(column): float(value) for column, value in spread.items()}


def _common(prepared: Prepared, attributes: Sequence[Attribute]) -> dict[str, Any]:
    """Return what a model of either kind keeps of its study and customers."""
    study, customers = prepared.study, prepared.customers
    return {
        "name": study.name,
        "study": study.as_document(),
        "horizon_days": study.outcome.horizon_days,
        "stage": study.model.stage,
        "contract": learn_contract(customers, attributes),
        "capacity": study.capacity,
        "customer_keys": () if study.id.row_number else tuple(sorted(customer_key(text) for text in customers.ids)),
        "exclude": study.exclude,
        "labels": dict(study.labels),
        "map_reviewed": study.as_document().get("map_reviewed"),
        "pass_through": study.pass_through,
        "base_rate": study.outcome.base_rate,
        "data_sha256": customers.sha256,
        "code_version": __version__,
    }
