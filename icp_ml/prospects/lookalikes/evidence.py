"""Tell, for the first ranks, which customers a prospect resembles, what differs, and which fits are near or far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.model.explanation.nearest import N_DIFFERENCES, SMALLEST, Difference
from icp_ml.model.explanation.words import Words, listed
from icp_ml.model.search import ExactSearch
from icp_ml.prospects.lookalikes.columns import N_NEAREST

if TYPE_CHECKING:
    from icp_ml.model.likeness import Likeness
    from icp_ml.model.reference import Reference

Floats = npt.NDArray[np.float64]

SHOWN = 25
"""First ranks that are told in full."""
FAR_SHARE = 0.1
_FAR = 0.95
"""A match from here on is never far, however alike the seeds are among themselves."""
_HOW = {True: "stronger", False: "weaker"}
_OUTSIDE = (
    "It lies outside what customers have: the model is guessing there, and its similarity is lowered (little, near the "
    "edge)."
)
_MAX_SEEDS = 2_000


@dataclass(frozen=True)
class Resembled:
    """A customer beside a prospect.

    Attributes
    ----------
    id : str
        What the customer is called.
    differs : tuple of Difference
        What differs most for success, largest first; empty when nothing does.
    """

    id: str
    differs: tuple[Difference, ...]

    def as_document(self, words: Words) -> dict[str, Any]:
        """Return the customer in words."""
        return {"id": self.id, "differs": [one.as_document(words) for one in self.differs]}


@dataclass(frozen=True)
class Evidence:
    """Why a prospect is on the list.

    Attributes
    ----------
    id : str
        Of the prospect.
    rank : int
        From 1.
    similarity : float
        0 to 1; 0.5: as close to the negative seeds as to the seeds.
    probability, p_close : float or None
        Chance of success, and of closing; None: withdrawn, or not known.
    in_domain : bool
        False where the prospect is unlike every customer.
    matches : dict of str to float or None
        By fit, above 0 and at most 1; None: no attribute of it.
    segment : str or None
        Of the seeds it is nearest to.
    far : dict of str to bool
        Fits in which it is further from the seeds it resembles than nine of ten seeds are from theirs, furthest first;
        true where the fit speaks more for success than theirs.
    like, unlike : tuple of Resembled
        Nearest seeds and negative seeds, at most three each.
    """

    id: str
    rank: int
    similarity: float
    probability: float | None
    p_close: float | None
    in_domain: bool
    matches: Mapping[str, float | None]
    segment: str | None
    far: Mapping[str, bool]
    like: tuple[Resembled, ...]
    unlike: tuple[Resembled, ...]

    @property
    def sentence(self) -> str:
        """Say which seeds are nearest, and where it is far from them."""
        told = f"Nearest seeds {listed([one.id for one in self.like])}"
        if self.far:
            told += f"; far from them in {listed([f'{fit} ({_HOW[more]})' for fit, more in self.far.items()])} fit."
        else:
            told += "; far from them in no fit."
        return told if self.in_domain else f"{told} {_OUTSIDE}"

    def as_document(self, words: Words) -> dict[str, Any]:
        """Return the evidence in words."""
        return {
            "id": self.id,
            "rank": self.rank,
            "similarity": self.similarity,
            "probability": self.probability,
            "p_close": self.p_close,
            "in_domain": self.in_domain,
            "matches": dict(self.matches),
            "segment": self.segment,
            "like": [one.as_document(words) for one in self.like],
            "unlike": [one.as_document(words) for one in self.unlike],
            "far": list(self.far),
            "far_stronger": [fit for fit, more in self.far.items() if more],
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Customers:
    """The reference customers as evidence.

    Attributes
    ----------
    reference : Reference
        Ids and attributes.
    names : ndarray of object, shape (n_reference,)
        What each is called.
    contributions, coordinates : ndarray of float64, shape (n_reference, n_attributes)
        In log-odds, and in the likeness space.
    columns : sequence of str
        The attributes, in the order of the contributions.
    """

    reference: Reference
    names: npt.NDArray[np.object_]
    contributions: Floats
    coordinates: Floats
    columns: Sequence[str]

    def beside(self, row: pd.Series, contributions: Floats, places: npt.NDArray[np.int64]) -> tuple[Resembled, ...]:
        """Return customers beside one prospect, in the order of their places."""
        return tuple(self._one(row, contributions, int(at)) for at in places)

    def _one(self, row: pd.Series, contributions: Floats, at: int) -> Resembled:
        apart = np.abs(self.contributions[at] - contributions)
        told = [place for place in np.argsort(-apart, kind="stable")[:N_DIFFERENCES] if apart[place] >= SMALLEST]
        there = self.reference.frame.iloc[at]
        names = [self.columns[place] for place in told]
        return Resembled(str(self.names[at]), tuple(Difference(name, row[name], there[name]) for name in names))


def far_matches(likeness: Likeness, seeds: Floats) -> dict[str, float]:
    """Return the match below which a fit is far, by fit.

    Parameters
    ----------
    likeness : Likeness
        The space.
    seeds : ndarray of float64, shape (n_seeds, n_attributes)
        Their coordinates.

    Returns
    -------
    dict of str to float
        What a tenth of the seeds have less of with the three other seeds they are most like; at most .95.
    """
    some = seeds[:: -(-len(seeds) // _MAX_SEEDS)]
    others = ExactSearch(seeds).nearest(some, N_NEAREST + 1).positions[:, 1:]  # the nearest is the seed itself
    matches = likeness.matches(some, seeds[others])
    return {fit: min(_FAR, float(np.quantile(values, FAR_SHARE))) for fit, values in matches.items()}
