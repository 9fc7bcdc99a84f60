"""Audit the customer table: what is empty, constant, misplaced, personal, or knows the outcome already."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import mannwhitneyu

from icp_ml.accounts.audit.finding import SEVERITIES, Finding, Severity
from icp_ml.accounts.audit.single import Alone, Folds, attribute_alone, folds_of, mark_alone
from icp_ml.accounts.customers import Customers
from icp_ml.accounts.duplicates import identical_groups, n_duplicate_rows
from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.label_values import same_value
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.personal import personal_kind, shown
from icp_ml.errors import first_rows

if TYPE_CHECKING:
    from icp_ml.study import Study

MANY_LEVELS = 200
DOMINANT_SHARE = 0.98
AUC_WARNING, AUC_BLOCKER = 0.75, 0.95
MARK_AUC, SURE = 0.60, 1e-4
AGAINST_DECLARED = 0.01
_FEW_PER_CLASS = 5
_FIRST_VALUES = 5
_IDENTIFIER_SHARE = 0.5
_IDENTIFIER_LEVELS = 20
_SAME_SHARE = 0.01
_PLACEHOLDER_NUMBERS = frozenset({-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 9999999})
_PLACEHOLDER_WORDS = frozenset(
    {"-", "--", "?", ".", "n/a", "not set", "not available", "tbd", "tba", "todo", "test", "xxx", "unspecified", "null",
     "nan", "#n/a", "undefined", "unknown"}
)  # fmt: skip
_LATE_WORDS = ("churn", "cancel", "terminat", "renewal", "offboard", "lost_reason", "csat", "health_score")
_ROUND_TO = (12, 10, 100, 1_000, 10_000, 100_000)


@dataclass(frozen=True)
class Subject:
    """One attribute under audit, with the outcome of every account beside it."""

    column: str
    kind: Kind
    values: pd.Series
    study: Study
    labels: Labels
    rows: npt.NDArray[np.int64]
    folds: Folds

    @cached_property
    def held(self) -> pd.Series:
        """Return the values that are not missing."""
        return self.values.dropna()

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Tell which accounts have a known outcome."""
        return self.labels.known

    @property
    def label(self) -> npt.NDArray[np.float64]:
        """Return the known outcomes."""
        return self.labels.label[self.known]

    @property
    def personal(self) -> str | None:
        """Return the kind of personal data that the column seems to hold."""
        return personal_kind(self.column, self.held if self.kind == "categorical" else ())


def audit_customers(customers: Customers, labels: Labels) -> list[Finding]:
    """Return what an audit finds in the customer table, the worst first.

    Parameters
    ----------
    customers : Customers
        The loaded table; the attributes known at the stage of the study's model are audited.
    labels : Labels
        Outcome of every customer, in the same order.

    Returns
    -------
    list of Finding
        Blockers, warnings, notes. A leak that the study names under ``audit.allow``, or personal data under
        ``audit.personal_data``, is a note.

    Notes
    -----
    An honest attribute rarely orders accounts better than AUC .75 alone. One that does may still be honest: a warning.
    From .95 on, or with a date after as_of, it knows the outcome: a blocker.
    """
    found = [*_table_findings(customers), *_label_findings(customers)]
    groups = None if customers.groups is None else customers.groups[labels.known]
    folds = folds_of(labels.label[labels.known], groups)
    for attribute in customers.study.attributes_at():
        name = attribute.column
        values, kind = customers.frame[name], customers.kinds[name]
        subject = Subject(name, kind, values, customers.study, labels, customers.rows, folds)
        for check in _EMPTY if subject.held.empty else _CHECKS:
            found += check(subject)
    return sorted(found, key=lambda finding: SEVERITIES.index(finding.severity))


def _table_findings(customers: Customers) -> Iterator[Finding]:
    for warning in customers.warnings:
        yield Finding("warning", "table", None, 1, warning, "Check the export")
    if customers.study.group is None and len(customers.frame.columns):
        n_same = n_duplicate_rows(identical_groups(customers.frame))
        if n_same and n_same >= _SAME_SHARE * len(customers):
            evidence = f"{n_same:,} of {len(customers):,} rows repeat the attributes of an earlier one"
            step = "If these are the same companies, set `group: {identical_rows: true}` or a parent column"
            yield Finding("note", "identical_rows", None, n_same, evidence, step)


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


def _all_missing(subject: Subject) -> Iterator[Finding]:
    n = len(subject.values)
    step = "Fill it, or list it under ignore; no claim is made on it"
    yield Finding("warning", "all_missing", subject.column, n, f"none of {n:,} customers has a value", step)


def _constant(subject: Subject) -> Iterator[Finding]:
    if (subject.values == subject.held.iloc[0]).all():
        evidence = f"every customer has {_value_shown(subject, subject.held.iloc[0])}"
        step = "List it under ignore; nothing can be learned from it"
        yield Finding("warning", "constant", subject.column, len(subject.held), evidence, step)


