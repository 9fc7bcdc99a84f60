"""Propose a first profile from the customers: a few criteria with their evidence, the next quarter, a goal at pace."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast
from icp_ml.icp.profile import Baseline, Goal, Mode, Profile, Situation
from icp_ml.icp.refine.found import Found
from icp_ml.icp.suggested.suggestions import Suggestion
from icp_ml.icp.words import count_words, difference_words, points, share_words
from icp_ml.rules import AllOf, AnyOf, IsNull, Node, Not, parse_rule
from icp_ml.rules.writer import rule_text
from icp_ml.study import Study

Flags = npt.NDArray[np.bool_]

MOST_CRITERIA = 4
LEAST_SHARE = 0.10
"""Share of the customers that must still match when a criterion is added: a profile of few brings few."""
LEAST_STEP = 1 / 3
"""Part of its gain that a criterion must show among the customers that the others leave; less says the same again."""
_PACE_DAYS = 365
_OTHER_MODE: dict[Mode, Mode] = {"acquisition": "customer_success", "customer_success": "acquisition"}


@dataclass(frozen=True)
class Proposal:
    """A first profile.

    Attributes
    ----------
    text : str
        The YAML of the file.
    criteria : tuple of str
    notes : tuple of str
        What a person must decide.
    """

    text: str
    criteria: tuple[str, ...]
    notes: tuple[str, ...]


def blank_profile(study: Study, starts: dt.date, ends: dt.date) -> Profile:
    """Return a profile without criteria: every account meets it, so every rule that is found is one to add."""
    mode: Mode = "customer_success" if study.model.stage == "customer" else "acquisition"
    situation = Situation(starts=starts, ends=ends, mode=mode, goal=Goal(measure="customers", target=1))
    baseline = Baseline(value=0.0, on=starts)
    return Profile(name=study.name, version=1, path=study.path, situation=situation, baseline=baseline, criteria=())


def next_quarter(day: dt.date) -> tuple[dt.date, dt.date]:
    """Return the first and the last day of the calendar quarter after a day.

    Examples
    --------
    >>> [str(day) for day in next_quarter(dt.date(2026, 11, 22))]
    ['2027-01-01', '2027-03-31']
    """
    starts = _months_later(day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1), 3)
    return starts, quarter_from(starts)


def quarter_from(starts: dt.date) -> dt.date:
    """Return the last day of the three months that start on a day."""
    after = _months_later(starts.replace(day=1), 3)
    same_day = min(starts.day - 1, ((_months_later(after, 1)) - after).days - 1)
    return after + dt.timedelta(days=same_day - 1)


def propose_profile(base: CustomerBase, found: Found, suggested: Sequence[Suggestion]) -> Proposal:
    """Return a first profile with at most four criteria, each with the evidence beside it.

    Parameters
    ----------
    base : CustomerBase
        With a profile from :func:`blank_profile`.
    found : Found
        What was searched among its customers.
    suggested : sequence of Suggestion
        The rules that were found, in words, best first.

    Returns
    -------
    Proposal
        A rule becomes a criterion when at least a tenth of the customers still match with it, and when it shows a
        third of its gain among those that match the criteria above it. When nothing was found, the study's own rule
        stands there, or a placeholder, marked as untested.
    """
    chosen = _chosen(base, suggested)
    criteria = tuple(one.rule for one in chosen) or (_stand_in(base),)
    lines = [*_head(base), *_criteria_lines(base, found, chosen, criteria), *_tail()]
    return Proposal("\n".join(lines) + "\n", criteria, tuple(_notes(base, chosen)))


def _months_later(first: dt.date, months: int) -> dt.date:
    count = 12 * first.year + first.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def _chosen(base: CustomerBase, suggested: Sequence[Suggestion]) -> list[Suggestion]:
    """Return the rules that stand together, best first: enough customers left, and each says something new."""
    chosen: list[Suggestion] = []
    inside = np.ones(len(base), dtype=bool)
    for one in suggested:
        if len(chosen) == MOST_CRITERIA:
            break
        both = inside & one.found.mask
        if one.narrows and not _asks_for_missing(parse_rule(one.rule).tree) and both.mean() >= LEAST_SHARE:
            step = base.contrast(one.found.mask, inside).difference if chosen else one.found.gain
            if step >= LEAST_STEP * one.found.gain:
                chosen.append(one)
                inside = both
    return chosen


def _asks_for_missing(node: Node) -> bool:
    """Tell whether a rule asks if there is a value at all: a matter of the records, not of the company."""
    match node:
        case IsNull():
            return True
        case Not(part):
            return _asks_for_missing(part)
        case AllOf(parts) | AnyOf(parts):
            return any(map(_asks_for_missing, parts))
        case _:
            return False


def _stand_in(base: CustomerBase) -> str:
    """Return a criterion for a profile about which nothing was found: a file needs one."""
    if base.study.rule is not None:
        return base.study.rule
    first = next(iter(base.fit_of), base.study.attributes[0].column)
    return rule_text(first, "is not null")


def _head(base: CustomerBase) -> Iterator[str]:
    situation = base.profile.situation
    target, pace = _pace(base)
    yield "# A draft: dates and goal are guesses, criteria what past customers speak for. Make it your hypothesis."
    yield f"name: {_quoted(base.profile.name)}"
    yield "version: 1    # raise it whenever you change the file"
    yield "situation:"
    yield f"  starts: {situation.starts}{_why_then(base)}"
    yield f"  ends: {situation.ends}"
    yield f"  mode: {situation.mode}    # or {_OTHER_MODE[situation.mode]}"
    yield f"  # guess: {pace}; measure may also be revenue, advocates, or {{column: NAME}}"
    yield f"  goal: {{measure: customers, target: {target}}}"
    yield "  # Gates and limits on your side; accounts that need what is missing do not match:"
    yield '  # capabilities: [{name: sso, have: false, needs: "wants_sso == true"}, {name: onboarding, per_period: 25}]'
    yield f"  # milestones: [{{on: {situation.ends}, measure: goal, at_least: {target}}}]"


def _why_then(base: CustomerBase) -> str:
    is_guess = base.profile.situation.starts == next_quarter(base.today)[0]
    return f"    # guess: the quarter after {base.today}, the last day that is known" if is_guess else ""


def _pace(base: CustomerBase) -> tuple[int, str]:
    """Return how many customers the situation would bring at the pace of the last year, and why."""
    days, situation = base.customers.as_of, base.profile.situation
    if days is None:
        return 10, "a placeholder, because customers have no day of signing"
    today = np.datetime64(base.today, "D")
    n_signed = int(((days > today - np.timedelta64(_PACE_DAYS, "D")) & (days <= today)).sum())
    length = (situation.ends - situation.starts).days + 1
    target = max(1, round(n_signed * length / _PACE_DAYS))
    return target, f"{n_signed:,} customers signed in the last {_PACE_DAYS} days"


def _criteria_lines(
    base: CustomerBase, found: Found, chosen: Sequence[Suggestion], criteria: Sequence[str]
) -> Iterator[str]:
    yield "criteria:"
    yield _comment(found.sentence if found.tried else " ".join(found.notes))
    said_before: set[str] = set()
    for one in chosen:
        yield _comment(f"{one.found.fit}: {_evidence(one)}")
        yield from (_comment(text) for text in one.caveats if text not in said_before)
        said_before |= set(one.caveats)
        yield f"  - {_quoted(one.rule)}"
    if not chosen:
        whose = "Your rule of today" if base.study.rule is not None else "A placeholder: write what you believe"
        yield _comment(f"{whose}. Untested: {_said_of(base.contrast(base.matches_all(criteria)))}")
        yield f"  - {_quoted(criteria[0])}"
    elif len(chosen) > 1:
        inside = base.matches_all(criteria)
        said = _said_of(base.contrast(inside))
        yield _comment(f"All together: {inside.sum():,} of {len(base):,} customers; {said}")
        yield _comment("These customers chose the criteria, which flatters them: expect less of the next ones.")


def _evidence(one: Suggestion) -> str:
    found = one.found
    gain = f"{points(found.gain)} (90 %: {100 * found.low:+.0f} to {100 * found.high:+.0f})"
    held = "it held on later customers" if found.confirmed else "not confirmed on later customers yet"
    return f"{share_words(one.contrast.inside)}, {gain} against the others; {held}."


def _said_of(found: Contrast) -> str:
    return f"{share_words(found.inside)}, {difference_words(found)} against the others."


def _tail() -> Iterator[str]:
    yield "# What was won so far, one row per win, with the columns date, account_id, value:"
    yield "# progress: wins.csv"


def _notes(base: CustomerBase, chosen: Sequence[Suggestion]) -> Iterator[str]:
    if chosen:
        n_confirmed = sum(one.found.confirmed for one in chosen)
        count = count_words(len(chosen), "criterion", "criteria")
        n_inside = int(base.matches_all([one.rule for one in chosen]).sum())
        yield f"{count}, {n_confirmed} confirmed on later customers; {n_inside:,} of {len(base):,} customers match"
    else:
        stands = "the study's own rule" if base.study.rule is not None else "a placeholder"
        yield f"nothing was found that goes together with success: {stands} stands there, untested"
    yield "the dates and the goal are guesses"


def _comment(text: str) -> str:
    return f"  # {''.join(letter if letter.isprintable() else '?' for letter in text)}"


def _quoted(text: str) -> str:
    """Return text as YAML that means exactly this text."""
    written = json.dumps(text, ensure_ascii=False)
    return "".join(letter if letter.isprintable() else f"\\U{ord(letter):08x}" for letter in written)
