"""Say how much is known of an account, fit by fit, and which question would move its chance most."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.words import Words, chance
from icp_ml.names import FIT_NAMES

N_QUESTIONS = 2
N_ALIKE = 100
MIN_ALIKE = 20
"""With fewer customers of whom the answer is known, nothing is said of it."""
SMALLEST_MOVE = 0.01
"""A question whose middle 80 % of answers spans less than this much probability is not worth asking."""
_MIDDLE = (0.1, 0.9)
_NORMAL_80 = 1.2815515655446004


@dataclass(frozen=True)
class FitEvidence:
    """How much is known of one fit.

    Attributes
    ----------
    fit : str
    known_share : float or None
        Share, 0 to 1, of what this fit's attributes usually move that is known for the account; None: the fit has no
        attributes, or none that moves anything.
    n_known, n_attributes : int
        Attributes known, and all of the fit.
    """

    fit: str
    known_share: float | None
    n_known: int
    n_attributes: int

    @property
    def note(self) -> str:
        """Say it in words."""
        if not self.n_attributes:
            return "not measured: the study has no attribute for it"
        counts = f"{self.n_known} of {self.n_attributes} attributes known"
        if self.known_share is None:
            return f"{counts}; none of them moves the score"
        if self.n_known == self.n_attributes:
            return counts
        return f"{counts}, {100 * self.known_share:.0f} % of what usually moves this fit"


@dataclass(frozen=True)
class Question:
    """Something unknown of the account, and where its chance would go if it were known.

    Attributes
    ----------
    column : str
    low, high : float
        Chance of success in the middle 80 % of answers.
    spread : float
        Standard deviation of the chance over the answers: what the question is worth.
    n_alike : int
        Customers whose answers were tried; 0 where the model does not hold the attribute.
    """

    column: str
    low: float
    high: float
    spread: float
    n_alike: int

    def sentence(self, words: Words, *, is_withdrawn: bool) -> str:
        """Word the question; without a chance where the probability is withdrawn."""
        label = words.labels.get(self.column, self.column.replace("_", " "))
        opening = f"Ask about {label}" if self.n_alike else f"Find out in discovery: {label} (not in this score)"
        if is_withdrawn:
            return f"{opening}. Few answers are associated with as large a change of the score."
        between = f"The chance would move between {chance(self.low)} and {chance(self.high)} (middle 80 %"
        basis = f"answers of {self.n_alike} customers like it" if self.n_alike else "as it varies among customers"
        return f"{opening}. {between}; {basis})."


@dataclass(frozen=True)
class Evidence:
    """What is known of an account, and the questions worth asking, the best first."""

    rows: tuple[FitEvidence, ...]
    questions: tuple[Question, ...]

    def as_document(self, words: Words, *, is_withdrawn: bool = False) -> dict[str, Any]:
        """Return shares and questions in words."""
        rows = [{"fit": row.fit, "known_share": row.known_share, "note": row.note} for row in self.rows]
        questions = [
            {
                "column": question.column,
                "label": words.label(question.column),
                "sentence": question.sentence(words, is_withdrawn=is_withdrawn),
            }
            for question in self.questions
        ]
        return {"rows": rows, "questions": questions}


def fit_evidence(
    row: pd.DataFrame, fit_of: Mapping[str, str], question_value: Mapping[str, float]
) -> tuple[FitEvidence, ...]:
    """Return how much is known of each of the six fits for the account in ``row``.

    An attribute counts by how much its contributions vary among the customers (``question_value``, log-odds).
    """
    return tuple(_of_fit(fit, row, fit_of, question_value) for fit in FIT_NAMES)


def _of_fit(fit: str, row: pd.DataFrame, fit_of: Mapping[str, str], question_value: Mapping[str, float]) -> FitEvidence:
    columns = [column for column, of in fit_of.items() if of == fit]
    known = [column for column in columns if row[column].notna().iloc[0]]
    total = sum(question_value.get(column, 0.0) for column in columns)
    part = sum(question_value.get(column, 0.0) for column in known)
    return FitEvidence(fit, part / total if total > 0 else None, len(known), len(columns))


def questions_worth_asking(case: Case, question_value: Mapping[str, float]) -> tuple[Question, ...]:
    """Return the two unknown attributes whose answers would move the account's chance most.

    Parameters
    ----------
    case
        The account.
    question_value
        How much the contributions of each attribute vary in training, log-odds. Attributes the model does not hold are
        found out only in discovery.

    Notes
    -----
    For an attribute of the model the answers of the 100 reference customers most like the account in what *is* known
    of it are put in its place, and the chance is computed for each. The value of the question is the standard
    deviation of these chances, not their distance from today's: an unknown cell has a contribution of its own, which
    any answer would take away. Customers with the answer may differ from those without in ways that are not in the
    table. For an attribute that is only known after discovery the log-odds vary around today's as they do in a
    regression with it.
    """
    inside = [_asked(case, int(place)) for place in np.flatnonzero(~case.is_known)]
    later = [_discovered(case, name, size) for name, size in question_value.items() if name not in case.columns]
    found = [one for one in (*inside, *later) if one is not None and one.high - one.low >= SMALLEST_MOVE]
    return tuple(sorted(found, key=lambda one: (-one.spread, one.column))[:N_QUESTIONS])


def _asked(case: Case, place: int) -> Question | None:
    column = case.columns[place]
    answered = np.flatnonzero(case.reference.frame[column].notna().to_numpy() & case.is_other)
    if len(answered) < MIN_ALIKE:
        return None
    distances = np.round(case.distances(case.is_known)[answered], 9)
    order = np.lexsort((case.reference.ids[answered].astype(str), distances))
    alike = answered[order[:N_ALIKE]]
    chances = case.chances(case.replaced({column: case.reference.frame[column].iloc[alike]}))
    low, high = (float(edge) for edge in np.quantile(chances, _MIDDLE))
    return Question(column, low, high, float(chances.std()), len(alike))


def _discovered(case: Case, column: str, size: float) -> Question:
    low, high = (float(expit(case.margin + side * _NORMAL_80 * size)) for side in (-1, 1))
    return Question(column, low, high, size * case.probability * (1 - case.probability), 0)
