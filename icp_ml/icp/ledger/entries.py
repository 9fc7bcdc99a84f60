"""What a review and a decision put into the ledger."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

from icp_ml.errors import UsageError, message
from icp_ml.icp.ledger.chain import Entry, Ledger
from icp_ml.icp.suggested.rule_words import opposite

Document = Mapping[str, Any]
_SUGGESTED = ("rule", "fit", "action", "replaces", "gain", "low", "high", "n", "confirmed")
_LISTED = 5
_ID_LENGTH = 12


def review_entries(document: Document) -> list[dict[str, Any]]:
    """Return what a review predicts, ready for the ledger.

    Parameters
    ----------
    document : mapping
        The review as in ``review.json``.

    Returns
    -------
    list of dict
        One entry of kind ``"review"``; one of kind ``"hypothesis"`` with the chance of the goal, where there is one;
        one of kind ``"suggestion"`` for every suggestion, with the gain that it predicts.
    """
    profile = document["profile"]
    stated = {
        "stated_on": document["today"],
        "profile": profile["name"],
        "version": profile["version"],
        "run_id": document["run_id"],
    }
    goal = _goal_entry(document)
    suggestions = [_suggestion_entry(one) for one in document["suggestions"]]
    return [{**stated, **entry} for entry in (_review_entry(document), *goal, *suggestions)]


def decision_entry(ledger: Ledger, suggestion: str, *, accepted: bool, by: str, why: str = "",
                   on: dt.date | None = None) -> dict[str, Any]:  # fmt: skip
    """Return the decision on a suggestion that an earlier review wrote into the ledger.

    Parameters
    ----------
    ledger : Ledger
        Where the suggestion was stated.
    suggestion : str
        Its id, or the start of it.
    accepted : bool
        False: rejected.
    by, why : str
        Who decided, and the reason.
    on : date, optional
        The day of the decision; that of the last review which made the suggestion when left out.

    Raises
    ------
    UsageError
        No suggestion has this id, or several start with it, or nobody is named.
    """
    if not by.strip():
        raise UsageError(message("--by", "is empty", "who decided", "Give a name"))
    for option, text in (("--by", by), ("--why", why)):
        _ensure_plain(option, text)
    stated = _stated(ledger, suggestion)
    day = stated["stated_on"] if on is None else on.isoformat()
    decided = {"suggestion": stated["id"], "accepted": accepted, "by": by.strip(), "why": why.strip()}
    same = {key: stated[key] for key in ("profile", "version")}
    return {"id": short_digest([decided, day]), "kind": "decision", "stated_on": day, **same, **decided}


def goal_id(profile: Document) -> str:
    """Return a name for the goal of a situation, the same in every review of it."""
    return f"goal-{short_digest([profile['starts'], profile['ends'], profile['goal']['measure'], _target(profile)])}"


def change_words(suggestion: Document, *, quote: str = "") -> str:
    """Return what a suggestion would do to the profile, in a few words; its rule between quotes.

    Examples
    --------
    >>> change_words({"action": "exclude", "rule": "region != apac"})
    'leave out region == apac'
    """
    if suggestion["action"] == "exclude":
        return f"leave out {quote}{opposite(suggestion['rule'])}{quote}"
    words = {"tighten": "tighten to", "loosen": "loosen to"}
    return f"{words.get(suggestion['action'], suggestion['action'])} {quote}{suggestion['rule']}{quote}"


def short_digest(value: Any) -> str:
    """Return a short stable name for a JSON value."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:_ID_LENGTH]


def _ensure_plain(option: str, text: str) -> None:
    """Refuse what no report can show: bytes that were no text, and characters that steer a terminal."""
    if not all(character.isprintable() or character in "\n\t" for character in text):
        raise UsageError(message(option, "has characters that cannot be printed", "text", "Write it again"))


def _target(profile: Document) -> float:
    return float(profile["goal"]["target"])


def _review_entry(document: Document) -> dict[str, Any]:
    profile, goal = document["profile"], document["progress"].get("goal") or {}
    return {
        "id": f"review-{document['run_id']}",
        "kind": "review",
        "verdict": document["verdict"],
        "digest_of_profile": profile["digest"],
        "written": list(profile["criteria"]),
        "criteria": {one["rule"]: one["state"] for one in document["criteria"]},
        "goal": goal_id(profile),
        "reached": goal.get("reached"),
        "chance": (document["progress"].get("chance") or {}).get("value"),
        "suggestions": [one["id"] for one in document["suggestions"]],
        "tried": document["tried"],
    }


def _goal_entry(document: Document) -> list[dict[str, Any]]:
    profile, chance = document["profile"], document["progress"].get("chance") or {}
    if chance.get("value") is None:
        return []
    situation = {key: profile[key] for key in ("starts", "ends", "baseline")}
    goal = {"measure": profile["goal"]["measure"], "target": _target(profile), "words": profile["goal"].get("words")}
    predicted = {"prediction": chance["value"], "low": chance.get("low"), "high": chance.get("high")}
    return [{"id": goal_id(profile), "kind": "hypothesis", **situation, "goal": goal, **predicted}]


def _suggestion_entry(suggestion: Document) -> dict[str, Any]:
    return {"id": suggestion["id"], "kind": "suggestion", **{key: suggestion.get(key) for key in _SUGGESTED}}


def _stated(ledger: Ledger, suggestion: str) -> Entry:
    """Return the last statement of the suggestion with this id."""
    stated = {one["id"]: one for one in ledger.of_kind("suggestion")}
    fitting = [name for name in stated if name == suggestion] or [
        name for name in stated if suggestion and name.startswith(suggestion)
    ]
    if len(fitting) == 1:
        return stated[fitting[0]]
    came = f"{len(fitting)} suggestions have an id that starts with '{suggestion[:40]}'"
    listed = ", ".join((fitting or list(stated))[:_LISTED]) or "none: run a review first"
    raise UsageError(message(ledger.path, came, "the id of one suggestion", f"The ledger has {listed}"))
