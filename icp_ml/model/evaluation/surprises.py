"""Who surprised the model: successes it scored low and failures it scored high, and how many chance alone explains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from icp_ml.accounts.intervals import Z_90
from icp_ml.model.evaluation.judged import TOP_SHARE, JudgedRows, end_of_list, percent, share_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.int64]
    Texts = NDArray[np.object_]

N_SHOWN = 5
"""Surprises of each side."""
N_SPOKE = 3
"""Attributes that are named with each."""


@dataclass(frozen=True)
class Surprise:
    """An account that ended otherwise than its score said.

    Attributes
    ----------
    account : str
        Its id.
    probability : float
        Chance of success that was said.
    outcome : {"success", "churned"}
    reasons : tuple of str
        Up to three attributes that spoke most for the score: against a success, for a failure.
    """

    account: str
    probability: float
    outcome: Literal["success", "churned"]
    reasons: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the surprise as a JSON object."""
        named = {"id": self.account, "probability": self.probability}
        return {**named, "outcome": self.outcome, "reasons": list(self.reasons)}


@dataclass(frozen=True)
class Surprises:
    """Surprises both ways, strongest first, and how many are expected.

    Attributes
    ----------
    low_successes, high_failures : tuple of Surprise
        Among the last and the first fifth of the list.
    sentence : str
        How many there are, and how many there would be if every chance were right.
    """

    low_successes: tuple[Surprise, ...]
    high_failures: tuple[Surprise, ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the surprises as a JSON object."""
        return {
            "sentence": self.sentence,
            "low_successes": [found.as_document() for found in self.low_successes],
            "high_failures": [found.as_document() for found in self.high_failures],
        }


def surprises(
    rows: JudgedRows, ids: Sequence[str], speak: Callable[[Indices], Texts], *, has_seen_them: bool
) -> Surprises:
    """Return the accounts that ended most unlike their score.

    Parameters
    ----------
    rows : JudgedRows
        The accounts that judged.
    ids : sequence of str, length n
        How each is called.
    speak : callable
        Takes positions among them and returns texts of shape (m, 6): three attributes that raise the score of each,
        then three that lower it, None where there is no further one.
    has_seen_them : bool
        Whether the fit that ``speak`` explains was trained on these accounts, as with cross-validation.

    Returns
    -------
    Surprises
        At most five of each side. Both sides are expected even of a perfect model: an account with a chance of .2
        succeeds one time in five.

    Notes
    -----
    If every chance is right, the weighted share of surprises in a fifth is the mean of p (of 1 - p at the top), with
    variance sum w^2 p (1 - p) / (sum w)^2; with weights or related accounts what they show, where that is more.
    """
    last, first = end_of_list(rows, TOP_SHARE, lowest=True), end_of_list(rows, TOP_SHARE)
    names = np.array(ids, dtype=str)
    success = rows.outcome == 1
    low = _strongest(rows.margin, names, success & (last > 0))
    high = _strongest(-rows.margin, names, ~success & (first > 0))
    spoken = speak(np.concatenate([low, high])) if len(low) + len(high) else np.empty((0, 2 * N_SPOKE), dtype=object)
    against, in_favour = spoken[: len(low), N_SPOKE:], spoken[len(low) :, :N_SPOKE]

    def told(places: Indices, texts: Texts, outcome: Literal["success", "churned"]) -> tuple[Surprise, ...]:
        return tuple(
            Surprise(ids[at], float(rows.probability[at]), outcome, tuple(text for text in line if text is not None))
            for at, line in zip(places, texts, strict=True)
        )

    sentence = (
        f"{_expected(rows, last, rows.outcome, rows.probability, 'lowest', 'succeeded')} "
        f"{_expected(rows, first, 1 - rows.outcome, 1 - rows.probability, 'highest', 'did not')}"
    )
    if has_seen_them:
        sentence += " The reasons are those of the served fit, which has seen these accounts; the chances are not."
    return Surprises(told(low, against, "success"), told(high, in_favour, "churned"), sentence)


def _strongest(distance: Floats, names: NDArray[np.str_], chosen: NDArray[np.bool_]) -> Indices:
    """Return the chosen positions with the smallest distance; ties by id, so that the order of rows does not matter."""
    places = np.flatnonzero(chosen)
    order = np.lexsort((names[places], distance[places]))
    return np.asarray(places[order[:N_SHOWN]], dtype=np.int64)


def _expected(rows: JudgedRows, inside: Floats, surprised: Floats, chance: Floats, end: str, verb: str) -> str:
    """Say how large the share of surprises is and how large it would be by chance alone."""
    weight = rows.weight * inside
    total = float(weight.sum())
    mean = float(weight @ chance) / total
    own = sqrt(float(weight**2 @ (chance * (1 - chance)))) / total
    shared = np.bincount(rows.clusters, weight * (surprised - chance))
    is_simple = np.ptp(rows.weight) == 0 and int(rows.clusters.max()) + 1 == len(rows)
    error = own if is_simple else max(own, sqrt(float(shared @ shared)) / total)
    low, high = max(0.0, mean - Z_90 * error), min(1.0, mean + Z_90 * error)
    found = share_of(rows, surprised, inside).value
    verdict = "more than chance explains" if found > high else "fewer" if found < low else "as chance explains"
    n, several = int(np.count_nonzero(inside)), int(surprised[inside > 0].sum())
    weighted = "" if np.ptp(rows.weight) == 0 else ", weighted for censoring"
    return (
        f"Of the {n:,} accounts scored {end}, {several:,} {verb} ({percent(found)}{weighted}); if the chances are "
        f"right, {percent(mean)} are expected (90 %: {percent(low)} to {percent(high)}): {verdict}."
    )
