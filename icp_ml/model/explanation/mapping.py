"""Say how the bars of the fits move when a doubtful attribute is taken out of its fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.explanation.words import declared_attributes, listed
from icp_ml.names import CONTEXT, FIT_NAMES, PLAYERS

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.served import ServedMargin

Floats = NDArray[np.float64]

MAX_ACCOUNTS = 300
MAX_DOUBTFUL = 12
_LARGEST = "the largest of its fit in a map nobody reviewed"


@dataclass(frozen=True)
class Move:
    """One attribute taken from its fit to context.

    Attributes
    ----------
    column, fit, why : str
        What moved, from where, and what is doubtful about it.
    bars, moved_bars : array of shape (7,)
        Mean absolute contribution of every player in log-odds before and after, in the order of ``names.PLAYERS``.
    """

    column: str
    fit: str
    why: str
    bars: Floats
    moved_bars: Floats

    @property
    def ranks(self) -> tuple[int, int]:
        """Rank of the fit among the six before and after, 1 the largest."""
        return _rank(self.bars, self.fit), _rank(self.moved_bars, self.fit)

    @property
    def changes_order(self) -> bool:
        """Whether any two of the six fits change places."""
        before, after = (np.argsort(-bars[: len(FIT_NAMES)], kind="stable") for bars in (self.bars, self.moved_bars))
        return bool((before != after).any())


@dataclass(frozen=True)
class MapSensitivity:
    """How much the picture of the fits hangs on doubtful attributes.

    Attributes
    ----------
    moves : tuple of Move
        At most twelve, those that move the most first.
    n_accounts : int
        Customers that the bars are means of.
    n_left_out : int
        Doubtful attributes beyond the twelve.
    """

    moves: tuple[Move, ...]
    n_accounts: int
    n_left_out: int = 0

    @property
    def sentence(self) -> str:
        """Say whether the order of the fits hangs on doubtful attributes."""
        if not self.moves:
            return "No attribute of the map is marked as doubtful (a proxy, or not point in time)."
        held = f"{len(self.moves)} doubtful attributes were moved to context one by one"
        changing = [move.column for move in self.moves if move.changes_order]
        if not changing:
            return f"{held}: the order of the six fits stays the same."
        return f"{held}: the order of the six fits changes with {listed(changing)}; read the bars with that in mind."

    def as_document(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """Return bars and ranks before and after as a JSON object."""
        return {
            "sentence": self.sentence,
            "n_accounts": self.n_accounts,
            "n_left_out": self.n_left_out,
            "rows": [_row(move, labels) for move in self.moves],
        }


def map_sensitivity(
    classifier: SuccessClassifier,
    frame: pd.DataFrame,
    study: Mapping[str, Any],
    *,
    is_reviewed: bool,
    seed: int = 0,
) -> MapSensitivity:
    """Return how the fits' bars move when each doubtful attribute is moved to context.

    Parameters
    ----------
    classifier
        The served one.
    frame
        Attributes of the customers; at most 300 are drawn by seed.
    study
        The study's document; attributes with ``proxy: true`` or ``point_in_time: false`` are doubtful.
    is_reviewed
        False: nobody reviewed the map, and the largest attribute of each fit is doubtful too.

    Notes
    -----
    Nothing is fitted again: the same model is taken apart with another grouping, exactly. Only the bars change, never
    a chance.
    """
    sample = _sampled(frame, seed)
    matrix = classifier.features_.transform(sample)
    served = classifier._served
    doubtful = _doubtful(study, classifier, None if is_reviewed else np.abs(served.by_attribute(matrix)).mean(axis=0))
    bars = np.abs(served.by_fit(matrix)).mean(axis=0)
    columns = classifier.features_.attributes
    moves = [
        Move(column, fit, why, bars, np.abs(_moved(served, columns.index(column)).by_fit(matrix)).mean(axis=0))
        for column, (fit, why) in list(doubtful.items())[:MAX_DOUBTFUL]
    ]
    moves.sort(key=lambda move: (-float(np.abs(move.moved_bars - move.bars).max()), move.column))
    return MapSensitivity(tuple(moves), len(sample), max(0, len(doubtful) - MAX_DOUBTFUL))


def _moved(served: ServedMargin, attribute: int) -> ServedMargin:
    grouping = served.fit_of_attribute.copy()
    grouping[attribute] = PLAYERS.index(CONTEXT)
    return replace(served, fit_of_attribute=grouping)


def _sampled(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    if len(frame) <= MAX_ACCOUNTS:
        return frame
    return frame.iloc[np.sort(np.random.default_rng(seed).choice(len(frame), MAX_ACCOUNTS, replace=False))]


def _doubtful(
    study: Mapping[str, Any], classifier: SuccessClassifier, sizes: Floats | None
) -> dict[str, tuple[str, str]]:
    """Return fit and doubt of the doubtful attributes by column; with ``sizes`` the largest of each fit among them."""
    columns = list(classifier.features_.attributes)
    declared = declared_attributes(study)
    known = {name: declared[name] for name in columns if name in declared and declared[name]["fit"] != CONTEXT}
    found = {name: (str(entry["fit"]), why) for name, entry in known.items() if (why := _why(entry))}
    if sizes is None:
        return found
    for fit in FIT_NAMES:
        own = [name for name in known if known[name]["fit"] == fit]
        if own:
            found.setdefault(max(own, key=lambda name: sizes[columns.index(name)]), (fit, _LARGEST))
    return found


def _why(entry: Mapping[str, Any]) -> str:
    doubts = ["stands in for its fit"] if entry.get("proxy") else []
    doubts += ["today's value, not that of the as_of day"] if entry.get("point_in_time") is False else []
    return " and ".join(doubts)


def _rank(bars: Floats, fit: str) -> int:
    return 1 + int((bars[: len(FIT_NAMES)] > bars[FIT_NAMES.index(fit)]).sum())


def _row(move: Move, labels: Mapping[str, str]) -> dict[str, Any]:
    own, context = PLAYERS.index(move.fit), PLAYERS.index(CONTEXT)
    before, after = move.ranks
    return {
        "column": move.column,
        "label": labels.get(move.column, move.column),
        "fit": move.fit,
        "why": move.why,
        "fit_before": float(move.bars[own]),
        "fit_after": float(move.moved_bars[own]),
        "context_before": float(move.bars[context]),
        "context_after": float(move.moved_bars[context]),
        "rank_before": before,
        "rank_after": after,
        "changes_order": move.changes_order,
    }
