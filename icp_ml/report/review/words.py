"""Say the verdict, the shares, the gains and the prices of a review in a few plain words."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from icp_ml.report.wording import share_words

Document = Mapping[str, Any]

VERDICTS: dict[str, tuple[str, str]] = {
    "keep": ("Keep the profile", "ready"),
    "change_tactics": ("Change the tactics, not the profile", "change"),
    "change_profile": ("Change the profile", "change"),
    "too_early": ("Too early to judge", "open"),
    "cannot_tell": ("These data cannot tell", "open"),
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
    """Return how many of how many succeeded; empty where nobody's outcome is known.

    Examples
    --------
    >>> of_words({"n": 1098, "n_success": 74}), of_words(None)
    ('74 of 1,098', '')
    """
    if not isinstance(rate, Mapping) or not rate.get("n"):
        return ""
    return f"{rate['n_success']:,} of {rate['n']:,}"


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
    inside, outside = of_words(suggestion["success_inside"]), of_words(suggestion["success_outside"])
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
    """Return what a suggestion costs, part by part; what is not known is left out."""
    lost, kept, goal = suggestion["successes_lost_share"], suggestion["market_share"], suggestion["goal"]
    parts = []
    if lost is not None:
        parts.append(f"{share_words(lost)} of today's successes")
    if kept is not None:
        parts.append(_market_words(kept))
    if goal and goal["reachable"] is not None:
        parts.append("goal in reach" if goal["reachable"] else "goal out of reach with what is left")
    return parts


def _market_words(kept: float) -> str:
    if kept > 1.005:
        return f"{kept:.1f} times as many prospects match"
    return f"{share_words(kept)} of matching prospects stay"
