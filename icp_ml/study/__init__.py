"""A study: the table, the outcome, and which attribute answers which of the six questions, from one YAML file.

The file is strict: unknown and duplicate keys are refused, all problems at once, each with its path. What comes out is
frozen; everything above this module takes a `Study` and reads no YAML.
"""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

from icp_ml.errors import ConfigError, message
from icp_ml.names import FIT_NAMES, PLAYERS
from icp_ml.strict.model import Problem, read_model, refuse, without_nulls
from icp_ml.strict.yaml import load_yaml, parse_value
from icp_ml.study.checks import attribute_keys, cross_problems, rules_of
from icp_ml.study.schema import (
    AsOf,
    AuditOptions,
    Deals,
    Economics,
    Effect,
    Floor,
    Group,
    IdSpec,
    Kind,
    LeadingOutcome,
    MapReviewed,
    ModelOptions,
    Outcome,
    Readiness,
    ReadOptions,
    Scalar,
    Stage,
    Status,
    StudyFile,
)

__all__ = [
    "FIT_NAMES", "PLAYERS", "AsOf", "Attribute", "AuditOptions", "Floor", "Group", "IdSpec", "ModelOptions", "Outcome",
    "ReadOptions", "Scalar", "Study", "load_study", "study_from_document", "study_json_schema",
]  # fmt: skip

STAGES: tuple[Stage, ...] = ("prospect", "discovery", "customer")
"""When an attribute is known; each stage knows what the earlier ones do."""

NO_ROOM_YET = (*("readiness", "economics", "exploration"),)
"""Keys that are validated and kept, but that no part of the package uses yet."""

_PATHS = ("accounts", "prospects")
_PLACEHOLDERS: dict[str, Any] = {
    "name": "x", "accounts": "x", "id": {"row_number": True}, "outcome": {}, "fits": {},
}  # fmt: skip


@dataclass(frozen=True)
class Attribute:
    """A column of the business and the fit it speaks for.

    Attributes
    ----------
    column : str
    fit : str
        One of `icp_ml.names.PLAYERS`.
    kind : {"numeric", "categorical", "date"} or None
        None: found from the data.
    effect : {"increasing", "decreasing"} or None
        Monotone expectation on the chance of success.
    available : {"prospect", "discovery", "customer"}
        When the value is known.
    point_in_time : bool
        False: today's value, not that of the as_of day.
    proxy, changeable : bool
        Stands in for the fit; the account could change it.
    entered_on : str or None
        Date column saying when a human rating was written down.
    """

    column: str
    fit: str
    kind: Kind | None = None
    effect: Effect | None = None
    available: Stage = "prospect"
    point_in_time: bool = True
    proxy: bool = False
    changeable: bool = False
    entered_on: str | None = None


