"""Write a first profile, compare two versions of one, and note what was decided on a suggestion."""

from __future__ import annotations

import datetime as dt
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.personal import shown
from icp_ml.errors import UsageError, message
from icp_ml.icp.base import CustomerBase, rule_frame
from icp_ml.icp.ledger import Ledger, append, change_words, decision_entry, ledger_path
from icp_ml.icp.profile import Profile, load_profile
from icp_ml.icp.refine.find import find_rules
from icp_ml.icp.suggested.suggestions import suggestions
from icp_ml.icp.versions.diff import ProfileDiff, diff_profiles
from icp_ml.icp.versions.moved import Moved, moved_customers
from icp_ml.icp.versions.propose import Proposal, blank_profile, next_quarter, propose_profile, quarter_from
from icp_ml.model.success_model import SuccessModel
from icp_ml.study import Study, load_study
from icp_ml.workflow.drafts import ensure_can_draft, write_draft
from icp_ml.workflow.fitting import chosen_split, hypothesis_model
from icp_ml.workflow.preparing import Prepared, prepare
from icp_ml.workflow.reviewing import ensure_attributes
from icp_ml.workflow.scoring import Model, load

logger = logging.getLogger(__name__)

_COMMAND = "profile propose"
_IDS_SHOWN = 5
_WRITTEN = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True)
class ProposeResult:
    """A proposed profile and where it was written."""

    out: Path
    text: str
    proposal: Proposal
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the path, the text, the criteria and the notes."""
        found = {"criteria": list(self.proposal.criteria), "notes": list(self.proposal.notes)}
        return {"out": str(self.out), "profile": self.text, **found}

    def to_text(self) -> str:
        """Return the criteria, the notes and the next step."""
        lines = [f"{self.out}: a proposed profile", *(f"  {text}" for text in self.proposal.criteria)]
        lines += [f"note: {note}" for note in self.proposal.notes]
        step = (
            f"Read {self.out}, make it yours, then: icp-ml review {self.out} --study STUDY --model MODEL --out review"
        )
        return "\n".join([*lines, step])


@dataclass(frozen=True)
class DiffResult:
    """What two profiles say differently, and whom each has."""

    diff: ProfileDiff
    moved: Moved | None = None
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the differences and the customers as a JSON object."""
        return {**self.diff.as_document(), "customers": None if self.moved is None else self.moved.as_document()}

    def to_text(self) -> str:
        """Return one line per difference."""
        old, new = self.diff.old, self.diff.new
        lines = [f"{old.name} version {old.version} -> {new.name} version {new.version}"]
        lines += [f"  {one.sentence}" for one in self.diff.differences]
        if self.moved is not None:
            lines += [f"  {sentence}" for sentence in self.moved.sentences]
            lines += [f"  {line}" for line in _names(self.moved)]
        return "\n".join([*lines, *(f"note: {note}" for note in self.diff.notes)])


@dataclass(frozen=True)
class DecideResult:
    """A decision and the ledger it stands in."""

    ledger: Path
    entry: Mapping[str, Any]
    rule: str
    is_new: bool
    exit_code: int = 0

    def to_document(self) -> dict[str, Any]:
        """Return the decision as a JSON object."""
        return {"ledger": str(self.ledger), "rule": self.rule, "is_new": self.is_new, **self.entry}

    def to_text(self) -> str:
        """Return the decision in a sentence."""
        decided = "accepted" if self.entry["accepted"] else "rejected"
        noted = "noted in" if self.is_new else "stood already in"
        said = f"{self.rule}: {decided} by {self.entry['by']} on {self.entry['stated_on']}"
        text = f"{said}; {noted} {self.ledger}"
        step = "next: make the change in a copy of the profile, and raise its version"
        return f"{text}\n{step}" if self.entry["accepted"] else text


def propose(
    study: str | Path | Study,
    *,
    out: str | Path = "profile.yaml",
    model: Model | None = None,
    starts: str | None = None,
    overrides: Sequence[str] = (),
) -> ProposeResult:
    """Write a first profile from the customers of a study.

    Parameters
    ----------
    study : path or Study
        Whose customers it is drawn from.
    out : path
        The profile to write; an existing file is replaced only while it is an untouched proposal.
    model : str, Path or SuccessModel, optional
        Its contributions pick among cuts that the customers cannot tell apart; without one, only outcomes speak.
    starts : str, optional
        First day of the situation, which lasts three months; by default the next quarter after the last known day.
    overrides : sequence of str
        ``"key=value"`` settings that replace keys of the study file.

    Raises
    ------
    DataError
        The customers are not acceptable.
    UsageError
        The file is not ours to replace, or no day is known and none is given.
    """
    target = ensure_can_draft(out, _COMMAND)
    first = None if starts is None else _first_day(starts)
    loaded = study if isinstance(study, Study) else load_study(study, overrides)
    base = _base(prepare(loaded), None if model is None else load(model), first)
    logger.info("searching for criteria among %s customers", f"{len(base):,}")
    found = find_rules(base)
    proposal = propose_profile(base, found, suggestions(base, found))
    return ProposeResult(target, write_draft(target, proposal.text, _COMMAND), proposal)


