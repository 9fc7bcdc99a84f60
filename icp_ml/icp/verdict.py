"""End a review with one of five verdicts, by rules that were declared before looking, and say why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

from icp_ml.icp.contrast import Contrast
from icp_ml.icp.words import difference_words, share_words

Word = Literal["keep", "change_tactics", "change_profile", "too_early", "cannot_tell"]

MIN_KNOWN = 100
"""Customers with a known outcome below which a review describes and does not judge."""
EARLY_SHARE = 0.10
"""Share of the goal that the fair path expects, below which it is too early to be behind or on plan."""
WORTHLESS = 0.10
"""A profile whose difference in success lies surely below this is not held to be right while the goal is missed."""
UNLIKELY = 0.2
"""A chance of the goal below this is said beside a profile that is kept; it does not change the verdict."""


@dataclass(frozen=True)
class Verdict:
    """What the team is advised to do with its hypothesis.

    Attributes
    ----------
    word : {"keep", "change_tactics", "change_profile", "too_early", "cannot_tell"}
    sentence : str
        The advice, for people.
    reasons : tuple of str
        What it rests on.
    """

    word: Word
    sentence: str
    reasons: tuple[str, ...]

    def as_document(self) -> dict[str, Any]:
        """Return the verdict as keys of the review document."""
        return {
            "verdict": self.word,
            "verdict_sentence": self.sentence,
            "verdict_reasons": list(self.reasons),
        }


_SENTENCES: dict[Word, str] = {
    "keep": "Keep the profile: customers who match it succeed more often than the rest of the base.",
    "change_tactics": "Change the tactics, not the profile: the goal is behind plan, and the profile is not the reason "
    "that shows.",
    "change_profile": "Change the profile: the evidence speaks against it as it is written.",
    "too_early": "Too early to judge: hardly anything of the goal can have been won yet.",
    "cannot_tell": "These data cannot tell whether the profile is right.",
}


def decide(whole: Contrast, milestones: Mapping[str, Any], tactics: Mapping[str, Any]) -> Verdict:
    """Return the verdict.

    Parameters
    ----------
    whole : Contrast
        Success of customers who match the profile against the rest of the base.
    milestones, tactics : mapping
        The documents of the milestones and of the comparison with the reference period.

    Returns
    -------
    Verdict
        The first that holds: fewer than 100 known outcomes: cannot tell. Those who match succeed less often (90 %
        interval below 0): change the profile. The e-process says that the goal is behind plan: change the profile
        where success inside it fell or where it is worth less than 10 points surely, else the tactics. Less than a
        tenth of the goal could have been won: too early. Those who match succeed more often: keep. Else cannot tell.
        Nothing else moves it: neither a written milestone nor the chance of the goal.
    """
    word = _word(whole, milestones, tactics)
    reasons = (_success_words(whole), str(milestones["sentence"]), str(tactics.get("sentence") or ""))
    added = {
        "keep": _goal_words(milestones),
        "cannot_tell": _unclear_words(whole),
        "change_profile": _against_words(whole, tactics),
    }.get(word, "")
    return Verdict(word, f"{_SENTENCES[word]}{added}", tuple(reason for reason in reasons if reason))


def _unclear_words(whole: Contrast) -> str:
    """Say whether there are too few customers to tell, or enough to see that there is hardly a difference."""
    n = whole.inside.n + whole.outside.n
    if n < MIN_KNOWN:
        return (
            f" {n} customers with a known outcome are too few to judge one ({MIN_KNOWN} are asked for): this review "
            "describes, and says what to do next."
        )
    if isnan(whole.difference):
        return " Customers with a known outcome stand on one side of it only."
    if max(abs(whole.low), abs(whole.high)) < WORTHLESS:
        return (
            f" Those who match it succeed about as often as the rest: {difference_words(whole)}. Choosing by it is not "
            "associated with more success."
        )
    return " Those who match it may succeed more or less often than the rest; more outcomes are needed."


def _against_words(whole: Contrast, tactics: Mapping[str, Any]) -> str:
    """Say which of the three rules speaks against the profile."""
    if whole.high < 0:
        return " Customers who match it succeed less often than the rest."
    if tactics.get("says") == "profile":
        return " The goal is behind plan, and success of accounts that match the profile fell."
    if isnan(whole.high):
        return ""
    most = max(round(100 * whole.high), 0)
    return (
        f" The goal is behind plan, and customers who match the profile succeed at most about {most} points more often "
        "than the rest."
    )


def _word(whole: Contrast, milestones: Mapping[str, Any], tactics: Mapping[str, Any]) -> Word:
    if whole.inside.n + whole.outside.n < MIN_KNOWN:
        return "cannot_tell"
    if not isnan(whole.high) and whole.high < 0:
        return "change_profile"
    if (milestones.get("eprocess") or {}).get("behind"):
        is_worthless = not isnan(whole.high) and whole.high < WORTHLESS
        return "change_profile" if tactics.get("says") == "profile" or is_worthless else "change_tactics"
    if _is_early(milestones):
        return "too_early"
    return "keep" if not isnan(whole.low) and whole.low > 0 else "cannot_tell"


def _is_early(milestones: Mapping[str, Any]) -> bool:
    """Tell whether the goal can hardly have moved yet: before the start, or low on the fair path."""
    if milestones["elapsed_days"] <= 0:
        return True
    if milestones["goal"]["reached"] is None:
        return False
    today = [point["fair"] for point in milestones["path"] if point["day"] <= milestones["today"]]
    return bool(today) and today[-1] < EARLY_SHARE * milestones["goal"]["target"]


def _goal_words(milestones: Mapping[str, Any]) -> str:
    """Say where the goal stands beside a profile that is kept; the chance may be low without the pace being wrong."""
    chance = (milestones.get("chance") or {}).get("value")
    if chance is None or milestones.get("eprocess") is None:
        return ""
    goal = milestones["goal"]
    if goal["reached"] is not None and goal["reached"] >= goal["target"]:
        return " The goal is reached."
    if milestones["today"] >= milestones["ends"]:
        return " The goal was missed, though the wins never showed a campaign behind its plan."
    if chance < UNLIKELY:
        return (
            " The goal will probably be missed, yet the wins do not show a campaign behind its plan so far: rethink "
            "the goal before the profile."
        )
    return " Wins come in at a pace that campaigns on plan have."


def _weighted_words(whole: Contrast) -> str:
    """Say that shares are weighted where they are not the plain ones."""
    is_plain = all(abs(side.n_success / side.n - side.share) < 1e-9 for side in (whole.inside, whole.outside))
    return "" if is_plain else ", allowing for customers who are too young to be judged"


def _success_words(whole: Contrast) -> str:
    if isnan(whole.difference):
        side = "matches the profile" if not whole.inside.n else "is outside the profile"
        return f"No customer with a known outcome {side}: there is nothing to compare it with."
    inside, outside = whole.inside, whole.outside
    state = "more often" if whole.low > 0 else "less often" if whole.high < 0 else "not clearly more or less often"
    return (
        f"Customers who match the profile succeed {state}: {share_words(inside)}; of the rest "
        f"{share_words(outside)}; {difference_words(whole)}{_weighted_words(whole)}."
    )
