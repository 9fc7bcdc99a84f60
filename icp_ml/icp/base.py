"""The customer base a review speaks of: who they are, how it ended, which rules they meet, what the model says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.customers import Customers
from icp_ml.accounts.deals import Deals
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.progress import Progress
from icp_ml.accounts.split import Split
from icp_ml.icp.contrast import Contrast, contrast
from icp_ml.icp.profile import Profile
from icp_ml.rules import Rule, parse_rule
from icp_ml.study import Study

if TYPE_CHECKING:
    from icp_ml.accounts.audit.finding import Finding
    from icp_ml.model.success_model import SuccessModel

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
_ONE_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, eq=False)
class CustomerBase:
    """The customers of a study, confronted with a profile.

    Attributes
    ----------
    profile : Profile
        The hypothesis.
    customers : Customers
        One entry per customer, in file order; everything else here has the same order.
    labels : Labels
        How it ended, as known today.
    model : SuccessModel
        Of either kind; a hypothesis has no contributions.
    split : Split
        Earlier customers, which may choose a rule, and later ones, which may confirm it.
    today : date
        The last day that is known; decides what is future, never the clock.
    rule_frame : DataFrame, shape (n, n_columns)
        Every column that a rule may name: numbers as float64, dates as datetime64, the rest as text.
    status : ndarray of object, shape (n,), or None
        ``customer``, ``churned``, ``at_risk``, ``pipeline``, ``trial_lost`` or None, by the study's `status`.
    deals, progress : Deals, Progress or None
        Where the study or the profile names a table of them.
    findings : mapping of str to list of Finding
        What the audit said of a column.
    notes : tuple of str
        What was odd about what was read beside the customers.
    """

    profile: Profile
    customers: Customers
    labels: Labels
    model: SuccessModel
    split: Split
    today: dt.date
    rule_frame: pd.DataFrame
    status: npt.NDArray[np.object_] | None = None
    deals: Deals | None = None
    progress: Progress | None = None
    findings: Mapping[str, Sequence[Finding]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        """Return the number of customers."""
        return len(self.customers)

    @property
    def study(self) -> Study:
        """What the customers were read for."""
        return self.customers.study

    @property
    def fit_of(self) -> dict[str, str]:
        """The fit of every attribute of the model: the attributes that a suggestion may name."""
        blocked = {name for name, found in self.findings.items() if any(one.severity == "blocker" for one in found)}
        return {known.column: known.fit for known in self.model.contract.attributes if known.column not in blocked}

    def answers(self, rule: Rule | str) -> npt.NDArray[np.int8]:
        """Return 1 (yes), 0 (no) or -1 (unknown) for every customer."""
        return _rule(rule).evaluate(self.rule_frame)

    def matches(self, rule: Rule | str) -> Flags:
        """Return True for every customer a rule holds for; unknown does not match."""
        return _rule(rule).matches(self.rule_frame)

    def matches_all(self, rules: Sequence[Rule | str]) -> Flags:
        """Return True for every customer that meets all of the rules."""
        return reduce(np.logical_and, (self.matches(rule) for rule in rules), np.ones(len(self), dtype=bool))

    def in_profile(self) -> Flags:
        """Return True for every customer that meets all criteria and needs no capability that is missing."""
        return self.profile.matches(self.rule_frame)

    def contrast(self, inside: Flags, rows: Flags | None = None) -> Contrast:
        """Return success of customers inside a set against the others, among some of the customers or all."""
        customers, labels = self.customers, self.labels
        if rows is None:
            rows = np.ones(len(self), dtype=bool)
        groups = None if customers.groups is None else customers.groups[rows]
        return contrast(inside[rows], labels.label[rows], labels.weight[rows], groups)

    def later(self) -> Flags:
        """Return True for the later customers, which no earlier one was chosen by; none without a split by time."""
        flags = np.zeros(len(self), dtype=bool)
        if self.split.kind == "time":
            flags[self.split.test] = True
        return flags


def rule_frame(customers: Customers) -> pd.DataFrame:
    """Return every column that a rule may name: attributes as read, dates as dates again, and the rest as text.

    Returns
    -------
    DataFrame, shape (n, n_columns)
        An attribute that is a date was turned into days before as_of when it was read; here it is a date again.
    """
    frame = customers.frame.copy(deep=False)
    for name, kind in customers.kinds.items():
        if kind == "date":
            frame[name] = _dates(customers, frame[name].to_numpy())
    others = customers.others.drop(columns=list(frame.columns), errors="ignore")
    dates = {} if customers.study.as_of is None else {customers.study.as_of.column: customers.as_of}
    joined = pd.concat([frame, others], axis=1)
    return joined.assign(**{name: days for name, days in dates.items() if name not in joined})


def _dates(customers: Customers, days: Floats) -> npt.NDArray[np.datetime64]:
    """Return the dates that lie so many days before as_of, or before the last day seen."""
    start = np.full(len(days), np.datetime64("NaT", "D")) if customers.as_of is None else customers.as_of.copy()
    if customers.observed_until is not None:
        start[np.isnat(start)] = np.datetime64(customers.observed_until, "D")
    known = ~np.isnan(days)
    dates = np.full(len(days), np.datetime64("NaT", "D"))
    dates[known] = start[known] - days[known].astype("int64") * _ONE_DAY
    return dates.astype("datetime64[s]")


def _rule(rule: Rule | str) -> Rule:
    return parse_rule(rule) if isinstance(rule, str) else rule