def diff(
    old: str | Path | Profile, new: str | Path | Profile, *, study: str | Path | Study | None = None
) -> DiffResult:
    """Compare two profiles, and the customers that each of them has.

    Parameters
    ----------
    old, new : path or Profile
        Usually two versions of one profile.
    study : path or Study, optional
        Its customers are counted under both.
    """
    before, after = (one if isinstance(one, Profile) else load_profile(one) for one in (old, new))
    found = diff_profiles(before, after)
    if study is None:
        return DiffResult(found)
    loaded = study if isinstance(study, Study) else load_study(study)
    customers = load_customers(loaded, also=sorted(before.columns | after.columns))
    labels = label_outcome(loaded.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return DiffResult(found, moved_customers(before, after, customers, labels))


def decide(
    profile: str | Path | Profile, suggestion: str, *, accepted: bool, by: str, why: str = "", on: str | None = None
) -> DecideResult:
    """Note in the ledger of a profile what was decided on a suggestion of an earlier review.

    Parameters
    ----------
    profile : path or Profile
        Any version; the ledger lies beside it.
    suggestion : str
        Its id, or the start of it.
    accepted : bool
        False: rejected.
    by, why : str
        Who decided, and the reason.
    on : str, optional
        The day, such as ``"2026-07-03"``; that of the review when left out.
    """
    written = profile if isinstance(profile, Profile) else load_profile(profile)
    ledger = Ledger.read(ledger_path(written))
    day = None if on is None else _day("--on", on)
    entry = decision_entry(ledger, suggestion, accepted=accepted, by=by, why=why, on=day)
    rules = {one["id"]: change_words(one) for one in ledger.of_kind("suggestion")}
    is_new = append(ledger.path, [entry]) == 1
    return DecideResult(ledger.path, entry, rules[entry["suggestion"]], is_new)


def _base(prepared: Prepared, model: SuccessModel | None, starts: dt.date | None) -> CustomerBase:
    """Return the customers under a profile without criteria."""
    study, customers = prepared.study, prepared.customers
    if model is not None:
        ensure_attributes(model, prepared)
    today = customers.observed_until or starts
    if today is None:
        step = "Give the first day of the situation with --starts"
        raise UsageError(message(study.path, "no day is known of the customers", "a day to start from", step))
    situation = next_quarter(today) if starts is None else (starts, quarter_from(starts))
    return CustomerBase(
        profile=blank_profile(study, *situation),
        customers=customers,
        labels=prepared.labels,
        model=_unfitted(prepared) if model is None else model,
        split=chosen_split(prepared),
        today=today,
        rule_frame=rule_frame(customers),
        findings=_by_column(prepared.findings),
    )


def _unfitted(prepared: Prepared) -> SuccessModel:
    """Return a model that only knows the attributes which prospects have."""
    attributes = [one for one in prepared.study.attributes_at() if one.column not in prepared.left_out]
    return hypothesis_model(prepared, attributes, ())


def _by_column(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    columns = dict.fromkeys(finding.column for finding in findings if finding.column)
    return {column: [one for one in findings if one.column == column] for column in columns}


def _names(moved: Moved) -> list[str]:
    """Return the first customers that enter and leave."""
    found = []
    for name, group in (("entering", moved.entering), ("leaving", moved.leaving)):
        if group.ids:
            more = ", ..." if len(group.ids) > _IDS_SHOWN else ""
            named = ", ".join(shown("id", one) for one in group.ids[:_IDS_SHOWN])
            found.append(f"{name}, by id: {named}{more}")
    return found


def _first_day(text: str) -> dt.date:
    day = _day("--starts", text)
    if day.year == dt.MAXYEAR:
        raise UsageError(message("--starts", f"{text} has no quarter after it", "an earlier day", "Correct the year"))
    return day


def _day(option: str, text: str) -> dt.date:
    if _WRITTEN.fullmatch(text):
        with suppress(ValueError):
            return dt.date.fromisoformat(text)
    raise UsageError(message(option, f"'{text[:40]}' is no day", "a day of the calendar", "Write it as 2026-06-30"))
