"""What a search for better criteria found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.audit.power import Power

Flags = npt.NDArray[np.bool_]
Action = Literal["add", "tighten", "loosen", "drop", "exclude"]


@dataclass(frozen=True, eq=False, kw_only=True)
class FoundRule:
    """One criterion that the evidence speaks for, or, with the action ``drop``, against.

    Attributes
    ----------
    rule : str
        The criterion as it would stand in the profile; with ``drop`` the criterion of the profile that is contradicted.
        An exclusion is written as what stays (``region != apac``), so that every rule says who belongs to the profile.
    attribute, fit : str
        The column it is about, and the fit (or context) that column belongs to.
    action : {"add", "tighten", "loosen", "drop", "exclude"}
        What adopting it would do to the profile.
    replaces : str or None
        The criterion of the profile that it stands instead of; with ``drop`` the rule itself.
    mask : ndarray of bool, shape (n,)
        Customers that meet the rule, in the order of the customer base; a missing value does not.
    gain, low, high : float
        Success share inside the rule minus outside it, -1 to 1, estimated on accounts that did not choose the rule
        and shrunk for having been chosen; and its 90 % interval. 0 is no association. Negative with ``drop``.
    step_gain : float or None
        With ``tighten`` those it keeps minus those it drops; with ``loosen`` those it adds minus those that stay
        outside; the contrast that was tested. None with other actions.
    p_value : float
        Chance of such a rule for this attribute, over all of its candidates, when nothing matters.
    q_value : float
        The same over all attributes (false discovery rate).
    n, n_outside : int
        Customers of known outcome inside and outside.
    confirmed : bool
        Chosen on earlier customers and held on later ones.
    stable_share : float or None
        Share of half samples that choose about the same rule, 0 to 1.
    threshold : float or None
        The cut of a numeric rule with one cut.
    caveats : tuple of str
        Sentences that travel with it.
    """

    rule: str
    attribute: str
    fit: str
    action: Action
    replaces: str | None
    mask: Flags
    gain: float
    low: float
    high: float
    step_gain: float | None
    p_value: float
    q_value: float
    n: int
    n_outside: int
    confirmed: bool
    stable_share: float | None
    threshold: float | None
    caveats: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the rule as a JSON object, without its mask; NaN is None."""
        names = ("rule", "attribute", "fit", "action", "replaces", "n", "n_outside", "confirmed")
        numbers = ("gain", "low", "high", "step_gain", "p_value", "q_value", "stable_share", "threshold")
        found = {name: _finite(getattr(self, name)) for name in numbers}
        return {name: getattr(self, name) for name in names} | found | {"caveats": list(self.caveats)}


@dataclass(frozen=True, eq=False, kw_only=True)
class Found:
    """All that was found, and how much was tried.

    Attributes
    ----------
    rules : tuple of FoundRule
        At most one per attribute, best first: confirmed ones, then by q-value and size.
    tried : int
        Candidate rules tried over all attributes.
    n_attributes : int
        Attributes that were asked about.
    power : Power
        What differences so many customers can show.
    notes : tuple of str
        What was not done, and why.
    """

    rules: tuple[FoundRule, ...]
    tried: int
    n_attributes: int
    power: Power
    notes: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """Return what was found among what was tried, in words."""
        tried = f"{self.tried:,} rules over {self.n_attributes} attributes were tried"
        if not self.rules:
            return f"{tried}; none goes together with success more than chance would let some rule seem to."
        kept = sum(rule.confirmed for rule in self.rules)
        later = (
            f"{kept} of them held on later customers too" if kept else "none of them is confirmed on later customers"
        )
        held = "holds" if len(self.rules) == 1 else "hold"
        return f"{tried}; {len(self.rules)} {held} up against chance; {later}."

    def as_document(self) -> dict[str, Any]:
        """Return the findings as a JSON object."""
        return {
            "sentence": self.sentence,
            "rules": [rule.as_document() for rule in self.rules],
            "tried": self.tried,
            "n_attributes": self.n_attributes,
            "power": self.power.as_document(),
            "notes": list(self.notes),
        }


def _finite(value: float | None) -> float | None:
    return None if value is None or not isfinite(value) else float(value)
