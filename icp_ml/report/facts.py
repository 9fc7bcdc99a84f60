"""Gather what a training found into one value, the facts, from which every report format is drawn."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icp_ml import __version__
from icp_ml.names import CONTEXT, PLAYERS
from icp_ml.report.wording import METRIC_WORDS, count_rows, headline, plain_number, verdict_evidence, verdict_reasons
from icp_ml.rules import Rule

if TYPE_CHECKING:
    from icp_ml.accounts.audit.finding import Finding
    from icp_ml.accounts.customers import Customers
    from icp_ml.accounts.outcome import Labels
    from icp_ml.accounts.split import Split
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.evaluation.evaluate import Evaluation
    from icp_ml.model.success_model import SuccessModel
    from icp_ml.study import Study

SWARM_ACCOUNTS = 300
SWARM_ATTRIBUTES = 12


@dataclass(frozen=True)
class Training:
    """Everything a report of a training speaks of.

    Attributes
    ----------
    study, customers, labels, findings, split, evaluation
        As the workflow made them.
    model
        What is served, refitted on every account whose outcome is known.
    """

    study: Study
    customers: Customers
    labels: Labels
    findings: Sequence[Finding]
    split: Split
    evaluation: Evaluation
    model: SuccessModel

    @property
    def classifier(self) -> SuccessClassifier:
        """The classifier that is served."""
        if self.model.classifier is None:
            raise ValueError("a hypothesis has no classifier")
        return self.model.classifier


def training_facts(training: Training) -> dict[str, Any]:
    """Return the facts of a training as one JSON-able document.

    Parameters
    ----------
    training
        What the workflow made.

    Returns
    -------
    dict
        Keys are those the templates of this package name; numbers are plain floats, text is ready to read.
    """
    study, evaluation = training.study, training.evaluation
    used = [a for a in study.attributes_at(study.model.stage) if a.column in (training.classifier.fits or {})]
    frame = training.customers.frame[[a.column for a in used]].iloc[np.flatnonzero(training.labels.known)]
    by_fit = training.classifier.contributions_array(frame)
    sample = _swarm_rows(len(frame), study.seed)
    by_attribute = training.classifier.attribute_contributions(frame.iloc[sample])
    fits = _fits(study, used, by_fit)
    return {
        "kind": "success",
        "study": _study(study),
        "verdict": {
            "ready": evaluation.ready,
            "badge": "Ready" if evaluation.ready else "Not ready",
            "headline": headline(evaluation),
            "evidence": verdict_evidence(evaluation, study.outcome.horizon_days),
            "reasons": verdict_reasons(evaluation, training.split.steps),
        },
        "numbers": _numbers(evaluation),
        "procedure": {"sentence": evaluation.procedure, "steps": list(training.split.steps)},
        **_evaluation_tables(evaluation),
        "metrics": evaluation.to_metrics_json(),
        "reliability": _plain(evaluation.reliability),
        "lift_curve": _plain(evaluation.lift_curve),
        "fits": fits,
        "fits_sentence": _fits_sentence(fits),
        "beeswarm": _beeswarm(used, by_attribute, frame.iloc[sample], study),
        "attributes": _attributes(used, by_attribute, training.customers, study),
        "criteria": [],
        "counts": count_rows(training.customers, training.labels),
        "notes": _notes(training),
        "findings": [_finding(item) for item in training.findings],
        **_learners(training.classifier),
        "lineage": _lineage(study, training.customers, training.model.digest),
    }


def hypothesis_facts(
    study: Study,
    customers: Customers,
    labels: Labels,
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    shortage: str,
    digest: str,
) -> dict[str, Any]:
    """Return the facts of an order by written criteria, made because there are too few outcomes for a model."""
    return {
        "kind": "hypothesis",
        "study": _study(study) | {"task": "order by written criteria, without probability"},
        "verdict": {
            "ready": False,
            "badge": "Untested",
            "headline": f"An untested order by {len(rules)} written criteria: too few outcomes for a model.",
            "evidence": shortage,
            "reasons": ["Data replace the criteria as outcomes come: train again with the same study."],
        },
        "numbers": [
            {
                "name": "criteria",
                "shown": str(len(rules)),
                "text": "criteria decide the order, each with the same weight",
            },
            {"name": "success", "shown": str(labels.n_success), "text": "successes are known"},
            {"name": "churned", "shown": str(labels.n_churned), "text": "failures are known"},
        ],
        "procedure": {"sentence": "Nothing was measured: the order is a hypothesis.", "steps": []},
        "metric_rows": [],
        "metrics": {},
        "gates": [],
        "bands": [],
        "baseline_names": [],
        "random_split_shown": False,
        "reliability": [],
        "lift_curve": [],
        "fits": [],
        "fits_sentence": "",
        "beeswarm": [],
        "attributes": [],
        "learners": [],
        "learner_rule": "",
        "criteria": [_criterion(rule, customers) for rule in rules],
        "counts": count_rows(customers, labels),
        "notes": [*labels.notes, *customers.warnings],
        "findings": [_finding(item) for item in findings],
        "lineage": _lineage(study, customers, digest),
    }


def _criterion(rule: Rule, customers: Customers) -> dict[str, Any]:
    """Return how many customers meet a criterion; columns the table lacks are not known for anybody."""
    others = customers.others.drop(columns=list(customers.frame.columns), errors="ignore")
    frame = pd.concat([customers.frame, others], axis=1)
    absent = {column: np.full(len(frame), None, dtype=object) for column in rule.columns - set(frame.columns)}
    answers = rule.evaluate(frame.assign(**absent))
    counts = {name: int((answers == code).sum()) for name, code in (("yes", 1), ("no", 0), ("unknown", -1))}
    return {"text": rule.text, **counts}


def _study(study: Study) -> dict[str, Any]:
    horizon = study.outcome.horizon_days
    within = f"within {horizon} days" if horizon else "(no horizon stated)"
    return {
        "name": study.name,
        "task": f"chance of success {within}, attributes known to a {study.model.stage}",
        "horizon_days": horizon,
        "stage": study.model.stage,
        "draft_map": study.map_reviewed is None,
    }


def _numbers(evaluation: Evaluation) -> list[dict[str, str]]:
    shown = []
    for name, text in (
        ("roc_auc", "ROC AUC: a success ranks above a failure this often; .5 is chance"),
        ("lift_at_10", "lift of the top 10 %: their success share over the base rate; 1 is chance"),
        (
            "calibration_error",
            "calibration error: mean gap between chance and what happened, noise included; 0 is best",
        ),
    ):
        estimate = evaluation.metrics[name]
        interval = f"{plain_number(estimate.low)} to {plain_number(estimate.high)}"
        shown.append({"name": name, "shown": plain_number(estimate.value), "text": f"{text} (90 %: {interval})"})
    return shown


def _evaluation_tables(evaluation: Evaluation) -> dict[str, Any]:
    names = list(evaluation.baselines)
    rows = []
    for name, (label, help_text) in METRIC_WORDS.items():
        estimate = evaluation.metrics.get(name)
        if estimate is None:
            continue
        rows.append(
            {
                "name": name,
                "label": label,
                "help": help_text,
                "value": plain_number(estimate.value),
                "interval": f"{plain_number(estimate.low)} to {plain_number(estimate.high)}",
                "baselines": [_cell(evaluation.baselines[baseline], name) for baseline in names],
                "random_split": _cell(evaluation.random_split, name),
            }
        )
    gates = [
        {
            "name": gate.name,
            "label": gate.name.replace("_", " "),
            "passed": gate.passed,
            "value": "" if gate.value is None else plain_number(gate.value),
            "bar": _bar(gate.bar),
            "why": gate.why,
        }
        for gate in evaluation.gates
    ]
    bands = [
        {
            "name": f"{'first' if place == 0 else 'next'} {int(band['n']):,}",
            "n": int(band["n"]),
            "predicted": plain_number(band["predicted"]),
            "observed": plain_number(band["observed"]),
            "interval": f"{plain_number(band['low'])} to {plain_number(band['high'])}",
        }
        for place, band in enumerate(evaluation.bands)
    ]
    shown = any(row["random_split"] for row in rows)
    return {
        "metric_rows": rows,
        "gates": gates,
        "bands": bands,
        "baseline_names": [name.replace("_", " ") for name in names],
        "random_split_shown": shown,
    }


def _cell(found: Mapping[str, Any] | None, name: str) -> str:
    value = (found or {}).get(name)
    value = getattr(value, "value", value)
    value = value.get("value") if isinstance(value, Mapping) else value
    return "" if value is None or not math.isfinite(value) else plain_number(value)


def _bar(bar: float | Sequence[float]) -> str:
    return f"{bar[0]:g} to {bar[1]:g}" if isinstance(bar, Sequence) else f"{bar:g}"


def _fits(study: Study, used: Sequence[Any], by_fit: np.ndarray[Any, Any]) -> list[dict[str, Any]]:
    mean_abs = np.abs(by_fit).mean(axis=0)
    rows = []
    for number, name in enumerate(PLAYERS):
        columns = [study.label_of(a.column) for a in used if a.fit == name]
        if name == CONTEXT and not columns:
            continue
        proxies = [study.label_of(a.column) for a in used if a.fit == name and a.proxy]
        row = {"name": name, "mean_abs": float(mean_abs[number]), "measured": bool(columns), "attributes": columns}
        rows.append(row | {"proxies": proxies})
    return rows


def _fits_sentence(fits: Sequence[dict[str, Any]]) -> str:
    measured = sorted((fit for fit in fits if fit["measured"] and fit["name"] != CONTEXT), key=lambda f: -f["mean_abs"])
    missing = [fit["name"] for fit in fits if not fit["measured"]]
    if not measured:
        return "No attribute stands under a fit: only context is used."
    parts = ", ".join(f"{fit['name']} ({fit['mean_abs']:.2f})" for fit in measured[:3])
    text = f"Scores differ most by the {parts} fit." if len(measured) == 1 else f"Scores differ most by: {parts}."
    if missing:
        text += f" Not measured by any attribute: {', '.join(missing)}."
    proxies = [proxy for fit in fits for proxy in fit["proxies"]]
    return text + (f" Stand-ins (proxies) for their fit: {', '.join(proxies)}." if proxies else "")


def _swarm_rows(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    chosen = np.random.default_rng(seed).permutation(n)[:SWARM_ACCOUNTS]
    return np.sort(chosen)


def _beeswarm(
    used: Sequence[Any], contributions: pd.DataFrame, frame: pd.DataFrame, study: Study
) -> list[dict[str, Any]]:
    fit_of = {a.column: a.fit for a in used}
    strength = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    rows = []
    for column in strength.index[:SWARM_ATTRIBUTES]:
        if strength[column] <= 0:
            continue
        position = _positions(frame[column])
        points = [
            [round(float(c), 4), None if math.isnan(p) else round(float(p), 3)]
            for c, p in zip(contributions[column], position, strict=True)
        ]
        row = {"attribute": str(column), "label": study.label_of(str(column)), "fit": fit_of[str(column)]}
        levels = _levels(frame[column], contributions[column])
        shown = {"points": [] if levels else points, "levels": levels}
        rows.append(row | {"mean_abs": float(strength[column])} | shown)
    return rows


def _levels(values: pd.Series[Any], contributions: pd.Series[Any]) -> list[dict[str, Any]]:
    """Return the mean contribution of each level of a text attribute; empty for numbers."""
    if pd.api.types.is_float_dtype(values):
        return []
    named = values.astype(object).where(values.notna(), "not known")
    grouped = contributions.groupby(named.to_numpy()).agg(["mean", "size"])
    return [
        {"name": str(name), "mean": round(float(mean), 4), "n": int(n), "share": float(n / len(values))}
        for name, mean, n in grouped.itertuples()
    ]


def _positions(values: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return where each value stands between low (0) and high (1) by rank; text and missing values nowhere."""
    if not pd.api.types.is_float_dtype(values):
        return np.full(len(values), np.nan)
    return np.asarray(values.rank(pct=True), dtype=np.float64)


