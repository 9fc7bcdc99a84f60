"""Facts of an order by written criteria, made where there are too few outcomes for a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icp_ml.report.facts.absent import absent_words
from icp_ml.report.facts.audit import audit_facts, lineage_facts, study_facts
from icp_ml.report.facts.evaluation import NO_EVALUATION
from icp_ml.report.facts.explanation import NO_EXPLANATION
from icp_ml.report.facts.key_findings import key_findings
from icp_ml.rules import Rule

if TYPE_CHECKING:
    from icp_ml.accounts.audit.finding import Finding
    from icp_ml.accounts.customers import Customers
    from icp_ml.accounts.outcome import Labels
    from icp_ml.study import Study


def hypothesis_facts(
    study: Study,
    customers: Customers,
    labels: Labels,
    findings: Sequence[Finding],
    rules: Sequence[Rule],
    shortage: str,
    digest: str,
    audit_document: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the facts of an order by written criteria.

    Parameters
    ----------
    study, customers, labels, findings
        As the workflow made them.
    rules
        The criteria of the profile.
    shortage
        Why there is no model.
    digest
        Of the bundle.
    audit_document
        ``Audit.as_document()``, where it was made.

    Returns
    -------
    dict
        The keys of `icp_ml.report.facts.training_facts`.
    """
    facts = {
        "kind": "hypothesis",
        "study": study_facts(study) | {"task": "order by written criteria, without probability"},
        "verdict": _verdict(rules, shortage),
        "numbers": _numbers(rules, labels),
        "procedure": {"sentence": "Nothing was measured: the order is a hypothesis.", "steps": []},
        **NO_EVALUATION,
        **NO_EXPLANATION,
        **audit_facts(customers, labels, findings, audit_document),
        "criteria": [_criterion(rule, customers) for rule in rules],
        "notes": [*labels.notes, *customers.warnings],
        "lineage": lineage_facts(study, customers, digest),
    }
    return facts | {"key_findings": key_findings(facts), "absent": absent_words(facts, study)}


def _verdict(rules: Sequence[Rule], shortage: str) -> dict[str, Any]:
    return {
        "ready": False,
        "badge": "Untested",
        "headline": f"An untested order by {len(rules)} written criteria: too few outcomes for a model.",
        "evidence": shortage,
        "reasons": ["Data replace the criteria as outcomes come: train again with the same study."],
    }


def _numbers(rules: Sequence[Rule], labels: Labels) -> list[dict[str, str]]:
    weighed = "criteria decide the order, each with the same weight"
    return [
        {"name": "criteria", "shown": str(len(rules)), "text": weighed},
        {"name": "success", "shown": str(labels.n_success), "text": "successes are known"},
        {"name": "churned", "shown": str(labels.n_churned), "text": "failures are known"},
    ]


def _criterion(rule: Rule, customers: Customers) -> dict[str, Any]:
    """Return how many customers meet a criterion; columns the table lacks are not known for anybody."""
    others = customers.others.drop(columns=list(customers.frame.columns), errors="ignore")
    frame = pd.concat([customers.frame, others], axis=1)
    absent = {column: np.full(len(frame), None, dtype=object) for column in rule.columns - set(frame.columns)}
    answers = rule.evaluate(frame.assign(**absent))
    counts = {name: int((answers == code).sum()) for name, code in (("yes", 1), ("no", 0), ("unknown", -1))}
    return {"text": rule.text, **counts}
