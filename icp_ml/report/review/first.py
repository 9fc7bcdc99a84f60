"""Choose what stands on the first screen of a review: the verdict, the goal, at most three suggestions, what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.icp.milestones.words import chance_words
from icp_ml.report.review.words import (
    ACTIONS,
    KINDS,
    VERDICTS,
    amount_words,
    day_words,
    evidence_words,
    points,
    price_words,
    unseen_words,
)

Document = Mapping[str, Any]
MOST_SUGGESTIONS = 3
NARROWING = ("add", "tighten", "exclude")
"""Actions that leave fewer accounts in the profile."""


def first_screen(document: Document) -> dict[str, Any]:
    """Return the ready text of the first screen.

    Parameters
    ----------
    document : mapping
        A review of the whole form (:func:`icp_ml.report.review.form.formed`).

    Returns
    -------
    dict
        ``badge``, ``tone``, ``when``, ``sentence``, ``more``, ``reasons``, ``goal``, ``cards``,
        ``n_more`` (suggestions that are told further down), ``not_found`` and ``actions``.
    """
    badge, tone = VERDICTS.get(document["verdict"], (document["verdict"].replace("_", " "), "open"))
    sentence, more = _parts(_without(document["verdict_sentence"], badge))
    offered = [card_of(one) for one in document["suggestions"] if one["offered"]][:MOST_SUGGESTIONS]
    return {
        "badge": badge,
        "tone": tone,
        "when": _when(document),
        "sentence": sentence,
        "more": more,
        "reasons": _reasons(document),
        "goal": _goal(document),
        "cards": offered,
        "n_more": len(document["suggestions"]) - len(offered),
        "not_found": _not_found(document),
        "actions": [_action(one) for one in document["actions"]],
    }


def card_of(suggestion: Document) -> dict[str, Any]:
    """Return one suggestion as ready text: the change, the gain, on whom it stands, its price."""
    low, high = suggestion["low"], suggestion["high"]
    return {
        "id": suggestion["id"],
        "verb": ACTIONS.get(suggestion["action"], suggestion["action"]),
        "rule": suggestion["rule"],
        "replaces": suggestion["replaces"] if suggestion["replaces"] != suggestion["rule"] else None,
        "fit": suggestion["fit"],
        "confirmed": suggestion["confirmed"],
        "badge": "confirmed" if suggestion["confirmed"] else "not confirmed yet",
        "state": "confirmed on later customers" if suggestion["confirmed"] else "not confirmed on later customers yet",
        "gain": points(suggestion["gain"]),
        "range": "" if low is None or high is None else f"{points(low)} to {points(high)}",
        "evidence": evidence_words(suggestion),
        "price": "; ".join(price_words(suggestion)),
        "price_name": "Price" if suggestion["action"] in NARROWING else "Brings",
    }


def _parts(text: str) -> tuple[str, str]:
    """Return the first sentence of a text, and the rest of it."""
    first, stop, rest = text.partition(". ")
    return (f"{first}.", rest) if stop else (text, "")


def _reasons(document: Document) -> list[str]:
    """Return what the verdict rests on, without what the goal's own panel says."""
    in_panel = document["progress"]["sentence"] if document["progress"] else ""
    return [reason for reason in document["verdict_reasons"] if reason != in_panel]


def _chance(progress: Document) -> Document:
    return progress["chance"] or {"value": None, "low": None, "high": None, "sentence": ""}


def _not_found(document: Document) -> str:
    """Return what was tried without what is told further down of the differences that could be seen."""
    power = document["power"]
    told = (power or {"sentence": ""})["sentence"]
    brief = document["not_found"].replace(told, "").strip() if told else document["not_found"]
    return f"{brief} {unseen_words(power)}".strip()


def _action(action: Document) -> dict[str, Any]:
    """Return what to do in a word and a sentence, when, and whom to ask what: people of one question together."""
    people: dict[str, list[Document]] = {}
    for one in action["who"]:
        people.setdefault(one["question"], []).append(one)
    due = day_words(action["due"] or "")
    return {
        "verb": KINDS.get(action["kind"], action["kind"]),
        "sentence": action["sentence"],
        "due": f"{'on' if action['kind'] == 'wait' else 'by'} {due}" if due else "",
        "asked": [{"question": question, "who": who} for question, who in people.items()],
    }


def _when(document: Document) -> str:
    profile = document["profile"]
    left = profile["days_left"]
    days = ", over" if profile["expired"] else "" if left is None else f", {left} days left"
    return f"{day_words(profile['starts'])} to {day_words(profile['ends'])}{days}; as of {day_words(document['today'])}"


def _without(sentence: str, badge: str) -> str:
    """Return a sentence without the words that the badge already says."""
    rest = sentence.removeprefix(f"{badge}: ")
    return rest[:1].upper() + rest[1:]


def _goal(document: Document) -> dict[str, Any]:
    progress = document["progress"] or {"goal": None, "chance": None, "sentence": ""}
    goal, chance = progress["goal"], _chance(progress)
    reached = goal["reached"] if goal else None
    ends = [chance_words(end) for end in (chance["low"], chance["high"]) if end is not None]
    is_over = document["profile"]["days_left"] == 0 or (reached is not None and reached >= goal["target"])
    return {
        "chance": "" if is_over or chance["value"] is None else chance_words(chance["value"]),
        "range": f"from {ends[0]} to {ends[-1]}" if len(set(ends)) > 1 else "",
        "why": chance["sentence"],
        "reached": "" if reached is None else f"{amount_words(reached)} of {amount_words(goal['target'])}",
        "words": (goal or {}).get("words") or "",
        "sentence": progress["sentence"],
    }
