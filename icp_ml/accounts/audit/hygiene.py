"""Check whether a column can be learned from: empty, constant, a value per account, values that are mistakes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

import numpy as np
import pandas as pd
from scipy.stats import kstest, uniform

from icp_ml.accounts.audit.finding import Finding, Severity
from icp_ml.accounts.audit.subject import Check, Subject, value_shown

LOW_COVERAGE = 0.05
"""Filled for at most so many: the rule of low coverage as marketing-score vendors (Lattice) publish it."""
MANY_LEVELS = 200
DOMINANT_SHARE = 0.98
IDENTIFIER_SHARE, IDENTIFIER_LEVELS = 0.5, 20
MIXED_SHARE, DATED_SHARE = 0.02, 0.5
_SMALL_GAP, _EVENLY = 2.0, 0.15
"""Middle gap between numbers handed out in turn; largest distance from an even spread of numbers drawn from a range."""
_FEW = 3
_SHOWN = 5
_MANY_NUMBERS = 5
_PLACEHOLDER_NUMBERS = frozenset({-1, -9, -99, -999, -9999, 99, 999, 9999, 99999, 999999, 9999999})
_PLACEHOLDER_WORDS = frozenset(
    {"-", "--", "?", ".", "n/a", "not set", "not available", "tbd", "tba", "todo", "test", "xxx", "unspecified", "null",
     "nan", "#n/a", "undefined", "unknown"}
)  # fmt: skip
_NUMBER = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)\s*")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_NOTATIONS = (
    ("2024-03-31", re.compile(r"\s*\d{4}-\d{2}-\d{2}(?!\d).*")),
    ("2024/03/31", re.compile(r"\s*\d{4}[/.]\d{1,2}[/.]\d{1,2}(?!\d).*")),
    ("31/03/2024", re.compile(r"\s*\d{1,2}/\d{1,2}/(\d{4}|\d{2})(?!\d).*")),
    ("31.03.2024", re.compile(r"\s*\d{1,2}\.\d{1,2}\.(\d{4}|\d{2})(?!\d).*")),
    ("31-03-2024", re.compile(r"\s*\d{1,2}-\d{1,2}-\d{4}(?!\d).*")),
    ("31 Mar 2024", re.compile(r"\s*\d{1,2}[ -][A-Za-z]{3,9}\.?[ -]\d{2,4}(?!\d).*")),
    ("Mar 31, 2024", re.compile(r"\s*[A-Za-z]{3,9}\.? \d{1,2},? \d{4}(?!\d).*")),
)


def _all_missing(subject: Subject) -> Iterator[Finding]:
    n = len(subject.values)
    step = "Fill it, or list it under ignore; no claim is made on it"
    yield Finding("warning", "all_missing", subject.column, n, f"none of {n:,} customers has a value", step)


def _low_coverage(subject: Subject) -> Iterator[Finding]:
    n_held, n = len(subject.held), len(subject.values)
    if n_held <= LOW_COVERAGE * n:
        evidence = f"{n_held:,} of {n:,} customers have a value ({n_held / n:.1%})"
        step = "Fill it for more customers, or list it under ignore"
        yield Finding("warning", "low_coverage", subject.column, n_held, evidence, step)


def _constant(subject: Subject) -> Iterator[Finding]:
    if int(subject.counts.iloc[0]) == len(subject.values):
        evidence = f"every customer has {value_shown(subject, subject.held.iloc[0])}"
        step = "List it under ignore; nothing can be learned from it"
        yield Finding("warning", "constant", subject.column, len(subject.held), evidence, step)


def _dominated(subject: Subject) -> Iterator[Finding]:
    n, n_all = int(subject.counts.iloc[0]), len(subject.values)
    if DOMINANT_SHARE <= n / n_all < 1.0 and n_all >= 1.0 / (1.0 - DOMINANT_SHARE):
        evidence = f"{n:,} of {n_all:,} customers have {value_shown(subject, subject.counts.index[0])}"
        step = "Too few others to learn from: merge it into another column, or list it under ignore"
        yield Finding("warning", "one_value", subject.column, n, evidence, step)


def _many_levels(subject: Subject) -> Iterator[Finding]:
    n_levels = len(subject.counts)
    if subject.kind == "categorical" and n_levels > MANY_LEVELS:
        evidence = f"{n_levels:,} levels among {len(subject.held):,} customers"
        step = "Group the levels (industries, regions), or list it under ignore"
        yield Finding("warning", "many_levels", subject.column, n_levels, evidence, step)


def _identifier(subject: Subject) -> Iterator[Finding]:
    n_levels, n_held = len(subject.counts), len(subject.held)
    if n_levels < IDENTIFIER_LEVELS or n_levels < IDENTIFIER_SHARE * n_held:
        return
    if subject.kind == "categorical" or (subject.kind == "numeric" and _looks_numbered(subject.held, n_levels)):
        evidence = f"{n_levels:,} different values among {n_held:,} customers"
        step = "List it under ignore if it names accounts"
        yield Finding("warning", "identifier", subject.column, n_levels, evidence, step)


def _looks_numbered(held: pd.Series, n_levels: int) -> bool:
    """Tell whether numbers look handed out: whole, all different, without gaps or of one length and evenly spread."""
    numbers = held.to_numpy(dtype=np.float64)
    if n_levels < 0.99 * len(numbers) or (numbers != np.floor(numbers)).any() or numbers.min() < 0:
        return False
    digits = np.floor(np.log10(np.maximum(numbers, 1.0)))
    has_no_gaps = bool(np.median(np.diff(np.sort(numbers))) <= _SMALL_GAP)
    is_spread_evenly = kstest(numbers, uniform(numbers.min(), np.ptp(numbers) + 1.0).cdf).statistic < _EVENLY
    return has_no_gaps or bool(digits[0] >= 4 and (digits == digits[0]).all() and is_spread_evenly)


def _placeholder(subject: Subject) -> Iterator[Finding]:
    found: list[str] | list[float] = []
    severity: Severity = "note" if subject.kind == "categorical" else "warning"
    if subject.kind == "categorical":
        found = [level for level in subject.counts.index if _is_placeholder(level)]
    elif subject.kind == "numeric":
        found = list(_placeholder_numbers(subject.counts))
    if found:
        n = int(subject.counts[found].sum())
        named = ", ".join(value_shown(subject, value) for value in found[:_SHOWN])
        step = "If that means not known, empty these cells: missing is a value of its own to the model"
        yield Finding(severity, "placeholder", subject.column, n, f"{n:,} customers have {named}", step)


def _is_placeholder(level: object) -> bool:
    return str(level).strip().casefold() in _PLACEHOLDER_WORDS


def _placeholder_numbers(counts: pd.Series) -> Iterator[float]:
    """Yield frequent numbers such as -1 or 9999 that lie at an end, away from all other numbers."""
    values = np.sort(counts.index.to_numpy(dtype=np.float64))
    enough = max(_FEW, 0.005 * counts.sum())
    for value in sorted({values[0], values[-1]} & _PLACEHOLDER_NUMBERS):
        rest = values[values != value]
        is_apart = len(rest) > 0 and (rest.min() >= 0 if value < 0 else rest.max() < value / 2)
        if is_apart and counts[value] >= enough:
            yield float(value)


def _mixed_types(subject: Subject) -> Iterator[Finding]:
    """Find text columns in which some cells are numbers and others are words."""
    if subject.kind != "categorical":
        return
    numbers = [level for level in subject.counts.index if _NUMBER.fullmatch(level)]
    words = [
        level
        for level in subject.counts.index.difference(numbers)
        if _HAS_LETTER.search(level) and not _is_placeholder(level)
    ]
    n_numbers, n_words = int(subject.counts[numbers].sum()), int(subject.counts[words].sum())
    if min(n_numbers, n_words) >= max(_FEW, MIXED_SHARE * len(subject.held)):
        severity: Severity = "warning" if len(numbers) >= _MANY_NUMBERS else "note"
        evidence = f"of {len(subject.held):,} values {n_numbers:,} are numbers and {n_words:,} are words"
        step = "Make it numbers (empty the other cells), or levels (write each number as a range)"
        yield Finding(severity, "mixed_types", subject.column, min(n_numbers, n_words), evidence, step)


def _date_notations(subject: Subject) -> Iterator[Finding]:
    """Find text columns that hold dates: nobody can order them, and a day in two notations is two levels."""
    if subject.kind != "categorical":
        return
    counts = {name: int(subject.counts[_like(subject, pattern)].sum()) for name, pattern in _NOTATIONS}
    used = {name: n for name, n in counts.items() if n}
    if sum(used.values()) >= max(_FEW, DATED_SHARE * len(subject.held)):
        named = ", ".join(f"{n:,} like {name}" for name, n in used.items())
        evidence = f"read as levels, but {sum(used.values()):,} of {len(subject.held):,} values are dates ({named})"
        step = "Write all of them as YYYY-MM-DD"
        yield Finding("warning", "date_notations", subject.column, sum(used.values()), evidence, step)


def _like(subject: Subject, pattern: re.Pattern[str]) -> list[str]:
    return [level for level in subject.counts.index if pattern.fullmatch(level)]


def _spellings(subject: Subject) -> Iterator[Finding]:
    """Find levels that differ only in case, blanks, hyphens or the form of their letters."""
    if subject.kind != "categorical":
        return
    same = subject.counts.groupby([_plain(level) for level in subject.counts.index], sort=False)
    twins = [group for _, group in same if len(group) > 1]
    if twins:
        n = int(sum(group.iloc[1:].sum() for group in twins))
        pairs = "; ".join(_spelled(subject, group) for group in twins[:_SHOWN])
        evidence = f"{len(twins):,} levels are spelled in several ways: {pairs}"
        yield Finding("warning", "spellings", subject.column, n, evidence, "Write each level in one way")


def _plain(level: str) -> str:
    """Return a level without what only differs in writing."""
    return re.sub(r"[\s_\-\u2010-\u2015]+", " ", unicodedata.normalize("NFKC", level).casefold()).strip()


def _spelled(subject: Subject, group: pd.Series) -> str:
    return ", ".join(f"{value_shown(subject, level)} ({n:,})" for level, n in group.head(_SHOWN).items())


HYGIENE_OF_EMPTY: tuple[Check, ...] = (_all_missing,)
HYGIENE: tuple[Check, ...] = (
    _low_coverage, _constant, _dominated, _many_levels, _identifier, _placeholder, _mixed_types, _date_notations,
    _spellings,
)  # fmt: skip
