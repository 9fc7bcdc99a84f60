"""Tell accounts that are unlike every customer from the rest, and name the attributes that make them so.

Two statistics: the mean distance to the ten nearest customers, and the largest surprise of one attribute (far beyond
the customers' range, a level none of them has). Both are computed for every customer by folds that did not hold it.
The two thresholds are set together, so that one customer in twenty like those seen would be flagged by either.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.neighbours import Indices, Neighbours, Singles
from icp_ml.model.space import Flags, Floats, Placed, Space

FALSE_ALARMS = 0.05
"""Share of accounts drawn like the customers that are flagged."""
MAX_PROTOTYPES = 1_000
"""More are no better: 500, 1,000 and 2,000 of 3,000 customers flag the same shares (benchmarks/domain_flag.py)."""
MAX_CALIBRATED = 10_000
N_FOLDS = 10
MAX_NAMED_BY_DISTANCE = 3
_PLACED_ROWS = 32_768


@dataclass(frozen=True)
class Unusual:
    """Which attributes put which accounts outside.

    Attributes
    ----------
    n_rows : int
        Accounts assessed.
    rows : array of shape (n_flagged,)
        Positions of the accounts out of domain, rising.
    named : array of shape (n_flagged, n_attributes)
        True where the attribute is named for the account; at least one each.
    columns : tuple of str
        Names of the attributes.
    fits : tuple of str
        The fit, or context, of each attribute.
    """

    n_rows: int
    rows: Indices
    named: Flags
    columns: tuple[str, ...]
    fits: tuple[str, ...]

    def __len__(self) -> int:
        return self.n_rows

    def __getitem__(self, row: int) -> tuple[str, ...]:
        """Return the columns named for one account; empty when it is in the domain."""
        if not -self.n_rows <= row < self.n_rows:
            raise IndexError(row)
        place = int(np.searchsorted(self.rows, row % self.n_rows))
        if place == len(self.rows) or self.rows[place] != row % self.n_rows:
            return ()
        return tuple(self.columns[number] for number in np.flatnonzero(self.named[place]))

    def texts(self) -> NDArray[np.object_]:
        """Return ``"employees (resource); region (context)"`` per account, empty text inside the domain."""
        found = np.full(self.n_rows, "", dtype=object)
        if len(self.rows):
            patterns, which = np.unique(self.named, axis=0, return_inverse=True)
            found[self.rows] = np.array([self._text(pattern) for pattern in patterns], dtype=object)[which.ravel()]
        return found

    def counts(self) -> dict[str, int]:
        """Return how many accounts each attribute is named for, in the order of the attributes; zeros left out."""
        totals = self.named.sum(0)
        return {column: int(total) for column, total in zip(self.columns, totals, strict=True) if total}

    def _text(self, pattern: Flags) -> str:
        return "; ".join(f"{self.columns[number]} ({self.fits[number]})" for number in np.flatnonzero(pattern))


@dataclass(frozen=True)
class Domain:
    """Where the model has evidence: the customers' space, a sample of them, and two thresholds.

    Attributes
    ----------
    space : Space
        Coordinates and surprises.
    neighbours : Neighbours
        A sample of the customers in this space.
    far, rare : float
        An account is flagged when its mean distance is at least ``far`` or its largest surprise at least ``rare``.
    typical : tuple of float
        Mean part of each attribute in the squared distance of customers to their neighbours.
    fits : tuple of str
        The fit of each attribute.
    """

    space: Space
    neighbours: Neighbours
    far: float
    rare: float
    typical: tuple[float, ...]
    fits: tuple[str, ...]

    @classmethod
    def learn(
        cls,
        frame: pd.DataFrame,
        kinds: Mapping[str, str],
        fit_of: Mapping[str, str],
        seed: int = 0,
        *,
        groups: NDArray[np.int64] | None = None,
    ) -> Domain:
        """Learn the domain of the customers.

        Parameters
        ----------
        frame : DataFrame
            Attribute frame of the customers, at least two rows.
        kinds, fit_of : mapping of str to str
            Kind (numeric, categorical, date) and fit of each attribute.
        seed : int
            Seed of the folds and of the sample of prototypes.
        groups : array of int, optional
            Related customers are held out together.

        Raises
        ------
        ValueError
            Fewer than two customers, or no attribute.

        Notes
        -----
        p-values of both statistics are ranks among the out-of-fold customers; the bar on their minimum is its 5 %
        quantile, so the rate of false alarms is that of the two checks together.

        References
        ----------
        Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, section 2.3 (conformal p-values).
        """
        if len(frame) < 2 or frame.shape[1] == 0:
            raise ValueError("a domain needs two customers and one attribute")
        rng = np.random.default_rng(seed)
        chosen = np.sort(rng.permutation(len(frame))[:MAX_CALIBRATED])
        codes = np.arange(len(chosen)) if groups is None else np.unique(groups[chosen], return_inverse=True)[1]
        distance, surprise, parts = _held_out(frame.iloc[chosen], codes, kinds, rng)
        far, rare = _thresholds(distance, surprise)
        space = Space.learn(frame, kinds)
        neighbours = Neighbours(_sampled(space.place(frame).coordinates, rng))
        fits = tuple(fit_of[column] for column in space.columns)
        return cls(space, neighbours, far, rare, tuple(float(part) for part in parts), fits)

    def assess(self, frame: pd.DataFrame) -> tuple[Flags, Unusual]:
        """Return which accounts are in the domain, and the attributes that put the others outside.

        Parameters
        ----------
        frame : DataFrame
            Attribute frame with every attribute of training, in any order of columns.

        Returns
        -------
        in_domain : array of bool, shape (n,)
            False where the account is unlike every customer; false for 5 % of accounts drawn like the customers.
        unusual : Unusual
            ``unusual[row]`` names columns, ``unusual.texts()`` gives the column of the score file.
        """
        in_domain = np.ones(len(frame), dtype=bool)
        rows, named = [np.empty(0, dtype=np.int64)], [np.empty((0, len(self.fits)), dtype=bool)]
        for start in range(0, len(frame), _PLACED_ROWS):
            placed = self.space.place(frame.iloc[start : start + _PLACED_ROWS])
            flagged, names = self._flagged(placed)
            in_domain[start + flagged] = False
            rows.append(start + flagged)
            named.append(names)
        unusual = Unusual(len(frame), np.concatenate(rows), np.concatenate(named), self.space.columns, self.fits)
        return in_domain, unusual

    def to_parts(self) -> tuple[dict[str, Any], Singles]:
        """Return a JSON object and the prototypes, for `from_parts`."""
        document = {"axes": self.space.to_document(), "far": self.far, "rare": self.rare}
        return {**document, "typical": list(self.typical), "fits": list(self.fits)}, self.neighbours.points

    @classmethod
    def from_parts(cls, document: Mapping[str, Any], prototypes: NDArray[Any]) -> Domain:
        """Return the domain that gave the parts.

        Raises
        ------
        ValueError
            The parts do not belong together.
        """
        space = Space.from_document(document["axes"])
        domain = cls(
            space,
            Neighbours(np.ascontiguousarray(prototypes, dtype=np.float32)),
            float(document["far"]),
            float(document["rare"]),
            tuple(document["typical"]),
            tuple(document["fits"]),
        )
        lengths = {len(space.axes), len(domain.typical), len(domain.fits)}
        if len(lengths) != 1 or prototypes.ndim != 2 or prototypes.shape[1] != space.width:
            raise ValueError("the parts of the domain do not belong together")
        return domain

    def _flagged(self, placed: Placed) -> tuple[Indices, Flags]:
        """Return the positions out of domain and the attributes named for each."""
        is_far = self.neighbours.are_far(placed.coordinates, self.far)
        surprising = placed.surprise >= self.rare
        flagged = np.flatnonzero(is_far | surprising.any(1))
        named = (surprising | placed.outside)[flagged]
        distant = np.flatnonzero(is_far[flagged])
        if len(distant):
            parts = self.neighbours.parts(placed.coordinates[flagged[distant]], self.space.starts)
            alone = np.asarray(~named[distant].any(axis=1))
            named[distant] |= _largest(parts - np.array(self.typical), alone)
        return flagged, named


def _largest(excess: Floats, alone: Flags) -> Flags:
    """Return the attributes that distance names: the largest excess, and where nothing else is named up to three.

    The second and third are named only while they are at least half as large as the first.
    """
    ranks = np.argsort(np.argsort(-excess, axis=1, kind="stable"), axis=1, kind="stable")
    first = excess.max(1, keepdims=True)
    comparable = (ranks < MAX_NAMED_BY_DISTANCE) & (excess >= first / 2) & (excess > 0)
    return np.asarray(np.where(alone[:, None], comparable | (ranks == 0), ranks == 0))


def _sampled(coordinates: Singles, rng: np.random.Generator) -> Singles:
    chosen = np.sort(rng.permutation(len(coordinates))[:MAX_PROTOTYPES])
    return np.ascontiguousarray(coordinates[chosen])


def _held_out(
    frame: pd.DataFrame, codes: Indices, kinds: Mapping[str, str], rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Return distance and largest surprise of every row, out of fold, and the mean parts of the distance."""
    n_groups = int(codes.max()) + 1
    fold_of = (rng.permutation(n_groups) % min(N_FOLDS, max(n_groups, 2)))[codes]
    distance, surprise = np.zeros(len(frame)), np.zeros(len(frame))
    parts = np.zeros(frame.shape[1])
    for fold in np.unique(fold_of):
        held = fold_of == fold
        learned = ~held if (~held).any() else held
        space = Space.learn(frame[learned], kinds)
        neighbours = Neighbours(_sampled(space.place(frame[learned]).coordinates, rng))
        placed = space.place(frame[held])
        distance[held] = neighbours.mean_distance(placed.coordinates)
        surprise[held] = placed.surprise.max(1)
        parts += neighbours.parts(placed.coordinates, space.starts).sum(0)
    return distance, surprise, parts / len(frame)


def _thresholds(distance: Floats, surprise: Floats) -> tuple[float, float]:
    """Return the two thresholds that together flag one in twenty."""
    n = len(distance)
    p_distance, p_surprise = _p_values(distance), _p_values(surprise)
    either = np.sort(np.minimum(p_distance, p_surprise))
    allowed = int(FALSE_ALARMS * (n + 1))
    steps = np.unique(either)
    fitting = steps[np.searchsorted(either, steps, side="right") <= allowed]
    bar = float(fitting[-1]) if len(fitting) else 0.0
    return _value_at(distance, p_distance, bar), _value_at(surprise, p_surprise, bar)


def _p_values(statistic: Floats) -> Floats:
    """Return for every row the share of rows with as large a statistic."""
    return 1.0 - np.searchsorted(np.sort(statistic), statistic) / len(statistic)


def _value_at(statistic: Floats, p: Floats, bar: float) -> float:
    """Return the threshold halfway between the least value flagged and the greatest not flagged."""
    flagged = p <= bar
    if not flagged.any():
        return float(np.nextafter(statistic.max(), np.inf))
    least = statistic[flagged].min()
    return float((least + statistic[~flagged].max()) / 2) if (~flagged).any() else float(least)
