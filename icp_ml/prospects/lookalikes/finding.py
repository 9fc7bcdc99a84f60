"""One search for lookalikes: a table, a model and its seeds, from the first block read to the document."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from icp_ml import __version__
from icp_ml.accounts.personal import personal_kind
from icp_ml.accounts.tables import Table, open_table
from icp_ml.errors import ConfigError, DataError, message
from icp_ml.model.explanation.words import Words
from icp_ml.model.likeness import Likeness
from icp_ml.prospects.admission import Admission, Admitted, customer_key, reading_day
from icp_ml.prospects.lookalikes.by_seed import BySeed
from icp_ml.prospects.lookalikes.columns import BY_SEED_COLUMNS, list_columns, lookalike_schema
from icp_ml.prospects.lookalikes.dial import SHARES, dial
from icp_ml.prospects.lookalikes.diversity import Diversity, Mixture, choose_diverse, mean_apart, n_candidates
from icp_ml.prospects.lookalikes.evidence import Customers, Evidence, far_matches
from icp_ml.prospects.lookalikes.nearest import NearestCustomers, segments_of
from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.lookalikes.passes import Candidates, Passes, Pool
from icp_ml.prospects.lookalikes.rows import Layout, RowMaker
from icp_ml.prospects.lookalikes.sample import Sample
from icp_ml.prospects.lookalikes.seeds import choose_seeds, reference_of
from icp_ml.prospects.lookalikes.similarity import Similarity
from icp_ml.prospects.lookalikes.summary import Counts, lookalike_notes, segments_document
from icp_ml.prospects.output import Refusal
from icp_ml.prospects.reasons import value_text
from icp_ml.prospects.spool import Spool
from icp_ml.prospects.summary import data_notes, parity_notes, tally_document

if TYPE_CHECKING:
    from icp_ml.model.reference import Reference
    from icp_ml.model.success_model import SuccessModel
    from icp_ml.prospects.lookalikes.evaluation.evaluate import Evaluation

Floats = npt.NDArray[np.float64]

_EVEN = 0.5
"""The similarity of a prospect as close to the negative seeds as to the seeds."""
_ALIKE = 1e-4
"""Similarities that differ by less are the same to every reader."""


@dataclass(frozen=True)
class Listed:
    """What was found.

    Attributes
    ----------
    rows : pyarrow.Table
        Of the lookalike file, by rank.
    document : dict
        What ``FILE.summary.json`` holds.
    by_seed : pyarrow.Table or None
        The nearest prospects of every seed, when they were asked for.
    """

    rows: pa.Table
    document: dict[str, Any]
    by_seed: pa.Table | None


class Finding:
    """Find the lookalikes of one table with one model.

    Parameters
    ----------
    table : Table
        The prospects.
    model : SuccessModel
        With a classifier and reference customers.
    options : LookalikeOptions
        How to find them.
    spool : Spool
        Where rows are put aside between the passes.

    Raises
    ------
    DataError
        The model has nothing to compare with, or the table or the seeds are not acceptable.
    ConfigError
        The id column is called like a column of ours.
    """

    def __init__(self, table: Table, model: SuccessModel, options: LookalikeOptions, spool: Spool) -> None:
        self._table, self._model, self._options = table, model, options
        reference, classifier = reference_of(model), model.classifier
        if classifier is None:
            raise ValueError("a model with a reference has a classifier")
        self._admission = _admission(table, model, options)
        likeness, coordinates = Likeness.of(classifier, reference.frame, reference.weight)
        self._seeds = choose_seeds(
            model,
            likeness,
            coordinates,
            seeds=_path(options.seeds),
            negatives=_path(options.negatives),
            segment=options.segment,
        )
        similarity = Similarity(
            classifier, model.domain, likeness, coordinates=coordinates, weight=reference.weight, seeds=self._seeds
        )
        self._maker = self._row_maker(similarity, reference, coordinates)
        length = options.length(model.capacity)
        self._passes = Passes(
            self._admission,
            similarity,
            spool,
            limit=n_candidates(length) if length and options.diversity else length,
            base_value=float(classifier.base_value_),
            p_close=None if options.p_close is None else (options.p_close, table.is_text),
        )
        self._by_seed = None if options.by_seed is None else BySeed(self._maker.like.points)
        self._sample = Sample() if options.evaluate else None

    def _row_maker(self, similarity: Similarity, reference: Reference, coordinates: Floats) -> RowMaker:
        model, seeds = self._model, self._seeds
        names = reference.ids
        layout = self._layout()
        if layout.hides_ids:
            names = np.array([f"customer {customer_key(str(one))[:8]}" for one in names], dtype=object)
        contributions = coordinates * similarity.likeness.scale
        customers = Customers(reference, names, contributions, coordinates, similarity.likeness.columns)
        like, unlike = (
            NearestCustomers(reference, coordinates, side, model.domain) for side in (seeds.positive, seeds.negative)
        )
        far = far_matches(similarity.likeness, like.points)
        return RowMaker(similarity, seeds, like, unlike, customers, far=far, layout=layout)

    def _layout(self) -> Layout:
        ours = (self._admission.id_column, *list_columns(has_p_close=self._options.p_close is not None))
        types = self._admission.pass_through_types()
        passed = _names_beside(ours, self._model.pass_through)
        kinds = {name: types[theirs] for name, theirs in passed.items()}
        model, reference = self._model, reference_of(self._model)
        return Layout(
            id_column=self._admission.id_column,
            schema=lookalike_schema(self._admission.id_column, ours[1:], kinds),
            passed=passed,
            model=model.label if model.ready else f"{model.label} not ready",
            run_id=_run_id(self._table, model, self._options),
            is_withdrawn=model.probability_withdrawn,
            hides_ids=personal_kind(model.contract.id or "", reference.ids) is not None,
        )

    @property
    def id_column(self) -> str:
        """Name of the id column in our files."""
        return self._admission.id_column

    def find(self, refuse: Callable[[Sequence[Refusal]], None]) -> Listed:
        """Read the table, choose the list and return it with its evidence.

        Parameters
        ----------
        refuse : callable
            Gets the rows that cannot be used.
        """
        pool = self._passes.read(self._options.batch_rows, refuse, self._look)
        n = self._options.listed(self._model.capacity, len(pool))
        wants_diversity = self._options.diversity > 0
        limit = min(n_candidates(n), len(pool)) if wants_diversity else n
        candidates = self._passes.settle(pool, limit, wants_coordinates=wants_diversity)
        listed, diversity = self._diverse(candidates, n) if wants_diversity else (candidates, None)
        rows, evidence = self._rows(listed, len(pool))
        document = self._document(pool, listed, rows)
        document["diversity"] = None if diversity is None else diversity.as_document()
        document["top"] = [one.as_document(self._words()) for one in evidence]
        evaluation = self._evaluation(len(listed) / max(1, len(pool)))
        told = dial(
            pool,
            candidates,
            listed,
            is_withdrawn=self._model.probability_withdrawn,
            reach=evaluation.reach_of if evaluation and self._options.has_all_seeds else {},
        )
        document["dial"] = told.as_document()
        document["evaluation"] = None if evaluation is None else evaluation.as_document()
        by_seed = None if self._by_seed is None else self._by_seed.table(self._maker, self._passes)
        return Listed(rows, document, by_seed)

    def _look(self, admitted: Admitted, coordinates: Floats) -> None:
        if self._sample is not None:
            self._sample.offer(admitted.ids, admitted.frame)
        if self._by_seed is not None:
            self._by_seed.offer(coordinates)

    def _rows(self, listed: Candidates, n_prospects: int) -> tuple[pa.Table, list[Evidence]]:
        made = [self._maker.make(part, listed) for part in self._passes.listed(listed.places, n_prospects)]
        rows = pa.concat_tables([self._maker.layout.schema.empty_table(), *(table for table, _ in made)])
        evidence = [one for _, found in made for one in found]
        return rows.sort_by("rank"), sorted(evidence, key=lambda one: one.rank)

    def _diverse(self, candidates: Candidates, n: int) -> tuple[Candidates, Diversity]:
        likeness, value = self._maker.similarity.likeness, self._options.diversity
        chosen = choose_diverse(candidates.similarity, candidates.coordinates, likeness, n=n, value=value)
        listed = candidates.rows(chosen)
        return listed, Diversity(value, self._mixture(listed), self._mixture(candidates.first(n)))

    def _mixture(self, listed: Candidates) -> Mixture:
        if not len(listed):
            return Mixture(0.0, 0.0, 0)
        nearest = self._maker.like.nearest_plainly(listed.coordinates)
        names = {name for name in segments_of(nearest, self._seeds.segment) if name is not None}
        apart = mean_apart(listed.coordinates, self._maker.similarity.likeness)
        return Mixture(float(listed.similarity.mean()), apart, len(names))

    def _evaluation(self, share: float) -> Evaluation | None:
        if self._sample is None:
            return None
        from icp_ml.prospects.lookalikes.evaluation.evaluate import evaluate_lookalikes

        shares = sorted({*SHARES, *([share] if share else [])})
        return evaluate_lookalikes(self._model, self._sample.frame, seed=_seed(self._model), shares=shares)

    def _words(self) -> Words:
        kinds = {known.column: known.kind for known in self._model.contract.attributes}
        return Words(self._model.labels, kinds, value_text)

    def _document(self, pool: Pool, listed: Candidates, rows: pa.Table) -> dict[str, Any]:
        """Return the document; what stands in it as None is known later, its place is not."""
        model, admission, layout = self._model, self._admission, self._maker.layout
        out_of_domain = len(pool) - int(pool.in_domain.sum())
        counts = _counts(pool, listed)
        day = reading_day(self._options.as_of) or model.contract.as_of_default
        return {
            "kind": "lookalikes",
            **tally_document(admission.tally, out_of_domain),
            "listed": counts.listed,
            "listed_out_of_domain": counts.out_of_domain,
            "model": layout.model,
            "run_id": layout.run_id,
            "ready": model.ready,
            "draft_map": not model.map_reviewed,
            "horizon_days": model.horizon_days,
            "as_of": None if day is None else day.isoformat(),
            "data_sha256": self._table.sha256,
            "code_version": __version__,
            "ignored_columns": admission.ignored_columns,
            "notes": [
                *lookalike_notes(model, self._options, counts),
                *admission.notes,
                *parity_notes(model, admission.tally),
                *data_notes(admission.tally, out_of_domain),
            ],
            "seeds": self._seeds.as_document(),
            "segments": segments_document(self._seeds, rows.column("seed_segment").to_pylist()),
            "dial": None,
            "diversity": None,
            "top": [],
            "evaluation": None,
        }


def _names_beside(ours: Sequence[str], pass_through: Sequence[str]) -> dict[str, str]:
    """Return pass-through columns by a name that no column of ours, nor another of theirs, has."""
    passed: dict[str, str] = {}
    for name in pass_through:
        called = name
        while called in ours or (called != name and called in pass_through):
            called = f"input_{called}"
        passed[called] = name
    return passed


def _counts(pool: Pool, listed: Candidates) -> Counts:
    inside = pool.similarity[pool.in_domain]
    return Counts(
        listed=len(listed),
        out_of_domain=len(listed) - int(pool.in_domain[listed.places].sum()),
        below_half=int((listed.similarity < _EVEN).sum()),
        all_alike=inside.size > 1 and bool(np.ptp(inside) < _ALIKE),
    )


def _admission(table: Table, model: SuccessModel, options: LookalikeOptions) -> Admission:
    reader = model
    if options.p_close is not None:
        if options.p_close not in table.columns:
            came = f"there is no column '{options.p_close}'"
            raise DataError(message(table.path, came, "the column that --p-close names", "Correct --p-close"))
        # The rows are read with this column; it is not passed through unless the study says so.
        reader = replace(model, pass_through=tuple(dict.fromkeys((*model.pass_through, options.p_close))))
    admission = Admission(table, reader, as_of=reading_day(options.as_of), on_duplicate=options.on_duplicate)
    if admission.id_column in {*list_columns(has_p_close=True), *BY_SEED_COLUMNS}:
        came = f"the id column is called '{admission.id_column}', like a column of ours"
        raise ConfigError(message(table.path, came, "another name", "Rename it in both tables and train again"))
    return admission


def _run_id(table: Table, model: SuccessModel, options: LookalikeOptions) -> str:
    """Digest everything that decides the content of the lookalike file and its summary."""
    day = reading_day(options.as_of)
    decides = {
        "kind": "lookalikes",
        "model": model.digest,
        "label": model.label,
        "data": table.sha256,
        "code": __version__,
        "as_of": None if day is None else day.isoformat(),
        **{side: _sha256(getattr(options, side)) for side in ("seeds", "negatives")},
    }
    plain = ("top", "reach", "segment", "diversity", "p_close", "evaluate", "on_duplicate", "encoding", "delimiter")
    decides |= {name: getattr(options, name) for name in plain}
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def _sha256(path: str | Path | None) -> str | None:
    """Return the digest of a list of ids, which was read before."""
    if path is None:
        return None
    return open_table(path).sha256 if Path(path).is_dir() else hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _path(path: str | Path | None) -> Path | None:
    return None if path is None else Path(path)


def _seed(model: SuccessModel) -> int:
    return int(model.study.get("seed", 0))
