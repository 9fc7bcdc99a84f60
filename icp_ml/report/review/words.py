"""Say the verdict, the shares, the gains and the prices of a review in a few plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from icp_ml.report.wording import points_up, share_words

Document = Mapping[str, Any]

_ROUNDING = 0.005
"""A share that is farther from n of m than this is weighted."""

VERDICTS: dict[str, tuple[str, str]] = {
    "keep": ("Keep the profile", "ready"),
    "change_tactics": ("Change the tactics, not the profile", "change"),
    "change_profile": ("Change the profile", "change"),
    "too_early": ("Too early to judge", "open"),
    "cannot_tell": ("Cannot tell", "open"),
}
"""Each verdict in words, and how its badge is coloured."""

ACTIONS = {"add": "Add", "tighten": "Tighten to", "loosen": "Loosen to", "drop": "Drop", "exclude": "Keep only"}
"""What each suggested action does; an exclusion is written as what stays."""

KINDS = {
    "interview": "Interview",
    "fill": "Fill in",
    "wait": "Wait",
    "decide": "Decide",
    "test": "Test",
    "write": "Write",
}
"""What there is to do, in a word."""


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def day_words(day: str) -> str:
    """Return a day as people write it.

    Examples
    --------
    >>> day_words("2026-08-04"), day_words("")
    ('4 Aug 2026', '')
    """
    if not day:
        return ""
    found = dt.date.fromisoformat(day)
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def amount_words(value: float | None) -> str:
    """Return an amount, whole from ten on.

    Examples
    --------
    >>> amount_words(47500.0), amount_words(2.5), amount_words(None)
    ('47,500', '2.5', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 10 or float(value).is_integer() else f"{value:.1f}"


def rate_words(rate: Document | float | None) -> str:
    """Return a share of success with its interval.

    Examples
    --------
    >>> rate_words({"n": 98, "n_success": 74, "share": 0.755, "low": 0.68, "high": 0.82}), rate_words(0.5)
    ('76 % (68 to 82)', '50 %')
    """
    if isinstance(rate, Mapping):
        return share_words(rate.get("share"), rate.get("low"), rate.get("high"))
    return share_words(rate)


def of_words(rate: Document | float | None) -> str:
    """Return how many of how many succeeded; only of how many where young customers were allowed for by weights.

    Examples
    --------
    >>> of_words({"n": 98, "n_success": 74, "share": 0.755}), of_words({"n": 98, "n_success": 74, "share": 0.81})
    ('74 of 98', 'of 98')
    """
    if not isinstance(rate, Mapping) or not rate.get("n"):
        return ""
    return f"of {rate['n']:,}" if _is_weighted(rate) else f"{rate['n_success']:,} of {rate['n']:,}"


def _is_weighted(rate: Document) -> bool:
    share = rate.get("share")
    return share is not None and abs(rate["n_success"] / rate["n"] - share) >= _ROUNDING


def said_words(rate: Document | float | None) -> str:
    """Return how many succeeded in a sentence: n of m, or the share of m where it is weighted.

    Examples
    --------
    >>> said_words({"n": 98, "n_success": 74, "share": 0.755}), said_words({"n": 98, "n_success": 74, "share": 0.81})
    ('74 of 98', '81 % of 98')
    """
    of = of_words(rate)
    return f"{share_words(rate['share'])} {of}" if isinstance(rate, Mapping) and of.startswith("of") else of


def share_of_words(rate: Document | float | None) -> str:
    """Return a share of success with how many of how many it is.

    Examples
    --------
    >>> share_of_words({"n": 98, "n_success": 74, "share": 0.755}), share_of_words(None)
    ('76 % (74 of 98)', '')
    """
    share = rate.get("share") if isinstance(rate, Mapping) else rate
    of = of_words(rate)
    return f"{share_words(share)} ({of})" if of else share_words(share)


def evidence_words(suggestion: Document) -> str:
    """Return on how many customers a suggestion stands."""
    inside, outside = (said_words(suggestion[f"success_{side}"]) for side in ("inside", "outside"))
    if inside and outside:
        return f"{inside} succeeded, {outside} of the others."
    return f"{suggestion['n'] or 0:,} customers meet it, {suggestion['n_outside'] or 0:,} do not."


def points(value: float | None) -> str:
    """Return a difference of shares in points, signed.

    Examples
    --------
    >>> points(0.18), points(-0.062), points(0.001), points(None)
    ('+18', '-6', '0', '')
    """
    if value is None:
        return ""
    whole = round(100 * value)
    return f"{whole:+d}" if whole else "0"


def price_words(suggestion: Document) -> list[str]:
    """Return what a suggestion costs or brings, part by part; what is not known is left out.

    Examples
    --------
    >>> price_words({"successes_lost_share": 0.12, "market_share": 0.41, "goal": {"reachable": True}})
    ["gives up 12 % of today's successes", 'keeps 41 % of matching prospects', 'goal in reach']
    >>> price_words({"successes_lost_share": 0.0, "successes_gained_share": 0.2, "market_share": None, "goal": None})
    ["20 % more of today's successes"]
    """
    parts = [*_successes(suggestion), *_market(suggestion)]
    goal = suggestion["goal"]
    if goal and goal["reachable"] is not None:
        parts.append("goal in reach" if goal["reachable"] else "goal out of reach with what is left")
    return parts


def _successes(suggestion: Document) -> list[str]:
    lost, gained = suggestion["successes_lost_share"], suggestion.get("successes_gained_share")
    if gained:
        return [f"{share_words(gained)} more of today's successes"]
    return [] if lost is None else [f"gives up {share_words(lost)} of today's successes"]


def _market(suggestion: Document) -> list[str]:
    kept, gained = suggestion["market_share"], suggestion.get("market_gained_share")
    if gained:
        return [f"{share_words(gained)} more prospects match"]
    return [] if kept is None else [f"keeps {share_words(kept)} of matching prospects"]


def unseen_words(power: Document | None) -> str:
    """Return which differences could stay unseen when the best of all attributes is looked for; empty if not known.

    Examples
    --------
    >>> unseen_words({"rows": [{"share": 0.5, "among_all": 0.2015}, {"share": 0.1, "among_all": None}]})
    'Differences of less than 21 points could stay unseen.'
    """
    found = [row["among_all"] for row in (power or {"rows": []})["rows"] if row["among_all"] is not None]
    return f"Differences of less than {points_up(min(found))} points could stay unseen." if found else ""
