"""The passes of finding lookalikes: read and put aside, settle the ranks, then tell what each listed one resembles."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.special import expit

from icp_ml.accounts.personal import shown
from icp_ml.accounts.values import as_number, as_text
from icp_ml.errors import OFFENDERS_SHOWN, DataError, message
from icp_ml.prospects.admission import BLOCK_ROWS, Admission, Admitted
from icp_ml.prospects.lookalikes.columns import P_CLOSE
from icp_ml.prospects.lookalikes.similarity import MARGIN, Similarity
from icp_ml.prospects.output import Refusal
from icp_ml.prospects.spool import FrameKeeper, Spool

logger = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Singles = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

PASSED = "passed:"
_PROGRESS_ROWS = 8 * BLOCK_ROWS
_PRUNED_AT = 2
"""Candidates are pruned when there are so many times more than wanted."""


@dataclass(frozen=True)
class Pool:
    """Every admitted prospect in input order: what the dial and the choice of candidates need (13 bytes each).

    Attributes
    ----------
    similarity : ndarray of float32, shape (n,)
        In single precision.
    probability : ndarray of float32, shape (n,)
        Chance of success.
    p_close : ndarray of float32, shape (n,) or None
        Chance of closing; NaN where it is not known, None where it was not asked for.
    in_domain : ndarray of bool, shape (n,)
        False where the prospect is unlike every customer.
    """

    similarity: Singles
    probability: Singles
    p_close: Singles | None
    in_domain: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.similarity)


@dataclass(frozen=True)
class Candidates:
    """The prospects of the first ranks, most similar first; of equal ones the first in the input.

    Attributes
    ----------
    places : ndarray of int64, shape (n,)
        Places among the admitted prospects.
    similarity : ndarray of float64, shape (n,)
        In double precision, rounded to 12 decimals.
    coordinates : ndarray of float64, shape (n, n_attributes)
        In the likeness space; no columns unless they were asked for.
    """

    places: Indices
    similarity: Floats
    coordinates: Floats

    def __len__(self) -> int:
        return len(self.places)

    def rows(self, chosen: npt.NDArray[np.intp] | Indices) -> Candidates:
        """Return some of the candidates."""
        return Candidates(self.places[chosen], self.similarity[chosen], self.coordinates[chosen])

    def first(self, limit: int) -> Candidates:
        """Return the first ranks."""
        return self.rows(np.lexsort((self.places, -self.similarity))[:limit])


@dataclass(frozen=True)
class Part:
    """Listed prospects of one part of the input: their attributes and what was put aside.

    Attributes
    ----------
    frame : DataFrame, shape (n, n_attributes)
        Attribute values.
    kept : pyarrow.Table
        Ids, margins and pass-through columns.
    places : ndarray of int64, shape (n,)
        Places among the admitted prospects.
    """

    frame: pd.DataFrame
    kept: pa.Table
    places: Indices


class Passes:
    """Read a table of prospects once, and come back to the rows that matter.

    Parameters
    ----------
    admission : Admission
        The rows to look at.
    similarity : Similarity
        How similar they are.
    spool : Spool
        Where rows are put aside.
    limit : int or None
        First ranks that are wanted; None when that depends on the number of prospects, so that all are put aside.
    base_value : float
        Log-odds to which contributions add up.
    p_close : str or None
        Column with the chance of closing.
    """

    def __init__(
        self,
        admission: Admission,
        similarity: Similarity,
        spool: Spool,
        *,
        limit: int | None,
        base_value: float,
        p_close: tuple[str, bool] | None = None,
    ) -> None:
        self._admission, self._similarity, self._spool = admission, similarity, spool
        self._sieve, self._keeper = Sieve(limit), FrameKeeper()
        self._base_value, self._p_close = base_value, p_close
        self._offenders: list[str] = []

    def read(
        self,
        batch_rows: int,
        refuse: Callable[[Sequence[Refusal]], None],
        look: Callable[[Admitted, Floats], None] | None = None,
    ) -> Pool:
        """Read every block and return what is known of all prospects.

        Parameters
        ----------
        batch_rows : int
            Rows read at a time.
        refuse : callable
            Gets the rows that cannot be used.
        look : callable, optional
            Gets every block and its coordinates.

        Raises
        ------
        DataError
            The column with the chance of closing holds something else.
        """
        columns: list[tuple[Singles, Singles, Singles, npt.NDArray[np.bool_]]] = []
        for admitted in self._admission.blocks(batch_rows):
            refuse(admitted.refused)
            columns.append(self._put_aside(admitted, look))
            self._tell()
        if self._offenders:
            raise self._no_chances()
        nothing = np.empty(0, dtype=np.float32)
        parts = zip(*[(nothing, nothing, nothing, np.empty(0, dtype=bool)), *columns], strict=True)
        similarity, probability, p_close, in_domain = (np.concatenate(part) for part in parts)
        return Pool(similarity, probability, p_close if self._p_close else None, in_domain)

    def _put_aside(
        self, admitted: Admitted, look: Callable[[Admitted, Floats], None] | None
    ) -> tuple[Singles, Singles, Singles, npt.NDArray[np.bool_]]:
        located = self._similarity.locate(admitted.frame)
        similarity = self._similarity.coarse(located.coordinates, located.applicability)
        margin = self._base_value + located.contributions.sum(axis=1)
        p_close = self._chances_to_close(admitted)
        places = self._sieve.offer(similarity)
        details = self._keeper.pack(admitted.frame, places) if places.size else None
        numbers = {"margin": margin, "applicability": located.applicability, P_CLOSE: p_close}
        held = {name: pa.array(values, from_pandas=True) for name, values in numbers.items()}
        kept = {"id": pa.array(admitted.ids, pa.string()), "in_domain": pa.array(located.in_domain), **held}
        self._spool.add(pa.table(kept | self._passed(admitted.batch)), details)
        if look is not None:
            look(admitted, located.coordinates)
        singles = (values.astype(np.float32) for values in (similarity, expit(margin), p_close))
        return *singles, located.in_domain  # type: ignore[return-value]

    def _passed(self, batch: pa.RecordBatch) -> dict[str, pa.Array]:
        types = self._admission.pass_through_types()
        return {f"{PASSED}{name}": _as(batch.column(name), types[name]) for name in self._admission.pass_through}

    def _chances_to_close(self, admitted: Admitted) -> Floats:
        if self._p_close is None:
            return np.full(len(admitted.frame), np.nan)
        name, is_text = self._p_close
        values, is_bad = as_number(admitted.batch.column(name), is_text)
        is_bad = is_bad | (values < 0) | (values > 1)
        self._offenders += [str(one) for one in admitted.ids[is_bad]]
        return values

    def _no_chances(self) -> DataError:
        name = self._p_close[0] if self._p_close else ""
        told = ", ".join(shown(self._admission.id_column, one) for one in self._offenders[:OFFENDERS_SHOWN])
        more = ", ..." if len(self._offenders) > OFFENDERS_SHOWN else ""
        came = f"column '{name}' is no chance of closing in {len(self._offenders):,} rows ({told}{more})"
        return DataError(message("--p-close", came, "numbers from 0 to 1, or nothing", "Correct or empty these cells"))

    def _tell(self) -> None:
        tally = self._admission.tally
        if tally.rows_in % _PROGRESS_ROWS == 0:
            logger.info("%d rows read, %d prospects placed", tally.rows_in, tally.admitted)

    def settle(self, pool: Pool, limit: int, *, wants_coordinates: bool = False) -> Candidates:
        """Return the first `limit` ranks, settled in double precision among all that may be of them."""
        wanted = self._sieve.last(pool.similarity, limit)
        n_kept = len(self._similarity.likeness.columns) if wants_coordinates else 0
        found = Candidates(np.empty(0, dtype=np.int64), np.empty(0), np.empty((0, n_kept)))
        for part in self._parts(wanted):
            applicability = part.kept.column("applicability").to_numpy()
            coordinates = self._similarity.likeness.place(self._similarity.contributions(part.frame))
            similarity = self._similarity.exact(coordinates, applicability)
            kept = coordinates[:, :n_kept]
            found = _joined(found, Candidates(part.places, similarity, kept))
            found = found.first(limit) if len(found) > _PRUNED_AT * limit else found
        return found.first(limit)

    def listed(self, places: Indices, n_prospects: int) -> Iterator[Part]:
        """Yield the rows of the given places, part by part, in input order."""
        wanted = np.zeros(n_prospects, dtype=bool)
        wanted[places] = True
        return self._parts(wanted)

    def ids(self, places: Indices) -> npt.NDArray[np.object_]:
        """Return the ids of the prospects at some places, which may repeat."""
        found = np.full(places.shape, None, dtype=object)
        start = 0
        for kept, _ in self._spool:
            here = (places >= start) & (places < start + kept.num_rows)
            found[here] = kept.column("id").take(pa.array(places[here] - start)).to_pylist()
            start += kept.num_rows
        return found

    def _parts(self, wanted: npt.NDArray[np.bool_]) -> Iterator[Part]:
        start = 0
        for kept, details in self._spool:
            here = wanted[start : start + kept.num_rows]
            if details is not None and here.any():
                frame, places = self._keeper.unpack(details, here)
                yield Part(frame, kept.take(pa.array(places)), start + places)
            start += kept.num_rows


class Sieve:
    """Tell, while rows stream by, which may still be of the first ranks once their similarity is exact.

    Parameters
    ----------
    limit : int or None
        Ranks wanted; None: it is not known yet, and every row may be of them.

    Notes
    -----
    Similarities come in single precision, wrong by `MARGIN` at most. A row of the first ranks is no less similar than
    the last of those that seem so, so it cannot seem more than twice the margin below it.
    """

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._best: Singles = np.empty(0, dtype=np.float32)

    def offer(self, similarity: npt.NDArray[np.floating]) -> Indices:
        """Return the places in this block of the rows that may be of the first ranks."""
        singles = similarity.astype(np.float32)
        if self._limit is None:
            return np.arange(len(singles))
        best = np.concatenate([self._best, singles])
        surplus = best.size - self._limit
        self._best = np.partition(best, surplus)[surplus:] if surplus > 0 else best
        threshold = self._best.min() - 2 * MARGIN if surplus >= 0 and self._best.size else -np.inf
        return np.flatnonzero(singles >= threshold)

    def last(self, similarity: Singles, limit: int) -> npt.NDArray[np.bool_]:
        """Return which of all rows may be of the first `limit` ranks."""
        if limit >= len(similarity):
            return np.ones(len(similarity), dtype=bool)
        threshold = np.partition(similarity, -limit)[-limit] - 2 * MARGIN if limit else np.inf
        return np.asarray(similarity >= threshold)


def _joined(some: Candidates, more: Candidates) -> Candidates:
    return Candidates(
        np.concatenate([some.places, more.places]),
        np.concatenate([some.similarity, more.similarity]),
        np.concatenate([some.coordinates, more.coordinates]),
    )


def _as(column: pa.Array, kind: pa.DataType) -> pa.Array:
    return pa.array(as_text(column), kind) if pa.types.is_string(kind) else column
