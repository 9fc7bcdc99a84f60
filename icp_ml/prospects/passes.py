"""The two passes of scoring: read, score and spool; then, with every rank known, finish the rows in input order."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from icp_ml.accounts.values import as_text
from icp_ml.names import FIT_NAMES
from icp_ml.prospects.admission import BLOCK_ROWS, Admission
from icp_ml.prospects.columns import REASONS, score_schema
from icp_ml.prospects.grades import GRADES, Codes, PreviousGrades, default_capacity, grade_accounts, rank_accounts
from icp_ml.prospects.hypothesis import UNTESTED, HypothesisScorer
from icp_ml.prospects.output import Refusal
from icp_ml.prospects.people import chance_text, extreme_fits, people_list, qualified, questions
from icp_ml.prospects.reasons import Texts
from icp_ml.prospects.scorers import Scorer, SuccessScorer, contributions_of, unknown_of
from icp_ml.prospects.spool import FrameKeeper, Shortlist, Spool

if TYPE_CHECKING:
    from icp_ml.model.success_model import SuccessModel

logger = logging.getLogger(__name__)

_PASSED = "passed:"
_PROGRESS_ROWS = 8 * BLOCK_ROWS


@dataclass(frozen=True)
class Standing:
    """Rank, grade and domain of every scored account, in input order (17 bytes and an order per account)."""

    order_by: npt.NDArray[np.float64]
    in_domain: npt.NDArray[np.bool_]
    ranks: npt.NDArray[np.int64]
    grades: Codes
    capacity: int

    @property
    def out_of_domain(self) -> int:
        """Number of accounts unlike every customer."""
        return int(self.in_domain.size - self.in_domain.sum())

    def grade_counts(self) -> dict[str, int]:
        """Count the accounts of each grade."""
        counts = Counter(self.grades.tolist())
        return {grade: counts.get(code, 0) for code, grade in enumerate(GRADES)}


@dataclass
class Run:
    """One scoring of one table with one model.

    Parameters
    ----------
    model : SuccessModel
        Of either kind.
    admission : Admission
        The rows to score.
    n_reasons : int
        Ranks with reasons by attribute.
    n_list : int
        Ranks of the salesperson's list, 0 without a list.
    run_id : str
        Written into every row.
    previous : PreviousGrades, optional
        Grades of an earlier file.
    """

    model: SuccessModel
    admission: Admission
    n_reasons: int
    n_list: int
    run_id: str
    previous: PreviousGrades | None = None
    _keeper: FrameKeeper = field(default_factory=FrameKeeper)

    def __post_init__(self) -> None:
        is_hypothesis = self.model.kind == "hypothesis"
        self._hypothesis = HypothesisScorer(self.model.criteria) if is_hypothesis else None
        self._scorer: Scorer = self._hypothesis or SuccessScorer(self.model)

    @property
    def model_text(self) -> str:
        """What the column ``model`` says: label, and whether it may be trusted."""
        if self.model.kind == "hypothesis":
            return f"{self.model.label} {UNTESTED}"
        return self.model.label if self.model.ready else f"{self.model.label} not ready"

    def first_pass(self, spool: Spool, batch_rows: int, refuse: Callable[[Sequence[Refusal]], None]) -> Standing:
        """Score every block, put it aside, and rank all accounts."""
        shortlist = Shortlist(max(self.n_reasons, self.n_list) if self._scorer.has_details else 0)
        order_by, in_domain, former = [np.empty(0)], [np.empty(0, dtype=bool)], [np.empty(0, dtype=np.int8)]
        for admitted in self.admission.blocks(batch_rows):
            refuse(admitted.refused)
            scores = self._scorer.score(admitted)
            places = shortlist.offer(scores.order_by, scores.in_domain)
            details = self._keeper.pack(admitted.frame, places) if places.size else None
            spool.add(self._part(admitted.ids, admitted.batch, scores.columns), details)
            order_by.append(scores.order_by)
            in_domain.append(scores.in_domain)
            former += [self.previous.lookup(admitted.ids)] if self.previous else []
            self._tell()
        return self._standing(np.concatenate(order_by), np.concatenate(in_domain), np.concatenate(former))

    def _tell(self) -> None:
        tally = self.admission.tally
        if tally.rows_in % _PROGRESS_ROWS == 0:
            logger.info("%d rows read, %d accounts scored", tally.rows_in, tally.admitted)

    def _part(self, ids: npt.NDArray[np.object_], batch: pa.RecordBatch, scores: dict[str, pa.Array]) -> pa.Table:
        types = self.admission.pass_through_types()
        passed = {f"{_PASSED}{name}": _as(batch.column(name), types[name]) for name in self.admission.pass_through}
        return pa.table({"id": pa.array(ids, pa.string()), **scores, **passed})

    def _standing(self, order_by: npt.NDArray[np.float64], in_domain: npt.NDArray[np.bool_], former: Codes) -> Standing:
        ranks = rank_accounts(order_by, in_domain)
        capacity = self.model.capacity or default_capacity(order_by.size)
        grades = grade_accounts(ranks, in_domain, capacity, former if self.previous else None)
        return Standing(order_by, in_domain, ranks, grades, capacity)

    def schema(self, metadata: dict[str, str]) -> pa.Schema:
        """Return the schema of the score file."""
        types = self.admission.pass_through_types()
        passed = {self.output_name(name): kept for name, kept in types.items()}
        return score_schema(self.admission.id_column, self.model.kind, passed, metadata)

    def output_name(self, column: str) -> str:
        """Return the name of a pass-through column in our files: prefixed when we have one of that name."""
        ours = score_schema(self.admission.id_column, self.model.kind, {}, {}).names
        return f"input_{column}" if column in ours else column

    def second_pass(self, spool: Spool, standing: Standing, schema: pa.Schema) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Yield the finished rows of every part, and those of them that belong on the list for people."""
        start = 0
        for part, details in spool:
            end = start + part.num_rows
            yield self._finish(part, details, standing, slice(start, end), schema)
            start = end

    def _finish(
        self, part: pa.Table, details: pa.Table | None, standing: Standing, rows: slice, schema: pa.Schema
    ) -> tuple[pa.Table, pa.Table]:
        ranks = standing.ranks[rows]
        reasons = self._scorer.reasons(part)
        asked = self._hypothesis.questions(part) if self._hypothesis else np.full(part.num_rows, "", dtype=object)
        if details is not None:
            frame, places = self._keeper.unpack(details, ranks <= max(self.n_reasons, self.n_list))
            asked[places] = questions(frame, self.model.question_value, self.model.labels)
            shown = ranks[places] <= self.n_reasons
            reasons[places[shown]] = self._scorer.detailed_reasons(frame[shown])
        finished = self._table(part, standing, rows, reasons, schema)
        on_list = ranks <= self.n_list
        listed = self._listed(part, finished, asked, on_list) if on_list.any() else finished.slice(0, 0)
        return finished, listed

    def _table(self, part: pa.Table, standing: Standing, rows: slice, reasons: Texts, schema: pa.Schema) -> pa.Table:
        n = part.num_rows
        columns = {
            self.admission.id_column: part.column("id"),
            "grade": pa.array(np.array(GRADES, dtype=object)[standing.grades[rows]], pa.string()),
            "rank": pa.array(standing.ranks[rows]),
            "in_domain": pa.array(standing.in_domain[rows]),
            **self._scorer.columns(part, standing.order_by[rows]),
            **{name: pa.array(reasons[:, at], pa.string()) for at, name in enumerate(REASONS)},
            "model": pa.repeat(self.model_text, n),
            "run_id": pa.repeat(self.run_id, n),
        }
        for name in self.model.pass_through:
            is_there = f"{_PASSED}{name}" in part.column_names
            columns[self.output_name(name)] = part.column(f"{_PASSED}{name}") if is_there else pa.nulls(n, pa.string())
        for name in ("unusual", "not_measured"):
            columns[name] = _without_blanks(columns[name])
        return pa.table({name: columns[name] for name in schema.names}).cast(schema)

    def _listed(self, part: pa.Table, finished: pa.Table, asked: Texts, on_list: npt.NDArray[np.bool_]) -> pa.Table:
        chosen = pa.array(on_list)
        strongest, weakest = self._extremes(part.filter(chosen))
        rows = finished.filter(chosen)
        for name, texts in (("ask", asked[on_list]), ("strongest_fit", strongest), ("weakest_fit", weakest)):
            rows = rows.append_column(name, _without_blanks(pa.array(texts, pa.string())))
        return people_list(rows, self.admission.id_column, self._chances(rows))

    def _extremes(self, part: pa.Table) -> tuple[Texts, Texts]:
        if self._hypothesis:
            empty = np.full(part.num_rows, "", dtype=object)
            return empty, empty
        fits = {known.fit for known in self.model.contract.attributes}
        is_known = ~unknown_of(part) & np.array([fit in fits for fit in FIT_NAMES])
        return extreme_fits(contributions_of(part)[:, : len(FIT_NAMES)], is_known)

    def _chances(self, rows: pa.Table) -> list[str]:
        if self._hypothesis:
            return ["untested hypothesis, no probability"] * rows.num_rows
        pairs = zip(rows.column("probability").to_pylist(), rows.column("in_domain").to_pylist(), strict=True)
        horizon, is_ready = self.model.horizon_days, self.model.ready
        return [qualified(chance_text(p, horizon), is_ready=is_ready, in_domain=inside) for p, inside in pairs]


def _without_blanks(texts: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    return pc.if_else(pc.equal(texts, ""), None, texts)


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.array(as_text(column), kind) if pa.types.is_string(kind) else column
