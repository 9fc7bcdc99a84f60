"""Divide the customers a list starts from into segments: by desired outcome, else into clusters, else not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.intervals import effective_n, wilson_interval
from icp_ml.prospects.lookalikes.clusters import MIN_SUCCESSES, find_clusters
from icp_ml.prospects.lookalikes.portrait import fits_apart, set_apart
from icp_ml.prospects.lookalikes.several import Several, several_profiles
from icp_ml.prospects.reasons import value_text

if TYPE_CHECKING:
    from icp_ml.model.explanation.words import Words
    from icp_ml.model.likeness import Likeness
    from icp_ml.model.reference import Reference

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]
Kind = Literal["desired outcome", "clusters", "one"]
OTHER = "other"
MOST_WORDS = 40
"""Of a sentence about a segment."""
_ROUNDING = 0.005
"""A weighted share that is nearer than this to n of m is told as n of m."""


@dataclass(frozen=True)
class Segment:
    """One segment of the customers with a known outcome.

    Attributes
    ----------
    name : str
        A desired outcome as in the table, ``other``, or ``cluster 1``, ...
    n_known, n_success : int
        Its customers with a known outcome, and its successful ones.
    share, low, high : float
        Success share of these customers, weighted for censoring, with its 90 % Wilson interval; 0 to 1.
    sentence : str
        The same, and what sets its successful customers apart from the others, in at most 40 words.
    """

    name: str
    n_known: int
    n_success: int
    share: float
    low: float
    high: float
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the segment for JSON."""
        return dict(vars(self))


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of the customers with a known outcome.

    Attributes
    ----------
    kind : {"desired outcome", "clusters", "one"}
        What they were told by; ``one``: there are none.
    rows : tuple of Segment
        Most successful customers first, ``other`` last; empty with ``one``.
    of : ndarray of object, shape (n_reference,)
        Name of the segment of every reference customer; None where it has none.
    several : Several or None
        Whether one profile serves all of them.
    sentence : str
    """

    kind: Kind
    rows: tuple[Segment, ...]
    of: Objects
    several: Several | None
    sentence: str

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the segments."""
        return tuple(row.name for row in self.rows)

    def as_document(self) -> dict[str, Any]:
        """Return the segments for JSON, without the customers in them."""
        several = None if self.several is None else self.several.as_document()
        rows = [row.as_document() for row in self.rows]
        return {"kind": self.kind, "sentence": self.sentence, "several": several, "rows": rows}


def find_segments(
    reference: Reference, likeness: Likeness, coordinates: Floats, *, words: Words, desired: str, seed: int
) -> Segments:
    """Return the segments of a model's reference customers.

    Parameters
    ----------
    reference : Reference
        The customers, their outcomes and, where the study names the column, their desired outcomes.
    likeness : Likeness
        The space of the coordinates.
    coordinates : ndarray of float64, shape (n_reference, n_attributes)
        Of the reference customers.
    words : Words
        Names columns and values.
    desired : str
        Words for the column of desired outcomes.
    seed : int
        Of clusters and permutations.

    Returns
    -------
    Segments
        By desired outcome where two values have at least 30 successful customers (smaller values are ``other``, and
        customers without one have no segment); else clusters of the successful customers, each customer in the nearest
        one; else one group.
    """
    told = _Told(reference, likeness, coordinates, words, seed)
    wanted = reference.wanted
    large = _large_values(wanted, reference.outcome == 1)
    if len(large) >= 2:
        names, of = _by_value(wanted, large)
        return told.segments("desired outcome", names, of, f"{len(names)} segments by {desired}.")
    clusters = find_clusters(coordinates[reference.outcome == 1], seed)
    sentence = _why_not(wanted, large) + clusters.sentence
    if clusters.centers is None:
        nobody = np.full(len(reference), None, dtype=object)
        return Segments("one", (), nobody, None, sentence)
    names = [f"cluster {at + 1}" for at in range(len(clusters.centers))]
    of = np.array(names, dtype=object)[clusters.nearest(coordinates)]
    return told.segments("clusters", names, of, sentence)


