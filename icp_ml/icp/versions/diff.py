"""Say what a new version of a profile changes: the situation, its goal, capabilities, criteria and milestones."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from icp_ml.icp.profile import Baseline, Capability, Goal, Milestone, Profile
from icp_ml.icp.versions.narrowing import how_changed
from icp_ml.rules import Rule


@dataclass(frozen=True)
class Difference:
    """One thing that two versions say differently.

    Attributes
    ----------
    part : str
        ``"name"``, ``"version"``, ``"situation"``, ``"goal"``, ``"capability"``, ``"criterion"``, ``"milestone"`` or
        ``"progress"``.
    kind : {"added", "removed", "tightened", "loosened", "changed"}
        A tightened criterion lets in fewer accounts: whoever meets the new one met the old one.
    old, new : str or None
        What each version says; None where it says nothing.
    sentence : str
    """

    part: str
    kind: str
    old: str | None
    new: str | None
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the difference as a JSON object."""
        return {name: getattr(self, name) for name in ("part", "kind", "old", "new", "sentence")}


@dataclass(frozen=True)
class ProfileDiff:
    """What two profiles say differently, and what a reader should know of it.

    Attributes
    ----------
    old, new : Profile
    differences : tuple of Difference
        In the order of the file; empty when both say the same, however they are written.
    notes : tuple of str
    """

    old: Profile
    new: Profile
    differences: tuple[Difference, ...]
    notes: tuple[str, ...] = ()

    def as_document(self) -> dict[str, Any]:
        """Return the differences as a JSON object."""
        sides = {side: _identity(profile) for side, profile in (("old", self.old), ("new", self.new))}
        differences = [one.as_document() for one in self.differences]
        return {**sides, "differences": differences, "notes": list(self.notes)}


def diff_profiles(old: Profile, new: Profile) -> ProfileDiff:
    """Return what a profile says otherwise than another one.

    Parameters
    ----------
    old, new : Profile
        Usually two versions of one profile.

    Returns
    -------
    ProfileDiff
        Criteria that say the same in other words, or in another order, do not differ.
    """
    parts = (_situation(old, new), _goal(old.situation.goal, new.situation.goal), _capabilities(old, new))
    found = [one for part in (*parts, _criteria(old.criteria, new.criteria), _milestones(old, new)) for one in part]
    found += _value(
        "progress", "table of progress", old.as_document().get("progress"), new.as_document().get("progress")
    )
    return ProfileDiff(old, new, tuple(found), tuple(_notes(old, new, found)))


def _identity(profile: Profile) -> dict[str, Any]:
    return {"name": profile.name, "version": profile.version, "digest": profile.digest}


def _notes(old: Profile, new: Profile, found: Sequence[Difference]) -> Iterator[str]:
    if old.name != new.name:
        yield f"These are two profiles, {old.name} and {new.name}: each has a ledger of its own."
    elif not found:
        yield "Both say the same." if old.version == new.version else "Both say the same, under two version numbers."
    elif new.version == old.version:
        yield f"Both are called version {old.version}: give the new one another number."
    elif new.version < old.version:
        yield f"The first is version {old.version}, the second version {new.version}: is the order right?"
    if new.situation.starts < old.situation.ends < new.situation.ends and found:
        yield "The two situations overlap: wins of the days they share count for both goals."


def _value(part: str, what: str, old: object, new: object) -> list[Difference]:
    """Return how one value changed; none when it did not."""
    if old == new:
        return []
    before, after = (None if value is None else str(value) for value in (old, new))
    if before is None or after is None:
        kind = "added" if before is None else "removed"
        return [Difference(part, kind, before, after, f"{what}: {after or before} {kind}.")]
    return [Difference(part, "changed", before, after, f"{what}: {before} before, {after} now.")]


def _situation(old: Profile, new: Profile) -> Iterator[Difference]:
    before, after = old.situation, new.situation
    spans = [f"{one.starts} to {one.ends} ({(one.ends - one.starts).days + 1} days)" for one in (before, after)]
    yield from _value("situation", "timeframe", *spans)
    yield from _value("situation", "mode", before.mode, after.mode)
    starts = [_baseline_words(one.baseline) for one in (before, after)]
    yield from _value("situation", "baseline", *starts)


def _baseline_words(baseline: Baseline | None) -> str | None:
    return None if baseline is None else f"{_number(baseline.value)} on {baseline.on}"


def _goal(old: Goal, new: Goal) -> list[Difference]:
    if old == new:
        return []
    before, after = (f"{_number(goal.target)} {_measure(goal)}" for goal in (old, new))
    return _value("goal", "goal", before, after)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,}"


def _measure(goal: Goal) -> str:
    return goal.measure if isinstance(goal.measure, str) else goal.measure.column


def _capabilities(old: Profile, new: Profile) -> Iterator[Difference]:
    before = {one.name: one for one in old.situation.capabilities}
    after = {one.name: one for one in new.situation.capabilities}
    for name in dict.fromkeys((*before, *after)):
        texts = [_capability_words(side.get(name)) for side in (before, after)]
        yield from _value("capability", f"capability {name}", *texts)


def _capability_words(capability: Capability | None) -> str | None:
    if capability is None:
        return None
    if capability.per_period is not None:
        return f"at most {_number(capability.per_period)} per period"
    have = "missing" if capability.is_missing else "there"
    since = f" since {capability.have_since}" if capability.have_since else ""
    return f"{have}{since}, needed where {capability.needs}"


def _criteria(old: Sequence[Rule], new: Sequence[Rule]) -> Iterator[Difference]:
    gone = [rule for rule in old if rule.tree not in [other.tree for other in new]]
    come = [rule for rule in new if rule.tree not in [other.tree for other in old]]
    for before, after, kind in _pairs(gone, come):
        gone.remove(before)
        come.remove(after)
        sentence = f"criterion {kind}: {before.text} before, {after.text} now."
        yield Difference("criterion", kind, before.text, after.text, sentence)
    for rule in gone:
        yield Difference("criterion", "removed", rule.text, None, f"criterion removed: {rule.text}.")
    for rule in come:
        yield Difference("criterion", "added", None, rule.text, f"criterion added: {rule.text}.")


def _pairs(gone: Iterable[Rule], come: Iterable[Rule]) -> list[tuple[Rule, Rule, str]]:
    """Return which new rule stands for which old one: those that narrow or widen it first, each once."""
    come = list(come)
    kinds = ((before, after, how_changed(before, after)) for before in gone for after in come)
    possible = [(before, after, kind) for before, after, kind in kinds if kind is not None]
    chosen: list[tuple[Rule, Rule, str]] = []
    for before, after, kind in sorted(possible, key=lambda one: one[2] == "changed"):
        if all(before is not pair[0] and after is not pair[1] for pair in chosen):
            chosen.append((before, after, kind))
    return chosen


def _milestones(old: Profile, new: Profile) -> Iterator[Difference]:
    before, after = (_by_day(profile.situation.milestones) for profile in (old, new))
    for key in dict.fromkeys((*before, *after)):
        yield from _value("milestone", f"milestone {key[1]} on {key[0]}", before.get(key), after.get(key))


def _by_day(milestones: Sequence[Milestone]) -> dict[tuple[dt.date, str], str]:
    return {(one.on, one.measure): f"at least {_number(one.at_least)}" for one in milestones}
