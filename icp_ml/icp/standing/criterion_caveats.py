"""What a reader must know of a criterion before acting on it: where its columns come from, and what is missing."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import rate
from icp_ml.icp.words import count_words, share_words
from icp_ml.model.evaluation.judged import percent
from icp_ml.rules import Rule
from icp_ml.study import Attribute

MISSING_SHARE, ONE_SIDED_SHARE = 0.10, 0.95
"""From these shares on, customers without a value, or on one side, are worth a sentence."""


def caveats_of(base: CustomerBase, rule: Rule, answers: npt.NDArray[np.int8]) -> tuple[str, ...]:
    """Return the caveats of a criterion, the weightiest first.

    Parameters
    ----------
    base : CustomerBase
        The customers, the study's words on its columns and the audit's findings.
    rule : Rule
        The criterion.
    answers : ndarray of int8, shape (n,)
        1 yes, 0 no, -1 unknown for every customer.
    """
    known = {attribute.column: attribute for attribute in base.study.attributes}
    columns = sorted(rule.columns)
    found = [*_audited(base, columns)]
    for column in columns:
        found += _of_attribute(known[column], base) if column in known else [f"'{column}' is no attribute under a fit."]
    return (*found, *_of_answers(base, answers))


def is_blocked(base: CustomerBase, rule: Rule) -> bool:
    """Return True for a criterion on a column that the audit says knows the outcome."""
    return any(one.severity == "blocker" for column in rule.columns for one in base.findings.get(column, ()))


def _audited(base: CustomerBase, columns: list[str]) -> Iterator[str]:
    for column in columns:
        for one in base.findings.get(column, ()):
            if one.severity == "blocker":
                stopped = f"The audit stopped '{column}' ({one.check}): {one.evidence}"
                yield f"{stopped}. What it says of success is no evidence."
            elif one.severity == "warning":
                yield f"The audit warns of '{column}' ({one.check}): {one.evidence}."


def _of_attribute(attribute: Attribute, base: CustomerBase) -> Iterator[str]:
    column, is_sold_by = attribute.column, base.profile.situation.mode == "acquisition"
    if is_sold_by and attribute.available == "discovery":
        yield f"'{column}' is only found out in discovery: a list cannot be made by it."
    if is_sold_by and attribute.available == "customer":
        yield f"'{column}' is only known of customers: no prospect can be chosen by it."
    if not attribute.point_in_time:
        yield f"'{column}' is today's value, not that of the day of signing: success may have changed it."
    if attribute.proxy:
        yield f"'{column}' stands in for the {attribute.fit} fit; it is not the fit itself."
    if attribute.entered_on:
        yield f"'{column}' is a rating by people; those written down after the day of signing are left out."


def _of_answers(base: CustomerBase, answers: npt.NDArray[np.int8]) -> Iterator[str]:
    unknown = answers == -1
    n, n_unknown = len(answers), int(unknown.sum())
    if n_unknown >= MISSING_SHARE * n:
        groups = None if base.customers.groups is None else base.customers.groups[unknown]
        found = rate(base.labels.label[unknown], base.labels.weight[unknown], groups)
        ended = share_words(found) if found.n else "the outcome of none of them is known"
        lacking = count_words(n_unknown, "customer without a value is", "customers without a value are")
        yield f"{lacking} on neither side ({percent(n_unknown / n)}): {ended}."
    for value, words in ((1, "meets"), (0, "fails")):
        share = float((answers == value).sum()) / max(n - n_unknown, 1)
        if share >= ONE_SIDED_SHARE:
            yield f"Nearly every customer {words} it ({percent(share)}): there is hardly anybody to compare with."
