"""Order accounts by a written hypothesis, untested and without probability: criteria met minus contradicted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from icp_ml.prospects.admission import Admitted
from icp_ml.prospects.columns import CRITERIA
from icp_ml.prospects.reasons import N_REASONS, SEPARATOR, Texts
from icp_ml.prospects.scorers import Floats, Scores
from icp_ml.rules import parse_rule

UNTESTED = "untested"
"""Said in every output of this mode: too few outcomes exist to test the hypothesis."""

_YES, _NO, _UNKNOWN = 1, 0, -1


class HypothesisScorer:
    """Count, per account, which criteria of a profile are met, contradicted or unknown.

    Parameters
    ----------
    criteria : sequence of str
        Rules in the criteria language.
    """

    has_details = False

    def __init__(self, criteria: Sequence[str]) -> None:
        self._rules = tuple(parse_rule(text, "criteria") for text in criteria)

    def score(self, admitted: Admitted) -> Scores:
        """Judge every criterion; the order is met minus contradicted."""
        answers = {f"criterion_{at}": rule.evaluate(admitted.rules) for at, rule in enumerate(self._rules)}
        order_by = np.zeros(len(admitted.frame))
        for answer in answers.values():
            order_by += (answer == _YES).astype(float) - (answer == _NO)
        columns = {name: pa.array(answer.astype(np.int8)) for name, answer in answers.items()}
        return Scores(order_by, np.ones(order_by.size, dtype=bool), columns)

    def columns(self, part: pa.Table, order_by: Floats) -> dict[str, pa.Array]:
        """Return how many criteria are met, contradicted and unknown."""
        answers = self._answers(part)
        counts = (np.sum(answers == wanted, axis=1) for wanted in (_YES, _NO, _UNKNOWN))
        unknown = _joined(answers == _UNKNOWN, self._texts())
        empty = pa.array(np.full(part.num_rows, "", dtype=object), pa.string())
        return {
            **{name: pa.array(count.astype(np.int64)) for name, count in zip(CRITERIA, counts, strict=True)},
            "unusual": empty,
            "not_measured": pa.array(unknown, pa.string()),
        }

    def reasons(self, part: pa.Table) -> Texts:
        """Return the first criteria met, then the first ones contradicted, in the profile's order."""
        answers = self._answers(part)
        sides = ((_YES, "met"), (_NO, "not met"))
        return np.column_stack([_first(answers == wanted, self._texts(), word) for wanted, word in sides])

    def detailed_reasons(self, frame: pd.DataFrame) -> Texts:
        """Never called: every account has the same kind of reasons."""
        raise NotImplementedError

    def questions(self, part: pa.Table) -> Texts:
        """Return the first unknown criterion of each account as something to find out."""
        first = _first(self._answers(part) == _UNKNOWN, self._texts(), None)[:, 0]
        return np.array(["" if text is None else f"Find out whether {text}" for text in first], dtype=object)

    def _texts(self) -> list[str]:
        return [rule.text for rule in self._rules]

    def _answers(self, part: pa.Table) -> npt.NDArray[np.int64]:
        found = [part.column(f"criterion_{at}").to_numpy() for at in range(len(self._rules))]
        return np.array(found, dtype=np.int64).reshape(len(found), part.num_rows).T


def _first(hits: npt.NDArray[np.bool_], texts: Sequence[str], word: str | None) -> Texts:
    """Return the texts of the first three hits of each row, None where there are fewer."""
    chosen = np.full((len(hits), N_REASONS), None, dtype=object)
    filled = np.zeros(len(hits), dtype=np.int64)
    for at, text in enumerate(texts):
        rows = np.flatnonzero(hits[:, at] & (filled < N_REASONS))
        chosen[rows, filled[rows]] = text if word is None else f"{text} ({word})"
        filled[rows] += 1
    return chosen


def _joined(hits: npt.NDArray[np.bool_], texts: Sequence[str]) -> Texts:
    patterns, inverse = np.unique(hits, axis=0, return_inverse=True)
    made = [SEPARATOR.join(text for text, hit in zip(texts, pattern, strict=True) if hit) for pattern in patterns]
    return np.array([*made, ""], dtype=object)[inverse.reshape(-1)]