@dataclass(frozen=True, kw_only=True)
class Study:
    """A checked study file; see the study file's reference for what each key means.

    Attributes
    ----------
    path : Path
        The YAML file.
    accounts, prospects : Path
        Tables, resolved against the YAML file's folder.
    attributes : tuple of Attribute
        In the order of the six fits, then context.
    deals : Deals or None
        Its `table` is resolved too.
    """

    name: str
    path: Path
    accounts: Path
    id: IdSpec
    outcome: Outcome
    attributes: tuple[Attribute, ...]
    read: ReadOptions = field(default_factory=ReadOptions)
    prospects: Path | None = None
    as_of: AsOf | None = None
    group: Group | None = None
    map_reviewed: MapReviewed | None = None
    readiness: Readiness | None = None
    economics: Economics | None = None
    deals: Deals | None = None
    status: Status | None = None
    desired_outcome: str | None = None
    leading_outcome: LeadingOutcome | None = None
    segments: tuple[str, ...] = ()
    sensitive: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rule: str | None = None
    capacity: int | None = None
    exploration: float | None = None
    floor: Floor = field(default_factory=Floor)
    gates: Mapping[str, float | tuple[float, float]] = field(default_factory=dict)
    audit: AuditOptions = field(default_factory=AuditOptions)
    labels: Mapping[str, str] = field(default_factory=dict)
    pass_through: tuple[str, ...] = ()
    model: ModelOptions = field(default_factory=ModelOptions)
    ignore: tuple[str, ...] = ()
    unlisted: str | None = None
    seed: int = 0
    used_columns: frozenset[str] = frozenset()
    listed_columns: frozenset[str] = frozenset()
    _document: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def attributes_at(self, stage: Stage | None = None) -> tuple[Attribute, ...]:
        """Return the attributes known at a stage, by default the stage of the study's model."""
        known = STAGES[: STAGES.index(stage or self.model.stage) + 1]
        return tuple(attribute for attribute in self.attributes if attribute.available in known)

    def label_of(self, column: str) -> str:
        """Return the words for a column, or its name where the study gives none."""
        return self.labels.get(column, column)

    @property
    def not_used(self) -> tuple[str, ...]:
        """The keys given that were validated but that nothing uses yet."""
        return tuple(key for key in NO_ROOM_YET if getattr(self, key))

    def as_document(self) -> dict[str, Any]:
        """Return the study as one canonical JSON document, without defaults and without absolute paths.

        `study_from_document` turns it into an equal study again, but for absolute paths, of which the name is left.
        """
        return copy.deepcopy(dict(self._document))

    @property
    def digest(self) -> str:
        """The sha256 of the canonical document: the same for two files that say the same."""
        text = json.dumps(self._document, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()


def load_study(path: str | Path, overrides: Sequence[str] = ()) -> Study:
    """Read and check a study file.

    Parameters
    ----------
    path : str or Path
        A YAML file.
    overrides : sequence of str
        Such as ``"outcome.horizon_days=180"``: the value is read as YAML, paths stay relative to the file's folder.

    Raises
    ------
    ConfigError
        The file or an override is not a valid study; the message has all problems, each with its path.
    FileSystemError
        The file cannot be read.
    """
    path = Path(path)
    document = load_yaml(path)
    for override in overrides:
        document = _overridden(document, override)
    return study_from_document(document, path.parent, str(path))


def study_from_document(document: Mapping[str, Any], base_folder: str | Path, source: str = "study") -> Study:
    """Check a study that was already read.

    Parameters
    ----------
    document : mapping
        The keys of a study file, lists and text as JSON would have them.
    base_folder : str or Path
        Relative paths start here.
    source : str
        What to call the study in messages; becomes `Study.path`.

    Raises
    ------
    ConfigError
        The document is not a valid study; the message has all problems, each with its path.
    """
    document = without_nulls(dict(document))
    file, problems = read_model(StudyFile, document)
    problems += cross_problems(file) if file else _cross_problems_of_rest(document, problems)
    if file is None or problems:
        raise refuse(source, problems)
    return _study(file, Path(base_folder), Path(source))


def study_json_schema() -> dict[str, Any]:
    """Return the JSON schema of study files, for editors; `configs/study.schema.json` is a copy."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **StudyFile.model_json_schema()}


def _study(file: StudyFile, folder: Path, path: Path) -> Study:
    attributes = tuple(Attribute(fit=fit, **dict(key)) for _, fit, key in attribute_keys(file))
    shared = {name: value for name, value in file if name not in (*_PATHS, "deals", "fits", "context")}
    return Study(
        **shared,
        path=path,
        accounts=folder / file.accounts,
        prospects=folder / file.prospects if file.prospects else None,
        deals=file.deals and file.deals.model_copy(update={"table": str(folder / file.deals.table)}),
        attributes=attributes,
        used_columns=frozenset(_used(file)),
        listed_columns=frozenset(_listed(file)),
        _document=_canonical(file),
    )


def _cross_problems_of_rest(document: Mapping[str, Any], problems: list[Problem]) -> list[Problem]:
    """Check what can be checked between keys when some of them were refused."""
    refused = {problem.path.split(".")[0].split("[")[0] for problem in problems}
    kept = {key: value for key, value in document.items() if key not in refused}
    file, _ = read_model(StudyFile, {**_PLACEHOLDERS, **kept})
    return cross_problems(file, frozenset(refused)) if file else []


def _listed(file: StudyFile) -> set[str]:
    """Return every column that is named under any key."""
    unread = [*file.ignore, *file.labels, *file.audit.allow, *file.audit.personal_data]
    return _used(file) | set(unread)


def _used(file: StudyFile) -> set[str]:
    """Return every column whose cells some key asks for."""
    named: list[str | None] = [file.id.column, file.outcome.column, file.outcome.ended, file.desired_outcome]
    named += [key.column for key in (file.as_of, file.group, file.status, file.leading_outcome) if key is not None]
    for _, _, attribute in attribute_keys(file):
        named += [attribute.column, attribute.entered_on]
    named += [*file.segments, *file.sensitive, *file.pass_through]
    named += [column for rule in rules_of(file) for column in rule.columns]
    if file.readiness is not None:
        parts = (file.readiness.ready, file.readiness.willing, file.readiness.able)
        named += [line.date for part in parts for line in part]
    if file.economics is not None:
        amounts = {**dict(file.economics), **dict(file.economics.expansion), "currency": None, "cac_ratio": None}
        named += [value for value in amounts.values() if isinstance(value, str)]
    return {column for column in named if column is not None}


def _canonical(file: StudyFile) -> dict[str, Any]:
    """Return the file without defaults, shorthands where they say it all, and without this machine's paths."""
    document: dict[str, Any] = file.model_dump(mode="json", exclude_defaults=True)
    for key in _PATHS:
        if key in document:
            document[key] = _portable(document[key])
    if "deals" in document:
        document["deals"]["table"] = _portable(document["deals"]["table"])
    lists = [*document.get("fits", {}).values(), document.get("context", [])]
    for keys in lists:
        keys[:] = [_short(key) for key in keys]
    for key in ("id", "as_of", "group"):
        if key in document:
            document[key] = _short(document[key])
    return document


def _short(key: dict[str, Any]) -> Any:
    return key["column"] if list(key) == ["column"] else key


def _portable(path: str) -> str:
    return PurePath(path).name if PurePath(path).is_absolute() else PurePath(path).as_posix()


def _overridden(document: dict[str, Any], override: str) -> dict[str, Any]:
    """Return the document with one `a.b=value` applied."""
    source = f"--set {override}"
    name, equals, text = override.partition("=")
    parts = name.strip().split(".")
    if not equals or not all(parts):
        raise ConfigError(message(source, "no key and value", "a.b=value", "Write for example --set seed=1"))
    result = copy.deepcopy(document)
    inner = result
    for part in parts[:-1]:
        if inner.get(part) is None:
            inner[part] = {}
        inner = inner[part]
        if not isinstance(inner, dict):
            came = f"'{part}' holds no mapping in the study"
            raise ConfigError(message(source, came, "a key inside a mapping", "Set the whole key instead"))
    inner[parts[-1]] = parse_value(text, source)
    return result
