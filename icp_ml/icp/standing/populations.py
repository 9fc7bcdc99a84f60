"""Hold the profile against every population: the rest of the base, pipeline, churned, at risk, lost trials, cohorts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from math import isnan
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast, Rate, contrast, rate
from icp_ml.icp.market import Market
from icp_ml.icp.standing.cohorts import (
    Cell,
    Kind,
    Table,
    cohort_cells,
    cohort_columns,
    customer_cells,
    is_personal,
    profile_cells,
    prospect_cells,
)
from icp_ml.icp.suggested.matching import Matching
from icp_ml.icp.words import count_words, difference_words, share_words
from icp_ml.model.evaluation.judged import percent
from icp_ml.names import FIT_NAMES, PLAYERS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
SMALL = 20
"""Accounts below which a population is small: its numbers are shown, and say little."""


@dataclass(frozen=True, kw_only=True)
class Population:
    """One population beside the others.

    Attributes
    ----------
    name : str
    kind : {"profile", "status", "cohort"}
    of : {"customers", "prospects"}
        The table its accounts are in, and the others it is compared with.
    n : int
        Accounts.
    n_table : int
        Accounts of the whole table.
    known : int
        Customers of known outcome among them.
    success : Contrast or None
        Their success against that of all other customers; None for prospects and for what is known only after the
        outcome, such as having churned.
    matching : Rate or None
        How many of them match the profile; None where that cannot be told.
    matching_against : Contrast or None
        The same against all other accounts of the table; only for populations by status.
    fits : mapping of str to float or None
        Mean contribution of each fit in log-odds, 0 as the average customer of known outcome; None for a fit without
        attributes, and without a model.
    probability : float or None
        Mean chance of success of prospects, 0 to 1.
    """

    name: str
    kind: Kind
    of: Table
    n: int
    n_table: int
    known: int
    success: Contrast | None
    matching: Rate | None
    matching_against: Contrast | None
    fits: Mapping[str, float | None] | None
    probability: float | None

    @property
    def share(self) -> float:
        """Share of the accounts of its table, 0 to 1."""
        return self.n / self.n_table if self.n_table else 0.0

    @property
    def small(self) -> bool:
        """True for a population of so few accounts that its numbers say little."""
        return (self.known if self.success is not None else self.n) < SMALL

    @property
    def sentence(self) -> str:
        """Return the population in words."""
        start = f"{self.name}: {self.n:,} of {count_words(self.n_table, self.of[:-1], self.of)} ({percent(self.share)})"
        parts = [start, *self._success_words(), *self._matching_words(), *self._chance_words()]
        return f"{'; '.join(parts)}.{' Too few to say more.' if self.small and self.n else ''}"

    def _success_words(self) -> Iterator[str]:
        if self.success is None:
            return
        yield share_words(self.success.inside)
        if not isnan(self.success.difference):
            yield f"{difference_words(self.success)} against the others"

    def _matching_words(self) -> Iterator[str]:
        if self.matching is None or not self.n or self.kind == "profile":
            return
        against = self.matching_against
        compared = against is not None and not isnan(against.difference)
        beside = f", {difference_words(against)} against the others" if compared and against else ""
        yield f"{self.matching.n_success:,} match the profile ({percent(self.matching.share)}{beside})"

    def _chance_words(self) -> Iterator[str]:
        if self.probability is not None:
            yield f"chance of success {percent(self.probability)} on average"

    def as_document(self) -> dict[str, Any]:
        """Return the population as a JSON object; NaN is None."""
        found = {} if self.success is None else self.success.as_document()
        against = {} if self.matching_against is None else self.matching_against.as_document()
        return {
            "name": self.name,
            "kind": self.kind,
            "of": self.of,
            "n": self.n,
            "share": self.share,
            "known": self.known,
            "success": found.get("inside"),
            **{name: found.get(name) for name in ("difference", "low", "high")},
            "matching_share": _share(self.matching),
            "matching": None if self.matching is None else self.matching.as_document(),
            **{f"matching_{name}": against.get(name) for name in ("difference", "low", "high")},
            "fits": None if self.fits is None else dict(self.fits),
            "probability": self.probability,
            "small": self.small,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class Populations:
    """All populations, and which of them cannot be told.

    Attributes
    ----------
    rows : tuple of Population
        The profile and the rest of the base, then by status, then by cohort.
    notes : tuple of str
        What cannot be told and which key would tell it, and how to read the table.
    """

    rows: tuple[Population, ...]
    notes: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """Return the profile against the rest of the base, and how to read the other populations."""
        inside = self.rows[0]
        compared = [row for row in self.rows if row.kind == "cohort" and row.success and not isnan(row.success.z)]
        parts = [inside.sentence]
        if compared:
            by_chance = max(1, round(len(compared) / 10))
            n = sum(one.success is not None and (one.success.low > 0 or one.success.high < 0) for one in compared)
            parts.append(
                f"{count_words(len(compared), 'cohort is', 'cohorts are')} compared; the interval of {n} leaves out 0, "
                f"and chance alone would do that to about {by_chance}."
            )
        return " ".join([*parts, *self.notes])

    def as_document(self) -> dict[str, Any]:
        """Return the table as a JSON object."""
        rows = [row.as_document() for row in self.rows]
        return {"sentence": self.sentence, "populations": rows, "notes": list(self.notes)}


def populations(base: CustomerBase, market: Market | None = None) -> Populations:
    """Return the profile held against every population of customers and prospects.

    Parameters
    ----------
    base : CustomerBase
        The customers, with status and deals where the study names them.
    market : Market, optional
        The prospects; pipeline and lost trials are among them.

    Returns
    -------
    Populations
        Every customer is in one of the two populations by profile, in one by status, and in one by each segment. Those
        by status overlap with those by profile: what they tell is how many of them match it.

    Notes
    -----
    Success is compared for what was known when a customer signed. Having churned, or being at risk today, comes after:
    those populations are compared by how many match the profile.
    """
    prospects = None if base.profile.situation.mode == "customer_success" else market
    board = _Board(base, prospects)
    cells = [*profile_cells(base), *customer_cells(base)]
    cells += [] if prospects is None else prospect_cells(base, prospects)
    rows = [board.population(cell) for cell in (*cells, *cohort_cells(base))]
    return Populations(tuple(rows), tuple(_notes(base, prospects, {cell.name for cell in cells})))


@dataclass(frozen=True)
class _Board:
    """Both tables with what every population is asked."""

    base: CustomerBase
    market: Market | None

    def population(self, cell: Cell) -> Population:
        success = None
        if cell.kind != "status":
            success = self.base.contrast(cell.rows)
        is_customer = cell.of == "customers"
        return Population(
            name=cell.name,
            kind=cell.kind,
            of=cell.of,
            n=int(cell.rows.sum()),
            n_table=len(cell.rows),
            known=int(self.base.labels.known[cell.rows].sum()) if is_customer else 0,
            success=success,
            matching=self._matching(cell),
            matching_against=self._matching_against(cell),
            fits=self._fits(cell),
            probability=None if is_customer else self._probability(cell.rows),
        )

    @cached_property
    def _matches(self) -> dict[Table, Flags | None]:
        known = Matching(self.base, self.market)
        return {"customers": self.base.in_profile(), "prospects": known.prospects(known.written)}

    @cached_property
    def _contributions(self) -> dict[Table, npt.NDArray[np.floating[Any]] | None]:
        model, market = self.base.model, self.market
        of_customers = None
        if model.classifier is not None:
            frame = self.base.customers.frame[[known.column for known in model.contract.attributes]]
            of_customers = model.classifier.contributions_array(frame)
        return {"customers": of_customers, "prospects": None if market is None else market.contributions}

    def _groups(self, cell: Cell) -> npt.NDArray[np.int64] | None:
        return self.base.customers.groups if cell.of == "customers" else None

    def _matching(self, cell: Cell) -> Rate | None:
        matches, groups = self._matches[cell.of], self._groups(cell)
        if matches is None:
            return None
        inside = matches[cell.rows].astype(np.float64)
        return rate(inside, np.ones(len(inside)), None if groups is None else groups[cell.rows])

    def _matching_against(self, cell: Cell) -> Contrast | None:
        matches = self._matches[cell.of]
        if cell.kind != "status" or matches is None:
            return None
        return contrast(cell.rows, matches.astype(np.float64), np.ones(len(matches)), self._groups(cell))

    def _fits(self, cell: Cell) -> dict[str, float | None] | None:
        values = self._contributions[cell.of]
        if values is None or not cell.rows.any():
            return None
        measured = {known.fit for known in self.base.model.contract.attributes}
        mean = values[cell.rows].mean(axis=0, dtype=np.float64)
        return {name: float(mean[PLAYERS.index(name)]) if name in measured else None for name in FIT_NAMES}

    def _probability(self, rows: Flags) -> float | None:
        chance = None if self.market is None else self.market.probability
        return None if chance is None or not rows.any() else float(chance[rows].mean())


def _share(found: Rate | None) -> float | None:
    return None if found is None or isnan(found.share) else found.share


def _notes(base: CustomerBase, market: Market | None, told: set[str]) -> Iterator[str]:
    yield from _not_told(base, market, told)
    personal = [name for name in cohort_columns(base.study) if name in base.rule_frame and is_personal(base, name)]
    if personal:
        yield f"No cohorts are made of {', '.join(personal)}: it seems to hold data of persons."
    yield (
        "Success is not compared for populations by today's status, because the status comes after the outcome; young "
        "customers have had less time to churn."
    )
    if np.ptp(base.labels.weight[base.labels.known]) > 0:
        yield "Shares of success are weighted for customers that were not followed for the whole horizon."
    if base.model.classifier is not None:
        yield "The fits of customers come from a model that learned from them, so they look surer than they are."


def _not_told(base: CustomerBase, market: Market | None, told: set[str]) -> Iterator[str]:
    status = base.study.status
    if base.status is None:
        takes = "`status` in the study" if status is None else f"the column '{status.column}' among the customers"
        churned = "Churned are those known to have left within the horizon, active are all others"
        yield f"Customers at risk cannot be told: that takes {takes}. {churned}."
    elif status is not None and not status.at_risk:
        yield "Customers at risk cannot be told: name the values of them under `status: at_risk` in the study."
    if base.profile.situation.mode == "customer_success":
        yield "The profile is judged after signing, so pipeline and lost trials are no populations of it."
        return
    missing = [name for name in ("pipeline", "lost trials") if name not in told]
    if missing:
        takes = "a table of prospects" if market is None else "`status` in the study, with a column that prospects have"
        yield f"{' and '.join(missing).capitalize()} cannot be told: that takes {takes}."
