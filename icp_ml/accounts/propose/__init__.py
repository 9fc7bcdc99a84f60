"""Propose a study from a table: a first draft in which every guess is called one.

Names and values decide by a small table of keywords (`keywords.json`). Nothing here is learned; a person moves the
lines and then writes `map_reviewed`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from icp_ml.accounts.propose.column_facts import SAMPLE_ROWS, ColumnFacts, keywords, read_facts
from icp_ml.accounts.propose.roles import SUSPECT, Roles, alone, best_fit, first_days, guess_roles, why_not
from icp_ml.accounts.tables import Table, open_table
from icp_ml.errors import ConfigError, DataError, message
from icp_ml.names import CONTEXT, FIT_NAMES, PLAYERS
from icp_ml.strict.yaml import parse_value, parse_yaml
from icp_ml.study import study_from_document

HORIZON_DAYS = 365
_DELIMITERS = (",", ";", "\t", "|")
_PLAIN = re.compile(r"[^\W\d][\w ./-]*\w|[^\W\d]")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Proposal:
    """A study file's text and what to look at first.

    Attributes
    ----------
    text : str
        YAML that `load_study` reads, with a comment per guess.
    notes : tuple of str
        What could not be found, and what a person should decide.
    """

    text: str
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Place:
    """Where a column goes, and why."""

    fact: ColumnFacts
    key: str
    why: str


def propose_study(customers: str | Path, out: str | Path, encoding: str | None = None) -> Proposal:
    """Read a table of customers and propose a study for it.

    Parameters
    ----------
    customers : str or Path
        CSV, CSV.gz, Parquet or a folder of Parquet; the delimiter of a CSV is found.
    out : str or Path
        Where the study will be written; the table is named relative to it. Nothing is written here.
    encoding : str, optional
        Of a CSV, such as latin-1; UTF-8 when left out.

    Returns
    -------
    Proposal
        Every column stands under a fit, `context`, the outcome, another key, or `ignore` with the reason.

    Raises
    ------
    FileSystemError
        The table is missing or cannot be read.
    DataError
        The bytes are no such table, it has no rows, or no column can be an attribute.
    """
    customers, out = Path(customers), Path(out)
    table, read = _opened(customers, encoding)
    facts = read_facts(table)
    if not facts or not facts[0].n:
        raise DataError(message(customers, "no rows", "a table of customers", "Export it again"))
    roles = guess_roles(facts)
    places = [_place(fact, roles) for fact in facts if fact.name not in roles.columns]
    places = _with_a_fit(_rated(places), customers)
    text = "\n".join(_lines(customers, out, read, roles, places, facts)) + "\n"
    study_from_document(parse_yaml(text, str(out)), out.parent, str(out))  # a proposal that does not load is our defect
    return Proposal(text, tuple(_notes(roles, places, facts)))


def _opened(path: Path, encoding: str | None) -> tuple[Table, dict[str, str]]:
    """Open a table, trying the usual delimiters where the comma finds one column only; with it, the `read` key."""
    told = {} if encoding is None else {"encoding": encoding}
    refused: list[DataError] = []
    for delimiter in _DELIMITERS:
        try:
            table = open_table(path, delimiter=None if delimiter == "," else delimiter, encoding=encoding)
        except DataError as error:
            refused.append(error)
            continue
        if len(table.columns) > 1 or not table.is_text:
            return table, told if delimiter == "," else {"delimiter": delimiter, **told}
    raise refused[0] if refused else DataError(message(path, "one column", "an id and attributes", "Check the table"))


def _place(fact: ColumnFacts, roles: Roles) -> _Place:
    words = keywords()
    if len(fact.counts) > 1 and fact.says(words["sensitive"]):
        return _Place(fact, "sensitive", "a slice to audit, never a feature")
    if fact.days is not None and fact.says(words["entered"]) and roles.as_of is not None:
        return _Place(fact, "entered_on", "the day of a rating")
    if reason := why_not(fact, roles):
        return _Place(fact, "ignore", reason)
    fit, keyword = best_fit(fact)
    why = f"'{keyword}' in the name" if keyword else "no keyword matched: move it to the fit it speaks for"
    tells = alone(fact, roles.outcome())
    doubt = f"; alone it orders the outcome with AUC {tells:.2f}: known on the as_of day?" if tells >= SUSPECT else ""
    return _Place(fact, fit, f"guess: {why}{doubt}")


def _rated(places: list[_Place]) -> list[_Place]:
    """Ignore a day of rating that no rating goes with."""
    if any(place.key in PLAYERS and _is_rating(place.fact) for place in places):
        return places
    why = "the day of a rating, and no rating to go with it"
    return [_Place(place.fact, "ignore", why) if place.key == "entered_on" else place for place in places]


def _with_a_fit(places: list[_Place], customers: Path) -> list[_Place]:
    """See to it that one attribute stands under a fit: a study needs one."""
    if any(place.key in FIT_NAMES for place in places):
        return places
    first = next((number for number, place in enumerate(places) if place.key == CONTEXT), None)
    if first is None:
        came = "no column can be an attribute: all are constant, identifiers, dates, personal or known later"
        raise DataError(message(customers, came, "at least one attribute", "Add columns that describe the accounts"))
    why = "guess without evidence: a study needs one attribute under a fit"
    return [*places[:first], _Place(places[first].fact, "functional", why), *places[first + 1 :]]


def _lines(
    customers: Path,
    out: Path,
    read: dict[str, str],
    roles: Roles,
    places: Sequence[_Place],
    facts: Sequence[ColumnFacts],
) -> Iterator[str]:
    yield "# A draft: every line with 'guess' came from names and values alone. Correct it, then add map_reviewed."
    yield f"name: {_quoted(_study_name(customers))}"
    yield f"accounts: {_quoted(_relative(customers, out))}"
    if read:
        yield f"read: {{{', '.join(f'{key}: {json.dumps(value)}' for key, value in read.items())}}}"
    yield from _identity_lines(roles, facts)
    yield from _outcome_lines(roles, facts)
    yield "fits:"
    rated = next((place.fact.name for place in places if place.key == "entered_on"), None)
    for fit in FIT_NAMES:
        yield from _attribute_lines(fit, [place for place in places if place.key == fit], "  ", rated)
    yield from _attribute_lines(CONTEXT, [place for place in places if place.key == CONTEXT], "", rated)
    if any(first_days(place.fact) for place in places if place.key in PLAYERS):
        yield "model: {stage: customer}    # guess: some attributes are known only after the start: a post-sale study"
    for key in ("sensitive", "ignore"):
        listed = [place for place in places if place.key == key]
        if listed:
            yield f"{key}:"
            yield from (_commented(f"  - {_quoted(place.fact.name)}", place.why) for place in listed)


def _identity_lines(roles: Roles, facts: Sequence[ColumnFacts]) -> Iterator[str]:
    if roles.id is not None:
        yield _commented(f"id: {_quoted(roles.id.name)}", "guess: a value of its own in every row")
    else:
        yield "id: {row_number: true}    # no column has a value of its own in every row"
    if roles.as_of is None:
        yield "# as_of: no date says when the account became a customer, so no split by time"
    elif roles.plus_days:
        start = f"as_of: {{column: {_quoted(roles.as_of.name)}, plus_days: {roles.plus_days}}}"
        yield f"{start}    # guess: names such as first{roles.plus_days} say when the attributes were known"
    else:
        yield _commented(f"as_of: {_quoted(roles.as_of.name)}", "guess: the day the attributes were known")
    if roles.group is not None:
        yield _commented(f"group: {_quoted(roles.group.name)}", "guess: related accounts stay on one side of a split")
    elif roles.id is None and (n_same := _n_identical(facts)):
        yield f"group: {{identical_rows: true}}    # {n_same} rows repeat another one"


def _outcome_lines(roles: Roles, facts: Sequence[ColumnFacts]) -> Iterator[str]:
    yield "outcome:"
    if roles.ended is not None and roles.as_of is not None:
        yield f"  horizon_days: {HORIZON_DAYS}    # guess: a customer for a year is a success"
        yield _commented(f"  ended: {_quoted(roles.ended.name)}", "guess: empty = still a customer")
        yield f"  observed_until: {_latest((roles.as_of, roles.ended))}    # guess: the latest day in the table"
    elif roles.label is not None:
        yield _commented(f"  column: {_quoted(roles.label.name)}", "guess: its name and values")
        yield f"  success: [{', '.join(map(_quoted, roles.success))}]"
        yield f"  failure: [{', '.join(map(_quoted, roles.failure))}]{_others(roles)}"
    else:
        yield "  column: NAME_OF_THE_OUTCOME    # not found: name the column that says how each account ended"
        yield "  success: [VALUE_OF_A_SUCCESS]"
        yield "  failure: [VALUE_OF_A_FAILURE]"


def _others(roles: Roles) -> str:
    values = roles.label.counts if roles.label is not None else ()
    others = [value for value in values if value not in (*roles.success, *roles.failure)]
    shown = f"{', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
    return f"    # not known yet: {_printable(shown)}" if others else ""


def _attribute_lines(key: str, places: Sequence[_Place], indent: str, rated: str | None) -> Iterator[str]:
    if not places:
        return
    yield f"{indent}{key}:"
    for place in places:
        parts = [f"column: {_quoted(place.fact.name)}", f"kind: {place.fact.kind}"]
        if first_days(place.fact):
            parts.append("available: customer")
        if rated is not None and _is_rating(place.fact):
            parts.append(f"entered_on: {_quoted(rated)}")
        yield _commented(f"{indent}  - {{{', '.join(parts)}}}", f"{place.why}; {_seen(place.fact)}")


def _seen(fact: ColumnFacts) -> str:
    """Say what the values look like, in a few words; no value of a category is shown."""
    if fact.numbers is not None:
        held = fact.numbers[~np.isnan(fact.numbers)]
        looks = f"{held.min():g} to {held.max():g}"
    else:
        looks = f"{len(fact.counts)} {'days' if fact.days is not None else 'levels'}"
    empty = 1 - fact.n_filled / fact.n
    odd = f", {fact.n_odd} cells are no numbers" if fact.n_odd else ""
    return f"{looks}{f', {empty:.0%} empty' if empty >= 0.005 else ''}{odd}"


def _notes(roles: Roles, places: Sequence[_Place], facts: Sequence[ColumnFacts]) -> Iterator[str]:
    if roles.label is None and roles.ended is None:
        yield "no outcome was found: name it under outcome, with its values"
    if roles.as_of is None:
        yield "no date says when an account became a customer: without as_of there is no split by time"
    if roles.id is None:
        yield "no column has a value of its own in every row: rows are numbered"
    guessed = sum(place.key in FIT_NAMES for place in places)
    unmatched = sum("no keyword" in place.why for place in places)
    n_context = sum(place.key == CONTEXT for place in places)
    n_ignored = sum(place.key == "ignore" for place in places)
    yield f"{guessed} columns under a fit by a guess, {n_context} under context ({unmatched} matched no keyword)"
    yield f"{n_ignored} columns under ignore, each with its reason"
    doubtful = [place.fact.name for place in places if place.key in PLAYERS and "AUC" in place.why]
    if doubtful:
        yield f"known on the as_of day? {', '.join(map(_printable, doubtful))} order the outcome well on their own"
    if facts[0].n >= SAMPLE_ROWS:
        yield f"only the first {SAMPLE_ROWS:,} rows were looked at"


def _latest(facts: Sequence[ColumnFacts]) -> str:
    return str(max(fact.days[fact.filled].max() for fact in facts if fact.days is not None and fact.n_filled))


def _n_identical(facts: Sequence[ColumnFacts]) -> int:
    rows = list(zip(*(fact.text for fact in facts), strict=True))
    return len(rows) - len(set(rows))


def _is_rating(fact: ColumnFacts) -> bool:
    return fact.days is None and bool(fact.says(keywords()["rating"]))


def _study_name(path: Path) -> str:
    stem = path.name.split(".")[0]
    generic = stem.lower() in ("customers", "accounts", "data", "opportunities", "export", "table")
    parent = path.resolve().parent.name
    return re.sub(r"[^A-Za-z0-9._-]+", "-", f"{parent}-{stem}" if generic and parent else stem).strip("-._") or "study"


def _relative(customers: Path, out: Path) -> str:
    return Path(os.path.relpath(customers.resolve(), out.resolve().parent)).as_posix()


def _commented(line: str, comment: str) -> str:
    return f"{line}    # {_printable(comment)}"


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub("?", text)


def _quoted(text: str) -> str:
    """Return text as YAML that means exactly this text."""
    if _PLAIN.fullmatch(text):
        try:
            if parse_value(f"[{text}]", "a name") == [text]:
                return text
        except ConfigError:
            pass
    escaped = json.dumps(text, ensure_ascii=False)
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found.group()):04x}", escaped)
