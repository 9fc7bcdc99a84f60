"""What an early signal says of success: measured beside it, never called success."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.label_values import same_value
from icp_ml.accounts.outcome import CENSORED, Labels, reweighted
from icp_ml.model.evaluation.judged import (
    NOT_KNOWN,
    JudgedRows,
    auc_estimate,
    auc_of,
    interval_text,
    judged_rows,
    percent,
    share_of,
    success_share,
)
from icp_ml.model.evaluation.metrics import Estimate

if TYPE_CHECKING:
    from icp_ml.study.schema import LeadingOutcome

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MIN_EACH = 10
"""Accounts with, and without, the early signal that a comparison needs."""


@dataclass(frozen=True)
class Signal:
    """The early signal of every account.

    Attributes
    ----------
    value : array of shape (n,)
        1 yes, 0 no, NaN not known: no cell, or followed for less than its horizon.
    n_empty : int
        Accounts whose cell is empty.
    empty_means_no : bool
        Nobody has another value than yes, so an empty cell was read as no.
    """

    value: Floats
    n_empty: int
    empty_means_no: bool


@dataclass(frozen=True)
class Leading:
    """How an early signal and success go together.

    Attributes
    ----------
    column : str
    n : int
        Accounts where both are known.
    n_yes, n_no : int
        Of these, with and without the signal.
    waiting : int
        Accounts with a known signal and no outcome yet.
    yes, no : Estimate
        Success share of each.
    difference : Estimate
        yes minus no; 0 is no better than chance.
    roc_auc : Estimate
        How often a success has the signal and a failure has not, ties by half; .5 is chance.
    survivors : Estimate
        The same difference among accounts that were still customers when the signal was due; NaN where no day of
        churn is known. Who left before that day could not show it.
    model_auc : Estimate
        How well the model that was judged orders accounts by the signal.
    sentence : str
    """

    column: str
    n: int
    n_yes: int
    n_no: int
    waiting: int
    yes: Estimate = NOT_KNOWN
    no: Estimate = NOT_KNOWN
    difference: Estimate = NOT_KNOWN
    roc_auc: Estimate = NOT_KNOWN
    survivors: Estimate = NOT_KNOWN
    model_auc: Estimate = NOT_KNOWN
    sentence: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return the measures as a JSON object; NaN is null."""
        return {
            "sentence": self.sentence,
            "column": self.column,
            "n": self.n,
            "yes": {"n": self.n_yes, **self.yes.as_document()},
            "no": {"n": self.n_no, **self.no.as_document()},
            "difference": self.difference.as_document(),
            "roc_auc": self.roc_auc.as_document(),
            "survivors": self.survivors.as_document(),
            "model_auc": self.model_auc.as_document(),
            "waiting": self.waiting,
        }


def read_signal(spec: LeadingOutcome, cells: Sequence[str | None], follow_up_days: Floats | None) -> Signal:
    """Return what is known of the early signal.

    Parameters
    ----------
    spec : LeadingOutcome
        Column, values that mean yes, and the days after as_of until it is due.
    cells : sequence of str or None, length n
        The column's cells; compared like the values of an outcome.
    follow_up_days : array of shape (n,), or None
        Days from as_of to the last day that was seen; None or NaN: not known, then every cell counts.

    Returns
    -------
    Signal
        A cell with any other value is no. An empty one is not known, unless nobody has another value than yes: a
        column of marks.
    """
    codes, distinct = pd.factorize(np.array(cells, dtype=object))
    texts = [str(text) for text in distinct]
    filled = np.array([bool(text.strip()) for text in texts] + [False], dtype=bool)[codes]
    means_yes = np.array([any(same_value(text, value) for value in spec.success) for text in texts] + [False])
    yes = filled & means_yes[codes]
    marks_only = bool(yes.any()) and not bool((filled & ~yes).any())
    value = np.where(yes, 1.0, np.where(filled | marks_only, 0.0, np.nan))
    if follow_up_days is not None:
        value[follow_up_days < spec.horizon_days] = np.nan
    return Signal(value, int((~filled).sum()), marks_only)


