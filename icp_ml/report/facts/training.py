"""Facts of a training: the verdict, and every chapter of the report behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from icp_ml.report.facts.absent import absent_words
from icp_ml.report.facts.audit import audit_facts, lineage_facts, study_facts
from icp_ml.report.facts.evaluation import evaluation_facts, three_numbers
from icp_ml.report.facts.explanation import explanation_facts
from icp_ml.report.facts.key_findings import key_findings
from icp_ml.report.wording import headline, learner_words, unused_words, verdict_evidence, verdict_reasons

if TYPE_CHECKING:
    from icp_ml.accounts.audit.finding import Finding
    from icp_ml.accounts.customers import Customers
    from icp_ml.accounts.outcome import Labels
    from icp_ml.accounts.split import Split
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.evaluation.evaluate import Evaluation
    from icp_ml.model.success_model import SuccessModel
    from icp_ml.study import Study


@dataclass(frozen=True)
class Training:
    """Everything a report of a training speaks of.

    Attributes
    ----------
    study, customers, labels, findings, split, evaluation
        As the workflow made them.
    model
        What is served, refitted on every account whose outcome is known.
    audit_document
        ``Audit.as_document()``, where the whole audit was made.
    evidence
        Documents by name: ``slices``, ``surprises``, ``bottom``, ``leading``, ``importance``, ``stability``,
        ``mapping``, ``points``. One that was not made is left out.
    """

    study: Study
    customers: Customers
    labels: Labels
    findings: Sequence[Finding]
    split: Split
    evaluation: Evaluation
    model: SuccessModel
    audit_document: Mapping[str, Any] | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)

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
        Keys are those the templates of this package name; numbers are plain floats, text is ready to read. A chapter
        that was not made is None or empty, and ``absent`` says why.
    """
    study, customers, labels = training.study, training.customers, training.labels
    known = customers.frame.iloc[np.flatnonzero(labels.known)]
    facts = {
        "kind": "success",
        "study": study_facts(study),
        "verdict": _verdict(training),
        "numbers": three_numbers(training.evaluation),
        "procedure": {"sentence": training.evaluation.procedure, "steps": list(training.split.steps)},
        **evaluation_facts(training.evaluation, training.evidence),
        **explanation_facts(study, training.classifier, known, customers.kinds, training.evidence),
        **audit_facts(customers, labels, training.findings, training.audit_document),
        "criteria": [],
        "notes": _notes(training),
        "lineage": lineage_facts(study, customers, training.model.digest),
    }
    return facts | {"key_findings": key_findings(facts), "absent": absent_words(facts, study)}


def _verdict(training: Training) -> dict[str, Any]:
    evaluation, model = training.evaluation, training.model
    by_time = training.split.kind == "time"
    reasons = verdict_reasons(evaluation, training.split.steps)
    if model.probability_withdrawn:
        reasons.append("The chances are withdrawn: calibration failed. The order stands, the percentages do not.")
    evidence = (
        verdict_evidence(evaluation, training.study.outcome.horizon_days, by_time=by_time),
        unused_words(training.split.dropped),
        learner_words(evaluation.learner, str(training.classifier.learner_)),
    )
    return {
        "ready": evaluation.ready,
        "badge": "Ready" if evaluation.ready else "Not ready",
        "headline": headline(evaluation, by_time=by_time),
        "evidence": " ".join(sentence for sentence in evidence if sentence),
        "reasons": reasons,
    }


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
    notes.append(
        "Whether earlier trainings with other settings were judged by the same accounts is told by `train` and in "
        "registration.json beside this report: choosing among them makes these numbers optimistic."
    )
    return list(dict.fromkeys(notes))
