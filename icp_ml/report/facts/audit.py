"""Facts of the data: counts, findings, the document of the audit and the lineage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from icp_ml import __version__
from icp_ml.report.wording import WHOLE_TABLE, count_rows

if TYPE_CHECKING:
    from icp_ml.accounts.audit.finding import Finding
    from icp_ml.accounts.customers import Customers
    from icp_ml.accounts.outcome import Labels
    from icp_ml.study import Study

CHAPTERS = ("counts", "maturity", "power", "parity", "backfill", "grades", "probes")
"""Chapters of the audit's document; one that was not made is None."""

STAGE_WORDS = {
    "prospect": "what is known of a prospect",
    "discovery": "what is known after discovery",
    "customer": "what is known of a customer",
}
"""What a model of each stage may use."""


def audit_facts(
    customers: Customers, labels: Labels, findings: Sequence[Finding], document: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return counts and findings, and the chapters of the audit where it was made.

    Parameters
    ----------
    customers, labels, findings
        As the workflow made them.
    document
        ``Audit.as_document()``, or None.

    Returns
    -------
    dict
        ``counts``, ``findings`` and ``audit``: a chapter per name of `CHAPTERS`, None where it was not made.
    """
    made = document or {}
    return {
        "counts": count_rows(customers, labels),
        "findings": [item.as_document() | {"column": item.column or WHOLE_TABLE} for item in findings],
        "audit": {name: made.get(name) for name in CHAPTERS},
    }


def study_facts(study: Study) -> dict[str, Any]:
    """Return what the study asks, in words."""
    horizon = study.outcome.horizon_days
    within = f"within {horizon} days" if horizon else "(no horizon stated)"
    return {
        "name": study.name,
        "task": f"chance of success {within}, from {STAGE_WORDS[study.model.stage]}",
        "horizon_days": horizon,
        "stage": study.model.stage,
        "draft_map": study.map_reviewed is None,
        "overridden": [*study.audit.allow, *study.audit.personal_data],
    }


def lineage_facts(study: Study, customers: Customers, digest: str) -> list[dict[str, str]]:
    """Return what names bundle, data, study, seed and code."""
    return [
        {"label": "bundle", "value": f"sha256:{digest}"},
        {"label": "data", "value": f"sha256:{customers.sha256}"},
        {"label": "study", "value": f"sha256:{study.digest}"},
        {"label": "seed", "value": str(study.seed)},
        {"label": "code", "value": f"icp-ml {__version__}"},
    ]