def _dominated(subject: Subject) -> Iterator[Finding]:
    counts = subject.held.value_counts()
    share = counts.iloc[0] / len(subject.values)
    if DOMINANT_SHARE <= share < 1.0 and len(subject.values) >= 1.0 / (1.0 - DOMINANT_SHARE):
        n = int(counts.iloc[0])
        evidence = f"{n:,} of {len(subject.values):,} customers have {_value_shown(subject, counts.index[0])}"
        step = "Too few others to learn from: merge it into another column, or list it under ignore"
        yield Finding("warning", "one_value", subject.column, n, evidence, step)


def _many_levels(subject: Subject) -> Iterator[Finding]:
    n_levels = subject.held.nunique()
    if subject.kind == "categorical" and n_levels > MANY_LEVELS:
        evidence = f"{n_levels:,} levels among {len(subject.held):,} customers"
        step = "Group the levels (industries, regions), or list it under ignore"
        yield Finding("warning", "many_levels", subject.column, n_levels, evidence, step)


def _identifier(subject: Subject) -> Iterator[Finding]:
    n_levels, n_held = subject.held.nunique(), len(subject.held)
    if n_levels < _IDENTIFIER_LEVELS or n_levels < _IDENTIFIER_SHARE * n_held:
        return
    if subject.kind == "categorical" or (subject.kind == "numeric" and _looks_numbered(subject.held, n_levels)):
        evidence = f"{n_levels:,} different values among {n_held:,} customers"
        step = "List it under ignore if it names accounts"
        yield Finding("warning", "identifier", subject.column, n_levels, evidence, step)


def _looks_numbered(held: pd.Series, n_levels: int) -> bool:
    """Tell whether numbers look handed out: whole, all different, and of one length or without gaps."""
    numbers = held.to_numpy(dtype=np.float64)
    if n_levels < 0.99 * len(numbers) or (numbers != np.floor(numbers)).any() or numbers.min() < 0:
        return False
    digits = np.floor(np.log10(np.maximum(numbers, 1.0)))
    is_dense = numbers.max() - numbers.min() < 2 * len(numbers)
    return bool(is_dense or (digits[0] >= 4 and (digits == digits[0]).all()))


def _placeholder(subject: Subject) -> Iterator[Finding]:
    counts = subject.held.value_counts()
    if subject.kind == "categorical":
        found = [level for level in counts.index if str(level).strip().casefold() in _PLACEHOLDER_WORDS]
        severity: Severity = "note"
    else:
        found = _placeholder_numbers(counts) if subject.kind == "numeric" else []
        severity = "warning"
    if found:
        n = int(counts[found].sum())
        named = ", ".join(_value_shown(subject, value) for value in found[:5])
        step = "If that means not known, empty these cells: missing is a value of its own to the model"
        yield Finding(severity, "placeholder", subject.column, n, f"{n:,} customers have {named}", step)


def _placeholder_numbers(counts: pd.Series) -> list[float]:
    """Return frequent numbers such as -1 or 9999 that lie at an end, away from all other numbers."""
    values = np.sort(counts.index.to_numpy(dtype=np.float64))
    enough = max(3.0, 0.005 * counts.sum())
    found = []
    for value in {values[0], values[-1]} & _PLACEHOLDER_NUMBERS:
        rest = values[values != value]
        is_apart = len(rest) > 0 and (rest.min() >= 0 if value < 0 else rest.max() < value / 2)
        if is_apart and counts[value] >= enough:
            found.append(float(value))
    return found


def _dated_late(subject: Subject) -> Iterator[Finding]:
    if subject.kind != "date" or subject.study.as_of is None:
        return
    late = subject.values.to_numpy(dtype=np.float64) < 0
    if late.any():
        where = first_rows(subject.rows[late].tolist())
        evidence = f"{int(late.sum()):,} of {len(subject.held):,} dates come after as_of ({where})"
        step = "It was not known on that day: list it under ignore, or empty these cells"
        yield _allowed(Finding("blocker", "after_as_of", subject.column, int(late.sum()), evidence, step), subject)


def _alone(subject: Subject) -> Iterator[Finding]:
    values = subject.values[subject.known].reset_index(drop=True)
    found = attribute_alone(values, subject.kind, subject.label, subject.folds)
    if found is None or found.auc < AUC_WARNING or found.p_value > SURE:
        return
    severity: Severity = "blocker" if found.auc >= AUC_BLOCKER else "warning"
    evidence = f"alone it orders {len(values):,} customers with an out-of-fold ROC AUC of {found.auc:.3f}"
    step = (
        "Check when it is written: if after the outcome, list it under ignore; if it is honest, name it in audit.allow"
    )
    yield _allowed(Finding(severity, "single_attribute", subject.column, len(values), evidence, step), subject)


