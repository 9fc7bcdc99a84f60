"""Would another draw of customers have told the same reason? A table of how often refits agree on its direction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from icp_ml.model.features import CATEGORICAL, MAX_LEVELS, Encoding
from icp_ml.names import PLAYERS

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.refits import Refits

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

FORMAT = 1
"""Version of the document; raise it when old readers would misread a new one."""

BAR = 0.8
TELLING = 0.02
"""Contributions nearer to zero are told to nobody (`icp_ml.prospects.reasons.SMALLEST`), so they do not count here."""

MIN_REFITS = 10
MIN_ACCOUNTS = 5
"""Accounts of a bin that lean to one side; of fewer, all accounts of the bin are asked."""

MAX_ROWS = 2000
DECILES = np.arange(1, 10) / 10
_DECIMALS = 4


@dataclass(frozen=True)
class SignTable:
    """How often refits agree with the direction of a contribution, by bin of a value.

    Attributes
    ----------
    edges
        Where the bins of a number begin, rising.
    levels
        Levels with a bin of their own; None for a number.
    up, down
        Share of refits (0 to 1) that raise, and that lower, where the served fit does: one per bin of a number and
        one for missing; or one per level, one for all other levels and one for missing. 0 where nobody was seen.
    """

    edges: tuple[float, ...]
    levels: tuple[str, ...] | None
    up: tuple[float, ...]
    down: tuple[float, ...]

    def bins(self, values: pd.Series) -> NDArray[np.intp]:
        """Return the bin of each value (n,)."""
        if self.levels is not None:
            places = Encoding("", CATEGORICAL, self.levels, missing=True).positions(values)
            return np.where(values.isna(), len(self.levels) + 1, places).astype(np.intp)
        return self.bins_of_numbers(values.to_numpy(dtype=np.float64, na_value=np.nan))

    def bins_of_numbers(self, values: Floats) -> NDArray[np.intp]:
        """Return the bin of each number (n,)."""
        found = np.searchsorted(np.array(self.edges), values, side="right")
        found[np.isnan(values)] = len(self.edges) + 1
        return found

    def keeps(self, bins: NDArray[np.intp], contributions: Floats, bar: float) -> Flags:
        """Return whether enough refits agree with the direction of each contribution (n,)."""
        agree = np.array([self.down, self.up]) >= bar
        return agree[(contributions > 0).astype(np.intp), bins]


@dataclass(frozen=True)
class Stability:
    """Which reasons stay when the model is fitted again on redrawn customers.

    Attributes
    ----------
    attributes
        By column.
    fits
        By fit (and context), in bins of its contribution.
    n_refits
        Refits behind the shares.
    dropped_share
        Share of the customers' attribute contributions large enough to be told (0.02 log-odds) that are not kept.
    bar
        Least share of refits that must agree.

    Notes
    -----
    A contribution is a reason when at least 80 % of refits give it the same sign where the account's value lies: in
    the same tenth of a number, at the same level, or where it is missing too. That is a bar for noise, not a test: of
    attributes that say nothing about two in five pass by chance (a sign repeats when the estimate is .84 standard
    errors from zero), though with small contributions. Learner, complexity and calibration are held in the refits.
    """

    attributes: Mapping[str, SignTable]
    fits: Mapping[str, SignTable]
    n_refits: int
    dropped_share: float
    bar: float = BAR

    @classmethod
    def learn(cls, classifier: SuccessClassifier, X: pd.DataFrame, refits: Refits) -> Stability | None:
        """Learn the table from refits; None where fewer than 10 could be fitted.

        Parameters
        ----------
        classifier
            The served one.
        X
            Its training accounts with weight or without, one column per attribute; at most 2,000 are looked at.
        refits
            Of that classifier, from `icp_ml.model.refits.refits`.
        """
        if len(refits) < MIN_REFITS:
            return None
        frame = X.iloc[_looked_at(len(X))]
        served = classifier.attribute_contributions(frame)
        matrix = classifier.features_.transform(frame)
        fit_of = refits.refits[0].served.fit_of_attribute
        columns, players = _Votes(served.to_numpy()), _Votes(_by_fit(served.to_numpy(), fit_of))
        for refit in refits.refits:
            again = refit.served.by_attribute(matrix)
            columns.count(again)
            players.count(_by_fit(again, fit_of))
        attributes = {}
        for at, encoding in enumerate(classifier.features_.encodings):
            values = frame[encoding.attribute]
            attributes[encoding.attribute] = columns.table(at, _empty_table(values, encoding), values)
        fits = {}
        for at in sorted(set(fit_of.tolist())):
            values = pd.Series(players.served[:, at])
            fits[PLAYERS[at]] = players.table(at, _deciles(values), values)
        found = cls(attributes, fits, len(refits), 0.0)
        return cls(attributes, fits, len(refits), found._dropped(frame, served))

    def keeps(self, column: str, values: pd.Series, contributions: Floats) -> Flags:
        """Return which contributions (n,) of an attribute with these values are stable enough to be told.

        A column that was not in the table keeps its reasons.
        """
        table = self.attributes.get(column)
        if table is None:
            return np.ones(len(contributions), dtype=bool)
        return table.keeps(table.bins(values), contributions, self.bar)

    def keeps_fit(self, contributions: Floats) -> Flags:
        """Return which contributions (n, 7), in the order of ``names.PLAYERS``, are stable enough to be told."""
        kept = np.ones(contributions.shape, dtype=bool)
        for name, table in self.fits.items():
            column = contributions[:, PLAYERS.index(name)]
            kept[:, PLAYERS.index(name)] = table.keeps(table.bins_of_numbers(column), column, self.bar)
        return kept

    def stable_attributes(self, frame: pd.DataFrame, contributions: pd.DataFrame) -> pd.DataFrame:
        """Return attribute contributions with 0 in place of those that are not stable."""
        kept = {
            name: np.where(self.keeps(str(name), frame[name], values.to_numpy()), values.to_numpy(), 0.0)
            for name, values in contributions.items()
        }
        return pd.DataFrame(kept, columns=contributions.columns, index=contributions.index)

    def stable_fits(self, contributions: Floats) -> Floats:
        """Return fit contributions (n, 7) with 0 in place of those that are not stable."""
        return np.where(self.keeps_fit(contributions), contributions, 0.0)

    @property
    def sentence(self) -> str:
        """Say when a reason is told, and how much is left out."""
        return (
            f"A reason is told only where at least {self.bar:.0%} of {self.n_refits} refits on redrawn customers agree "
            f"on its direction; among the customers that leaves out {self.dropped_share:.0%} of what is large enough "
            "to be told."
        )

    def as_document(self) -> dict[str, Any]:
        """Return what a report says of it."""
        return {
            "sentence": self.sentence,
            "n_refits": self.n_refits,
            "bar": self.bar,
            "dropped_share": self.dropped_share,
        }

    def to_document(self) -> dict[str, Any]:
        """Return everything, ready for JSON."""
        return {
            "format": FORMAT,
            "bar": self.bar,
            "n_refits": self.n_refits,
            "dropped_share": self.dropped_share,
            "attributes": {name: _table_document(table) for name, table in self.attributes.items()},
            "fits": {name: _table_document(table) for name, table in self.fits.items()},
        }

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Stability:
        """Return the table that wrote a document.

        Raises
        ------
        ValueError
            Another format version, or values of the wrong type, number or range.
        """
        _expect(set(document) == {"format", "bar", "n_refits", "dropped_share", "attributes", "fits"}, "other keys")
        _expect(type(document["format"]) is int and document["format"] == FORMAT, f"another format than {FORMAT}")
        bar, dropped = _share(document["bar"]), _share(document["dropped_share"])
        _expect(type(document["n_refits"]) is int and document["n_refits"] > 0, "a number of refits below 1")
        tables = [document[name] for name in ("attributes", "fits")]
        _expect(all(type(table) is dict for table in tables) and set(tables[1]) <= set(PLAYERS), "other tables")
        attributes, fits = ({name: _table_from(each) for name, each in table.items()} for table in tables)
        _expect(all(table.levels is None for table in fits.values()), "levels of a fit")
        return cls(attributes, fits, document["n_refits"], dropped, bar)

    def ensure_fits(self, is_categorical: Mapping[str, bool]) -> None:
        """Refuse a table that is not of a model with these attributes.

        Raises
        ------
        ValueError
            A column that the model lacks, or levels of a number, or bins of a category.
        """
        for name, table in self.attributes.items():
            _expect(name in is_categorical, "an attribute that the model lacks")
            _expect(is_categorical[name] == (table.levels is not None), "an attribute of another kind")

    def _dropped(self, frame: pd.DataFrame, served: pd.DataFrame) -> float:
        told = np.abs(served.to_numpy()) >= TELLING
        kept = self.stable_attributes(frame, served).to_numpy() != 0.0
        return round(float((told & ~kept).sum() / max(told.sum(), 1)), _DECIMALS)


class _Votes:
    """Served contributions (n, k), and how many refits raise and lower each."""

    def __init__(self, served: Floats) -> None:
        self.served = served
        self.raises, self.lowers = (np.zeros(served.shape, dtype=np.int64) for _ in range(2))
        self.n_refits = 0

    def count(self, contributions: Floats) -> None:
        self.raises += contributions > 0
        self.lowers += contributions < 0
        self.n_refits += 1

    def table(self, at: int, empty: SignTable, values: pd.Series) -> SignTable:
        """Return the bins with the shares of one column."""
        bins, served, n_bins = empty.bins(values), self.served[:, at], len(empty.up)
        up = _shares_by_bin(bins, n_bins, self.raises[:, at] / self.n_refits, served >= TELLING)
        down = _shares_by_bin(bins, n_bins, self.lowers[:, at] / self.n_refits, served <= -TELLING)
        return SignTable(empty.edges, empty.levels, up, down)


def _shares_by_bin(bins: NDArray[np.intp], n_bins: int, shares: Floats, told: Flags) -> tuple[float, ...]:
    """Return the mean share of each bin over the accounts it is told to; over all of the bin when they are few."""
    found = np.zeros(n_bins)
    for place in range(n_bins):
        here = bins == place
        asked = here & told if (here & told).sum() >= MIN_ACCOUNTS else here
        found[place] = shares[asked].mean() if asked.any() else 0.0
    return tuple(np.round(found, _DECIMALS).tolist())


def _looked_at(n: int) -> NDArray[np.int64]:
    """Return at most 2,000 rows, evenly spaced."""
    return np.unique(np.linspace(0, n - 1, min(n, MAX_ROWS)).astype(np.int64))


def _by_fit(contributions: Floats, fit_of_attribute: NDArray[np.int64]) -> Floats:
    return contributions @ np.eye(len(PLAYERS))[fit_of_attribute]


def _empty_table(column: pd.Series, encoding: Encoding) -> SignTable:
    if encoding.kind != CATEGORICAL:
        return _deciles(column)
    nothing = (0.0,) * (len(encoding.levels) + 2)
    return SignTable((), encoding.levels, nothing, nothing)


def _deciles(column: pd.Series) -> SignTable:
    values = column.to_numpy(dtype=np.float64, na_value=np.nan)
    known = values[~np.isnan(values)]
    edges = tuple(np.unique(np.quantile(known, DECILES)).tolist()) if len(known) else ()
    nothing = (0.0,) * (len(edges) + 2)
    return SignTable(edges, None, nothing, nothing)


def _table_document(table: SignTable) -> dict[str, list[Any] | None]:
    lists: dict[str, list[Any] | None] = {name: list(getattr(table, name)) for name in ("edges", "up", "down")}
    return lists | {"levels": None if table.levels is None else list(table.levels)}


def _table_from(document: Any) -> SignTable:
    _expect(type(document) is dict and set(document) == {"edges", "levels", "up", "down"}, "a table of other keys")
    edges, levels = tuple(_list(document["edges"])), document["levels"]
    _expect(all(type(edge) is float and np.isfinite(edge) for edge in edges), "an edge that is not a number")
    _expect(all(low < high for low, high in pairwise(edges)), "edges that do not rise")
    if levels is not None:
        levels = tuple(_list(levels))
        _expect(not edges and all(type(level) is str for level in levels), "levels that are not text")
        _expect(len(set(levels)) == len(levels), "levels that stand twice")
    up, down = (tuple(_share(value) for value in _list(document[name])) for name in ("up", "down"))
    n_bins = len(edges if levels is None else levels) + 2
    _expect(n_bins <= MAX_LEVELS + 2 and len(up) == len(down) == n_bins, "another number of bins")
    return SignTable(edges, levels, up, down)


def _list(value: Any) -> list[Any]:
    _expect(type(value) is list, "a value that is not a list")
    return list(value)


def _share(value: Any) -> float:
    _expect(type(value) is float and 0.0 <= value <= 1.0, "a share that is not between 0 and 1")
    return float(value)


def _expect(holds: bool, came: str) -> None:
    if not holds:
        raise ValueError(f"stability: {came}; expected the table of a training. Train the model again.")
