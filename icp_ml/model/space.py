"""Place accounts where distances make sense: every attribute on the scale of a standard normal, missing and levels too.

A number goes to its normal score among the customers (its rank as a normal quantile), extended beyond two standard
deviations by the slope of the tail. A level is a 0/1 coordinate, so that two levels differ by as much as two
independent draws of a number do on average (a squared distance of 2). Beside its coordinates each attribute has
a *surprise*: the normal quantile of how rare so extreme a value, or so rare a level, is among the customers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Singles = NDArray[np.float32]

_MAX_SCORE = 12.0
_MAX_KNOTS = 257
_TAIL_SCORE = 2.0
_MAX_LEVELS = 8
_MIN_LEVEL_SHARE = 0.02
_CONSTANT_SLOPE = 1e6
_LONG_TAIL = 1.6


@dataclass(frozen=True)
class Placed:
    """Accounts in the space of the customers.

    Attributes
    ----------
    coordinates : array of shape (n, n_coordinates)
        float32.
    surprise : array of shape (n, n_attributes)
        0 or more; 2 is as rare as two standard deviations.
    outside : array of shape (n, n_attributes)
        Beyond the range of the customers, a level none of them has, or missing where none is missing.
    """

    coordinates: Singles
    surprise: Floats
    outside: Flags


@dataclass(frozen=True)
class Tail:
    """How normal scores go on beyond the last value kept.

    Attributes
    ----------
    slope : float
        Score per unit of value; with ``reach``, per unit of the log of the distance from the middle.
    reach : float or None
        Distance from the middle value to the end of the range, where the tail is long; else None.
    """

    slope: float
    reach: float | None = None

    def beyond(self, excess: Floats) -> Floats:
        """Return how much score an excess of 0 or more over the range adds."""
        return self.slope * (excess if self.reach is None else np.log1p(excess / self.reach))


@dataclass(frozen=True)
class NumberAxis:
    """Normal scores of one numeric attribute.

    Attributes
    ----------
    column : str
        Its name.
    values, scores : tuple of float
        Values of the customers, rising, and their normal scores; empty when all are missing.
    minimum, maximum : float
        Range of the customers; 0 when all are missing.
    below, above : Tail
        How scores go on beyond the first and the last of ``values``.
    missing : float
        Surprise of a missing value.
    ever_missing : bool
        Whether customers have it missing.
    """

    kind: ClassVar[str] = "number"
    column: str
    values: tuple[float, ...]
    scores: tuple[float, ...]
    minimum: float
    maximum: float
    below: Tail
    above: Tail
    missing: float
    ever_missing: bool

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return 1 + self.ever_missing

    @classmethod
    def learn(cls, column: pd.Series) -> NumberAxis:
        """Learn the scores of the customers' values."""
        numbers = _numbers(column)
        known = numbers[~np.isnan(numbers)]
        missing = _quantile(_tail(len(numbers) - len(known), len(numbers)))
        values, counts = np.unique(known, return_counts=True)
        scores = ndtri((np.cumsum(counts) - counts / 2) / max(len(known), 1))
        ends = (float(values[0]), float(values[-1])) if len(values) else (0.0, 0.0)
        kept = _knots(scores)
        values, scores = values[kept], scores[kept]
        below, above = _tail_beyond(-values[::-1], -scores[::-1]), _tail_beyond(values, scores)
        name = str(column.name)
        return cls(name, _tuple(values), _tuple(scores), *ends, below, above, missing, len(known) < len(numbers))

    def place(self, column: pd.Series) -> tuple[Singles | Flags, Floats, Flags]:
        """Return coordinates (n, width), surprise (n,) and outside (n,)."""
        numbers = _numbers(column)
        absent = np.isnan(numbers)
        x = np.clip(np.where(absent, self.minimum, numbers), -1e300, 1e300)
        outside = np.where(absent, not self.ever_missing, (x < self.minimum) | (x > self.maximum) | (not self.values))
        score = np.where(absent, 0.0, self._scores(x) if self.values else _MAX_SCORE)
        surprise = np.where(absent, self.missing, np.abs(score))
        coordinates = np.empty((len(x), self.width), dtype=np.float32)
        coordinates[:, 0] = score
        if self.ever_missing:
            coordinates[:, 1] = absent
        return coordinates, surprise, outside

    def _scores(self, x: Floats) -> Floats:
        score = np.interp(x, self.values, self.scores)
        above, below = np.flatnonzero(x > self.values[-1]), np.flatnonzero(x < self.values[0])
        score[above] += self.above.beyond(x[above] - self.values[-1])
        score[below] -= self.below.beyond(self.values[0] - x[below])
        return np.clip(score, -_MAX_SCORE, _MAX_SCORE)


