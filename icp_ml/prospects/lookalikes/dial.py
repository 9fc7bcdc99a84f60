"""Reach against precision: what a longer list would hold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.prospects.lookalikes.options import ranks_of
from icp_ml.prospects.lookalikes.passes import Candidates, Pool

Indices = npt.NDArray[np.int64]

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_SIMILARITY, _CHANCE, _SHARE = 4, 6, 6
"""Decimals."""
_SMALL = 0.001
"""A share below it is told by its digits, not by its decimals."""


@dataclass(frozen=True)
class DialRow:
    """A list of some length.

    Attributes
    ----------
    share : float
        Of the prospects, above 0 and at most 1.
    n : int
        Ranks.
    similarity : float
        Of the last rank, 0 to 1.
    probability, p_close : float or None
        Mean chance of success, and of closing where it is known; None: withdrawn, or not asked for.
    reach : float or None
        Share of the hidden successes that a list of this share would hold; None without an evaluation.
    is_list : bool
        It is the list that was written.
    """

    share: float
    n: int
    similarity: float
    probability: float | None
    p_close: float | None
    reach: float | None
    is_list: bool

    def as_document(self) -> dict[str, Any]:
        """Return the row."""
        return asdict(self)


@dataclass(frozen=True)
class Dial:
    """Lists of several lengths, shortest first.

    Attributes
    ----------
    rows : tuple of DialRow
        Empty without prospects.
    """

    rows: tuple[DialRow, ...]

    @property
    def sentence(self) -> str:
        """Say what the list holds, and what twice as long a list would."""
        here = next((row for row in self.rows if row.is_list), None)
        if here is None:
            return "No prospect was left to list."
        counted = f"{here.n:,} prospect{'' if here.n == 1 else 's'}, {_share_text(here.share)} of them"
        told = f"The list holds {counted}, down to a similarity of "
        return f"{told}{here.similarity:.2f}{_chance(here)}; {self._whole()}"

    def _whole(self) -> str:
        last = self.rows[-1]
        return f"all {last.n:,} go down to {last.similarity:.2f}{_chance(last)}."

    def as_document(self) -> dict[str, Any]:
        """Return the sentence and the rows."""
        return {"sentence": self.sentence, "rows": [row.as_document() for row in self.rows]}


def dial(
    pool: Pool, candidates: Candidates, listed: Candidates, *, is_withdrawn: bool, reach: Mapping[float, float]
) -> Dial:
    """Return what lists of several lengths hold.

    Parameters
    ----------
    pool : Pool
        All prospects.
    candidates : Candidates
        The first ranks, settled exactly; behind them single precision orders.
    listed : Candidates
        The list that was written.
    is_withdrawn : bool
        There is no chance of success to show.
    reach : mapping of float to float
        Share of the hidden successes that a share of the prospects holds; empty without an evaluation.
    """
    if not len(listed):
        return Dial(())
    is_diverse = not np.array_equal(listed.places, candidates.places[: len(listed)])
    chances = None if is_withdrawn else pool.probability

    def row(share: float, places: Indices, last: float, *, is_list: bool = False) -> DialRow:
        return DialRow(
            share=float(f"{share:.3g}") if share < _SMALL else round(share, _SHARE),
            n=len(places),
            similarity=round(last, _SIMILARITY),
            probability=_mean(chances, places),
            p_close=_mean(pool.p_close, places),
            reach=None if is_list and is_diverse else reach.get(share),  # hidden successes were not made diverse
            is_list=is_list,
        )

    rows = [row(share, *_first(pool, candidates, ranks_of(share, len(pool)))) for share in SHARES]
    rows.append(row(len(listed) / len(pool), listed.places, float(listed.similarity[-1]), is_list=True))
    return Dial(tuple(sorted(rows, key=lambda one: (one.n, one.is_list))))


def _first(pool: Pool, candidates: Candidates, n: int) -> tuple[Indices, float]:
    """Return the places of the first ranks, in no order, and the similarity of the last of them."""
    if n <= len(candidates):
        return candidates.places[:n], float(candidates.similarity[n - 1])
    last = np.partition(pool.similarity, -n)[-n]
    above = np.flatnonzero(pool.similarity > last)
    level = np.flatnonzero(pool.similarity == last)[: n - len(above)]
    return np.concatenate([above, level]), float(last)


def _mean(values: npt.NDArray[np.float32] | None, places: Indices) -> float | None:
    """Return the mean of what is known at some places."""
    if values is None:
        return None
    found = values[places].astype(np.float64)
    known = found[~np.isnan(found)]
    return round(float(known.mean()), _CHANCE) if known.size else None


def _share_text(share: float) -> str:
    """Return a share in per cent that is never rounded to nothing."""
    return f"{share:.1%}" if share >= _SMALL else f"{float(f'{100 * share:.2g}'):.10f}".rstrip("0") + "%"


def _chance(row: DialRow) -> str:
    return "" if row.probability is None else f", with a mean chance of success of {row.probability:.2f}"