def _missingness(subject: Subject) -> Iterator[Finding]:
    is_missing = subject.values.isna().to_numpy()[subject.known]
    found = mark_alone(is_missing, subject.label)
    what = "whether it is filled orders"
    step = (
        "Check when it is filled: if after the outcome, list it under ignore; if it is honest, name it in audit.allow"
    )
    yield from _mark_finding("missingness", found, int(is_missing.sum()), what, step, subject)


def _roundness(subject: Subject) -> Iterator[Finding]:
    numbers = subject.values.to_numpy(dtype=np.float64) if subject.kind == "numeric" else np.empty(0)
    usable = subject.known & ~np.isnan(numbers) if len(numbers) else np.zeros(len(subject.values), dtype=bool)
    if not usable.any() or subject.held.nunique() < _IDENTIFIER_LEVELS:
        return
    label = subject.labels.label[usable]
    marks = {step: (numbers[usable] % step == 0) & (numbers[usable] != 0) for step in _ROUND_TO}
    tried = {step: found for step, mark in marks.items() if (found := mark_alone(mark, label)) is not None}
    if tried:
        best = max(tried, key=lambda step: tried[step].auc)
        what = f"whether it is a multiple of {best:,} orders"
        step = "Check who writes it and when: rounding that follows the outcome is a leak; else name it in audit.allow"
        yield from _mark_finding("roundness", tried[best], int(marks[best].sum()), what, step, subject)


def _mark_finding(
    check: str, found: Alone | None, count: int, what: str, step: str, subject: Subject
) -> Iterator[Finding]:
    if found is None or found.auc < MARK_AUC or found.p_value >= SURE:
        return
    severity: Severity = "blocker" if found.auc >= AUC_BLOCKER else "warning"
    evidence = f"{what} {len(subject.label):,} customers with a ROC AUC of {found.auc:.3f} (p < {SURE:.4f})"
    yield _allowed(Finding(severity, check, subject.column, count, evidence, step), subject)


def _effect(subject: Subject) -> Iterator[Finding]:
    """Say where the data speak against the direction that the study declares."""
    declared = next(a.effect for a in subject.study.attributes if a.column == subject.column)
    usable = subject.known & subject.values.notna().to_numpy()
    label = subject.labels.label[usable]
    if declared is None or min((label == 1).sum(), (label == 0).sum()) < _FEW_PER_CLASS:
        return
    numbers = subject.values.to_numpy(dtype=np.float64)[usable]
    against: Literal["less", "greater"] = "less" if declared == "increasing" else "greater"
    test = mannwhitneyu(numbers[label == 1], numbers[label == 0], alternative=against)
    if test.pvalue < AGAINST_DECLARED:
        auc = float(test.statistic / ((label == 1).sum() * (label == 0).sum()))
        evidence = (
            f"declared {declared}, but among {len(label):,} customers higher values are associated with "
            f"{'less' if against == 'less' else 'more'} success (ROC AUC {auc:.3f}, p {test.pvalue:.4f})"
        )
        step = "Check the expectation and the column; remove `effect` if the data are right"
        yield Finding("warning", "effect", subject.column, len(label), evidence, step)


def _late_name(subject: Subject) -> Iterator[Finding]:
    words = [word for word in _LATE_WORDS if word in subject.column.casefold()]
    if words:
        step = "If it is written after as_of, list it under ignore; if it is honest, name it in audit.allow"
        evidence = f"its name speaks of what comes later ({words[0]!r})"
        yield _allowed(Finding("warning", "late_name", subject.column, len(subject.held), evidence, step), subject)


def _personal(subject: Subject) -> Iterator[Finding]:
    kind = subject.personal
    if kind is None:
        return
    is_allowed = subject.column in subject.study.audit.personal_data
    evidence = f"it seems to hold {kind}" + ("; allowed by audit.personal_data" if is_allowed else "")
    step = "List it under ignore, or name it in audit.personal_data if you may use it"
    severity: Severity = "note" if is_allowed else "blocker"
    yield Finding(severity, "personal_data", subject.column, len(subject.held), evidence, step)


def _allowed(finding: Finding, subject: Subject) -> Finding:
    if subject.column not in subject.study.audit.allow:
        return finding
    return replace(finding, severity="note", evidence=f"{finding.evidence}; allowed by audit.allow")


def _value_shown(subject: Subject, value: object) -> str:
    if subject.personal:
        return "one value (not shown)"
    return f"{value:.10g}" if isinstance(value, float) else shown(subject.column, value)


_Check = Callable[[Subject], Iterator[Finding]]
_EMPTY: tuple[_Check, ...] = (_all_missing, _late_name)
_CHECKS: tuple[_Check, ...] = (
    _constant, _dominated, _many_levels, _identifier, _placeholder, _dated_late, _alone, _missingness, _roundness,
    _effect, _late_name, _personal,
)  # fmt: skip
