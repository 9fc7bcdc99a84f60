"""A profile: the ideal customer profile as written, for one situation, with criteria that data can contradict."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from icp_ml.rules import Rule, parse_rule
from icp_ml.strict.model import Day, Problem, StrictModel, read_model, refuse, without_nulls
from icp_ml.strict.yaml import load_yaml
from icp_ml.study.checks import rule_problem
from icp_ml.study.schema import Column, Name

if TYPE_CHECKING:
    import pandas as pd

Mode = Literal["acquisition", "customer_success"]
LARGEST = 1e15
"""Amounts up to here are sums that floating point still holds to the unit."""
_MOST_DAYS = 3660
"""The path to a goal has a line for each day: ten years."""


class GoalColumn(StrictModel):
    """A goal measured by a column of the progress table."""

    column: Column


class Goal(StrictModel):
    """What the situation is for, and how much of it."""

    measure: Literal["revenue", "customers", "advocates"] | GoalColumn
    target: Annotated[float, Field(gt=0, le=LARGEST)]


class Baseline(StrictModel):
    """What there was already, and on which day."""

    value: Annotated[float, Field(ge=-LARGEST, le=LARGEST)]
    on: Day


class Capability(StrictModel):
    """A gate (`needs`, with `have` or `have_since`) or a limit (`per_period`) on our side."""

    name: Annotated[str, Field(min_length=1)]
    have: bool | None = None
    have_since: Day | None = None
    needs: str | None = None
    """A rule: the accounts that need this capability."""
    per_period: Annotated[float, Field(gt=0, le=LARGEST)] | None = None

    @property
    def rule(self) -> Rule | None:
        """Return which accounts need it, parsed."""
        return None if self.needs is None else parse_rule(self.needs, f"capability '{self.name}'")

    @property
    def is_missing(self) -> bool:
        """True for a gate that is closed: accounts that need it are not ideal now."""
        return self.have is False


class Milestone(StrictModel):
    """What must be reached on a day inside the timeframe."""

    on: Day
    measure: Literal["goal", "meetings", "trials", "onboarded"]
    at_least: Annotated[float, Field(ge=0, le=LARGEST)]


class Situation(StrictModel):
    """Timeframe, goal and capabilities: what the profile is ideal for."""

    starts: Day
    ends: Day
    mode: Mode = "acquisition"
    goal: Goal
    baseline: Baseline | None = None
    capabilities: tuple[Capability, ...] = ()
    milestones: tuple[Milestone, ...] = ()


class ProfileFile(StrictModel):
    """The keys of a profile file."""

    name: Name
    version: Annotated[int, Field(ge=1)]
    situation: Situation
    criteria: Annotated[tuple[str, ...], Field(min_length=1)]
    progress: Annotated[str, Field(min_length=1)] | None = None


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A checked profile file.

    Attributes
    ----------
    path : Path
        The YAML file.
    situation : Situation
        Timeframe, goal, capabilities and milestones.
    baseline : Baseline
        0 on the day the situation starts where the file has none.
    criteria : tuple of Rule
        The hypothesis, line by line.
    progress : Path or None
        Table of what was won so far, resolved against the file's folder.
    """

    name: str
    version: int
    path: Path
    situation: Situation
    baseline: Baseline
    criteria: tuple[Rule, ...]
    progress: Path | None = None
    _document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def columns(self) -> frozenset[str]:
        """The columns that criteria and capabilities need."""
        needs = [capability.rule for capability in self.situation.capabilities]
        rules = [*self.criteria, *(rule for rule in needs if rule is not None)]
        return frozenset(column for rule in rules for column in rule.columns)

    def matches(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Return True for every account that meets all criteria and needs no capability that is missing.

        Parameters
        ----------
        frame : DataFrame, shape (n, n_columns)
            With every column of :attr:`columns`; unknown does not match, and is no need.

        Raises
        ------
        DataError
            A column of a rule is missing.
        """
        inside = np.ones(len(frame), dtype=bool)
        for rule in self.criteria:
            inside &= rule.matches(frame)
        for need in (one.rule for one in self.situation.capabilities if one.is_missing):
            inside &= True if need is None else ~need.matches(frame)
        return inside

    def as_document(self) -> dict[str, Any]:
        """Return the profile as one canonical JSON document without defaults and absolute paths."""
        return dict(self._document)

    @property
    def digest(self) -> str:
        """The sha256 of the canonical document."""
        text = json.dumps(self._document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def load_profile(path: str | Path) -> Profile:
    """Read and check a profile file.

    Raises
    ------
    ConfigError
        The file is not a valid profile; the message has all problems, each with its path.
    FileSystemError
        The file cannot be read.
    """
    path = Path(path)
    return profile_from_document(load_yaml(path), path.parent, str(path))


def profile_from_document(document: Mapping[str, Any], base_folder: str | Path, source: str = "profile") -> Profile:
    """Check a profile that was already read; `base_folder` is where relative paths start.

    Raises
    ------
    ConfigError
        The document is not a valid profile.
    """
    document = without_nulls(dict(document))
    file, problems = read_model(ProfileFile, document)
    if file is None:
        raise refuse(source, [*problems, *_criteria_of_rest(document, problems)])
    problems = [*_times(file.situation), *_capabilities(file.situation), *_criteria(file.criteria)]
    if problems:
        raise refuse(source, problems)
    canonical = file.model_dump(mode="json", exclude_defaults=True)
    if file.progress is not None:
        used = PurePath(file.progress)
        canonical["progress"] = used.name if used.is_absolute() else used.as_posix()
    return Profile(
        name=file.name,
        version=file.version,
        path=Path(source),
        situation=file.situation,
        baseline=file.situation.baseline or Baseline(value=0.0, on=file.situation.starts),
        criteria=tuple(parse_rule(text, f"criteria[{number}]") for number, text in enumerate(file.criteria)),
        progress=Path(base_folder) / file.progress if file.progress else None,
        _document=canonical,
    )


def profile_json_schema() -> dict[str, Any]:
    """Return the JSON schema of profile files, for editors."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ProfileFile.model_json_schema()}


def _times(situation: Situation) -> Iterator[Problem]:
    starts, ends = situation.starts, situation.ends
    if ends <= starts:
        yield Problem("situation.ends", _day(ends), f"a day after the start ({_day(starts)})")
        return
    if (n_days := (ends - starts).days) > _MOST_DAYS:
        expected = f"at most {_MOST_DAYS:,} days after the start ({_day(starts)})"
        yield Problem("situation.ends", f"{_day(ends)}, {n_days:,} days later", expected, "Write a nearer goal")
        return
    if situation.baseline is not None and situation.baseline.on > ends:
        yield Problem("situation.baseline.on", _day(situation.baseline.on), f"a day up to the end ({_day(ends)})")
    for number, milestone in enumerate(situation.milestones):
        if not starts <= milestone.on <= ends:
            expected = f"a day inside the timeframe ({_day(starts)} to {_day(ends)})"
            yield Problem(f"situation.milestones[{number}].on", _day(milestone.on), expected)


def _capabilities(situation: Situation) -> Iterator[Problem]:
    seen: set[str] = set()
    for number, capability in enumerate(situation.capabilities):
        path = f"situation.capabilities[{number}]"
        if capability.name in seen:
            yield Problem(f"{path}.name", f"'{capability.name}' appears twice", "each capability once")
        seen.add(capability.name)
        is_gate = capability.have is not None or capability.have_since is not None
        if is_gate == (capability.per_period is not None) or is_gate != (capability.needs is not None):
            expected = "a gate (needs, with have or have_since) or a limit (per_period)"
            yield Problem(path, f"'{capability.name}' is neither or both", expected)
        elif capability.have is False and capability.have_since is not None:
            yield Problem(path, "have: false and have_since", "one of the two", "A capability we have has a date")
        if capability.needs is not None and (problem := rule_problem(f"{path}.needs", capability.needs)):
            yield problem


def _criteria(texts: tuple[str, ...]) -> Iterator[Problem]:
    for number, text in enumerate(texts):
        path = f"criteria[{number}]"
        if problem := rule_problem(path, text):
            yield problem
        elif text in texts[:number]:
            yield Problem(path, f"'{text}' appears twice", "each criterion once", "Remove one of the two")


def _criteria_of_rest(document: Mapping[str, Any], problems: list[Problem]) -> list[Problem]:
    """Check the criteria also where another key was refused."""
    texts = document.get("criteria")
    if any(problem.path.startswith("criteria") for problem in problems) or not isinstance(texts, list):
        return []
    return list(_criteria(tuple(texts)))


def _day(day: dt.date) -> str:
    return day.isoformat()
