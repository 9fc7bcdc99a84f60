"""One attribute under audit, with all that its checks share, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.audit.probes import Probes
from icp_ml.accounts.audit.single import Alone, Folds, attribute_alone, followed_through, mark_alone
from icp_ml.accounts.kinds import Kind
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.personal import personal_kind, shown

if TYPE_CHECKING:
    from icp_ml.study import Attribute, Study


@dataclass(frozen=True)
class Subject:
    """One attribute under audit, with the outcome of every account beside it.

    Attributes
    ----------
    attribute : Attribute
        What the study says of it.
    kind : {"numeric", "categorical", "date"}
    values : Series, shape (n,)
        Missing as NaN; a date as days before as_of.
    study : Study
    labels : Labels
        In the order of the values.
    rows : ndarray of int, shape (n,)
        Row numbers in the file.
    folds : list of (train, test) index arrays
        Over the accounts that leaks are looked for among.
    probes : Probes
        What shuffled columns reach.
    """

    attribute: Attribute
    kind: Kind
    values: pd.Series
    study: Study
    labels: Labels
    rows: npt.NDArray[np.int64]
    folds: Folds
    probes: Probes

    @property
    def column(self) -> str:
        """Return the name of the column."""
        return self.attribute.column

    @cached_property
    def held(self) -> pd.Series:
        """Return the values that are not missing."""
        return self.values.dropna()

    @cached_property
    def counts(self) -> pd.Series:
        """Count the accounts of every value, the most frequent first; ties in the order of the values as text."""
        counts = self.held.value_counts()
        return counts.iloc[np.lexsort((counts.index.astype(str), -counts.to_numpy()))]

    @cached_property
    def known(self) -> npt.NDArray[np.bool_]:
        """Tell which accounts have an outcome that leaks are looked for among, see `followed_through`."""
        return followed_through(self.labels)

    @cached_property
    def label(self) -> npt.NDArray[np.float64]:
        """Return the known outcomes."""
        return self.labels.label[self.known]

    @cached_property
    def judged(self) -> pd.Series:
        """Return the values of the accounts with a known outcome."""
        return self.values[self.known].reset_index(drop=True)

    @cached_property
    def alone(self) -> Alone | None:
        """Return how well the attribute alone orders the accounts, out of fold."""
        return attribute_alone(self.judged, self.kind, self.label, self.folds)

    @cached_property
    def emptiness(self) -> Alone | None:
        """Return how well it tells success from churn that a cell is empty."""
        return mark_alone(self.judged.isna().to_numpy(), self.label)

    @cached_property
    def personal(self) -> str | None:
        """Return the kind of personal data that the column seems to hold."""
        return personal_kind(self.column, self.held if self.kind == "categorical" else ())


Check = Callable[[Subject], Iterator[Finding]]


def allowed(finding: Finding, subject: Subject) -> Finding:
    """Return the finding, as a note where the study's ``audit.allow`` names the column."""
    if subject.column not in subject.study.audit.allow:
        return finding
    return replace(finding, severity="note", evidence=f"{finding.evidence}; allowed by audit.allow")


def value_shown(subject: Subject, value: object) -> str:
    """Return a value of the attribute for a message; never one that may be of a person."""
    if subject.personal:
        return "one value (not shown)"
    return f"{value:.10g}" if isinstance(value, float) else shown(subject.column, value)
