"""One account beside the reference customers: what every piece of evidence about it starts from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from icp_ml.model.likeness import Likeness

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.domain import Domain
    from icp_ml.model.reference import Reference

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Case:
    """An account, the model, and the customers it is held against.

    Attributes
    ----------
    id : str
        Of the account; a reference customer with this id is the account itself and never evidence about it.
    row : DataFrame of shape (1, n_attributes)
        The account's attributes, as the model reads them.
    classifier, reference, domain
        Of the model; without a domain every account counts as inside.
    """

    id: str
    row: pd.DataFrame
    classifier: SuccessClassifier
    reference: Reference
    domain: Domain | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Names of the attributes, in the order of the model."""
        return self.classifier.features_.attributes

    @cached_property
    def margin(self) -> float:
        """Log-odds of success of the account."""
        return float(self.classifier.decision_function(self.row[list(self.columns)])[0])

    @cached_property
    def probability(self) -> float:
        """Chance of success of the account."""
        return float(expit(self.margin))

    @cached_property
    def contributions(self) -> Floats:
        """Attribute contributions of the account in log-odds, (n_attributes,)."""
        return np.asarray(self._contributions(self.row)[0])

    @cached_property
    def reference_contributions(self) -> Floats:
        """The same of every reference customer, (n, n_attributes)."""
        return self._contributions(self.reference.frame)

    def _contributions(self, frame: pd.DataFrame) -> Floats:
        return self.classifier.attribute_contributions(frame[list(self.columns)]).to_numpy(np.float64)

    @cached_property
    def likeness(self) -> Likeness:
        """The space in which customers are near or far."""
        contributions = pd.DataFrame(self.reference_contributions, columns=list(self.columns))
        return Likeness.learn(contributions, self.reference.weight, self.classifier.fits or {})

    @cached_property
    def is_other(self) -> Flags:
        """Which reference customers are not the account itself, (n,)."""
        return np.asarray(self.reference.ids != self.id)

    @cached_property
    def is_known(self) -> Flags:
        """Which attributes of the account are known, (n_attributes,)."""
        return np.asarray(self.row[list(self.columns)].notna().to_numpy(dtype=bool)[0])

    def distances(self, attributes: Flags | None = None) -> Floats:
        """Return how far every reference customer is in what matters for success, (n,), by all or some attributes.

        The distance of `icp_ml.model.likeness.Likeness`, by which lookalikes are found too.
        """
        apart = self.likeness.place(self.reference_contributions - self.contributions)
        return np.asarray(np.sqrt(np.square(apart if attributes is None else apart[:, attributes]).sum(axis=1)))

    def replaced(self, changes: Mapping[str, pd.Series]) -> pd.DataFrame:
        """Return the account once for every value of the changes, which have one length."""
        n = len(next(iter(changes.values())))
        repeated = self.row.iloc[np.zeros(n, dtype=np.int64)].reset_index(drop=True)
        return repeated.assign(**{name: values.reset_index(drop=True) for name, values in changes.items()})

    def chances(self, frame: pd.DataFrame) -> Floats:
        """Return the chance of success of changed accounts, (n,)."""
        return np.asarray(expit(self.classifier.decision_function(frame[list(self.columns)])))

    def inside(self, frame: pd.DataFrame) -> Flags:
        """Return which changed accounts are in the domain, (n,)."""
        if self.domain is None:
            return np.ones(len(frame), dtype=bool)
        return self.domain.assess(frame)[0]
