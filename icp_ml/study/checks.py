"""What no single key of a study can know: keys that need, contradict or repeat each other."""

from __future__ import annotations

from collections.abc import Iterator

from icp_ml.errors import ConfigError
from icp_ml.names import CONTEXT, FIT_NAMES, PLAYERS
from icp_ml.rules import Rule, parse_rule
from icp_ml.strict.model import Problem
from icp_ml.study.schema import AttributeKey, StudyFile

METRIC_NAMES = (
    "roc_auc", "average_precision", "log_loss", "brier", "calibration_error", "calibration_slope",
    "calibration_intercept", "lift_at_10", "precision_at_10", "lift_at_capacity", "precision_at_capacity",
)  # fmt: skip
"""The metrics a gate may name, alone or followed by `_low` or `_high` (an end of the 90 % interval)."""

_SHARES = frozenset(
    {"roc_auc", "average_precision", "brier", "calibration_error", "precision_at_10", "precision_at_capacity",
     "beats_chance"}
)  # fmt: skip
"""Gates whose bar lies between 0 and 1."""

SCORE_COLUMNS = frozenset(
    (
        "probability", "probability_low", "probability_high", "grade", "rank", "in_domain", *PLAYERS, "base_value",
        "reason_1", "reason_2", "reason_3", "concern_1", "concern_2", "concern_3", "unusual", "not_measured",
        "model", "run_id",
    )
)  # fmt: skip
"""Columns we write beside the id, so neither the id nor a column passed through may have these names."""


def attribute_keys(file: StudyFile) -> Iterator[tuple[str, str, AttributeKey]]:
    """Yield the path, the player and the key of every attribute, in the order of the fits."""
    for fit in FIT_NAMES:
        for number, key in enumerate(getattr(file.fits, fit)):
            yield f"fits.{fit}[{number}]", fit, key
    for number, key in enumerate(file.context):
        yield f"{CONTEXT}[{number}]", CONTEXT, key


