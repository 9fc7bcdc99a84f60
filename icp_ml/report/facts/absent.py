"""Say why a chapter of a report is missing, so that an empty place is never read as good news."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icp_ml.study import Study

NOT_MADE = {
    "chance": "Whether the order beats chance was not tested by permutation.",
    "gap": "There is no split by time to compare a random split with.",
    "origins": "How the model would have done from earlier starting days was not measured.",
    "ten_bands": "Outcomes in ten equal bands were not counted.",
    "surprises": "Accounts that the model was most wrong about were not listed.",
    "bottom": "The lowest band was not looked at on its own.",
    "importance": "Held-out importance was not measured: bars say how far scores differ, not what a fit is worth.",
    "interactions": "Interactions of fits were not measured.",
    "stability": "Whether reasons survive a refit was not measured.",
    "mapping": "No attribute was moved to another fit to see how the bars change.",
    "counts": "Counts by class, segment and period were not made.",
    "maturity": "How many more outcomes become known soon was not counted.",
    "power": "Which differences these data can show was not computed.",
    "grades": "Attributes were not graded by when their values were known.",
    "probes": "Shuffled columns were not tried.",
}
"""Why a chapter is missing, where the study cannot be the reason."""


def absent_words(facts: Mapping[str, Any], study: Study) -> dict[str, str]:
    """Return a sentence per chapter that the facts do not hold.

    Parameters
    ----------
    facts
        With the chapters of evaluation, explanation and ``audit``.
    study
        What was asked for.

    Returns
    -------
    dict of str to str
        Why, by chapter; empty for a chapter that is there.
    """
    chapters = {**facts, **facts["audit"]}
    reasons = {**NOT_MADE, **_not_asked(study)}
    return {name: "" if chapters.get(name) else why for name, why in reasons.items()}


def _not_asked(study: Study) -> dict[str, str]:
    """Return reasons that depend on what the study names."""
    named = bool(study.segments or study.sensitive)
    return {
        "slices": "Slices were not measured."
        if named
        else "The study names no `segments` and no `sensitive` columns: no slice was looked at.",
        "leading": "The leading outcome was not measured."
        if study.leading_outcome
        else "The study names no `leading_outcome`.",
        "parity": "Customers and prospects were not compared."
        if study.prospects
        else "The study names no `prospects` table: whether prospects are filled like customers was not compared.",
        "backfill": "No earlier export was given (`icp-ml audit STUDY --earlier FILE`): fields filled in after the "
        "outcome was known could not be told by comparison.",
    }
