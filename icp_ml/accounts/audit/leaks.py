"""Check whether an attribute knows the outcome: alone, by being filled, by how it is written, by its dates."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.stats import spearmanr

from icp_ml.accounts.audit.digits import sizes, ways_written
from icp_ml.accounts.audit.finding import Finding, Severity
from icp_ml.accounts.audit.single import AUC_BLOCKER, MARK_AUC, PRECISION_AUC, SURE, Alone, mark_within, warning_bar
from icp_ml.accounts.audit.subject import Check, Subject, allowed
from icp_ml.errors import first_rows

RUNS_WITH, FEWEST_ENDED = 0.9, 20
"""Rank correlation with the days lived from which an attribute was counted after as_of."""
_FEWEST_NUMBERS = 20
_HALF = 0.5
_CALENDAR_GAP = 0.05
_UNITS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
_LATE_WORDS = ("churn", "cancel", "terminat", "renewal", "offboard", "lost_reason", "csat", "health_score")


def _dated_late(subject: Subject) -> Iterator[Finding]:
    if subject.kind != "date" or subject.study.as_of is None:
        return
    late = subject.values.to_numpy(dtype=np.float64) < 0
    if late.any():
        where = first_rows(subject.rows[late].tolist())
        evidence = f"{int(late.sum()):,} of {len(subject.held):,} dates come after as_of ({where})"
        step = "It was not known on that day: list it under ignore, or empty these cells"
        yield allowed(Finding("blocker", "after_as_of", subject.column, int(late.sum()), evidence, step), subject)


def _counted_late(subject: Subject) -> Iterator[Finding]:
    """Find durations that run with the days an account lived after as_of, such as a tenure taken today."""
    lived, followed = subject.labels.event_days, subject.labels.follow_up_days
    if subject.kind != "numeric" or lived is None or followed is None:
        return
    numbers = subject.values.to_numpy(dtype=np.float64)
    ended = ~np.isnan(lived) & (lived > 0) & ~np.isnan(numbers)
    numbers, lived, followed = numbers[ended], lived[ended], followed[ended]
    if len(numbers) < FEWEST_ENDED or min(len(np.unique(numbers)), len(np.unique(lived))) < FEWEST_ENDED // 2:
        return
    with_life = abs(float(spearmanr(numbers, lived).statistic))
    if with_life < RUNS_WITH or with_life < abs(float(spearmanr(numbers, followed).statistic)) + _CALENDAR_GAP:
        return
    same = {unit: int((np.abs(numbers * days - lived) <= days).sum()) for unit, days in _UNITS.items()}
    unit = max(same, key=lambda name: same[name])
    is_certain = same[unit] >= _HALF * len(numbers) and len(np.unique(numbers)) >= _FEWEST_NUMBERS
    evidence = (
        f"among {len(numbers):,} accounts that ended it runs with the days from as_of to the end (rank correlation"
    )
    evidence += f" {with_life:.2f})" + (
        f"; for {same[unit]:,} of them it is that number of {unit}" if is_certain else ""
    )
    step = "It was counted after as_of: list it under ignore, or take its value of the as_of day"
    severity: Severity = "blocker" if is_certain else "warning"
    yield allowed(Finding(severity, "counted_after", subject.column, len(numbers), evidence, step), subject)


def _alone(subject: Subject) -> Iterator[Finding]:
    found, probes = subject.alone, subject.probes
    if (
        found is None
        or found.auc < warning_bar(subject.label)
        or found.p_value > SURE
        or not probes.beaten_by(found.auc)
    ):
        return
    severity: Severity = "blocker" if found.auc >= AUC_BLOCKER else "warning"
    n = len(subject.label)
    evidence = f"alone it orders {n:,} customers with an out-of-fold ROC AUC of {found.auc:.3f}"
    if probes.n:
        evidence += f" (the best of {probes.n} shuffled columns: {probes.highest_auc:.3f})"
    step = (
        "Check when it is written: if after the outcome, list it under ignore; if it is honest, name it in audit.allow"
    )
    yield allowed(Finding(severity, "single_attribute", subject.column, n, evidence, step), subject)


def _missingness(subject: Subject) -> Iterator[Finding]:
    n_missing = int(subject.judged.isna().sum())
    step = (
        "Check when it is filled: if after the outcome, list it under ignore; if it is honest, name it in audit.allow"
    )
    yield from _mark_finding("missingness", subject.emptiness, n_missing, "whether it is filled orders", step, subject)


def _written(subject: Subject) -> Iterator[Finding]:
    """Find that the way numbers are written tells the outcome, among numbers of one size."""
    if subject.kind != "numeric" or len(subject.counts) < _FEWEST_NUMBERS:
        return
    held = subject.judged.notna().to_numpy()
    numbers, label = subject.judged.to_numpy(dtype=np.float64)[held], subject.label[held]
    ways, strata = ways_written(numbers), sizes(numbers)
    tried = {way: found for way, mark in ways.items() if (found := mark_within(mark, label, strata)) is not None}
    if not tried:
        return
    (check, words) = best = max(tried, key=lambda way: tried[way].auc)
    n, what = int(ways[best].sum()), f"whether {words} orders"
    step = "Check who writes it and when: rounding that follows the outcome is a leak; else name it in audit.allow"
    if check == "roundness":
        yield from _mark_finding("roundness", tried[best], n, what, step, subject)
    elif tried[best].auc >= PRECISION_AUC:
        yield from _mark_finding("precision", tried[best], n, what, step, subject)


def _mark_finding(
    check: str, found: Alone | None, count: int, what: str, step: str, subject: Subject
) -> Iterator[Finding]:
    if found is None or found.auc < MARK_AUC or found.p_value >= SURE:
        return
    severity: Severity = "blocker" if found.auc >= AUC_BLOCKER else "warning"
    evidence = f"{what} {len(subject.label):,} customers with a ROC AUC of {found.auc:.3f} (p < {SURE:.4f})"
    yield allowed(Finding(severity, check, subject.column, count, evidence, step), subject)


def _late_name(subject: Subject) -> Iterator[Finding]:
    words = [word for word in _LATE_WORDS if word in subject.column.casefold()]
    if words:
        step = "If it is written after as_of, list it under ignore; if it is honest, name it in audit.allow"
        evidence = f"its name speaks of what comes later ({words[0]!r})"
        yield allowed(Finding("warning", "late_name", subject.column, len(subject.held), evidence, step), subject)


LEAKS_OF_EMPTY: tuple[Check, ...] = (_late_name,)
LEAKS: tuple[Check, ...] = (_dated_late, _counted_late, _alone, _missingness, _written, _late_name)
