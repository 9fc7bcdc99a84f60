"""Check the table as a whole: what reading it told, rows that repeat, label values that nobody has."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pandas as pd

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.duplicates import identical_groups, n_duplicate_rows
from icp_ml.accounts.label_values import same_value
from icp_ml.accounts.personal import shown

SAME_SHARE = 0.01
_FIRST_VALUES = 5


def table_findings(customers: Customers) -> Iterator[Finding]:
    """Find what is odd about the table, not about one attribute."""
    for warning in customers.warnings:
        yield Finding("warning", "table", None, 1, warning, "Check the export")
    if customers.study.group is None and len(customers.frame.columns):
        n_same = n_duplicate_rows(identical_groups(customers.frame))
        if n_same and n_same >= SAME_SHARE * len(customers):
            evidence = f"{n_same:,} of {len(customers):,} rows repeat the attributes of an earlier one"
            step = "If these are the same companies, set `group: {identical_rows: true}` or a parent column"
            yield Finding("note", "identical_rows", None, n_same, evidence, step)
    yield from _label_findings(customers)


def _label_findings(customers: Customers) -> Iterator[Finding]:
    """Find values of a finished label that no customer has: a wrong spelling, most often."""
    outcome = customers.study.outcome
    if outcome.column is None:
        return
    counts = pd.Series(customers.outcome["column"]).dropna().astype(str).str.strip().value_counts()
    absent = [value for value in (*outcome.success, *outcome.failure) if not _occurs(value, counts.index)]
    if not absent:
        return
    held = ", ".join(f"{shown(outcome.column, value)} ({n:,})" for value, n in counts.head(_FIRST_VALUES).items())
    named = ", ".join(repr(value) for value in absent)
    evidence = f"no customer has the value {named} of the outcome; the column holds {held}"
    step = "Compare outcome.success and outcome.failure with the column; upper and lower case differ"
    yield Finding("warning", "label_value", outcome.column, len(absent), evidence, step)


def _occurs(value: object, texts: Iterable[str]) -> bool:
    return any(same_value(text, value) for text in texts)
