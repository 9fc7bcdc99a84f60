"""Is the bottom of the list as bad as it is said to be? The last fifth with the care that the first one gets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from icp_ml.model.evaluation.judged import (
    TOP_SHARE,
    JudgedRows,
    end_of_list,
    interval_text,
    or_none,
    percent,
    share_of,
    success_share,
)
from icp_ml.model.evaluation.metrics import Estimate

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

N_ATTRIBUTES = 5
SMALLEST = 0.02
"""A difference of mean contributions nearer to zero than this many log-odds is not named."""


@dataclass(frozen=True)
class Evidence:
    """What is known, beside their score, of the accounts that judged, or of some drawn from the whole list.

    Attributes
    ----------
    places : array of int, shape (m,)
        Which of them, by position.
    contributions : DataFrame of shape (m, n_attributes)
        In log-odds.
    missing_share : array of shape (m,)
        Share of the attributes that are missing for each account.
    in_domain : array of bool, shape (m,), or None
        False where an account is unlike every customer; None where that is not known.
    labels : mapping of str to str
        Words for attributes.
    """

    places: NDArray[np.int64]
    contributions: pd.DataFrame
    missing_share: Floats
    in_domain: NDArray[np.bool_] | None
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Bottom:
    """The last fifth of the list.

    Attributes
    ----------
    n : int
        Accounts in it.
    observed : Estimate
        Weighted success share.
    predicted : float
        Mean chance that was said.
    gap : Estimate
        Observed minus predicted; above 0 the bottom is better than it was said to be.
    below_middle : Estimate
        Success share of the middle three fifths minus that of the bottom; 0 means that the bottom is no worse.
    successes_lost : int
        Successes in it, which nobody works when the bottom is left out.
    lost_share : float
        Their weighted share of all successes; a fifth is no better than chance.
    missing, unusual : tuple of float
        Mean share of attributes missing, and share of accounts unlike every customer, in it and among all others; NaN
        where that is not known.
    attributes : tuple of (column, note)
        What speaks against these accounts more than against others, strongest first.
    sentence : str
    """

    n: int
    observed: Estimate
    predicted: float
    gap: Estimate
    below_middle: Estimate
    successes_lost: int
    lost_share: float
    missing: tuple[float, float]
    unusual: tuple[float, float]
    attributes: tuple[tuple[str, str], ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the bottom as a JSON object; NaN is null."""
        return {
            "sentence": self.sentence,
            "n": self.n,
            **{"observed": or_none(self.observed.value), "low": self.observed.low, "high": self.observed.high},
            "predicted": or_none(self.predicted),
            "gap": self.gap.as_document(),
            "below_middle": self.below_middle.as_document(),
            "successes_lost": self.successes_lost,
            "lost_share": or_none(self.lost_share),
            "missing": _compared(self.missing),
            "unusual": _compared(self.unusual),
            "attributes": [{"column": column, "note": note} for column, note in self.attributes],
        }


def bottom(rows: JudgedRows, evidence: Evidence) -> Bottom:
    """Measure the last fifth of the list.

    Parameters
    ----------
    rows : JudgedRows
        The accounts that judged.
    evidence : Evidence
        Contributions, missing values and domain of these accounts, or of a sample.

    Returns
    -------
    Bottom
        No better than chance: the success share of the middle, a fifth of the successes.

    Notes
    -----
    Accounts that tie at the end of the fifth take part alike. Errors allow for weights and related accounts.
    """
    inside = end_of_list(rows, TOP_SHARE, lowest=True)
    middle = np.maximum(0.0, 1 - inside - end_of_list(rows, TOP_SHARE))
    gap = share_of(rows, rows.outcome - rows.probability, inside)
    below = share_of(rows, rows.outcome, middle) - share_of(rows, rows.outcome, inside)
    successes = rows.weight * rows.outcome
    known, known_inside = rows.at(evidence.places), inside[evidence.places]
    outside = None if evidence.in_domain is None else (~evidence.in_domain).astype(np.float64)
    found = Bottom(
        n=int(np.count_nonzero(inside)),
        observed=success_share(rows, inside),
        predicted=share_of(rows, rows.probability, inside).value,
        gap=gap.estimate(),
        below_middle=below.estimate(),
        successes_lost=int(rows.outcome[inside > 0].sum()),
        lost_share=float(successes @ inside / successes.sum()) if rows.outcome.any() else nan,
        missing=_here_and_elsewhere(known, evidence.missing_share, known_inside),
        unusual=(nan, nan) if outside is None else _here_and_elsewhere(known, outside, known_inside),
        attributes=_against(known, evidence, known_inside),
        sentence="",
    )
    return replace(found, sentence=_sentence(found))


def _here_and_elsewhere(rows: JudgedRows, values: Floats, inside: Floats) -> tuple[float, float]:
    return share_of(rows, values, inside).value, share_of(rows, values, 1 - inside).value


def _against(rows: JudgedRows, evidence: Evidence, inside: Floats) -> tuple[tuple[str, str], ...]:
    """Return the attributes whose contributions are lower in the bottom than elsewhere, with both means."""
    means = {
        str(column): _here_and_elsewhere(rows, cells.to_numpy(np.float64), inside)
        for column, cells in evidence.contributions.items()
    }
    lowest = sorted(means, key=lambda column: means[column][0] - means[column][1])[:N_ATTRIBUTES]
    return tuple(
        (
            column,
            f"{evidence.labels.get(column, column)}: {means[column][0]:+.2f} here, {means[column][1]:+.2f} elsewhere",
        )
        for column in lowest
        if means[column][0] - means[column][1] <= -SMALLEST
    )


def _sentence(found: Bottom) -> str:
    below, gap = found.below_middle, found.gap
    told = (
        f"Of the {found.n:,} accounts scored lowest, {percent(found.observed.value)} succeeded "
        f"{interval_text(found.observed)}; {percent(found.predicted)} was said."
    )
    if gap.low > 0:
        told += " They are better than they were said to be."
    if not below.low > 0:
        return f"{told} They are not shown to be worse than the middle of the list: do not drop them for their score."
    return (
        f"{told} That is {100 * below.value:.0f} points below the middle of the list "
        f"(90 %: {100 * below.low:.0f} to {100 * below.high:.0f}); leaving them out "
        f"leaves out {found.successes_lost:,} successes, {percent(found.lost_share)} of all."
    )


def _compared(both: tuple[float, float]) -> dict[str, float | None]:
    return {"here": or_none(both[0]), "elsewhere": or_none(both[1])}
