"""Say a review on one page without the words of statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.report.review.words import said_words, unseen_words

Document = Mapping[str, Any]

STATES = {
    "supported": "borne out",
    "contradicted": "contradicted",
    "cannot tell": "cannot be told from these customers",
}
"""What became of a criterion, in plain words."""
MOST_AVOIDED = 3
MOST_ASKED = 4
"""Questions of one action; more are left to the page."""


def memo_words(document: Document) -> dict[str, Any]:
    """Return the sentences of the memo that no other page has.

    Parameters
    ----------
    document : mapping
        A review of the whole form (:func:`icp_ml.report.review.form.formed`).

    Returns
    -------
    dict
        ``who`` (criteria with what became of them), ``avoid``, ``sure``, ``test`` and ``most_asked``.
    """
    found = document["anti_profile"] or {"rules": [], "sentence": ""}
    return {
        "who": [_criterion(one) for one in document["criteria"]],
        "avoid": [row["sentence"] for row in found["rules"][:MOST_AVOIDED]] or [found["sentence"]],
        "sure": _sure(document),
        "test": _test(document),
        "most_asked": MOST_ASKED,
    }


def _criterion(one: Document) -> dict[str, str]:
    inside, outside = said_words(one["inside"]), said_words(one["outside"])
    told = f" ({inside} succeeded where met, {outside} where not)" if inside and outside else ""
    return {"rule": one["rule"], "told": f"{STATES.get(one['state'], one['state'])}{told}"}


def _sure(document: Document) -> str:
    tried, known = document["tried"], (document["customers"] or {}).get("known")
    told = f"The outcome of {known:,} customers is known. " if known else ""
    if not tried:
        return f"{told}{document['not_found']}"
    unseen = unseen_words(document["power"])
    by_chance = "chance alone would give such a finding in about 1 of 10 reviews"
    found = by_chance if document["suggestions"] else "none stood out more than chance lets one stand out"
    is_weak = (document["model"] or {}).get("ready") is False
    weak = " The model has not passed every gate: its scores say little." if is_weak else ""
    return (
        f"{told}We tried {tried:,} rules; {found}. Ranges hold the true number in about nine of ten cases. {unseen} "
        f"All of this says what goes together with success, not what causes it.{weak}"
    )


def _test(document: Document) -> str:
    """Return the action that tests something, else the one that waits for evidence; whom to ask stands in the list."""
    actions = document["actions"]
    for kind in ("test", "wait"):
        told = [action["sentence"] for action in actions if action["kind"] == kind]
        if told:
            return str(told[0])
    return "Review again when more outcomes are known."
