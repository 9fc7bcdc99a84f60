"""Rules of one attribute that choose about as many customers as the profile, cut without a look at success."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.personal import personal_kind
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Rate, rate

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
NEAR = 0.25
"""A rule may choose a quarter more or fewer customers than the profile."""
FEWEST = 10


@dataclass(frozen=True)
class SingleRule:
    """A rule of one attribute.

    Attributes
    ----------
    rule : str
        In words.
    coverage : float
        Share of the customers it chooses, 0 to 1.
    success : Rate
        Of these.
    """

    rule: str
    coverage: float
    success: Rate

    def as_document(self) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"rule": self.rule, "coverage": self.coverage, "success": self.success.as_document()}


def single_rules(base: CustomerBase, coverage: float) -> tuple[SingleRule, ...]:
    """Return the rules of one attribute with about the coverage of the profile, the most successful first.

    Parameters
    ----------
    base : CustomerBase
        Its model's attributes are cut: a number from below and from above, a level alone and all but one.
    coverage : float
        Share of the customers that match the profile, 0 to 1.

    Notes
    -----
    Neither cuts nor levels depend on success, so the profile can be compared with all of them; the first of them is
    the best in hindsight, which flatters it.
    """
    groups, labels = base.customers.groups, base.labels
    found = []
    for column in base.fit_of:
        for words, chosen in _cuts(column, base.customers.frame[column], coverage):
            share = float(chosen.mean())
            if abs(share - coverage) > NEAR * coverage:
                continue
            of = None if groups is None else groups[chosen]
            success = rate(labels.label[chosen], labels.weight[chosen], of)
            if success.n >= FEWEST:
                found.append(SingleRule(words, share, success))
    return tuple(sorted(found, key=lambda one: (-one.success.share, one.rule)))


def _cuts(column: str, values: pd.Series, coverage: float) -> Iterator[tuple[str, Flags]]:
    if not pd.api.types.is_numeric_dtype(values.dtype):
        yield from _levels(column, values)
        return
    numbers = values.to_numpy(dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    if len(known) < 2:
        return
    part = min(coverage * len(numbers) / len(known), 1.0)
    high, low = np.quantile(known, [1 - part, part], method="inverted_cdf")
    yield f"{column} >= {high:,.6g}", numbers >= high
    yield f"{column} <= {low:,.6g}", numbers <= low


def _levels(column: str, values: pd.Series) -> Iterator[tuple[str, Flags]]:
    texts = values.astype(object).where(values.notna(), None).to_numpy()
    levels = sorted({text for text in texts if text is not None})
    if personal_kind(column, levels) or len(levels) < 2:
        return
    filled = np.array([text is not None for text in texts], dtype=bool)
    for level in levels:
        chosen = texts == level
        yield f"{column} == {level}", chosen
        if len(levels) > 2:
            yield f"{column} != {level}", filled & ~chosen
