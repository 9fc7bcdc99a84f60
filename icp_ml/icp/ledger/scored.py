"""One prediction of the ledger with what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Scored:
    """One prediction, and what was observed since.

    Attributes
    ----------
    id : str
        As in the ledger.
    kind : {"goal", "suggestion"}
    stated_on : str
        The day it was written down.
    prediction : float
        The chance of the goal (0 to 1), or the gain of a suggestion (-1 to 1; 0: no association).
    observed : float or None
        1 or 0: the goal was reached or not; the gain among customers signed later; None while nothing can be said.
    state : {"held", "did not hold", "open"}
    sentence : str
        All of it in words.
    decision : mapping or None
        What the team did with a suggestion: ``{"state": "accepted" | "rejected" | "adopted" |
        "adopted although rejected", "version", "by", "on", "why"}``.
    """

    id: str
    kind: str
    stated_on: str
    prediction: float
    observed: float | None
    state: str
    sentence: str
    decision: Mapping[str, Any] | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the prediction as a JSON object."""
        return {
            "id": self.id,
            "kind": self.kind,
            "stated_on": self.stated_on,
            "prediction": self.prediction,
            "observed": self.observed,
            "state": self.state,
            "sentence": self.sentence,
            "decision": None if self.decision is None else dict(self.decision),
        }
