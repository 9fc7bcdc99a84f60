"""Turn the rules that were found into suggestions for a profile: in words, with their caveats and what they change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast
from icp_ml.icp.refine.found import Found, FoundRule
from icp_ml.icp.suggested.caveats import caveats
from icp_ml.icp.suggested.old_evidence import OldEvidence, old_evidence
from icp_ml.icp.suggested.rule_words import opposite, rule_words
from icp_ml.icp.words import points, signed

NARROWING = ("add", "tighten", "exclude")
"""Actions after which fewer accounts meet the profile."""

_PROPOSALS = {
    "add": "Worth testing: ask also that {rule}.",
    "tighten": "Worth testing: ask that {rule}, in place of {replaces}.",
    "loosen": "Worth testing: ask only that {rule}, in place of {replaces}.",
    "drop": "Worth testing: no longer ask that {rule}.",
    "exclude": "Worth testing: leave out accounts where {opposite}.",
}
_FLATTERED = 0.02
"""A plain difference that is larger than the corrected one by more than this is explained."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """One change of a profile that the evidence speaks for.

    Attributes
    ----------
    id : str
        Twelve hexadecimal digits; the same rule and action have the same.
    found : FoundRule
        The statistics.
    contrast : Contrast
        Plain success shares inside and outside, all known customers.
    caveats : tuple of str
    old_evidence : OldEvidence or None
        Churn that a capability of today may have kept.
    profile_after : tuple of str
        The criteria with the change made.
    statement : str
        Proposal and evidence in words.
    """

    id: str
    found: FoundRule
    contrast: Contrast
    caveats: tuple[str, ...]
    old_evidence: OldEvidence | None
    profile_after: tuple[str, ...]
    statement: str

    @property
    def rule(self) -> str:
        """The one suggested criterion."""
        return self.found.rule

    @property
    def action(self) -> str:
        """What adopting it would do to the profile."""
        return self.found.action

    @property
    def narrows(self) -> bool:
        """True where fewer accounts meet the profile after it."""
        return self.action in NARROWING

    def as_document(self) -> dict[str, Any]:
        """Return the suggestion as a JSON object, without its price."""
        old = self.old_evidence
        return {
            **self.found.as_document(),
            "id": self.id,
            "statement": self.statement,
            "success_inside": self.contrast.inside.as_document(),
            "success_outside": self.contrast.outside.as_document(),
            "caveats": list(self.caveats),
            "old_evidence": None if old is None else old.as_document(),
            "profile_after": list(self.profile_after),
        }


def suggestions(base: CustomerBase, found: Found) -> tuple[Suggestion, ...]:
    """Return one suggestion per rule that was found and that no closed gate ensures already, in the same order.

    Parameters
    ----------
    base : CustomerBase
    found : Found
        Of the same customers.
    """
    return tuple(_suggestion(base, found, rule) for rule in found.rules if ensured_by(base, rule) is None)


def ensured_by(base: CustomerBase, rule: FoundRule) -> str | None:
    """Return the missing capability that already keeps out every customer who does not meet a rule, or None."""
    outside = base.answers(rule.rule) == 0
    if rule.action not in NARROWING or not outside.any():
        return None
    gates = ((one.name, one.rule) for one in base.profile.situation.capabilities if one.is_missing)
    return next((name for name, need in gates if need is not None and base.matches(need)[outside].all()), None)


def rules_to_ask(suggestions: Sequence[Suggestion], base: CustomerBase) -> tuple[str, ...]:
    """Return the text of every rule that the prospects must be held against before anything can be priced.

    The criteria as written and as changed, the suggested rules, and what every capability is needed for.
    """
    needs = [one.needs for one in base.profile.situation.capabilities if one.needs is not None]
    criteria = [criterion.text for criterion in base.profile.criteria]
    changed = [text for one in suggestions for text in (one.rule, *one.profile_after)]
    return tuple(dict.fromkeys([*criteria, *needs, *changed]))


def changed_criteria(criteria: Sequence[str], rules: Sequence[FoundRule]) -> tuple[str, ...]:
    """Return criteria after rules were adopted: a rule takes the place of what it replaces, or comes last."""
    changed = list(criteria)
    for rule in rules:
        place = rule.rule if rule.action == "drop" and rule.replaces is None else rule.replaces
        at = changed.index(place) if place in changed else len(changed)
        changed[at : at + 1] = [] if rule.action == "drop" else [rule.rule]
    return tuple(dict.fromkeys(changed))


def suggestion_id(rule: str, action: str) -> str:
    """Return the name of a suggestion, which does not change between reviews.

    Examples
    --------
    >>> suggestion_id("team_size >= 10", "add")
    'd20770b90eaf'
    """
    return hashlib.sha256(f"{action} {rule}".encode()).hexdigest()[:12]


def _suggestion(base: CustomerBase, found: Found, rule: FoundRule) -> Suggestion:
    old = old_evidence(base, rule.mask, rule.gain)
    compared = base.contrast(rule.mask)
    return Suggestion(
        id=suggestion_id(rule.rule, rule.action),
        found=rule,
        contrast=compared,
        caveats=(*([old.sentence] if old is not None and old.matters else []), *caveats(base, rule)),
        old_evidence=old,
        profile_after=changed_criteria([one.text for one in base.profile.criteria], [rule]),
        statement=_statement(base, found, rule, compared),
    )


def _statement(base: CustomerBase, found: Found, rule: FoundRule, compared: Contrast) -> str:
    labels = base.study.labels
    words = rule_words(rule.rule, labels)
    replaced = "" if rule.replaces is None else rule_words(rule.replaces, labels)
    left_out = rule_words(opposite(rule.rule), labels)
    proposal = _PROPOSALS[rule.action].format(rule=words, replaces=replaced, opposite=left_out)
    inside, outside = compared.inside, compared.outside
    plain = inside.n_success / inside.n if inside.n else float("nan")
    weighted = "" if abs(plain - inside.share) < 0.005 else f" ({_percent(inside.share)} allowing for young customers)"
    return (
        f"{proposal} Of customers where {words}, {inside.n_success:,} of {inside.n:,} with a known outcome "
        f"succeeded{weighted}, against {_percent(outside.share)} of the others; associated with "
        f"{points(rule.gain)}{_interval(rule)}{_correction(rule, compared)}."
        f"{_step(rule)} {found.tried:,} rules were tried. {_held(base, rule)}"
    )


def _interval(rule: FoundRule) -> str:
    if not np.isfinite([rule.low, rule.high]).all():
        return ""
    return f" (90 %: {signed(rule.low)} to {signed(rule.high)})"


def _correction(rule: FoundRule, compared: Contrast) -> str:
    gap = abs(compared.difference) - abs(rule.gain)
    return ", corrected for having been picked as the best of many" if gap > _FLATTERED else ""


def _step(rule: FoundRule) -> str:
    if rule.step_gain is None:
        return ""
    sides = {
        "tighten": "Those it keeps against those it drops",
        "loosen": "Those it lets in against those still left out",
    }
    return f" {sides.get(rule.action, 'The step itself')}: {points(rule.step_gain)}."


def _held(base: CustomerBase, rule: FoundRule) -> str:
    later = base.later()
    n = int((later & base.labels.known).sum())
    if rule.confirmed:
        return f"Held on {n:,} later customers, who did not choose it."
    if not later.any():
        return "Not confirmed: there are no later customers to hold it against."
    return f"Not confirmed yet on the {n:,} later customers."


def _percent(share: float) -> str:
    return "no share" if np.isnan(share) else f"{100 * share:.0f} %"
