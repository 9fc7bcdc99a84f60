"""Turn facts into tables of ready text; HTML and Markdown draw the same ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icp_ml.report.tables import data, judged, why
from icp_ml.report.tables.account import account_tables
from icp_ml.report.tables.table import Column, Table

__all__ = ["Column", "Table", "account_tables", "tables_of"]

_OF_CHAPTERS: dict[str, Callable[[Any], Table]] = {
    "gates": judged.gates,
    "bands": judged.bands,
    "ten_bands": judged.ten_bands,
    "chance": judged.chance,
    "gap": judged.gap,
    "origins": judged.origins,
    "bottom": judged.bottom,
    "leading": judged.leading,
    "fits": why.fits,
    "importance": why.importance,
    "mapping": why.mapping,
    "attributes": why.attributes,
    "learners": why.learners,
    "criteria": why.criteria,
    "counts": data.counts,
    "lineage": data.lineage,
}
_OF_AUDIT: dict[str, Callable[[Any], Table]] = {
    "maturity": data.maturity,
    "power": data.power,
    "parity": data.parity,
    "grades": data.grades,
    "backfill": data.backfill,
}


def tables_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table for every chapter the facts hold.

    Parameters
    ----------
    facts
        From `icp_ml.report.facts.training_facts` or `hypothesis_facts`.

    Returns
    -------
    dict
        ``Table`` by chapter, None where there are no rows; ``slices`` and ``segments`` are lists of them.
    """
    audit = facts["audit"]
    of_chapters = {name: draw(facts[name]) if facts[name] else None for name, draw in _OF_CHAPTERS.items()}
    of_audit = {name: draw(audit[name]) if audit[name] else None for name, draw in _OF_AUDIT.items()}
    made = {name: drawn if drawn and drawn.rows else None for name, drawn in {**of_chapters, **of_audit}.items()}
    return {
        **made,
        "metrics": judged.metrics(facts) if facts["metric_rows"] else None,
        "slices": _slices(facts["slices"]),
        **_surprises(facts["surprises"]),
        **_counts(audit["counts"]),
        **_findings(facts["findings"]),
    }


def _slices(documents: Any) -> list[Table]:
    return [judged.slices(document) for document in documents or ()]


def _surprises(document: Any) -> dict[str, Table | None]:
    found = document or {}
    labels = {"low_successes": "Successes with a low chance", "high_failures": "Failures with a high chance"}
    return {name: judged.surprises(label, found[name]) if found.get(name) else None for name, label in labels.items()}


def _counts(document: Any) -> dict[str, Any]:
    found = document or {"periods": [], "segments": {}}
    segments = [data.shares(f"Success by {column}", rows) for column, rows in found["segments"].items()]
    periods = data.shares("Success by period", found["periods"]) if found["periods"] else None
    return {"segments": segments, "periods": periods}


def _findings(rows: Any) -> dict[str, Table | None]:
    """Return all findings, what is serious, and the notes."""
    serious = [row for row in rows if row["severity"] != "note"]
    minor = [row for row in rows if row["severity"] == "note"]
    groups = {"findings": rows, "serious": serious, "minor": minor}
    return {name: data.findings(found) if found else None for name, found in groups.items()}