def leading(
    spec: LeadingOutcome,
    cells: Sequence[str | None],
    labels: Labels,
    groups: npt.NDArray[np.int64] | None,
    judged: tuple[npt.NDArray[np.int64], JudgedRows],
) -> Leading:
    """Measure the early signal against success and against the model's order.

    Parameters
    ----------
    spec : LeadingOutcome
        The study's definition.
    cells : sequence of str or None, length n
        Its column for every customer.
    labels : Labels
        What is known of success.
    groups : array of int, shape (n,), or None
        Related accounts.
    judged : tuple of (positions, JudgedRows)
        The accounts that judged the model.

    Returns
    -------
    Leading
        Numbers are NaN where fewer than ten accounts with, or without, the signal have a known outcome.

    Notes
    -----
    Both are compared among accounts that were followed until the signal was due, weighted for censoring among these:
    weights of the whole table would count the early churners of younger accounts, whose signal is not known.
    """
    signal = read_signal(spec, cells, labels.follow_up_days)
    due = ~np.isnan(signal.value)
    then = reweighted(labels, due, "early signal not known")
    at = np.flatnonzero(then.known)
    found = Leading(
        column=spec.column,
        n=len(at),
        n_yes=int((signal.value[at] == 1).sum()),
        n_no=int((signal.value[at] == 0).sum()),
        waiting=int((due & (labels.state == CENSORED)).sum()),
        model_auc=_order_of_the_model(signal, *judged),
    )
    if min(found.n_yes, found.n_no) >= MIN_EACH:
        # The signal takes the place of the margin: the area says how often a success has it and a failure has not.
        clusters = None if groups is None else groups[at]
        rows = judged_rows(then.label[at], signal.value[at], weight=then.weight[at], clusters=clusters)
        stayed = None if labels.event_days is None else ~(labels.event_days[at] <= spec.horizon_days)
        found = _measured(found, rows, stayed)
    return replace(found, sentence=_sentence(found, signal, spec.horizon_days))


def _measured(found: Leading, rows: JudgedRows, stayed: Flags | None) -> Leading:
    everybody = np.ones(len(rows))
    yes, no = (rows.margin == 1).astype(np.float64), (rows.margin == 0).astype(np.float64)
    return replace(
        found,
        yes=success_share(rows, yes),
        no=success_share(rows, no),
        difference=_difference(rows, yes, no),
        roc_auc=auc_estimate(rows, auc_of(rows, everybody), everybody),
        survivors=NOT_KNOWN if stayed is None else _difference(rows, yes * stayed, no * stayed),
    )


def _difference(rows: JudgedRows, yes: Floats, no: Floats) -> Estimate:
    if min(yes.sum(), no.sum()) < MIN_EACH:
        return NOT_KNOWN
    return (share_of(rows, rows.outcome, yes) - share_of(rows, rows.outcome, no)).estimate()


def _order_of_the_model(signal: Signal, positions: npt.NDArray[np.int64], rows: JudgedRows) -> Estimate:
    value = signal.value[positions]
    inside = (~np.isnan(value)).astype(np.float64)
    if min((value == 1).sum(), (value == 0).sum()) < MIN_EACH:
        return NOT_KNOWN
    about = rows.about(np.nan_to_num(value))
    return auc_estimate(about, auc_of(about, inside), inside)


def _sentence(found: Leading, signal: Signal, horizon_days: int) -> str:
    waiting = (
        f"{found.waiting:,} accounts show it, or its lack, and have no outcome yet."
        if found.waiting
        else "No account has it and still waits for its outcome."
    )
    empty = f" Its {signal.n_empty:,} empty cells were read as no." if signal.empty_means_no else ""
    if not np.isfinite(found.difference.value):
        return (
            f"{found.column}: {found.n_yes:,} accounts with and {found.n_no:,} without this early signal have a known "
            f"outcome; at least {MIN_EACH} of each are needed to compare them.{empty}"
        )
    difference = found.difference
    is_shown = difference.low > 0 or difference.high < 0
    told = (
        f"{found.column} is an early signal, not success: of {found.n:,} accounts where both are known, "
        f"{percent(found.yes.value)} of those with it succeeded {interval_text(found.yes)} and "
        f"{percent(found.no.value)} of those without {interval_text(found.no)}, a "
        f"difference of {100 * difference.value:.0f} points {interval_text(difference, signed=True)}"
    )
    told += "." if is_shown else ", which is not shown to be more than chance: do not stand it in for success."
    survivors = found.survivors
    if is_shown and np.isfinite(survivors.value):
        told += (
            f" Among accounts that were still customers after its {horizon_days} days the difference is "
            f"{100 * survivors.value:.0f} points {interval_text(survivors, signed=True)}."
        )
    if np.isfinite(found.model_auc.value):
        told += f" The model orders accounts by it with a ROC AUC of {found.model_auc.value:.2f}."
    return f"{told} {waiting}{empty}"
