"""Finish the rows of the lookalike file, and the evidence of the first ranks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy.special import expit

from icp_ml.names import FIT_NAMES
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.lookalikes.columns import LIKE, MATCHES, P_CLOSE, UNLIKE
from icp_ml.prospects.lookalikes.evidence import SHOWN, Customers, Evidence
from icp_ml.prospects.lookalikes.nearest import NearestCustomers, segments_of
from icp_ml.prospects.lookalikes.passes import PASSED, Candidates, Part
from icp_ml.prospects.lookalikes.similarity import DECIMALS, Similarity

if TYPE_CHECKING:
    from icp_ml.prospects.lookalikes.seeds import Seeds

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Layout:
    """What the rows look like.

    Attributes
    ----------
    id_column : str
        Of the study.
    schema : pyarrow.Schema
        Of the file.
    passed : dict of str to str
        Pass-through columns: their name in the table of prospects, by their name here.
    model, run_id : str
        Written into every row.
    is_withdrawn : bool
        There is no chance of success to show.
    hides_ids : bool
        Ids are data of persons: they stand in the file, and nowhere else.
    """

    id_column: str
    schema: pa.Schema
    passed: Mapping[str, str]
    model: str
    run_id: str
    is_withdrawn: bool
    hides_ids: bool = False


@dataclass(frozen=True)
class _Resembled:
    """Whom some prospects resemble: places in the reference, matches by fit, and the contributions they rest on."""

    like: Indices
    unlike: Indices
    matches: Mapping[str, Floats]
    segments: npt.NDArray[np.object_]
    contributions: Floats


@dataclass(frozen=True)
class RowMaker:
    """Make the rows of listed prospects.

    Attributes
    ----------
    similarity : Similarity
        The likeness space.
    seeds : Seeds
        With their segments.
    like, unlike : NearestCustomers
        The seeds and the negative seeds.
    customers : Customers
        The reference as evidence.
    far : dict of str to float
        The match below which a fit is far.
    layout : Layout
        What the rows look like.
    """

    similarity: Similarity
    seeds: Seeds
    like: NearestCustomers
    unlike: NearestCustomers
    customers: Customers
    far: Mapping[str, float]
    layout: Layout

    def make(self, part: Part, ranked: Candidates) -> tuple[pa.Table, list[Evidence]]:
        """Return the rows of one part, in input order, and the evidence of those among the first ranks.

        Parameters
        ----------
        part : Part
            Listed prospects.
        ranked : Candidates
            The whole list, most similar first.
        """
        by_place = np.argsort(ranked.places)
        at = by_place[np.searchsorted(ranked.places[by_place], part.places)]
        resembled = self._resembled(part)
        rows = self._rows(part, resembled, at + 1, ranked.similarity[at])
        return rows, [self._evidence(part, rows, resembled, int(row)) for row in np.flatnonzero(at < SHOWN)]

    def _resembled(self, part: Part) -> _Resembled:
        contributions = self.similarity.contributions(part.frame)
        here = self.similarity.likeness.place(contributions)
        like, unlike = (side.nearest(here, part.frame) for side in (self.like, self.unlike))
        matches = self.similarity.likeness.matches(here, self.customers.coordinates[like])
        rounded = {fit: np.round(values, DECIMALS) for fit, values in matches.items()}
        return _Resembled(like, unlike, rounded, segments_of(like, self.seeds.segment), contributions)

    def _rows(self, part: Part, resembled: _Resembled, rank: Indices, similarity: Floats) -> pa.Table:
        n, layout = len(rank), self.layout
        columns = {
            layout.id_column: part.kept.column("id"),
            "rank": pa.array(rank),
            "similarity": pa.array(similarity),
            **self._called(LIKE, resembled.like),
            **self._called(UNLIKE, resembled.unlike),
            **{name: _known(resembled.matches.get(fit), n) for fit, name in MATCHES.items()},
            "probability": _known(None if layout.is_withdrawn else expit(part.kept.column("margin").to_numpy()), n),
            "in_domain": part.kept.column("in_domain"),
            "seed_segment": pa.array(resembled.segments, pa.string()),
            "model": pa.repeat(layout.model, n),
            "run_id": pa.repeat(layout.run_id, n),
            P_CLOSE: part.kept.column(P_CLOSE),
        }
        for name, theirs in layout.passed.items():
            is_there = f"{PASSED}{theirs}" in part.kept.column_names
            columns[name] = part.kept.column(f"{PASSED}{theirs}") if is_there else pa.nulls(n, pa.string())
        return pa.table({name: columns[name] for name in layout.schema.names}).cast(layout.schema)

    def _called(self, columns: tuple[str, ...], places: Indices) -> dict[str, pa.Array]:
        """Return what the nearest customers are called; empty where there are fewer than three."""
        called = self.customers.names[places]
        found = [pa.array(called[:, at], pa.string()) for at in range(called.shape[1])]
        empty = [pa.nulls(len(places), pa.string())] * (len(columns) - len(found))
        return dict(zip(columns, [*found, *empty], strict=True))

    def _evidence(self, part: Part, rows: pa.Table, resembled: _Resembled, at: int) -> Evidence:
        (row,) = rows.slice(at, 1).to_pylist()
        matches = {fit: row[MATCHES[fit]] for fit in FIT_NAMES}
        account, contributions = part.frame.iloc[at], resembled.contributions[at]
        return Evidence(
            id=self._name(row),
            rank=row["rank"],
            similarity=row["similarity"],
            probability=row["probability"],
            p_close=row.get(P_CLOSE),
            in_domain=row["in_domain"],
            matches=matches,
            segment=row["seed_segment"],
            far=self._far(matches, contributions, resembled.like[at]),
            like=self.customers.beside(account, contributions, resembled.like[at]),
            unlike=self.customers.beside(account, contributions, resembled.unlike[at]),
        )

    def _name(self, row: Mapping[str, Any]) -> str:
        """Return what a prospect is called where its row is told beside the file."""
        name = str(row[self.layout.id_column])
        return f"prospect {customer_key(name)[:8]}" if self.layout.hides_ids else name

    def _far(self, matches: Mapping[str, float | None], contributions: Floats, like: Indices) -> dict[str, bool]:
        """Return the fits that are far, and whether they speak more for success than those of the nearest seeds."""
        known = {fit: match for fit, match in matches.items() if match is not None and match < self.far[fit]}
        more = contributions - self.customers.contributions[like].mean(axis=0)
        fits = np.array(self.similarity.likeness.fits)
        return {fit: bool(more[fits == fit].sum() > 0) for fit in sorted(known, key=lambda fit: known[fit])}


def _known(values: Floats | None, n: int) -> pa.Array:
    return pa.nulls(n, pa.float64()) if values is None else pa.array(values)
