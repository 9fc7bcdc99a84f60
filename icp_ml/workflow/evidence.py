"""What stands beside the metrics: slices, surprises, the bottom, the early signal; which fits matter, how surely."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.personal import personal_kind
from icp_ml.accounts.split import Split
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.evaluation.bottom import Evidence, bottom
from icp_ml.model.evaluation.evaluate import Evaluation
from icp_ml.model.evaluation.judged import JudgedRows, judged_rows
from icp_ml.model.evaluation.leading import leading
from icp_ml.model.evaluation.slices import SliceKind, looks_like_size, slices
from icp_ml.model.evaluation.surprises import surprises
from icp_ml.model.explanation.mapping import map_sensitivity
from icp_ml.model.explanation.points import probability_points
from icp_ml.model.success_model import SuccessModel
from icp_ml.prospects.reasons import attribute_reasons
from icp_ml.workflow.fitting import Served
from icp_ml.workflow.preparing import Prepared

Indices = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
MAX_SIZES = 2
"""Numeric attributes named like a size that are cut into bands."""
MAX_POINTS = 30
"""Customers whose points of probability are averaged: each costs 128 x 50 margins."""
MAX_EXPLAINED = 5_000
"""Accounts whose contributions and domain are looked at; more cost time and tell no more of the bottom."""


def judged_evidence(prepared: Prepared, split: Split, evaluation: Evaluation, model: SuccessModel) -> dict[str, Any]:
    """Return what the accounts that judged say beside the metrics, as JSON objects.

    Parameters
    ----------
    prepared : Prepared
        Customers and labels.
    split : Split
        Who judged, and with which weights.
    evaluation : Evaluation
        What was said of them.
    model : SuccessModel
        Explains the chances where no single fit was judged (cross-validation), and knows its domain.

    Returns
    -------
    dict
        ``slices`` (a list, one per segment, sensitive column and size), ``surprises``, ``bottom``, and ``leading``
        (None where the study names no early signal, or its column is not in the table).
    """
    at = evaluation.test_index
    rows, names = _rows(prepared, split, evaluation), _names(prepared, at)
    frame = prepared.customers.frame[[known.column for known in model.contract.attributes]].iloc[at]
    fit = evaluation.classifier if isinstance(evaluation.classifier, SuccessClassifier) else model.classifier
    if fit is None:
        raise ValueError("evidence needs a model that was fitted; a hypothesis has none")

    def speak(places: Indices) -> Texts:
        some = frame.iloc[places]
        contributions = fit.attribute_contributions(some)
        return attribute_reasons(some, contributions, prepared.customers.kinds, prepared.study.labels)

    places = _sample(rows, names)
    some = frame.iloc[places]
    evidence = Evidence(
        places,
        contributions=fit.attribute_contributions(some),
        missing_share=some.isna().to_numpy().mean(axis=1),
        in_domain=None if model.domain is None else model.domain.assess(some)[0],
        labels=prepared.study.labels,
    )
    columns, kinds = _columns(prepared, at)
    found = slices(rows, columns, kinds, capacity=prepared.study.capacity)
    return {
        "slices": [table.as_document() for table in found],
        "surprises": surprises(rows, names, speak, has_seen_them=fit is not evaluation.classifier).as_document(),
        "bottom": bottom(rows, evidence).as_document(),
        "leading": _leading(prepared, at, rows),
    }


def why_evidence(prepared: Prepared, served: Served) -> dict[str, Any]:
    """Return what the fits are worth on held-out accounts, how stable reasons are, and what the map decides.

    Parameters
    ----------
    prepared : Prepared
        Customers and labels.
    served : Served
        The model that is served, with its refits.

    Returns
    -------
    dict
        ``importance``, ``stability`` (None where no refit could be made), ``mapping`` and ``points`` (None where the
        probability is withdrawn), as JSON objects.
    """
    study, classifier = prepared.study, served.classifier
    columns = [known.column for known in served.model.contract.attributes]
    frame = prepared.customers.frame[columns].iloc[np.flatnonzero(prepared.labels.known)]
    moves = map_sensitivity(
        classifier, frame, study.as_document(), is_reviewed=study.map_reviewed is not None, seed=study.seed
    )
    stability = served.model.stability
    return {
        "importance": served.model.importance,
        "stability": None if stability is None else stability.as_document(),
        "mapping": moves.as_document(study.labels),
        "points": None if served.model.probability_withdrawn else _points(classifier, frame, study.seed),
    }


def _points(classifier: SuccessClassifier, frame: pd.DataFrame, seed: int) -> dict[str, Any]:
    drawn = np.sort(np.random.default_rng(seed).permutation(len(frame))[:MAX_POINTS])
    return probability_points(classifier, frame.iloc[drawn], seed=seed, n_background=50).as_document()


def _sample(rows: JudgedRows, names: Sequence[str]) -> Indices:
    """Return the positions of all accounts, or of `MAX_EXPLAINED` evenly spread over the list."""
    if len(rows) <= MAX_EXPLAINED:
        return np.arange(len(rows))
    order = np.lexsort((np.array(names, dtype=str), rows.margin))
    return np.sort(order[np.linspace(0, len(rows) - 1, MAX_EXPLAINED).astype(np.int64)])


def _rows(prepared: Prepared, split: Split, evaluation: Evaluation) -> JudgedRows:
    """Return the accounts that judged, weighted as the metrics weighted them."""
    at, groups = evaluation.test_index, prepared.customers.groups
    label = prepared.labels.label[at]
    weight = split.test_labels.weight[at]
    share = float(np.average(label, weights=weight))
    true = evaluation.base_rate  # another share than theirs where accounts were sampled by outcome
    if 0 < share < 1:
        weight = weight * np.where(label == 1, true / share, (1 - true) / (1 - share))
    return judged_rows(label, evaluation.test_margin, weight=weight, clusters=None if groups is None else groups[at])


def _columns(prepared: Prepared, at: Indices) -> tuple[dict[str, Sequence[Any]], dict[str, SliceKind]]:
    """Return the cells of every column that makes slices, and what each column is."""
    study, customers = prepared.study, prepared.customers
    sizes = [name for name, kind in customers.kinds.items() if kind == "numeric" and looks_like_size(name)]
    kinds: dict[str, SliceKind] = dict.fromkeys(study.segments, "segment")
    kinds |= dict.fromkeys(study.sensitive, "sensitive")
    kinds |= {name: "size" for name in sizes[:MAX_SIZES] if name not in kinds}
    cells = {name: customers.frame[name] if kind == "size" else customers.others[name] for name, kind in kinds.items()}
    return {name: column.iloc[at].tolist() for name, column in cells.items()}, kinds


def _names(prepared: Prepared, at: Indices) -> list[str]:
    """Return what each account is called: its id, or its row where ids are data of persons."""
    customers, column = prepared.customers, prepared.study.id.column
    ids = [str(customers.ids[place]) for place in at]
    if column is not None and personal_kind(column, ids) is not None:
        return [f"row {customers.rows[place]}" for place in at]
    return ids


def _leading(prepared: Prepared, at: Indices, rows: JudgedRows) -> dict[str, Any] | None:
    spec, customers = prepared.study.leading_outcome, prepared.customers
    if spec is None or spec.column not in customers.others:
        return None
    cells = [None if pd.isna(cell) else cell for cell in customers.others[spec.column]]
    return leading(spec, cells, prepared.labels, customers.groups, (at, rows)).as_document()
