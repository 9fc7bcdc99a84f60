"""Hold the profile against the first accounts of the model, on customers that the model was not fitted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.outcome import Labels
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.words import points
from icp_ml.model.evaluation.judged import (
    JudgedRows,
    end_of_list,
    interval_text,
    judged_rows,
    percent,
    share_of,
    success_share,
)
from icp_ml.model.evaluation.metrics import Estimate

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
FEWEST = 30
"""Customers that must judge."""
_LATER, _OUT_OF_FOLD = "later customers", "customers, each judged by fits without it"


@dataclass(frozen=True)
class AgainstModel:
    """The profile and the first accounts of the model, as many as the profile chooses, on the same customers.

    Attributes
    ----------
    judged_on : str
        Customers that the model had not seen, in words.
    n, n_in_profile : int
        Customers that judge, and how many of them match the profile.
    profile, model : Estimate
        Their success shares with 90 % intervals.
    difference : Estimate
        Profile minus model, -1 to 1; 0 is as good.
    """

    judged_on: str
    n: int
    n_in_profile: int
    profile: Estimate
    model: Estimate
    difference: Estimate

    @property
    def sentence(self) -> str:
        """Return the comparison in words."""
        return (
            f"On {self.n:,} {self.judged_on}, {percent(self.profile.value)} of those in the profile succeeded, and "
            f"{percent(self.model.value)} of as many that the model puts first: a difference of "
            f"{points(self.difference.value)} {interval_text(self.difference, signed=True)}."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        shares = {name: getattr(self, name).as_document() for name in ("profile", "model", "difference")}
        return {
            "judged_on": self.judged_on,
            "n": self.n,
            "n_in_profile": self.n_in_profile,
            **shares,
            "sentence": self.sentence,
        }


def against_model(base: CustomerBase, inside: Flags) -> AgainstModel | str:
    """Return the comparison, or why there is none.

    Parameters
    ----------
    base : CustomerBase
        With a model of the same table: a model of another one may have learned from the customers that would judge it.
    inside : ndarray of bool, shape (n,)
        Customers that match the profile.

    Notes
    -----
    Later customers judge where the split is by time, else all, each by its margin from fits without it. Both sides
    choose the same share of the total weight, so the difference is paired.
    """
    found = _unseen(base)
    if isinstance(found, str):
        return found
    judged, rows = found
    chosen = inside[rows].astype(np.float64)
    share = float(judged.weight @ chosen / judged.weight.sum()) if len(judged) else 0.0
    words = _LATER if base.split.kind == "time" else _OUT_OF_FOLD
    if len(judged) < FEWEST or not 0 < share < 1:
        return f"Not compared with the model: of {len(judged):,} {words}, {int(chosen.sum()):,} match the profile."
    first = end_of_list(judged, share)
    difference = share_of(judged, judged.outcome, chosen) - share_of(judged, judged.outcome, first)
    return AgainstModel(
        words,
        len(judged),
        int(chosen.sum()),
        success_share(judged, chosen),
        success_share(judged, first),
        difference.estimate(),
    )


def _unseen(base: CustomerBase) -> tuple[JudgedRows, npt.NDArray[np.int64]] | str:
    """Return the customers that may judge, with the model's margins, and their positions; or why there are none."""
    model = base.model
    if model.classifier is None:
        return "Not compared with the model: it is a hypothesis, not learned."
    if model.data_sha256 != base.customers.sha256:
        return "Not compared with the model: it was trained on another table and may have learned from these customers."
    if base.split.kind != "time":
        rows = np.flatnonzero(base.labels.known)
        margin = model.classifier.oof_margin_
        if len(margin) != len(rows):
            return "Not compared with the model: it learned from other customers of the table."
        return _judged(base, base.labels, rows, margin)
    if model.evaluation_classifier is None:
        return "Not compared with the model: no fit of it was kept that had not seen the later customers."
    rows = base.split.test
    frame = base.customers.frame[[known.column for known in model.contract.attributes]]
    margin = model.evaluation_classifier.decision_function(frame.iloc[rows])
    return _judged(base, base.split.test_labels, rows, margin)


def _judged(
    base: CustomerBase, labels: Labels, rows: npt.NDArray[np.int64], margin: Floats
) -> tuple[JudgedRows, npt.NDArray[np.int64]] | str:
    used = labels.weight[rows] > 0
    rows, margin = rows[used], margin[used]
    if not len(rows):
        return "Not compared with the model: no customer that it had not seen has a known outcome."
    codes = None if base.customers.groups is None else base.customers.groups[rows]
    return judged_rows(labels.label[rows], margin, weight=labels.weight[rows], clusters=codes), rows
