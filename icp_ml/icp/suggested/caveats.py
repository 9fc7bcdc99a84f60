"""Say what speaks against reading too much into a rule: sentences that travel with it wherever it is shown."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.refine.found import FoundRule
from icp_ml.icp.words import points
from icp_ml.names import CONTEXT
from icp_ml.rules import parse_rule

Flags = npt.NDArray[np.bool_]

SMALL_N = 30
"""Customers of known outcome on a side, below which the side is called small."""
MISSING_SHARE = 0.05
"""A missing share above this is told."""
WITHIN_SHARE = 0.5
"""A difference that keeps less than this share of itself within the cohorts of a segment goes mostly with them."""

SALES_CHOSE = (
    "These are customers that sales chose and won: prospects that sales would not have won may turn out differently."
)


def caveats(base: CustomerBase, found: FoundRule) -> tuple[str, ...]:
    """Return what speaks against reading too much into a rule, most telling first.

    Parameters
    ----------
    base : CustomerBase
        Study, audit findings and customers.
    found : FoundRule
        Its own caveats come first.
    """
    sentences = [
        *found.caveats,
        *_of_columns(base, found),
        *_of_audit(base, found),
        *_missing(base, found),
        *_small(found),
        *_segments(base, found),
        *_of_review(base, found),
        SALES_CHOSE,
    ]
    return tuple(dict.fromkeys(sentences))


def within(base: CustomerBase, inside: Flags, column: str) -> float:
    """Return the difference in success between customers inside and outside a rule who share a value of a column.

    Returns
    -------
    float
        The mean over the values, each weighted as its two sides allow (n1 n0 / (n1 + n0)); NaN when no value has both.

    References
    ----------
    Mantel & Haenszel (1959), J. National Cancer Institute 22:719; Greenland & Robins (1985), Biometrics 41:55.
    """
    cells = base.rule_frame[column].to_numpy()
    names = pd.factorize(cells)[0]
    total, weighted = 0.0, 0.0
    for name in np.unique(names[names >= 0]):
        one = base.contrast(inside, names == name)
        met, rest = one.inside.n_effective, one.outside.n_effective
        if met > 0 and rest > 0:
            weight = met * rest / (met + rest)
            total, weighted = total + weight, weighted + weight * one.difference
    return weighted / total if total else float("nan")


def _of_columns(base: CustomerBase, found: FoundRule) -> Iterator[str]:
    columns = parse_rule(found.rule).columns
    for attribute in (one for one in base.study.attributes if one.column in columns):
        name = base.study.label_of(attribute.column)
        if attribute.proxy:
            yield f"{name} stands in for the {attribute.fit} fit; it is not the fit itself."
        if not attribute.point_in_time:
            yield f"{name} is today's value, not that of the day of signing: the outcome may have changed it."
        if attribute.available == "discovery":
            yield f"{name} is known only after a discovery call: it cannot choose prospects from a list."
        if attribute.available == "customer":
            yield f"{name} is known only of customers: it cannot choose prospects."
        if attribute.changeable:
            yield f"An account could change {name}; whether changing it would help is not known from these data."


def _of_audit(base: CustomerBase, found: FoundRule) -> Iterator[str]:
    for column in sorted(parse_rule(found.rule).columns):
        for one in base.findings.get(column, ()):
            if one.severity != "note":
                yield f"The audit of {base.study.label_of(column)} says ({one.check}): {one.evidence}"


def _missing(base: CustomerBase, found: FoundRule) -> Iterator[str]:
    n = int((base.answers(found.rule) < 0).sum())
    if n > MISSING_SHARE * len(base):
        yield f"For {n:,} of {len(base):,} customers the answer is not known; they count as not meeting the rule."


def _small(found: FoundRule) -> Iterator[str]:
    if min(found.n, found.n_outside) < SMALL_N:
        side = "meet" if found.n <= found.n_outside else "do not meet"
        yield f"Only {min(found.n, found.n_outside)} customers of known outcome {side} it."


def _segments(base: CustomerBase, found: FoundRule) -> Iterator[str]:
    """Tell where the difference mostly disappears among customers of the same cohort."""
    overall = base.contrast(found.mask).difference
    if not abs(overall) > 0:
        return
    columns = parse_rule(found.rule).columns
    for column in (name for name in base.study.segments if name in base.rule_frame and name not in columns):
        inner = within(base, found.mask, column)
        if inner / overall < WITHIN_SHARE:
            yield (
                f"It goes mostly with {base.study.label_of(column)}: among customers of the same value the plain "
                f"difference is {points(inner)} in place of {100 * overall:+.0f}."
            )


def _of_review(base: CustomerBase, found: FoundRule) -> Iterator[str]:
    if base.study.map_reviewed is None and found.fit != CONTEXT:
        yield f"Draft map: nobody has confirmed yet that {base.study.label_of(found.attribute)} speaks for {found.fit}."
    if base.model.kind == "success" and not base.model.ready:
        yield "The model behind this review has not passed every gate."
