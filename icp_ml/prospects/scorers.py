"""What the success model says of a block of accounts: margin, fits, domain and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from icp_ml.names import PLAYERS
from icp_ml.prospects.admission import Admitted
from icp_ml.prospects.reasons import (
    Texts,
    attribute_reasons,
    fit_reasons,
    not_measured_texts,
    unknown_fits,
)

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Scores:
    """What is known of a block after the first pass.

    Attributes
    ----------
    order_by : float array of shape (n,)
        What ranks the accounts: log-odds of success, or criteria met minus contradicted.
    in_domain : bool array of shape (n,)
        False where the account is unlike every customer.
    columns : dict of pyarrow.Array
        What the second pass needs, besides `order_by`.
    """

    order_by: Floats
    in_domain: npt.NDArray[np.bool_]
    columns: dict[str, pa.Array]


class Scorer(Protocol):
    """The two halves of scoring: once before the ranks are known, once after."""

    has_details: bool

    def score(self, admitted: Admitted) -> Scores:
        """Score one block."""

    def columns(self, part: pa.Table, order_by: Floats) -> dict[str, pa.Array]:
        """Return the score columns between rank and reasons, and ``unusual``, ``not_measured``."""

    def reasons(self, part: pa.Table) -> Texts:
        """Return the reasons and concerns that every account gets, shape (n, 6)."""

    def detailed_reasons(self, frame: pd.DataFrame) -> Texts:
        """Return the reasons and concerns of the first ranks, shape (n, 6)."""


class SuccessScorer:
    """Score with a trained success model.

    Parameters
    ----------
    model : SuccessModel
        Of kind ``success``.
    """

    has_details = True

    def __init__(self, model: SuccessModel) -> None:
        if model.classifier is None:
            raise ValueError("a success model has a classifier")
        self._model, self._classifier = model, model.classifier
        attributes = model.contract.attributes
        self._fit_of: Mapping[str, str] = {known.column: known.fit for known in attributes}
        self._kinds: Mapping[str, str] = {known.column: known.kind for known in attributes}
        self._measured = np.array([player in self._fit_of.values() for player in PLAYERS])
        self._base = float(self._classifier.base_value_)

    def score(self, admitted: Admitted) -> Scores:
        """Score one block: contributions, their sum, the domain."""
        frame = admitted.frame
        contributions = self._classifier.contributions_array(frame) if len(frame) else np.empty((0, len(PLAYERS)))
        in_domain, unusual = self._assess(frame)
        patterns = unknown_fits(frame, self._fit_of) @ (1 << np.arange(len(PLAYERS) - 1))
        columns = {player: pa.array(contributions[:, at]) for at, player in enumerate(PLAYERS)}
        columns["unknown"] = pa.array(patterns.astype(np.uint8))
        columns["unusual"] = pa.array(unusual, pa.string())
        return Scores(self._margin(contributions), in_domain, columns)

    def _margin(self, contributions: Floats) -> Floats:
        """Add the base value and the contributions in their fixed order, as a reader of the file would."""
        margin = np.full(len(contributions), self._base)
        for at in range(len(PLAYERS)):
            margin += contributions[:, at]
        return margin

    def _assess(self, frame: pd.DataFrame) -> tuple[npt.NDArray[np.bool_], Texts]:
        if self._model.domain is None or not len(frame):
            return np.ones(len(frame), dtype=bool), np.full(len(frame), "", dtype=object)
        in_domain, unusual = self._model.domain.assess(frame)
        return in_domain, unusual.texts()

    def columns(self, part: pa.Table, order_by: Floats) -> dict[str, pa.Array]:
        """Return probability, its range, the fits, the base value, what is unusual and what is not measured."""
        n = part.num_rows
        if self._model.probability_withdrawn:
            probabilities = [pa.nulls(n, pa.float64())] * 3
        else:
            low, high = self._classifier.probability_range(order_by)
            probabilities = [pa.array(np.asarray(values, np.float64)) for values in (expit(order_by), low, high)]
        fits = {
            player: part.column(player) if self._measured[at] else pa.nulls(n, pa.float64())
            for at, player in enumerate(PLAYERS)
        }
        return {
            **dict(zip(("probability", "probability_low", "probability_high"), probabilities, strict=True)),
            **fits,
            "base_value": pa.array(np.full(n, self._base)),
            "unusual": part.column("unusual"),
            "not_measured": pa.array(not_measured_texts(unknown_of(part)), pa.string()),
        }

    def reasons(self, part: pa.Table) -> Texts:
        """Return the reasons of every account, by fit, where they are stable."""
        contributions, stability = contributions_of(part), self._model.stability
        kept = contributions if stability is None else stability.stable_fits(contributions)
        return fit_reasons(kept, unknown_of(part))

    def detailed_reasons(self, frame: pd.DataFrame) -> Texts:
        """Return the reasons of the first ranks, by attribute, where they are stable."""
        contributions, stability = self._classifier.attribute_contributions(frame), self._model.stability
        kept = contributions if stability is None else stability.stable_attributes(frame, contributions)
        return attribute_reasons(frame, kept, self._kinds, self._model.labels)


def contributions_of(part: pa.Table) -> Floats:
    """Return the spooled contributions, shape (n, 7)."""
    return np.column_stack([part.column(player).to_numpy() for player in PLAYERS])


def unknown_of(part: pa.Table) -> npt.NDArray[np.bool_]:
    """Return where nothing is known of a fit, shape (n, 6)."""
    patterns = part.column("unknown").to_numpy().astype(np.int64)
    unknown: npt.NDArray[np.bool_] = (patterns[:, None] >> np.arange(len(PLAYERS) - 1) & 1).astype(bool)
    return unknown
