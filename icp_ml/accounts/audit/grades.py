"""Grade every attribute by when its value was true: on the as_of day, when a person rated it, or only today."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from icp_ml.accounts.audit.finding import Finding

if TYPE_CHECKING:
    from icp_ml.study import Attribute, Study

Grade = Literal["as_of", "rated", "proxy", "today", "unknown time"]
TableGrade = Literal["A", "B", "C", "D"]
FEW_SHARE, HALF = 0.25, 0.5

_NOTES: dict[Grade, str] = {
    "as_of": "the value of the as_of day, as the study says",
    "rated": "a rating with its date; ratings after as_of count as missing",
    "proxy": "the value of the as_of day; it stands in for what the fit asks",
    "today": "today's value: it may have changed since as_of, also because of the outcome",
    "unknown time": "the study has no as_of, so nobody can tell when it was true",
}
_WORDS: dict[Grade, str] = {
    "as_of": "of the as_of day",
    "rated": "a dated rating",
    "proxy": "a proxy",
    "today": "today's value",
    "unknown time": "of unknown time",
}


@dataclass(frozen=True)
class TimeGrade:
    """When the value of one attribute was true.

    Attributes
    ----------
    column : str
    grade : {"as_of", "rated", "proxy", "today", "unknown time"}
        ``as_of``: point in time. ``rated``: written by a person on a known day. ``proxy``: point in time, but it stands
        in for the fit. ``today``: not point in time. ``unknown time``: the study has no as_of.
    note : str
        The same in words.
    """

    column: str
    grade: Grade
    note: str


@dataclass(frozen=True)
class TimeGrades:
    """How much of a table was known when it mattered.

    Attributes
    ----------
    rows : tuple of TimeGrade
        One per attribute of the model's stage, in the order of the study.
    grade : {"A", "B", "C", "D"}
        A: no attribute is today's value. B: at most a quarter. C: at most half. D: more, or no as_of in the study.
    sentence : str
    """

    rows: tuple[TimeGrade, ...]
    grade: TableGrade
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the grades as a JSON object."""
        return {"grade": self.grade, "sentence": self.sentence, "rows": [asdict(row) for row in self.rows]}


def grade_attributes(study: Study) -> TimeGrades:
    """Return the grade of every attribute known at the stage of the study's model, and of the table.

    Parameters
    ----------
    study : Study
        Says which attributes are point in time, proxies, or dated ratings; the data cannot tell.

    Returns
    -------
    TimeGrades
        Nothing is blocked: a table of today's values can still be learned from, and its reports say what it is.
    """
    rows = tuple(_graded(attribute, has_as_of=study.as_of is not None) for attribute in study.attributes_at())
    counts = Counter(row.grade for row in rows)
    grade = _table_grade(counts, len(rows))
    parts = [f"{counts[name]} {_WORDS[name]}" for name in _WORDS if counts[name]]
    sentence = f"Point in time, grade {grade} (A to D): of {len(rows)} attributes {', '.join(parts) or 'none'}."
    return TimeGrades(rows, grade, sentence)


def grade_findings(study: Study) -> Iterator[Finding]:
    """Find attributes that are not point in time: a note for each, never a blocker."""
    for row in grade_attributes(study).rows:
        if row.grade == "today":
            step = "Ask for its value on the as_of day; until then read what it says with care"
            yield Finding("note", "not_point_in_time", row.column, 1, f"it is {row.note}", step)
    n_attributes = len(study.attributes_at())
    if study.as_of is None and n_attributes:
        evidence = f"the study has no as_of: of none of its {n_attributes} attributes is it known when it was true"
        step = "Name the day each account was known as under `as_of`, if there is one"
        yield Finding("note", "not_point_in_time", None, n_attributes, evidence, step)


def _graded(attribute: Attribute, *, has_as_of: bool) -> TimeGrade:
    grade: Grade = "proxy" if attribute.proxy else "as_of"
    if not attribute.point_in_time:
        grade = "today"
    elif not has_as_of:
        grade = "unknown time"
    elif attribute.entered_on is not None:
        grade = "rated"
    return TimeGrade(attribute.column, grade, _NOTES[grade])


def _table_grade(counts: Counter[Grade], n: int) -> TableGrade:
    if counts["unknown time"] or counts["today"] > HALF * n:
        return "D"
    if counts["today"] > FEW_SHARE * n:
        return "C"
    return "B" if counts["today"] else "A"
