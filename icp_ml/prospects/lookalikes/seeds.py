"""Choose the customers that prospects are held against: seeds to resemble, and negative seeds not to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from icp_ml.accounts.personal import shown
from icp_ml.errors import OFFENDERS_SHOWN, DataError, ModelError, TooFewError, UsageError, message
from icp_ml.model.explanation.words import Words
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.lookalikes import seed_warnings
from icp_ml.prospects.lookalikes.seed_files import Listed, read_ids
from icp_ml.prospects.lookalikes.segments import Segments, find_segments, name_text
from icp_ml.prospects.reasons import value_text

if TYPE_CHECKING:
    from icp_ml.model.likeness import Likeness
    from icp_ml.model.reference import Reference
    from icp_ml.model.success_model import SuccessModel

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Objects = NDArray[np.object_]

FEWEST = 3
"""Seeds: every listed prospect names the three it is most like."""


@dataclass(frozen=True, eq=False)
class Seeds:
    """The customers that prospects are held against.

    Attributes
    ----------
    positive, negative : ndarray of bool, shape (n_reference,)
        Reference customers to resemble, and not to resemble; no customer is both.
    segment : ndarray of object, shape (n_reference,)
        Name of the segment of every seed; None for other customers, and for seeds without one.
    name : str
        What the seeds are, such as ``"all successful customers"``.
    chosen : str or None
        The segment asked for.
    segments : Segments
        Of all reference customers.
    n_success : int
        Seeds that succeeded.
    warnings : tuple of str
        Why a list from these seeds may be worth less.
    sentence : str
    """

    positive: Flags
    negative: Flags
    segment: Objects
    name: str
    chosen: str | None
    segments: Segments
    n_success: int
    warnings: tuple[str, ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the seeds for JSON, without their ids."""
        return {
            "name": self.name,
            "n": int(self.positive.sum()),
            "n_negative": int(self.negative.sum()),
            "n_reference": len(self.positive),
            "n_success_among": self.n_success,
            "sentence": self.sentence,
            "warnings": list(self.warnings),
        }

    def segments_document(self) -> dict[str, Any]:
        """Return the segments for JSON, each with the number of its seeds as ``n``."""
        document = self.segments.as_document()
        rows = [
            {"name": row["name"], "n": int((self.segment == row["name"]).sum())} | row for row in document.pop("rows")
        ]
        return {"kind": document.pop("kind"), "chosen": self.chosen, **document, "rows": rows}


def reference_of(model: SuccessModel) -> Reference:
    """Return the customers of a model that can find lookalikes.

    Raises
    ------
    DataError
        The model is an untested hypothesis: nothing tells what goes with success.
    ModelError
        The model folder holds no customers.
    """
    if model.classifier is None:
        came = "the model is an untested hypothesis and knows no successful and churned customers"
        step = "Train again when 30 of each are known; until then icp-ml score orders prospects by the criteria"
        raise DataError(message(model.name, came, "a model that learned from outcomes", step))
    if model.reference is None:
        came = "the model folder holds no customers to be like"
        raise ModelError(message(model.name, came, "a model of this version", "Train the model again"))
    return model.reference


def choose_seeds(
    model: SuccessModel,
    likeness: Likeness,
    coordinates: Floats,
    *,
    seeds: Path | None = None,
    negatives: Path | None = None,
    segment: str | None = None,
) -> Seeds:
    """Return the customers to resemble and those not to.

    Parameters
    ----------
    model : SuccessModel
        With a classifier and a reference.
    likeness : Likeness
        The space of the reference customers.
    coordinates : ndarray of float64, shape (n_reference, n_attributes)
        Of the reference customers, in this space.
    seeds : Path, optional
        A list of customers' ids; by default every successful customer is a seed.
    negatives : Path, optional
        The same of customers not to resemble; by default every churned customer that is no seed.
    segment : str, optional
        Only the successful customers of one segment.

    Raises
    ------
    UsageError
        Both a list and a segment are asked for, or there is no such segment.
    DataError
        A list holds no customer with a known outcome, both lists hold one customer, fewer than three seeds are left,
        or there are no negative seeds.
    ModelError
        The model folder holds no customers.
    """
    if seeds is not None and segment is not None:
        raise UsageError(message("--segment", "given with --seeds", "one of the two", "Leave one of them out"))
    choice = _Choice(model, reference_of(model))
    segments = choice.segments(likeness, coordinates)
    if seeds is not None:
        positive = choice.listed(seeds, "seeds")
    else:
        positive = choice.succeeded & (True if segment is None else choice.inside(segments, segment))
    negative = ~choice.succeeded & ~positive if negatives is None else choice.listed(negatives, "negative seeds")
    choice.check(positive, negative, negatives)
    margin = (coordinates * likeness.scale).sum(axis=1)
    warnings = [*choice.warnings, *choice.quality(coordinates, margin, positive, negative)]
    name = _name(seeds, segment)
    of = segments.of.copy()
    of[~positive] = None
    n_success = int((positive & choice.succeeded).sum())
    sentence = f"Seeds: {name}, {positive.sum():,}; negative seeds: {_negative_name(negatives)}, {negative.sum():,}."
    return Seeds(positive, negative, of, name, segment, segments, n_success, tuple(warnings), sentence)


