"""Hold the prospects against rules in one pass: who meets what, how likely each succeeds, and in which population."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from icp_ml.accounts.status import statuses
from icp_ml.accounts.tables import Table, table_of
from icp_ml.accounts.values import as_text
from icp_ml.names import PLAYERS
from icp_ml.prospects.admission import Admission, Admitted, open_prospects
from icp_ml.prospects.scorers import SuccessScorer, contributions_of
from icp_ml.prospects.summary import parity_notes, tally_document
from icp_ml.rules import parse_rule

if TYPE_CHECKING:
    import datetime as dt

    from icp_ml.model.success_model import SuccessModel
    from icp_ml.study import Study
    from icp_ml.study.schema import Status

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Market:
    """Prospects that are not customers yet, as far as a review asks of them.

    Attributes
    ----------
    ids : ndarray of object, shape (n,)
        Byte for byte.
    answers : dict of str to ndarray of int8, each of shape (n,)
        By text of a rule: 1 yes, 0 no, -1 unknown.
    probability : ndarray of float64, shape (n,), or None
        Chance of success within the horizon; None where the model is a hypothesis or its probability is withdrawn.
    contributions : ndarray of float32, shape (n, 7), or None
        Of the fits and context, in log-odds.
    in_domain : ndarray of bool, shape (n,)
        False: unlike every customer.
    status : ndarray of object, shape (n,), or None
        As in `CustomerBase.status`.
    counts : mapping
        Rows read, scored, rejected, excluded, already customers.
    notes : tuple of str
        What was odd about the table.
    sha256 : str
        Digest of the table's bytes.
    """

    ids: npt.NDArray[np.object_]
    answers: Mapping[str, npt.NDArray[np.int8]]
    in_domain: Flags
    probability: Floats | None = None
    contributions: npt.NDArray[np.float32] | None = None
    status: npt.NDArray[np.object_] | None = None
    counts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    sha256: str = ""

    def __len__(self) -> int:
        """Return the number of prospects."""
        return len(self.ids)

    def matches(self, text: str) -> Flags:
        """Return True for every prospect that a rule holds for; the rule must be one that was asked for."""
        return np.asarray(self.answers[text] == 1)


Source = str | Path | pd.DataFrame


class Asks(Protocol):
    """Whoever asks about prospects: a customer base, or a model and a study without customers."""

    @property
    def study(self) -> Study:
        """How tables are read, and the states of accounts."""

    @property
    def model(self) -> SuccessModel:
        """Scores, and knows the customers."""

    @property
    def today(self) -> dt.date:
        """The last day that is known."""


def read_market(source: Source, base: Asks, rules: Sequence[str], encoding: str | None = None) -> Market:
    """Read a table of prospects once and hold every one against every rule.

    Parameters
    ----------
    source : str, Path or DataFrame
        CSV, CSV.gz, Parquet or a folder of Parquet, read block by block; or a DataFrame.
    base : Asks
        Its model scores; its customers and what its model excludes are left out, as on a list.
    rules : sequence of str
        In the small language; a column that the table lacks is unknown for every prospect, and a note says so.
    encoding : str, optional
        Of a CSV, where it is not that of the study.

    Returns
    -------
    Market
        About 100 bytes and the id per prospect.

    Raises
    ------
    DataError
        What scoring would refuse.
    """
    asked = tuple(dict.fromkeys(rules))
    status = base.study.status
    wanted = () if status is None else (status.column,)
    reader = replace(base.model, criteria=asked, pass_through=wanted)
    encoding = encoding or base.study.read.encoding
    table = table_of(source) if isinstance(source, pd.DataFrame) else open_prospects(source, reader, None, encoding)
    return _Reader(table, base, Admission(table, reader, as_of=base.today), asked).read()


class _Reader:
    """Gather what a review asks of each block of prospects."""

    def __init__(self, table: Table, base: Asks, admission: Admission, rules: Sequence[str]) -> None:
        self.table, self.base, self.admission = table, base, admission
        self.rules = {text: parse_rule(text) for text in rules}
        self.scorer = None if base.model.classifier is None else SuccessScorer(base.model)
        has_status = base.study.status is not None and base.study.status.column in table.columns
        self.status: Status | None = base.study.status if has_status else None

    def read(self) -> Market:
        parts = [self._part(admitted) for admitted in self.admission.blocks()] or [self._part(None)]
        joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        answers = {text: joined[f"rule {text}"] for text in self.rules}
        in_domain = joined["in_domain"]
        return Market(
            ids=joined["ids"],
            answers=answers,
            in_domain=in_domain,
            probability=joined.get("probability"),
            contributions=joined.get("contributions"),
            status=joined.get("status"),
            counts=tally_document(self.admission.tally, int((~in_domain).sum())),
            notes=(*self.admission.notes, *parity_notes(self.base.model, self.admission.tally)),
            sha256=self.table.sha256,
        )

    def _part(self, admitted: Admitted | None) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of one block; those of no account without one."""
        n = 0 if admitted is None else len(admitted.ids)
        part: dict[str, npt.NDArray[Any]] = {"ids": np.empty(0, dtype=object) if admitted is None else admitted.ids}
        part["in_domain"] = np.ones(n, dtype=bool)
        for text, rule in self.rules.items():
            part[f"rule {text}"] = rule.evaluate(admitted.rules) if admitted and n else np.empty(0, dtype=np.int8)
        if self.scorer is not None:
            part |= self._scored(admitted if n else None)
        if self.status is not None:
            cells = as_text(admitted.batch.column(self.status.column)) if admitted else np.empty(0, dtype=object)
            part["status"] = statuses(self.status, cells).state
        return part

    def _scored(self, admitted: Admitted | None) -> dict[str, npt.NDArray[Any]]:
        if admitted is None or self.scorer is None:
            chances = {} if self.base.model.probability_withdrawn else {"probability": np.empty(0)}
            return {"contributions": np.empty((0, len(PLAYERS)), dtype=np.float32), **chances}
        scores = self.scorer.score(admitted)
        contributions = contributions_of(pa.table(scores.columns)).astype(np.float32)
        chances = {} if self.base.model.probability_withdrawn else {"probability": np.asarray(expit(scores.order_by))}
        return {"contributions": contributions, "in_domain": scores.in_domain, **chances}
