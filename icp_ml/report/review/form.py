"""The form of a review document: every key a page draws, and what stands where a review has nothing to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

RATE: dict[str, Any] = {"n": None, "n_success": None, "share": None, "low": None, "high": None}
"""A share of success: of ``n`` customers with a known outcome ``n_success`` succeeded."""

_DIFFERENCE = {"difference": None, "low": None, "high": None}

_PROGRESS = {
    "goal": {"measure": "", "target": None, "reached": None, "share": None, "words": ""},
    "today": "",
    "starts": "",
    "ends": "",
    "elapsed_days": None,
    "length_days": None,
    "mode": "",
    "sentence": "",
    "differ": "",
    "written": [{"on": "", "measure": "", "at_least": None, "reached": None, "state": "", "sentence": ""}],
    "path": [{"day": "", "straight": None, "fair": None, "fair_low": None, "fair_high": None, "reached": None}],
    "cycle": {"n": None, "median_days": None, "p80_days": None, "n_open": None, "sentence": ""},
    "chance": {"value": None, "low": None, "high": None, "sentence": ""},
    "eprocess": {"e": None, "peak": None, "bar": None, "crossed": False, "crossed_on": None, "sentence": ""},
    "capacity": {"sentence": ""},
    "assumptions": [None],
}

_POPULATION = {
    "name": "",
    "kind": "",
    "n": None,
    "share": None,
    "known": None,
    "success": RATE,
    **_DIFFERENCE,
    "matching_share": None,
    "fits": None,
    "of": "",
    "probability": None,
    "small": False,
    "sentence": "",
}

_CRITERION = {
    "rule": "",
    "fit": "",
    "state": "",
    "n_yes": None,
    "n_no": None,
    "n_unknown": None,
    "coverage": None,
    "inside": RATE,
    "outside": RATE,
    **_DIFFERENCE,
    "needed": {"accounts": None, "more": None, "days": None},
    "market_share": None,
    "sentence": "",
    "caveats": [None],
}

_SUGGESTION = {
    "id": "",
    "rule": "",
    "fit": "",
    "action": "",
    "replaces": None,
    "gain": None,
    "low": None,
    "high": None,
    "n": None,
    "n_outside": None,
    "q_value": None,
    "p_value": None,
    "confirmed": False,
    "offered": True,
    "price": "",
    "successes_gained_share": None,
    "market_gained_share": None,
    "successes_lost_share": None,
    "market_share": None,
    "statement": "",
    "success_inside": RATE,
    "success_outside": RATE,
    "goal": {"reachable": None, "sentence": "", "assumptions": [None]},
    "caveats": [None],
    "stable_share": None,
    "profile_after": [None],
    "success_after": None,
    "market_after": None,
}

_POINT = {
    "name": "",
    "profile": [None],
    "success": None,
    "low": None,
    "high": None,
    "market_share": None,
    "n": None,
    "on_front": False,
}

_ANTI = {
    "sentence": "",
    "rules": [
        {
            "rule": None,
            "segment": None,
            "value": None,
            "kind": "",
            "n": None,
            "success": None,
            **_DIFFERENCE,
            "q_value": None,
            "failures": None,
            "excess_failures": None,
            "cost": None,
            "cost_words": "",
            "sentence": "",
        }
    ],
}

_TACTICS = {
    "sentence": "",
    "reference": {"from": "", "to": ""},
    "period": {"from": "", "to": ""},
    "tiers": [
        {
            "tier": "",
            "rows": [
                {
                    "stage": "",
                    "now": None,
                    "reference": None,
                    "ratio": None,
                    "low": None,
                    "high": None,
                    "n_now": None,
                    "n_reference": None,
                    "effect": None,
                    "is_loss": False,
                }
            ],
        }
    ],
    "largest_loss": {"tier": "", "stage": "", "sentence": ""},
    "says": "",
    "notes": [None],
}

_LEDGER = {
    "path": "",
    "n": None,
    "last": {"date": "", "profile_version": None, "verdict": "", "changes": [None]},
    "scored": [
        {
            "id": "",
            "kind": "",
            "stated_on": "",
            "prediction": None,
            "observed": None,
            "state": "",
            "sentence": "",
            "decision": None,
        }
    ],
    "brier": [{"quarter": "", "n": None, "brier": None, "baseline": None}],
    "sentence": "",
}

_COVERAGE = {
    "sentence": "",
    "universe": None,
    "rows": [
        {
            "tier": "",
            "n": None,
            "share": None,
            "customers": None,
            "worked": None,
            "untouched": None,
            "customers_share": None,
            "worked_share": None,
            "untouched_share": None,
            "sentence": "",
        }
    ],
    "notes": [None],
}

FORM: dict[str, Any] = {
    "profile": {
        "name": "",
        "version": None,
        "digest": "",
        "starts": "",
        "ends": "",
        "mode": "",
        "goal": {"measure": "", "target": None, "words": ""},
        "baseline": None,
        "criteria": [None],
        "expired": False,
        "days_left": None,
    },
    "verdict": "cannot_tell",
    "verdict_sentence": "",
    "verdict_reasons": [None],
    "today": "",
    "progress": _PROGRESS,
    "populations": [_POPULATION],
    "populations_note": "",
    "criteria": [_CRITERION],
    "criteria_note": "",
    "profile_against_rules": {"sentence": ""},
    "suggestions": [_SUGGESTION],
    "not_found": "",
    "tried": None,
    "n_attributes": None,
    "power": {"sentence": "", "rows": [{"share": None, "one": None, "among_all": None}]},
    "front": [_POINT],
    "front_note": "",
    "anti_profile": _ANTI,
    "openings": [{"name": "", "sentence": ""}],
    "coverage": _COVERAGE,
    "tactics": _TACTICS,
    "fits": None,
    "ledger": _LEDGER,
    "actions": [{"kind": "", "sentence": "", "due": None, "who": [{"id": "", "why": "", "question": ""}]}],
    "market": {"n": None, "matching": None, "unknown": None, "probability_matching": None, "notes": [None]},
    "customers": {"n": None, "known": None, "success": None, "churned": None, "censored": None},
    "model": {"label": "", "kind": "", "ready": False, "draft_map": False},
    "notes": [None],
    "run_id": "",
}


def formed(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a review document with every key of the form, so that a page never asks for what is not there.

    Parameters
    ----------
    document : mapping
        The review as in ``review.json``.

    Returns
    -------
    dict
        Chapters that are missing or null are None, lists that are missing are empty; other keys stay as they are.

    Examples
    --------
    >>> short = formed({"suggestions": [{"rule": "a > 1"}]})
    >>> short["suggestions"][0]["gain"], short["criteria"], short["tactics"]
    (None, [], None)
    """
    return dict(filled(FORM, document))


def filled(form: Any, value: Any) -> Any:
    """Return a value with every key of a form; a chapter that is null stays null, a list that is null is empty."""
    if isinstance(form, Mapping):
        if not isinstance(value, Mapping):
            return value
        return {**value, **{key: filled(inner, value.get(key)) for key, inner in form.items()}}
    if isinstance(form, list):
        return [filled(form[0], one) for one in value or ()]
    return form if value is None else value