@dataclass(frozen=True, eq=False)
class _Told:
    """What segments are described with."""

    reference: Reference
    likeness: Likeness
    coordinates: Floats
    words: Words
    seed: int

    def segments(self, kind: Kind, names: list[str], of: Objects, sentence: str) -> Segments:
        """Return the segments of these names, described."""
        reference, contributions = self.reference, self.coordinates * self.likeness.scale
        players = self.likeness.measured
        fits = np.array(self.likeness.fits)
        by_fit = np.column_stack([contributions[:, fits == player].sum(axis=1) for player in players])
        several = several_profiles(by_fit, reference.outcome, reference.weight, of, seed=self.seed)
        rows = tuple(self._segment(name, np.asarray(of == name), contributions) for name in names)
        return Segments(kind, rows, of, several, f"{sentence} {several.sentence}")

    def _segment(self, name: str, inside: Flags, contributions: Floats) -> Segment:
        reference = self.reference
        outcome, weight = reference.outcome[inside], reference.weight[inside]
        share = float(np.average(outcome, weights=weight))
        n = effective_n(outcome, weight, reference.group[inside])
        low, high = wilson_interval(share * n, n)
        n_success, ends = int(outcome.sum()), f"90 %: {low:.0%} to {high:.0%}"
        first = f"{name_text(name)}: of {len(outcome):,} with a known outcome {n_success:,} succeeded"
        is_plain = abs(n_success / len(outcome) - share) < _ROUNDING
        first += f" ({share:.0%}; {ends})" if is_plain else f"; {share:.0%}, weighted for those still followed ({ends})"
        sentence = _shortened(first, self._apart(inside, contributions))
        return Segment(name, len(outcome), n_success, share, low, high, sentence)

    def _apart(self, inside: Flags, contributions: Floats) -> list[str]:
        """Return what sets the segment's successful customers apart from the other successful ones."""
        succeeded = self.reference.outcome == 1
        among = inside[succeeded]
        attributes = set_apart(self.reference.frame[succeeded], among, self.words)
        fits = fits_apart(contributions[succeeded], self.likeness.fits, among)
        return [*attributes[:2], *([fits] if fits else []), *attributes[2:]]


def name_text(name: str) -> str:
    """Return the name of a segment as sentences show it: long ones are cut."""
    return value_text(name, "categorical") or name


def _shortened(first: str, parts: list[str]) -> str:
    """Join what is known of a segment while it stays within 40 words."""
    sentence = first
    for part in parts or ["nothing sets its successful customers apart"]:
        longer = f"{sentence}; {part}"
        sentence = longer if len(longer.split()) <= MOST_WORDS else sentence
    return sentence + "."


def _large_values(wanted: Objects, succeeded: Flags) -> list[str]:
    """Return the desired outcomes of at least 30 successful customers, most first."""
    values, counts = np.unique(np.array([str(one) for one in wanted[succeeded] if one is not None]), return_counts=True)
    order = np.lexsort((values, -counts))
    return [str(values[at]) for at in order if counts[at] >= MIN_SUCCESSES]


def _by_value(wanted: Objects, large: list[str]) -> tuple[list[str], Objects]:
    """Return the names of the segments by desired outcome, and that of every customer."""
    rest = next(name for name in (OTHER, "other values", "all other values") if name not in large)
    known: Mapping[str, str] = {name: name for name in large}
    of = np.array([None if one is None else known.get(str(one), rest) for one in wanted], dtype=object)
    return ([*large, rest] if (of == rest).any() else large), of


def _why_not(wanted: Objects, large: list[str]) -> str:
    """Say why desired outcomes make no segments, where there are some."""
    if all(one is None for one in wanted):
        return ""
    have = f"{len(large)} desired outcome{'' if len(large) == 1 else 's'} with {MIN_SUCCESSES} successful customers"
    return f"Only {have}, two are needed for segments. " if large else f"No {have[2:]}. "
