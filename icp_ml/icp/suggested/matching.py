"""Tell which customers and which prospects meet a list of criteria and need nothing that is missing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Rate, rate
from icp_ml.icp.market import Market

Flags = npt.NDArray[np.bool_]


class Matching:
    """Both tables under any criteria, with the gates of the profile; every rule is answered once.

    Parameters
    ----------
    base : CustomerBase
    market : Market or None
        Every rule that is asked for must be among its answers.
    """

    def __init__(self, base: CustomerBase, market: Market | None) -> None:
        self.base, self.market = base, market
        self.written = tuple(criterion.text for criterion in base.profile.criteria)
        self.gates = {
            one.name: one.needs
            for one in base.profile.situation.capabilities
            if one.is_missing and one.needs is not None
        }
        self._customers: dict[str, Flags] = {}
        self._prospects: dict[str, Flags] = {}

    def customers(self, criteria: Sequence[str], open_gate: str | None = None) -> Flags:
        """Return True for every customer inside; `open_gate` names a missing capability taken as there."""
        inside = np.ones(len(self.base), dtype=bool)
        for text in criteria:
            inside &= self._customer_meets(text)
        for need in self._closed(open_gate):
            inside &= ~self._customer_meets(need)
        return inside

    def prospects(self, criteria: Sequence[str], open_gate: str | None = None) -> Flags | None:
        """Return True for every prospect inside; None without prospects, or where a criterion is known of none."""
        if self.market is None or self.unknown_to_market(criteria):
            return None
        inside = np.ones(len(self.market), dtype=bool)
        for text in criteria:
            inside &= self._prospect_meets(text)
        for need in self._closed(open_gate):
            inside &= ~self._prospect_meets(need)
        return inside

    def unknown_to_market(self, criteria: Sequence[str]) -> tuple[str, ...]:
        """Return the criteria of which no prospect has an answer, such as those known only after discovery."""
        if self.market is None or not len(self.market):
            return ()
        answers = self.market.answers
        return tuple(text for text in criteria if not (answers[text] >= 0).any())

    def success(self, inside: Flags) -> Rate:
        """Return the success share of some of the customers."""
        labels, groups = self.base.labels, self.base.customers.groups
        return rate(labels.label[inside], labels.weight[inside], None if groups is None else groups[inside])

    def _closed(self, open_gate: str | None) -> list[str]:
        return [need for name, need in self.gates.items() if name != open_gate]

    def _customer_meets(self, text: str) -> Flags:
        if text not in self._customers:
            self._customers[text] = self.base.matches(text)
        return self._customers[text]

    def _prospect_meets(self, text: str) -> Flags:
        if text not in self._prospects and self.market is not None:
            self._prospects[text] = self.market.matches(text)
        return self._prospects[text]
