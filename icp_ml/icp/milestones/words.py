"""Say amounts, days and chances of a goal in words."""

from __future__ import annotations

import datetime as dt

from icp_ml.icp.milestones.campaign import COUNTED
from icp_ml.study import Study

_ONE = {"customers": "customer", "advocates": "advocate"}


def amount_words(study: Study, measure: str, amount: float) -> str:
    """Return an amount of what a goal counts, such as ``"38,200 EUR"`` or ``"12 customers"``."""
    number = f"{amount:,.0f}"
    if measure in COUNTED:
        return f"{number} {_ONE[measure] if number == '1' else measure}"
    if measure == "revenue":
        return number if study.economics is None else f"{number} {study.economics.currency}"
    return f"{number} ({measure})"


def goal_words(study: Study, measure: str, target: float, last: dt.date) -> str:
    """Return a goal in words, such as ``"100,000 EUR of revenue by 2026-09-30"``."""
    of = " of revenue" if measure == "revenue" else ""
    return f"{amount_words(study, measure, target)}{of} by {day_words(last)}"


def day_words(day: dt.date) -> str:
    """Return a day as people of every country read it."""
    return day.isoformat()


def share_of_campaigns(share: float) -> str:
    """Return a share of campaigns in words.

    Examples
    --------
    >>> share_of_campaigns(0.334), share_of_campaigns(0.004), share_of_campaigns(0.998)
    ('33 of 100', 'fewer than 1 of 100', 'more than 99 of 100')
    """
    number = round(100 * share)
    if number < 1:
        return "fewer than 1 of 100"
    return "more than 99 of 100" if number > 99 else f"{number} of 100"


def chance_words(value: float) -> str:
    """Return a chance as a rounded per cent that never claims to be sure.

    Examples
    --------
    >>> chance_words(0.423), chance_words(0.001), chance_words(0.9999)
    ('42 %', 'under 1 %', 'over 99 %')
    """
    number = round(100 * value)
    return "under 1 %" if number < 1 else "over 99 %" if number > 99 else f"{number} %"


def about(value: float) -> str:
    """Return a chance as it is read in a sentence.

    Examples
    --------
    >>> about(0.423), about(0.001)
    ('about 42 %', 'under 1 %')
    """
    words = chance_words(value)
    return f"about {words}" if words[0].isdigit() else words