def rule_texts(file: StudyFile) -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every rule of a study."""
    if file.rule is not None:
        yield "rule", file.rule
    for number, text in enumerate(file.exclude):
        yield f"exclude[{number}]", text
    if file.readiness is not None:
        for part in ("ready", "willing", "able"):
            for number, line in enumerate(getattr(file.readiness, part)):
                yield f"readiness.{part}[{number}]", line.rule


def rules_of(file: StudyFile) -> list[Rule]:
    """Return every rule of a checked study."""
    return [parse_rule(text, path) for path, text in rule_texts(file)]


def cross_problems(file: StudyFile, skip: frozenset[str] = frozenset()) -> list[Problem]:
    """Return what is wrong between keys; `skip` names top-level keys already refused."""
    found: list[Problem] = []
    if "outcome" not in skip:
        found += _outcome(file)
    if not skip & {"outcome", "as_of"} and file.outcome.is_lifetime and file.as_of is None:
        found.append(Problem("as_of", "missing", "the date column a lifetime starts on", "Add as_of"))
    if "id" not in skip:
        found += _identity(file)
    if "fits" not in skip:
        found += _attributes(file, dated="as_of" in skip or file.as_of is not None)
        found += _one_place(file, skip)
    found += [problem for path, text in rule_texts(file) if (problem := rule_problem(path, text))]
    found += _gates(file)
    return found


def _outcome(file: StudyFile) -> Iterator[Problem]:
    outcome = file.outcome
    if (outcome.column is None) == (outcome.ended is None):
        came = "neither 'column' nor 'ended'" if outcome.column is None else "both 'column' and 'ended'"
        expected = "a finished label (column, success, failure) or a lifetime (ended, horizon_days, observed_until)"
        yield Problem("outcome", came, expected, "Keep one of the two forms")
        return
    if outcome.is_lifetime:
        needed: tuple[str, ...] = ("horizon_days", "observed_until")
        barred: tuple[str, ...] = ("success", "failure")
    else:
        needed, barred = ("success",), ()
    for key in needed:
        if not getattr(outcome, key):
            with_form = "a lifetime" if outcome.is_lifetime else "a finished label"
            yield Problem(f"outcome.{key}", "missing", f"a value: {with_form} needs it", f"Add outcome.{key}")
    for key in barred:
        if getattr(outcome, key):
            yield Problem(f"outcome.{key}", "given with a lifetime", "no values of a label", f"Remove outcome.{key}")
    both = {_as_text(value) for value in outcome.success} & {_as_text(value) for value in outcome.failure}
    if both:
        came = f"{_quoted(sorted(both))} under success and failure"
        yield Problem("outcome.failure", came, "each value under one of them", "Remove it from one list")


def _identity(file: StudyFile) -> Iterator[Problem]:
    if (file.id.column is None) == (not file.id.row_number):
        came = "neither a column nor row_number" if file.id.column is None else "a column and row_number"
        yield Problem("id", came, "a column name or {row_number: true}", "Keep one of the two")
    if file.group is not None and (file.group.column is None) == (not file.group.identical_rows):
        came = "neither a column nor identical_rows" if file.group.column is None else "a column and identical_rows"
        yield Problem("group", came, "a column name or {identical_rows: true}", "Keep one of the two")
    if file.id.column in SCORE_COLUMNS:
        yield Problem("id", f"'{file.id.column}'", "a name that is not a column of the score file", "Rename the column")
    for number, column in enumerate(file.pass_through):
        if column in SCORE_COLUMNS or column == file.id.column or column in file.pass_through[:number]:
            expected = "a column that the score file does not have yet"
            yield Problem(f"pass_through[{number}]", f"'{column}'", expected, "Remove or rename it")


def _attributes(file: StudyFile, dated: bool) -> Iterator[Problem]:
    if not any(getattr(file.fits, fit) for fit in FIT_NAMES):
        yield Problem("fits", "no attribute", "at least one attribute under one of the six fits", "Name a column")
        return
    stages = ("prospect", "discovery", "customer")
    known = stages[: stages.index(file.model.stage) + 1]
    if not any(key.available in known for _, fit, key in attribute_keys(file) if fit != CONTEXT):
        came = f"'{file.model.stage}', when no attribute of a fit is known"
        yield Problem("model.stage", came, "a stage with attributes", "Use a later stage, or change 'available'")
    for path, _, key in attribute_keys(file):
        if key.effect and key.kind not in (None, "numeric"):
            step = "Remove the effect, or the kind"
            yield Problem(f"{path}.effect", f"'{key.effect}' of a {key.kind} attribute", "a numeric attribute", step)
        if key.entered_on and not dated:
            came = "a date to compare, but the study has no as_of"
            yield Problem(f"{path}.entered_on", came, "as_of beside it", "Add as_of, or remove entered_on")


def _one_place(file: StudyFile, skip: frozenset[str]) -> Iterator[Problem]:
    """Tell of attributes that stand under two fits, or under a key that bars them from the model."""
    barred = {column: key for key, column in _barred(file) if key.split(".")[0].split("[")[0] not in skip}
    seen: dict[str, str] = {}
    for path, _, attribute in attribute_keys(file):
        column = attribute.column
        if column in seen:
            came = f"column '{column}' stands under {seen[column]} too"
            yield Problem(path, came, "every attribute under exactly one fit or context", "Remove one of the two")
        elif column in barred:
            came = f"column '{column}' stands under {barred[column]} too"
            yield Problem(path, came, "an attribute that is used for nothing that bars it", "Remove one of the two")
        seen.setdefault(column, path)
    listed = {column for key, column in _barred(file) if not key.startswith("ignore")}
    for number, column in enumerate(file.ignore):
        if column in listed or column in file.segments or column in file.pass_through:
            yield Problem(
                f"ignore[{number}]", f"column '{column}' is used elsewhere", "a column nothing uses", "Remove it"
            )


def _barred(file: StudyFile) -> Iterator[tuple[str, str]]:
    """Yield the columns that can never be attributes, with the key that says so."""
    single = {
        "id": file.id.column,
        "as_of": file.as_of.column if file.as_of else None,
        "group": file.group.column if file.group else None,
        "outcome.column": file.outcome.column,
        "outcome.ended": file.outcome.ended,
        "status": file.status.column if file.status else None,
        "leading_outcome": file.leading_outcome.column if file.leading_outcome else None,
    }
    yield from ((key, column) for key, column in single.items() if column is not None)
    for key in ("sensitive", "ignore"):
        yield from ((f"{key}[{number}]", column) for number, column in enumerate(getattr(file, key)))


def rule_problem(path: str, text: str) -> Problem | None:
    """Return what is wrong with a rule, or None."""
    try:
        parse_rule(text, path)
    except ConfigError as error:
        where, _, rest = str(error).partition(": ")
        came, _, expected = rest.partition("; expected ")
        expected, _, step = expected.partition(". ")
        return Problem(where, came, expected, step)
    return None


def _gates(file: StudyFile) -> Iterator[Problem]:
    names = {*METRIC_NAMES, "beats_base_rate", "beats_chance"}
    names |= {f"{name}_{end}" for name in METRIC_NAMES for end in ("low", "high")}
    for name, bar in file.gates.items():
        if name not in names:
            expected = f"beats_base_rate, beats_chance or one of {', '.join(METRIC_NAMES)}, also with _low or _high"
            yield Problem(f"gates.{name}", "unknown gate", expected)
        elif isinstance(bar, tuple) and bar[0] > bar[1]:
            yield Problem(f"gates.{name}", f"[{bar[0]:g}, {bar[1]:g}]", "the lower bound first", "Swap the two")
        elif name.removesuffix("_low").removesuffix("_high") in _SHARES and not _is_share(bar):
            yield Problem(
                f"gates.{name}", _bar_text(bar), "a bar from 0 to 1: beyond, nothing or everything would pass"
            )


def _is_share(bar: float | tuple[float, float]) -> bool:
    return all(0 <= end <= 1 for end in (bar if isinstance(bar, tuple) else (bar,)))


def _bar_text(bar: float | tuple[float, float]) -> str:
    return f"[{bar[0]:g}, {bar[1]:g}]" if isinstance(bar, tuple) else f"{bar:g}"


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value).strip()


def _quoted(values: list[str]) -> str:
    return ", ".join(f"'{value}'" for value in values)
