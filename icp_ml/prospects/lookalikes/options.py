"""How lookalikes are asked for."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from pathlib import Path

from icp_ml.errors import UsageError, message
from icp_ml.prospects.admission import BLOCK_ROWS, OnDuplicate

LONGEST_DIVERSE = 5_000
"""Ranks of the longest list that can be made diverse: every choice is held against all those before it."""

DEFAULT_REACH = 0.1
_ROUNDING = 9
"""Decimals of a number of ranks: 7 % of 100 are 7, not the 8 that 7.000000000000001 would be."""


def ranks_of(share: float, n_prospects: int) -> int:
    """Return how many ranks a share of the prospects is, rounded up.

    Examples
    --------
    >>> ranks_of(0.07, 100), ranks_of(0.01, 30), ranks_of(0.5, 0)
    (7, 1, 0)
    """
    return math.ceil(round(share * n_prospects, _ROUNDING))


@dataclass(frozen=True)
class LookalikeOptions:
    """How to find lookalikes.

    Attributes
    ----------
    top : int, optional
        Ranks of the list. Neither `top` nor `reach`: the model's capacity, else a tenth of the prospects.
    reach : float, optional
        Share of the prospects that the list holds, above 0 and at most 1.
    seeds, negatives : Path, optional
        Customers to resemble, and not to resemble; all successful and all churned ones by default.
    segment : str, optional
        Name of the segment of successful customers to resemble.
    diversity : float
        0: the most similar; towards 1: ever more unlike each other.
    p_close : str, optional
        Column of the prospects with their chance of closing, 0 to 1: shown beside the rest, it decides nothing.
    by_seed : Path, optional
        Where the nearest prospects of every seed go.
    evaluate : bool
        Hide customers of both outcomes among the prospects and tell how well they are told apart.
    as_of : date or ISO text, optional
        The day on which the attributes were known, where the table has no column of it.
    on_duplicate : {"error", "first"}
        Refuse a table in which an id comes twice, or reject every row but the first.
    encoding, delimiter : str, optional
        Of a CSV.
    batch_rows : int
        Rows read at a time; no effect on the result.

    Raises
    ------
    UsageError
        A number is out of its range, or two options contradict each other.
    """

    top: int | None = None
    reach: float | None = None
    seeds: str | Path | None = None
    negatives: str | Path | None = None
    segment: str | None = None
    diversity: float = 0.0
    p_close: str | None = None
    by_seed: str | Path | None = None
    evaluate: bool = False
    as_of: dt.date | str | None = None
    on_duplicate: OnDuplicate = "error"
    encoding: str | None = None
    delimiter: str | None = None
    batch_rows: int = BLOCK_ROWS

    def __post_init__(self) -> None:
        if self.top is not None and self.reach is not None:
            raise UsageError(message("--top", "came with --reach", "one of them", "Leave one out"))
        if self.top is not None and self.top < 1:
            raise UsageError(message("--top", f"{self.top}", "1 or more", "Ask for at least one rank"))
        if self.reach is not None and not 0 < self.reach <= 1:
            raise UsageError(message("--reach", f"{self.reach}", "a share above 0 and at most 1", "Correct it"))
        if not 0 <= self.diversity < 1:
            raise UsageError(message("--diversity", f"{self.diversity}", "0 or more and below 1", "Correct it"))

    @property
    def has_all_seeds(self) -> bool:
        """Whether all successful customers are seeds, and all churned ones negative seeds."""
        return self.seeds is None and self.negatives is None and self.segment is None

    def length(self, capacity: int | None) -> int | None:
        """Return the ranks asked for where they do not depend on the number of prospects, else None."""
        return self.top or (None if self.reach is not None else capacity)

    def listed(self, capacity: int | None, n_prospects: int) -> int:
        """Return how many of the prospects are listed.

        Raises
        ------
        UsageError
            A diverse list would be too long.
        """
        asked = self.length(capacity) or ranks_of(self.reach or DEFAULT_REACH, n_prospects)
        n = min(asked, n_prospects)
        if self.diversity and n > LONGEST_DIVERSE:
            came = f"a list of {n:,} prospects"
            step = "Ask for fewer with --top, or leave --diversity out"
            raise UsageError(message("--diversity", came, f"at most {LONGEST_DIVERSE:,}", step))
        return n
