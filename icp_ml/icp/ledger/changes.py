"""Say in sentences what a review finds otherwise than the last one did."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from icp_ml.icp.ledger.chain import Entry, Ledger
from icp_ml.icp.ledger.entries import change_words, goal_id
from icp_ml.icp.milestones.words import chance_words

Document = Mapping[str, Any]
_SEEN = 0.005
"""A chance that moves by less is the same number when it is read in percent."""
_VERDICTS = {
    "keep": "keep the profile",
    "change_tactics": "change the tactics",
    "change_profile": "change the profile",
    "too_early": "too early to tell",
    "cannot_tell": "the data cannot tell",
}


def changes_since(last: Entry, document: Document, ledger: Ledger) -> tuple[str, ...]:
    """Return what changed since a review: verdict, profile, chance of the goal, criteria and suggestions.

    Parameters
    ----------
    last : mapping
        A review's entry of the ledger.
    document : mapping
        The new review as in ``review.json``.
    ledger : Ledger
        Where the suggestions of the last review are written.

    Returns
    -------
    tuple of str
        At least one sentence.
    """
    found = [*_verdict(last, document), *_profile(last, document), *_chance(last, document)]
    found += [*_criteria(last, document), *_suggestions(last, document, ledger)]
    return tuple(found) or (f"Nothing has changed since the review of {last['stated_on']}.",)


def _verdict(last: Entry, document: Document) -> Iterator[str]:
    before, now = last["verdict"], document["verdict"]
    if before != now:
        yield f"The verdict was '{_VERDICTS.get(before, before)}' and is '{_VERDICTS.get(now, now)}' now."


def _profile(last: Entry, document: Document) -> Iterator[str]:
    profile = document["profile"]
    before, now = list(last["written"]), list(profile["criteria"])
    if last["version"] != profile["version"]:
        yield f"The profile was version {last['version']} and is version {profile['version']} now."
    elif last.get("digest_of_profile") != profile["digest"]:
        yield f"The profile was changed and is still called version {profile['version']}: give it a new number."
    yield from (f"New criterion: {text}." for text in now if text not in before)
    yield from (f"Criterion no longer in the profile: {text}." for text in before if text not in now)


def _chance(last: Entry, document: Document) -> Iterator[str]:
    before, chance = last.get("chance"), document["progress"].get("chance") or {}
    now = chance.get("value")
    if last["goal"] != goal_id(document["profile"]):
        yield "The goal or its dates are others than in the last review, so its chance is not compared."
    elif before is None or now is None:
        if (before is None) != (now is None):
            yield f"The chance of the goal {'can' if before is None else 'cannot'} be told now."
    elif abs(now - before) >= _SEEN:
        yield f"The chance of the goal went from {chance_words(before)} to {chance_words(now)}."


def _criteria(last: Entry, document: Document) -> Iterator[str]:
    for one in document["criteria"]:
        before = last["criteria"].get(one["rule"])
        if before is not None and before != one["state"]:
            yield f"{one['rule']}: '{before}' in the last review, '{one['state']}' now."


def _suggestions(last: Entry, document: Document, ledger: Ledger) -> Iterator[str]:
    rules = {one["id"]: one for one in ledger.of_kind("suggestion")}
    now = {one["id"]: change_words(one) for one in document["suggestions"]}
    yield from (f"New suggestion: {text}." for name, text in now.items() if name not in last["suggestions"])
    gone = [rules[name] for name in last["suggestions"] if name in rules and name not in now]
    written = document["profile"]["criteria"]
    yield from (f"No longer suggested: {change_words(one)}." for one in gone if one["rule"] not in written)
