"""Hold the profile as a whole against rules that choose about as many customers."""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Rate, rate
from icp_ml.icp.standing.against_model import AgainstModel, against_model
from icp_ml.icp.standing.single_rules import SingleRule, single_rules
from icp_ml.icp.words import share_words
from icp_ml.model.evaluation.judged import percent

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
N_RANDOM = 2000
_BLOCK_CELLS = 4_000_000
"""Random numbers held at a time."""


@dataclass(frozen=True)
class AgainstRules:
    """Where the profile's success share stands among those of other rules of the same coverage.

    Attributes
    ----------
    coverage : float
        Share of the customers that match the profile, 0 to 1.
    success : Rate
        Of the customers that match.
    random_below : float
        Share of random sets of as many customers that succeeded less often, 0 to 1; .5 is no better than chance; NaN
        when nothing could be compared.
    n_random : int
        Sets drawn.
    single : tuple of SingleRule
        Rules of one attribute that choose about as many customers, cut without a look at success; best first.
    against_model : AgainstModel or None
        None without a model that was judged on these customers.
    notes : tuple of str
        What was not compared, and why.
    """

    coverage: float
    success: Rate
    random_below: float = nan
    n_random: int = 0
    single: tuple[SingleRule, ...] = ()
    against_model: AgainstModel | None = None
    notes: tuple[str, ...] = ()

    @property
    def n_single_below(self) -> int:
        """Count the rules of one attribute whose customers succeeded less often."""
        return sum(one.success.share < self.success.share for one in self.single)

    @property
    def sentence(self) -> str:
        """Return the comparison in words."""
        if isnan(self.random_below):
            return " ".join(self.notes)
        said = [
            f"Of the customers that match the profile, {share_words(self.success)}: more often than in "
            f"{self.random_below * self.n_random:,.0f} of {self.n_random:,} random sets of as many customers"
        ]
        if self.single:
            said.append(
                f"and than with {self.n_single_below} of {len(self.single)} rules of one attribute that choose about "
                f"as many (the best in hindsight, {self.single[0].rule}, {percent(self.single[0].success.share)})"
            )
        beside = [] if self.against_model is None else [self.against_model.sentence]
        return " ".join([f"{' '.join(said)}.", *beside, *self.notes])

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object; NaN is None."""
        compared = not isnan(self.random_below)
        return {
            "coverage": None if isnan(self.coverage) else self.coverage,
            "success": self.success.as_document(),
            "random": {"n": self.n_random, "below": self.random_below} if compared else None,
            "single": [one.as_document() for one in self.single],
            "single_below": self.n_single_below,
            "model": None if self.against_model is None else self.against_model.as_document(),
            "sentence": self.sentence,
            "notes": list(self.notes),
        }


def against_rules(base: CustomerBase, n_random: int = N_RANDOM) -> AgainstRules:
    """Return where the profile stands among rules of the same coverage.

    Parameters
    ----------
    base : CustomerBase
        The customers and the profile.
    n_random : int
        Random sets to draw, by the study's seed.

    Notes
    -----
    A random set consists of whole groups of related customers, drawn until there are as many customers of known
    outcome as in the profile. The model is compared on customers it was not fitted on: later ones where the split is
    by time, else by the margins of its cross-validation; both sides choose the same share of the same customers.
    """
    inside, known = base.in_profile(), base.labels.known & (base.labels.weight > 0)
    coverage = float(inside.mean()) if len(inside) else nan
    success = _rate(base, inside)
    n_in = int((inside & known).sum())
    if not 0 < n_in < known.sum():
        matched = "every customer" if n_in else "no customer"
        why = f"The profile cannot be compared: {matched} of known outcome matches it."
        return AgainstRules(coverage, success, notes=(why,))
    drawn = _Draws.of(base, known).shares(n_in, n_random, base.study.seed)
    level = np.isclose(drawn, success.share, rtol=0, atol=1e-12)
    below = float(((drawn < success.share) & ~level).mean() + level.mean() / 2)
    single = single_rules(base, coverage)
    beside = against_model(base, inside)
    if isinstance(beside, str):
        return AgainstRules(coverage, success, below, n_random, single, notes=(beside,))
    return AgainstRules(coverage, success, below, n_random, single, beside)


@dataclass(frozen=True, eq=False)
class _Draws:
    """Customers of known outcome, to draw random sets of."""

    label: Floats
    weight: Floats
    codes: npt.NDArray[np.int64]

    @classmethod
    def of(cls, base: CustomerBase, known: Flags) -> _Draws:
        """Return the customers of known outcome in the order of their ids, so that the order of rows is nothing."""
        rows = np.flatnonzero(known)
        rows = rows[np.argsort(base.customers.ids[rows].astype(str), kind="stable")]
        groups = rows if base.customers.groups is None else base.customers.groups[rows]
        return cls(base.labels.label[rows], base.labels.weight[rows], pd.factorize(groups)[0])

    def shares(self, n_in: int, n_random: int, seed: int) -> Floats:
        """Return the success shares of random sets of so many customers, shape (n_random,)."""
        rng = np.random.default_rng([seed, 4])
        block, n_groups = max(1, _BLOCK_CELLS // len(self.codes)), int(self.codes.max()) + 1
        sizes = [min(block, n_random - start) for start in range(0, n_random, block)]
        return np.concatenate([self._block(rng.random((size, n_groups))[:, self.codes], n_in) for size in sizes])

    def _block(self, keys: Floats, n_in: int) -> Floats:
        chosen = np.argpartition(keys, n_in - 1, axis=1)[:, :n_in]
        weight = self.weight[chosen]
        return np.asarray((weight * self.label[chosen]).sum(axis=1) / weight.sum(axis=1))


def _rate(base: CustomerBase, rows: Flags) -> Rate:
    groups = base.customers.groups
    return rate(base.labels.label[rows], base.labels.weight[rows], None if groups is None else groups[rows])