@dataclass(frozen=True)
class LevelAxis:
    """Levels of one categorical attribute.

    Attributes
    ----------
    column : str
        Its name.
    levels : tuple of str
        Every level of the customers, the most frequent first.
    surprises : tuple of float
        Surprise of each level, then of a level none of the customers has.
    own : int
        The first ``own`` levels have a coordinate each; the rest share one.
    missing : float
        Surprise of a missing value.
    ever_missing : bool
        Whether customers have it missing.
    """

    kind: ClassVar[str] = "level"
    column: str
    levels: tuple[str, ...]
    surprises: tuple[float, ...]
    own: int
    missing: float
    ever_missing: bool

    @property
    def width(self) -> int:
        """Number of coordinates: levels, the rest, missing."""
        return self.own + 1 + self.ever_missing

    @classmethod
    def learn(cls, column: pd.Series) -> LevelAxis:
        """Learn the levels of the customers and how rare each is."""
        names, codes = _levels(column)
        n, n_missing = len(codes), int((codes < 0).sum())
        counts = np.bincount(codes[codes >= 0], minlength=len(names))
        order = sorted(np.flatnonzero(counts), key=lambda code: (-counts[code], names[code]))
        seen = counts[order]
        n_once = int((seen == 1).sum())
        rarer = [float(seen[seen <= count].sum()) + n_missing * bool(0 < n_missing <= count) for count in seen]
        surprises = [_quantile(_tail(count, n)) for count in rarer] + [_quantile(_tail(n_once / 2, n))]
        at_missing = n_missing + float(seen[seen <= n_missing].sum())
        own = int((seen[:_MAX_LEVELS] >= _MIN_LEVEL_SHARE * n).sum())
        levels = tuple(names[code] for code in order)
        missing = _quantile(_tail(at_missing if n_missing else 0, n))
        return cls(str(column.name), levels, tuple(surprises), own, missing, n_missing > 0)

    def place(self, column: pd.Series) -> tuple[Singles | Flags, Floats, Flags]:
        """Return coordinates (n, width), surprise (n,) and outside (n,)."""
        names, codes = _levels(column)
        positions = {level: place for place, level in enumerate(self.levels)}
        unseen = len(self.levels)
        table = np.array([*(positions.get(name, unseen) for name in names), unseen + 1])
        place = table[codes]
        axis = np.where(place > unseen, self.own + 1, np.minimum(place, self.own))
        coordinates = axis[:, None] == np.arange(self.width)
        outside = (place == unseen) | ((place > unseen) & (not self.ever_missing))
        return coordinates, np.array([*self.surprises, self.missing])[place], outside


Axis = NumberAxis | LevelAxis


