"""Tell which columns hold data of persons, so that their values are never shown and never become attributes unasked.

Protected classes are told by the words of a column's name, as lists to deny: what anti-discrimination law and the
special categories of data protection name, where it may stand in a table of companies.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ONE_WORD = {
    "email": "e-mail addresses",
    "mail": "e-mail addresses",
    "phone": "phone numbers",
    "telephone": "phone numbers",
    "mobile": "phone numbers",
    "fax": "phone numbers",
    "firstname": "names of persons",
    "lastname": "names of persons",
    "surname": "names of persons",
    "fullname": "names of persons",
    "birthday": "dates of birth",
    "birthdate": "dates of birth",
    "dob": "dates of birth",
    "ssn": "identity numbers",
    "passport": "identity numbers",
    "iban": "bank accounts",
    "linkedin": "profiles of persons",
}
_TWO_WORDS = {
    ("e", "mail"): "e-mail addresses",
    ("first", "name"): "names of persons",
    ("last", "name"): "names of persons",
    ("full", "name"): "names of persons",
    ("contact", "name"): "names of persons",
    ("owner", "name"): "names of persons",
    ("person", "name"): "names of persons",
    ("user", "name"): "names of persons",
    ("birth", "date"): "dates of birth",
    ("date", "birth"): "dates of birth",
    ("of", "birth"): "dates of birth",
    ("ip", "address"): "network addresses of persons",
    ("home", "address"): "home addresses",
}
_PROTECTED_WORDS = {
    **dict.fromkeys(("gender", "sex", "female", "male", "women", "woman", "transgender"), "sex or gender"),
    **dict.fromkeys(("ethnic", "ethnicity", "race", "racial", "hispanic", "latino", "indigenous"), "ethnic origin"),
    **dict.fromkeys(("nationality", "citizenship", "caste"), "national or social origin"),
    **dict.fromkeys(("religion", "religious", "creed"), "religion"),
    **dict.fromkeys(("disability", "disabled"), "disability"),
    **dict.fromkeys(("marital", "pregnancy", "pregnant"), "family status"),
    **dict.fromkeys(("sexuality", "lgbt", "lgbtq"), "sexual orientation"),
    **dict.fromkeys(("veteran", "veterans"), "veteran status"),
}
_PROTECTED_PAIRS = {
    **dict.fromkeys((("minority", "owned"), ("minority", "owner"), ("minority", "business"), ("black", "owned"),
                     ("asian", "owned"), ("skin", "color"), ("skin", "colour")), "ethnic origin"),
    **dict.fromkeys((("national", "origin"), ("birth", "country"), ("country", "birth"), ("birth", "place"),
                     ("native", "language"), ("mother", "tongue")), "national or social origin"),
    **dict.fromkeys((("union", "member"), ("union", "membership"), ("trade", "union")), "union membership"),
    **dict.fromkeys((("political", "party"), ("political", "view"), ("political", "opinion")), "political opinion"),
    ("sexual", "orientation"): "sexual orientation",
}  # fmt: skip
_PROTECTED_NAMES = {"orientation": "sexual orientation", "minority": "ethnic origin", "faith": "religion"}
_PERSONS = frozenset({"owner", "owners", "founder", "founders", "ceo", "director", "manager", "applicant", "person"})
_SPANS = frozenset({"days", "day", "weeks", "months"})
_SEXES = frozenset({"male", "female", "man", "woman"})
_TECHNICAL = frozenset({"condition", "conditions", "connector", "connectors"})
_COUNTING = frozenset(
    {"n", "num", "number", "count", "counts", "has", "is", "share", "rate", "opens", "clicks", "sent"}
)
_PATTERNS = (
    ("e-mail addresses", re.compile(r"[^@\s]+@[^@\s]+\.[A-Za-z]{2,}"), 0.05),
    ("phone numbers", re.compile(r"(\+|00)[1-9][\d\s()./-]{7,}"), 0.5),
    ("network addresses of persons", re.compile(r"(\d{1,3}\.){3}\d{1,3}"), 0.5),
)
_VALUES_LOOKED_AT = 2_000
_LEVELS_LOOKED_AT = 50
_SHOWN_CHARACTERS = 40
_SEARCHED_CHARACTERS = 400
"""Of a text whose first 40 are shown: an address is not longer, and a search takes the square of the length."""


def personal_kind(column: str, values: Iterable[str | None] = ()) -> str | None:
    """Return what personal data a column seems to hold, by its name or its values.

    Parameters
    ----------
    column : str
        Name of the column.
    values : iterable of str or None
        Its cells as text; at most the first 2,000 that are not missing are looked at.

    Returns
    -------
    str or None
        Such as ``"e-mail addresses"``; None when nothing points to persons. Names of companies do not.

    Examples
    --------
    >>> personal_kind("ownerEmail"), personal_kind("n_emails_sent"), personal_kind("crm", ["a@b.org"])
    ('e-mail addresses', None, 'e-mail addresses')
    """
    return _kind_by_name(column) or _kind_by_values(list(islice((v for v in values if v), _VALUES_LOOKED_AT)))


def protected_kind(column: str, values: Iterable[str] = ()) -> str | None:
    """Return which protected class a column seems to tell, by the words of its name or its levels.

    Parameters
    ----------
    column : str
        Name of the column.
    values : iterable of str
        Its levels; ``male`` and ``female`` tell a sex under any name.

    Returns
    -------
    str or None
        Such as ``"sex or gender"``; None when nothing points to one. Shares and counts of people are meant too.

    Examples
    --------
    >>> protected_kind("ownerGender"), protected_kind("women-owned"), protected_kind("owner_age")
    ('sex or gender', 'sex or gender', 'age of a person')
    >>> [protected_kind(name) for name in ("page_age", "stage", "average", "minority_stake", "race_condition")]
    [None, None, None, None, None]
    """
    words = [word.lower() for word in _WORD.findall(column)]
    if "age" in words and _PERSONS.intersection(words) and not _SPANS.intersection(words):
        return "age of a person"
    found = [_PROTECTED_WORDS.get(word) for word in words if not _is_technical(words)]
    found += [_PROTECTED_PAIRS.get(pair) for pair in pairwise([word for word in words if word != "of"])]
    found.append(_PROTECTED_NAMES.get("_".join(words)))
    levels = {value.strip().casefold() for value in islice(values, _LEVELS_LOOKED_AT)}
    found.append("sex or gender" if len(levels & _SEXES) > 1 else None)
    return next((kind for kind in found if kind), None)


def _is_technical(words: Sequence[str]) -> bool:
    """Tell whether a name speaks of software, such as race conditions and male connectors."""
    return bool(_TECHNICAL.intersection(words))


def shown(column: str, value: object) -> str:
    """Return a value for a message, cut to 40 characters, or words in its place where it may be of a person.

    Examples
    --------
    >>> shown("seats", "about 12"), shown("phone", "12"), shown("seats", "a@b.org")
    ("'about 12'", 'a value not shown', 'a value not shown')
    """
    text = str(value)[:_SEARCHED_CHARACTERS]
    if _kind_by_name(column) or any(pattern.search(text) for _, pattern, _ in _PATTERNS):
        return "a value not shown"
    return repr(text if len(text) <= _SHOWN_CHARACTERS else text[:_SHOWN_CHARACTERS] + "...")


def _kind_by_name(column: str) -> str | None:
    words = [word.lower() for word in _WORD.findall(column)]
    if _COUNTING.intersection(words):
        return None
    pairs = list(pairwise(words))
    found = [_ONE_WORD.get(word) for word in words] + [_TWO_WORDS.get(pair) for pair in pairs]
    return next((kind for kind in found if kind), None)


def _kind_by_values(values: Sequence[str]) -> str | None:
    for kind, pattern, share in _PATTERNS:
        if values and sum(pattern.fullmatch(value.strip()) is not None for value in values) >= share * len(values):
            return kind
    return None