class _Choice:
    """Customers chosen one way or another, and what was odd about the choice."""

    def __init__(self, model: SuccessModel, reference: Reference) -> None:
        self.model, self.reference = model, reference
        self.succeeded: Flags = reference.outcome == 1
        self.seed = int(model.study.get("seed", 0))
        self.warnings: list[str] = []
        self._place = {str(one): at for at, one in enumerate(reference.ids)}

    def segments(self, likeness: Likeness, coordinates: Floats) -> Segments:
        kinds = {known.column: known.kind for known in self.model.contract.attributes}
        words = Words(self.model.labels, kinds, value_text)
        desired = words.label(str(self.model.study.get("desired_outcome", "desired outcome")))
        return find_segments(self.reference, likeness, coordinates, words=words, desired=desired, seed=self.seed)

    def inside(self, segments: Segments, name: str) -> Flags:
        """Return the customers of a segment."""
        if name not in segments.names:
            there = "; ".join(repr(name_text(one)) for one in segments.names) or "none: all seeds are one group"
            expected = f"one of the segments there are ({there})"
            step = "Correct --segment" if segments.names else "Leave --segment out"
            raise UsageError(message("--segment", f"there is no segment {name_text(name)!r}", expected, step))
        return np.asarray(segments.of == name)

    def listed(self, path: Path, what: str) -> Flags:
        """Return the reference customers on a list, and note which of its ids are none."""
        found = read_ids(path, self.model)
        ids = self._without_header(found)
        chosen = np.zeros(len(self.reference), dtype=bool)
        chosen[[self._place[one] for one in ids if one in self._place]] = True
        rest = [one for one in ids if one not in self._place]
        strangers = [one for one in rest if not self._is_customer(one)]
        n_untold = len(rest) - len(strangers)
        if not chosen.any():
            raise self._nobody(path, what, strangers, n_untold)
        self.warnings += self._left_out(what, strangers, n_untold, found.n_repeated)
        return chosen

    def check(self, positive: Flags, negative: Flags, negatives: Path | None) -> None:
        """Refuse what no list can be made from."""
        both = self.reference.ids[positive & negative]
        if len(both):
            came = f"{len(both):,} customers are seeds and negative seeds ({self._shown(sorted(map(str, both)))})"
            raise DataError(message(negatives, came, "every customer on one side", "Take them off one of the lists"))
        if positive.sum() < FEWEST:
            came = f"{positive.sum():,} seed{'' if positive.sum() == 1 else 's'}"
            step = "Add customers with a known outcome, or leave --seeds and --segment out"
            raise TooFewError(message("seeds", came, f"{FEWEST} or more, those every prospect is held against", step))
        if not negative.any():
            came, expected = "no negative seeds: no churned customer is left", "at least one customer not to resemble"
            raise TooFewError(message("negative seeds", came, expected, "Name some with --negatives"))

    def quality(self, coordinates: Floats, margin: Floats, positive: Flags, negative: Flags) -> Iterator[str]:
        """Yield why a list from these seeds may be worth less."""
        n, n_churned = int(positive.sum()), int((positive & ~self.succeeded).sum())
        yield from seed_warnings.few(n)
        yield from seed_warnings.mixed(n_churned, n)
        n_better = int((negative & self.succeeded).sum())
        if n_better:
            yield f"{n_better:,} of the {negative.sum():,} negative seeds succeeded: prospects like them rank low."
        yield from seed_warnings.like_all_customers(coordinates, margin, positive, self.succeeded, seed=self.seed)
        ids = [str(one) for one in self.reference.ids[positive]]
        yield from seed_warnings.far_from_the_others(coordinates[positive], ids, self.model.contract.id)

    def _without_header(self, found: Listed) -> tuple[str, ...]:
        first = found.ids[0]
        if not found.may_start_with_header or first in self._place or self._is_customer(first):
            return found.ids
        return found.ids[1:] if any(one in self._place for one in found.ids) else found.ids

    def _is_customer(self, one: str) -> bool:
        return customer_key(one) in self._keys

    @property
    def _keys(self) -> frozenset[str]:
        if not hasattr(self, "_known_keys"):
            self._known_keys = frozenset(self.model.customer_keys)
        return self._known_keys

    def _nobody(self, path: Path, what: str, strangers: list[str], n_untold: int) -> DataError:
        parts = []
        if strangers:
            parts.append(f"{len(strangers):,} not a customer of the model ({self._shown(strangers)})")
        if n_untold:
            parts.append(f"{n_untold:,} of customers {self._untold}")
        came = f"no id of the list is a customer with a known outcome: {' and '.join(parts)}"
        step = "Write ids byte for byte as in the customer table"
        return DataError(message(path, came, f"{what} among the {len(self.reference):,} customers of the model", step))

    def _left_out(self, what: str, strangers: list[str], n_untold: int, n_repeated: int) -> Iterator[str]:
        if strangers:
            told = f"{len(strangers):,} ({self._shown(strangers)})"
            yield f"Ids of the {what} that are no customers of the model: {told}."
        if n_untold:
            yield f"Left out of the {what}: {n_untold:,} customers {self._untold}."
        if n_repeated:
            yield f"Every customer counts once: {n_repeated:,} further lines of the {what} repeat an id."

    @property
    def _untold(self) -> str:
        kept = len(self.reference)
        drawn = (
            f", or not among the {kept:,} kept of {self.reference.n_known:,}" if kept < self.reference.n_known else ""
        )
        return f"whose outcome is not known yet{drawn}"

    def _shown(self, ids: list[str]) -> str:
        named = ", ".join(shown(self.model.contract.id or "", one) for one in ids[:OFFENDERS_SHOWN])
        return named + (", ..." if len(ids) > OFFENDERS_SHOWN else "")


def _name(seeds: Path | None, segment: str | None) -> str:
    if seeds is not None:
        return f"customers listed in {seeds.name}"
    return "all successful customers" if segment is None else f"successful customers of segment '{name_text(segment)}'"


def _negative_name(negatives: Path | None) -> str:
    return "all churned customers that are no seeds" if negatives is None else f"customers listed in {negatives.name}"