@dataclass(frozen=True)
class Space:
    """One axis per attribute, in the order of the training frame."""

    axes: tuple[Axis, ...]

    @classmethod
    def learn(cls, frame: pd.DataFrame, kinds: Mapping[str, str]) -> Space:
        """Learn the axes of an attribute frame; ``kinds`` tells numeric, categorical and date attributes apart."""
        names = [str(name) for name in frame.columns]
        return cls(tuple((LevelAxis if kinds[n] == "categorical" else NumberAxis).learn(frame[n]) for n in names))

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the attributes."""
        return tuple(axis.column for axis in self.axes)

    @property
    def starts(self) -> NDArray[np.int64]:
        """First coordinate of every attribute."""
        return np.cumsum([0, *(axis.width for axis in self.axes)])[:-1].astype(np.int64)

    @property
    def width(self) -> int:
        """Number of coordinates."""
        return sum(axis.width for axis in self.axes)

    def place(self, frame: pd.DataFrame) -> Placed:
        """Return the accounts of a frame that has every attribute, in any order of columns."""
        coordinates = np.empty((len(frame), self.width), dtype=np.float32, order="F")
        surprise = np.empty((len(frame), len(self.axes)), order="F")
        outside = np.empty((len(frame), len(self.axes)), dtype=bool, order="F")
        for number, (axis, start) in enumerate(zip(self.axes, self.starts, strict=True)):
            where = slice(start, start + axis.width)
            coordinates[:, where], surprise[:, number], outside[:, number] = axis.place(frame[axis.column])
        return Placed(coordinates, surprise, outside)

    def to_document(self) -> list[dict[str, Any]]:
        """Return the axes as JSON objects."""
        return [{"kind": axis.kind, **asdict(axis)} for axis in self.axes]

    @classmethod
    def from_document(cls, document: Sequence[Mapping[str, Any]]) -> Space:
        """Return the space that wrote the document."""
        return cls(tuple(_axis(entry) for entry in document))


def _axis(entry: Mapping[str, Any]) -> Axis:
    if entry["kind"] == NumberAxis.kind:
        entry = {**entry, "below": Tail(**entry["below"]), "above": Tail(**entry["above"])}
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
    return LevelAxis(**fields) if fields.pop("kind") == LevelAxis.kind else NumberAxis(**fields)


def _numbers(column: pd.Series) -> Floats:
    return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))


def _levels(column: pd.Series) -> tuple[list[str], NDArray[Any]]:
    """Return the levels as text and the code of every row, -1 where it is missing."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype("category")
    codes = column.cat.codes.to_numpy(dtype=np.int64)
    return [str(level) for level in column.cat.categories], codes


def _tail(count: float, n: int) -> float:
    return (count + 0.5) / (n + 1)


def _quantile(tail: float) -> float:
    """Return the standard deviations that a two-sided tail of this size lies out."""
    return max(0.0, float(-ndtri(min(tail, 1.0) / 2)))


def _tuple(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)


def _knots(scores: Floats) -> NDArray[np.int64]:
    """Return positions of the values kept: from the last score up to -2 to the first from 2 on, evenly spaced.

    Rarer values say too little about the tail, which goes on by a rule learned from those kept.
    """
    if len(scores) == 0:
        return np.empty(0, dtype=np.int64)
    first = max(int(np.searchsorted(scores, -_TAIL_SCORE, side="right")) - 1, 0)
    last = min(int(np.searchsorted(scores, _TAIL_SCORE)), len(scores) - 1)
    if last - first < _MAX_KNOTS:
        return np.arange(first, last + 1)
    return np.unique(np.searchsorted(scores, np.linspace(scores[first], scores[last], _MAX_KNOTS)))


def _tail_beyond(values: Floats, scores: Floats) -> Tail:
    """Return how the scores of rising values go on: along the chord over the last one and a half standard deviations.

    The tail is long, and goes on in the log of the distance from the middle by the chord over the last standard
    deviation, where the outer half of the scores above the middle spans clearly more than the inner half.
    """
    if len(values) < 2:
        return Tail(_CONSTANT_SLOPE / max(float(np.abs(values).max(initial=0.0)), 1e-12))
    end, last = float(scores[-1]), float(values[-1])
    middle, half = np.interp([0.0, end / 2], scores, values)
    inner = _before(scores, end - 1.0)
    if last - half > _LONG_TAIL * (half - middle) and values[inner] > middle:
        rise = end - float(scores[inner])
        return Tail(rise / float(np.log((last - middle) / (values[inner] - middle))), float(last - middle))
    inner = _before(scores, end - 1.5)
    return Tail((end - float(scores[inner])) / (last - float(values[inner])))


def _before(scores: Floats, bound: float) -> int:
    """Return the position of the last score up to the bound, of those before the end."""
    return int(np.clip(np.searchsorted(scores, bound, side="right") - 1, 0, len(scores) - 2))