def _attributes(
    used: Sequence[Any], contributions: pd.DataFrame, customers: Customers, study: Study
) -> list[dict[str, Any]]:
    rows = []
    for attribute in used:
        column = attribute.column
        remarks = [
            "proxy for the fit" if attribute.proxy else "",
            "not point in time" if not attribute.point_in_time else "",
            f"expected to be {attribute.effect}" if attribute.effect else "",
        ]
        rows.append(
            {
                "column": column,
                "label": study.label_of(column),
                "fit": attribute.fit,
                "kind": customers.kinds[column],
                "missing": f"{customers.frame[column].isna().mean():.0%}",
                "mean_abs": f"{contributions[column].abs().mean():.3f}",
                "remarks": "; ".join(remark for remark in remarks if remark),
            }
        )
    return sorted(rows, key=lambda row: -float(row["mean_abs"]))


def _notes(training: Training) -> list[str]:
    study = training.study
    notes = [*training.labels.notes, *training.split.steps]
    if study.not_used:
        notes.append(f"Read and checked, not used yet: {', '.join(study.not_used)}.")
    if not training.evaluation.bands_ordered:
        notes.append("A band further down the list did better than the one above it: see the outcomes by band.")
    if study.as_of is None:
        notes.append("The study names no as_of day: there is no split by time, and the estimate may be too good.")
    if study.audit.allow:
        notes.append(f"Findings overridden by name: {', '.join(study.audit.allow)}.")
    notes.append(
        "The model that is served was fitted once more on every account whose outcome is known; "
        "the numbers above belong to the procedure, measured before that."
    )
    return list(dict.fromkeys(notes))


def _finding(item: Finding) -> dict[str, Any]:
    return item.as_document() | {"column": item.column or "the table"}


def _learners(classifier: SuccessClassifier) -> dict[str, Any]:
    comparison = classifier.comparison_
    rows = [
        {
            "name": name,
            "log_loss": f"{candidate['log_loss']:.4f}",
            "difference": f"{candidate['above_best']:+.4f}",
            "chosen": name == classifier.learner_,
        }
        for name, candidate in comparison.get("candidates", {}).items()
    ]
    return {"learners": rows, "learner_rule": comparison.get("rule", "")}


def _lineage(study: Study, customers: Customers, digest: str) -> list[dict[str, str]]:
    return [
        {"label": "bundle", "value": f"sha256:{digest}"},
        {"label": "data", "value": f"sha256:{customers.sha256}"},
        {"label": "study", "value": f"sha256:{study.digest}"},
        {"label": "seed", "value": str(study.seed)},
        {"label": "code", "value": f"icp-ml {__version__}"},
    ]


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: int(value) if name == "n" else value for name, value in row.items()} for row in rows]
