"""Say whether a list of lookalikes puts customers who succeeded above those who churned, when it does not know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit

from icp_ml.errors import DataError, message
from icp_ml.model.evaluation.judged import or_none
from icp_ml.model.evaluation.metrics import Estimate
from icp_ml.prospects.lookalikes.evaluation.hiding import FEWEST, FEWEST_LATER, Hiding, crossed, later, shortage
from icp_ml.prospects.lookalikes.evaluation.methods import OURS, scores_of
from icp_ml.prospects.lookalikes.evaluation.panel import SHARE, Fold, Panel, measure
from icp_ml.prospects.lookalikes.evaluation.seen import Pool

if TYPE_CHECKING:
    from icp_ml.model.reference import Reference
    from icp_ml.model.success_model import SuccessModel

PROTOCOL = (
    "Five folds: each customer with a known outcome is hidden among the prospects once, related ones together; the "
    "same learner, the seeds and the negative seeds come from the others. Pairs are weighted for customers still "
    "followed, and averaged over the folds."
)
NOTES = (
    "Reach, the share of hidden successes within the first tenth, is not the headline. Reach counts hidden successes "
    "only: it does not say how many churned customers stand beside them.",
    "Seeds here are all successful customers and negative seeds all churned ones, whatever was chosen for the list.",
    "Intervals (90 %) say what other hidden customers would have given; the fits and the prospects are as they are.",
    "Mean chance of success of the first tenth is the served model's own word: circular for the order by that chance, "
    "and nearly so for the similarity, which is made of its contributions.",
)


@dataclass(frozen=True)
class Evaluation:
    """What hidden customers say about a list of lookalikes and about other ways of making one.

    Attributes
    ----------
    n_prospects : int
        Prospects among whom the customers were hidden.
    crossed : Panel or None
        Every customer hidden once; None where there are too few.
    later : Panel or None
        The customers that judged the model, hidden from those that taught it; None without a split by time.
    sentence : str
        The finding, ready to read.
    notes : tuple of str
        How to read it, and what is missing.
    """

    n_prospects: int
    crossed: Panel | None
    later: Panel | None
    sentence: str
    notes: tuple[str, ...] = field(default=NOTES)

    @property
    def reach_of(self) -> Mapping[float, float]:
        """Share of the hidden successes that each share of the list reaches; empty where nothing was measured."""
        return {} if self.crossed is None else self.crossed.reach_of

    def as_document(self) -> dict[str, Any]:
        """Return the evaluation as a JSON object; headline and rows are empty where nothing was measured."""
        panel = self.crossed
        empty = {"n_hidden": 0, "n_success": 0, "n_churned": 0, "rows": []}
        document = empty if panel is None else panel.as_document()
        rows = document.pop("rows")
        return {
            "sentence": self.sentence,
            "headline": None if panel is None else _headline(panel.row(OURS).auc),
            "protocol": PROTOCOL,
            **document,
            "n_prospects": self.n_prospects,
            "share": SHARE,
            "rows": rows,
            "later": None if self.later is None else _later_document(self.later),
            "notes": list(self.notes),
        }


def evaluate_lookalikes(
    model: SuccessModel, sample: pd.DataFrame, *, seed: int, shares: Sequence[float] = (SHARE,)
) -> Evaluation:
    """Return how well lists by similarity and by other methods tell hidden successes from hidden churned customers.

    Parameters
    ----------
    model : SuccessModel
        With a classifier, a domain and reference customers.
    sample : DataFrame, shape (n_prospects, n_attributes)
        Attributes of prospects, as the model's contract reads them; 20,000 rows say enough.
    seed : int
        Of folds, baselines and bootstrap.
    shares : sequence of float
        Shares of a list, above 0 and at most 1, that `Evaluation.reach_of` tells the reach for.

    Returns
    -------
    Evaluation
        AUC .5 and reach of a share equal to that share mean no order. Where fewer than 30 customers of an outcome are
        known, or there is no prospect, a sentence says what is missing and there are no numbers.

    Raises
    ------
    DataError
        The model has no reference customers, or is a hypothesis, which has no contributions.

    Notes
    -----
    A hidden customer is in no fit, no seed and no domain that it is judged by. Lookalike systems are usually judged by
    how many hidden seeds they recover; where companies that sign easily churn, that prefers the wrong method
    (docs/lookalikes.md).
    """
    reference = _reference_of(model)
    missing = shortage(reference)
    if missing or not len(sample):
        return Evaluation(len(sample), None, None, _refusal(missing))
    classifier = model.classifier
    assert classifier is not None  # noqa: S101 - `_reference_of` refused models without one
    probability = None if model.probability_withdrawn else expit(classifier.decision_function(sample))
    folds = [_fold(hiding, reference, sample) for hiding in crossed(model, classifier, reference, seed=seed)]
    if not folds:
        return Evaluation(len(sample), None, None, _refusal("one outcome in nearly every group of related customers"))
    panel = measure(folds, probability, shares=shares, seed=seed)
    hiding = later(model, reference, seed=seed)
    if hiding is None:
        return Evaluation(len(sample), panel, None, _sentence(panel), (*NOTES, _why_not_later(reference)))
    judged = measure([_fold(hiding, reference, sample)], probability, shares=shares, seed=seed)
    return Evaluation(len(sample), panel, judged, _sentence(panel))


def _reference_of(model: SuccessModel) -> Reference:
    if model.classifier is None or model.reference is None:
        came = "a hypothesis" if model.classifier is None else "a model without reference customers"
        fix = "Train again with this version" if model.reference is None else "Train on customers with known outcomes"
        raise DataError(message(f"model {model.name!r}", came, "a trained model with its customers", fix))
    return model.reference


def _fold(hiding: Hiding, reference: Reference, sample: pd.DataFrame) -> Fold:
    hidden = hiding.hidden
    pool = Pool.of(reference.frame.iloc[hidden], sample)
    scores = scores_of(hiding.seen, pool)
    return Fold(reference.outcome[hidden], reference.weight[hidden], reference.group[hidden], scores)


def _headline(auc: Estimate) -> dict[str, float | None]:
    return {"auc": or_none(auc.value), "low": or_none(auc.low), "high": or_none(auc.high)}


def _later_document(panel: Panel) -> dict[str, Any]:
    document = panel.as_document()
    rows = document.pop("rows")
    return {**document, "sentence": f"Later customers, hidden from the earlier ones: {_finding(panel)}", "rows": rows}


def _sentence(panel: Panel) -> str:
    """Return the finding, and the method whose reach is largest where that is another one with a worse order."""
    others = [row for row in panel.rows if row.key != OURS]
    widest = max(others, key=lambda row: row.reach.value)
    ours = panel.row(OURS)
    found = f"{panel.n_success:,} successes and {panel.n_churned:,} churned customers were hidden among the prospects. "
    found += _finding(panel)
    if widest.reach.value > ours.reach.value and widest.difference.high < 0:
        found += (
            f" More hidden successes are in the first tenth by “{widest.label}” ({widest.reach.value:.0%} against "
            f"{ours.reach.value:.0%}), which orders them worse ({_number(widest.auc.value)})."
        )
    return found


def _finding(panel: Panel) -> str:
    auc = panel.row(OURS).auc
    pairs = (
        f"A success stands above a churned customer in {_number(auc.value)} of the pairs "
        f"(90 % interval {_number(auc.low)} to {_number(auc.high)}; .50 by chance)"
    )
    if auc.low > 0.5:
        return f"{pairs}."
    told = "worse than a random order" if auc.high < 0.5 else "not told from a random order"
    return f"{pairs}: {told}, so do not expect such a list to succeed more often than any other."


def _number(share: float) -> str:
    return f"{share:.2f}".removeprefix("0") if np.isfinite(share) else "an unknown share"


def _refusal(missing: str) -> str:
    if not missing:
        return "Nobody could be hidden: there are no prospects to hide customers among."
    return (
        f"Nobody was hidden: {missing}; {FEWEST} of each are needed. Follow customers longer, or export more of them."
    )


def _why_not_later(reference: Reference) -> str:
    why = f"fewer than {FEWEST_LATER} of either outcome" if reference.part.any() else "the model was not judged by time"
    return f"Not repeated on later customers: {why}."
