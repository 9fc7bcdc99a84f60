"""Mark churn that a gap may explain which was closed since: old evidence about accounts of today."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.profile import Capability
from icp_ml.icp.words import points

Flags = npt.NDArray[np.bool_]

KEPT = 0.8
"""A difference that keeps this share of itself without old evidence does not rest on it."""


@dataclass(frozen=True)
class OldEvidence:
    """Failures behind a difference that a capability of today may have kept.

    Attributes
    ----------
    n : int
        Failed customers on the side that looks worse, who needed a capability and ended before it came.
    n_failures : int
        All failed customers on that side.
    gain_all, gain_without : float
        Plain difference in success share, inside minus outside, with every customer and without those who needed the
        capability and ended, or were already known to have succeeded, before it came; NaN when a side is empty.
    capabilities : tuple of str
        Names of the capabilities.
    """

    n: int
    n_failures: int
    gain_all: float
    gain_without: float
    capabilities: tuple[str, ...]

    @property
    def matters(self) -> bool:
        """True where a good part of the difference goes away without it."""
        return isnan(self.gain_without) or abs(self.gain_without) < KEPT * abs(self.gain_all)

    @property
    def sentence(self) -> str:
        """Return what is old about the evidence, in words."""
        named = ", ".join(self.capabilities)
        start = (
            f"Old evidence: {self.n} of the {self.n_failures} failures on the side that looks worse needed something "
            f"that came only later ({named})"
        )
        if isnan(self.gain_without):
            return f"{start}; without such customers there is no difference to see."
        return (
            f"{start}; without such customers the plain difference is {points(self.gain_without)} in place "
            f"of {100 * self.gain_all:+.0f}."
        )

    def as_document(self) -> dict[str, Any]:
        """Return the counts as a JSON object; NaN is None."""
        without = None if isnan(self.gain_without) else self.gain_without
        return {
            "n": self.n,
            "n_failures": self.n_failures,
            "gain_all": None if isnan(self.gain_all) else self.gain_all,
            "gain_without": without,
            "capabilities": list(self.capabilities),
            "sentence": self.sentence,
        }


def old_evidence(base: CustomerBase, inside: Flags, gain: float) -> OldEvidence | None:
    """Return how much of a difference is churn from before a capability came; None where there is none of it.

    Parameters
    ----------
    base : CustomerBase
        Its profile says which capabilities came, when, and who needs them.
    inside : ndarray of bool, shape (n,)
        Customers that meet the rule.
    gain : float
        Its sign says which side looks worse.

    Notes
    -----
    The comparison leaves out successes as well as failures that were known before the capability came; leaving out
    the failures alone would make every such side look good. Nothing can be dated where the table has no day on which
    outcomes became known.
    """
    old = {one.name: _outcome_before(base, one) for one in base.profile.situation.capabilities if one.have_since}
    failed = (base.labels.label == 0) & (~inside if gain >= 0 else inside)
    behind = {name: flags for name, flags in old.items() if (flags & failed).any()}
    if not behind:
        return None
    before = np.logical_or.reduce(list(behind.values()))
    return OldEvidence(
        n=int((before & failed).sum()),
        n_failures=int(failed.sum()),
        gain_all=base.contrast(inside).difference,
        gain_without=base.contrast(inside, ~before).difference,
        capabilities=tuple(behind),
    )


def _outcome_before(base: CustomerBase, capability: Capability) -> Flags:
    """Return the customers that needed a capability and whose outcome was known before it came."""
    known_on, rule = base.labels.known_on, capability.rule
    if known_on is None or rule is None or capability.have_since is None:
        return np.zeros(len(base), dtype=bool)
    return np.asarray(base.matches(rule) & (known_on < np.datetime64(capability.have_since, "D")))
