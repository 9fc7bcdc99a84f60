"""Check what concerns people: personal data, protected classes, what stands in for them, and ratings of culture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.audit.finding import Finding, Severity
from icp_ml.accounts.audit.single import Alone, Groups, attribute_alone, folds_of
from icp_ml.accounts.audit.subject import Check, Subject, allowed
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.personal import protected_kind

PROXY_AUC, SURE = 0.75, 1e-4
FEWEST_OF_LEVEL, LEVEL_SHARE, MOST_LEVELS = 20, 0.05, 5
"""Levels of a sensitive column that are looked at: of at least so many customers, the most frequent first."""
_NUMBERS_SHARE = 0.9


@dataclass(frozen=True)
class _Level:
    """One level of a sensitive column: who has it, among the customers for whom the column is filled."""

    column: str
    filled: npt.NDArray[np.bool_]
    has_it: npt.NDArray[np.float64]
    words: str


def _personal(subject: Subject) -> Iterator[Finding]:
    kind = subject.personal
    if kind is None:
        return
    is_allowed = subject.column in subject.study.audit.personal_data
    evidence = f"it seems to hold {kind}" + ("; allowed by audit.personal_data" if is_allowed else "")
    step = "List it under ignore, or name it in audit.personal_data if you may use it"
    severity: Severity = "note" if is_allowed else "blocker"
    yield Finding(severity, "personal_data", subject.column, len(subject.held), evidence, step)


def _protected(subject: Subject) -> Iterator[Finding]:
    """Find attributes that name a protected class: a profile must not choose accounts by it."""
    kind = protected_kind(subject.column, subject.counts.index if subject.kind == "categorical" else ())
    if kind is not None:
        step = (
            "List it under `sensitive` (audited, never an attribute) or ignore; audit.allow if the law lets you use it"
        )
        evidence = f"it seems to tell {kind}, a protected class"
        yield allowed(Finding("blocker", "protected_class", subject.column, len(subject.held), evidence, step), subject)


def people_findings(customers: Customers) -> Iterator[Finding]:
    """Find attributes that tell a sensitive column apart, and remind of care where attributes are cultural."""
    yield from _sensitive_proxies(customers)
    cultural = [attribute.column for attribute in customers.study.attributes_at() if attribute.fit == "cultural"]
    if cultural:
        evidence = f"under cultural: {', '.join(cultural)}"
        step = "Rate ways of working, values and risk appetite; never the origin, language or faith of people"
        yield Finding("note", "cultural_care", None, len(cultural), evidence, step)


def _sensitive_proxies(customers: Customers) -> Iterator[Finding]:
    """Find attributes that order customers by a level of a sensitive column, out of fold."""
    study = customers.study
    named = [name for name in study.sensitive if name in customers.others.columns]
    best: dict[tuple[str, str], tuple[Alone, _Level]] = {}
    for level in (level for name in named for level in _levels(name, customers.others[name])):
        for column, found in _orders(customers, level):
            kept = best.get((column, level.column))
            if kept is None or found.auc > kept[0].auc:
                best[column, level.column] = (found, level)
    for (column, sensitive), (found, level) in best.items():
        evidence = (
            f"it tells {level.words} of {sensitive!r} from the rest with an out-of-fold ROC AUC of {found.auc:.3f}"
        )
        is_allowed = column in study.audit.allow
        severity: Severity = "note" if is_allowed else "warning"
        evidence += "; allowed by audit.allow" if is_allowed else ""
        step = "Ask whether the profile may choose by it; compare the slices of the report; audit.allow if it may"
        yield Finding(severity, "sensitive_proxy", column, int(level.has_it.sum()), evidence, step)


def _orders(customers: Customers, level: _Level) -> Iterator[tuple[str, Alone]]:
    groups: Groups = None if customers.groups is None else customers.groups[level.filled]
    folds, everyone = folds_of(level.has_it, groups), np.arange(len(level.has_it))
    for attribute in customers.study.attributes_at():
        if attribute.column == level.column or not folds:
            continue
        values = customers.frame[attribute.column][level.filled].reset_index(drop=True)
        kind = customers.kinds[attribute.column]
        at_best = attribute_alone(values, kind, level.has_it, [(everyone, everyone)])
        if (
            at_best is None or at_best.auc < PROXY_AUC
        ):  # in sample, once: out of fold it is lower, at five times the cost
            continue
        found = attribute_alone(values, kind, level.has_it, folds)
        if found is not None and found.auc >= PROXY_AUC and found.p_value < SURE:
            yield attribute.column, found


def _levels(name: str, texts: pd.Series) -> Iterator[_Level]:
    """Yield the levels of a sensitive column that are frequent enough; the halves of one that holds numbers."""
    filled = texts.notna().to_numpy(dtype=bool)
    held = texts[filled]
    numbers = pd.to_numeric(held, errors="coerce")
    if held.nunique() > MOST_LEVELS and numbers.notna().mean() >= _NUMBERS_SHARE:
        middle = float(numbers.median())
        yield _Level(name, filled, np.asarray(numbers > middle, dtype=np.float64), "the upper half")
        return
    counts = held.value_counts().sort_index(kind="stable").sort_values(ascending=False, kind="stable")
    enough = max(FEWEST_OF_LEVEL, LEVEL_SHARE * len(held))
    frequent = [level for level, n in counts.items() if n >= enough and len(held) - n >= FEWEST_OF_LEVEL]
    n_looked_at = 1 if len(counts) == 2 else MOST_LEVELS  # each of two is the rest of the other
    for level in frequent[:n_looked_at]:
        has_it = np.asarray(held == level, dtype=np.float64)
        yield _Level(
            name, filled, has_it, f"one of {len(counts)} levels ({int(has_it.sum()):,} of {len(held):,} customers)"
        )


PEOPLE_OF_EMPTY: tuple[Check, ...] = (_protected,)
PEOPLE: tuple[Check, ...] = (_personal, _protected)
