"""Hold what a ledger predicted against what the customer base shows today."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.ledger.chain import Entry, Ledger
from icp_ml.icp.ledger.changes import changes_since
from icp_ml.icp.ledger.goals import Quarter, score_goals
from icp_ml.icp.ledger.scored import Scored
from icp_ml.icp.ledger.suggested import score_suggestions
from icp_ml.icp.words import count_words


@dataclass(frozen=True)
class LastReview:
    """The review before this one, and what is otherwise now.

    Attributes
    ----------
    date : str
    profile_version : int
    verdict : str
    changes : tuple of str
        Sentences; empty when the new review was not given.
    """

    date: str
    profile_version: int
    verdict: str
    changes: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the review as a JSON object."""
        names = ("date", "profile_version", "verdict")
        return {**{name: getattr(self, name) for name in names}, "changes": list(self.changes)}


@dataclass(frozen=True)
class LedgerScores:
    """What became of the predictions of a ledger.

    Attributes
    ----------
    path : str
        Name of the file, beside the profile.
    n : int
        Lines of it that are of other runs than this one.
    head : str
        Digest of the last of these lines; empty without one.
    last : LastReview or None
    scored : tuple of Scored
        Chances of goals and suggestions, oldest first.
    brier : tuple of Quarter
        By quarter in which the chances were given.
    sentence : str
    """

    path: str
    n: int
    head: str
    last: LastReview | None
    scored: tuple[Scored, ...]
    brier: tuple[Quarter, ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the scores as a JSON object."""
        return {
            "path": self.path,
            "n": self.n,
            "head": self.head,
            "last": None if self.last is None else self.last.as_document(),
            "scored": [one.as_document() for one in self.scored],
            "brier": [one.as_document() for one in self.brier],
            "sentence": self.sentence,
        }


def score_ledger(ledger: Ledger, base: CustomerBase, document: Mapping[str, Any] | None = None) -> LedgerScores:
    """Return what became of every prediction, and what the new review finds otherwise than the last one.

    Parameters
    ----------
    ledger : Ledger
        As read, before the new review is added.
    base : CustomerBase
        The customers as known today; only those signed after a suggestion judge it.
    document : mapping, optional
        The new review as in ``review.json``, all but its ledger. What the same run wrote before is left out, so that a
        review repeated on the same data says the same.

    Returns
    -------
    LedgerScores
    """
    if document is not None:
        ledger = ledger.without(document["run_id"])
    goals, brier = score_goals(ledger, base)
    scored = tuple(sorted((*goals, *score_suggestions(ledger, base)), key=lambda one: one.stated_on))
    last = ledger.last(base.profile.name, base.today.isoformat())
    return LedgerScores(
        path=ledger.path.name,
        n=len(ledger.entries),
        head=ledger.head,
        last=None if last is None else _last(last, document, ledger),
        scored=scored,
        brier=brier,
        sentence=_sentence(ledger, scored),
    )


def _last(entry: Entry, document: Mapping[str, Any] | None, ledger: Ledger) -> LastReview:
    changes = () if document is None else changes_since(entry, document, ledger)
    return LastReview(str(entry["stated_on"]), int(entry["version"]), str(entry["verdict"]), changes)


def _sentence(ledger: Ledger, scored: tuple[Scored, ...]) -> str:
    reviews = ledger.of_kind("review")
    if not reviews:
        return "This is the first review on record: later ones will say what became of its predictions."
    count = "1 earlier review is" if len(reviews) == 1 else f"{len(reviews)} earlier reviews are"
    said = [f"{count} on record, the first of {min(str(one['stated_on']) for one in reviews)}."]
    suggested = [one.state for one in scored if one.kind == "suggestion"]
    if suggested:
        said.append(_suggested_words(suggested))
    goals = [one.state for one in scored if one.kind == "goal" and one.state != "open"]
    if goals:
        of = f"Of {count_words(len(goals), 'chance', 'chances')} given to goals that are decided now"
        said.append(f"{of}, {goals.count('held')} pointed the right way.")
    return " ".join(said)


def _suggested_words(states: list[str]) -> str:
    held, failed = states.count("held"), states.count("did not hold")
    of = count_words(len(states), "suggestion", "suggestions")
    if not held and not failed:
        return f"Customers signed since cannot tell yet of {of}."
    n_open = len(states) - held - failed
    return f"Of {of} {held} held on customers signed since, {failed} did not, {n_open} cannot be told yet."
