"""Tell where accounts stand today: customer, churned, at risk, in the pipeline, or lost after a trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.label_values import same_value
from icp_ml.accounts.values import Objects
from icp_ml.errors import ConfigError, message

if TYPE_CHECKING:
    from icp_ml.study.schema import Status

STATES = ("customer", "churned", "at_risk", "pipeline", "trial_lost")
"""The populations that a study may name, in the order of its key."""


@dataclass(frozen=True, eq=False)
class Statuses:
    """Where every account stands.

    Attributes
    ----------
    state : ndarray of object, shape (n,)
        One of ``STATES``; None where the cell is empty or holds a value that the study does not name.
    unnamed : dict of str to int
        Accounts by value that the study does not name, the most frequent first.
    n_empty : int
        Accounts with an empty cell.
    """

    state: Objects
    unnamed: dict[str, int]
    n_empty: int

    @property
    def sentence(self) -> str:
        """Say how many accounts stand nowhere, or nothing when all do."""
        n_unnamed = sum(self.unnamed.values())
        if not n_unnamed + self.n_empty:
            return ""
        return (
            f"{n_unnamed + self.n_empty:,} of {len(self.state):,} accounts have no status that the study names "
            f"({self.n_empty:,} empty, {n_unnamed:,} with one of {len(self.unnamed):,} other values)"
        )


def statuses(status: Status, values: npt.NDArray[Any] | pd.Series[Any]) -> Statuses:
    """Return where accounts stand, by the values that a study names for each population.

    Parameters
    ----------
    status : Status
        The study's key; values compare as those of a finished label do (`icp_ml.accounts.label_values.same_value`).
    values : array or Series of text, shape (n,)
        Cells of its column, of customers or of prospects; None or NaN where empty.

    Raises
    ------
    ConfigError
        When a value of the table is named for two populations.

    Examples
    --------
    >>> from icp_ml.study.schema import Status
    >>> found = statuses(Status(column="s", customer=("active",), churned=("lost",)), np.array(["lost", None, "x"]))
    >>> found.state.tolist(), found.unnamed, found.n_empty
    (['churned', None, None], {'x': 1}, 1)
    """
    cells = pd.Series(np.asarray(values, dtype=object))
    codes, distinct = pd.factorize(cells.where(cells.astype("str").str.strip() != ""), use_na_sentinel=True)
    of_level = [_state(status, str(text)) for text in distinct]
    state = np.array([*of_level, None], dtype=object)[codes]
    counts = np.bincount(codes[codes >= 0], minlength=len(distinct))
    unnamed = {str(text): int(n) for text, n, known in zip(distinct, counts, of_level, strict=True) if known is None}
    return Statuses(state, dict(sorted(unnamed.items(), key=lambda one: -one[1])), int((codes < 0).sum()))


def _state(status: Status, text: str) -> str | None:
    found = [name for name in STATES if any(same_value(text, value) for value in getattr(status, name))]
    if len(found) > 1:
        came = f"{text!r} is named under {' and '.join(found)}"
        raise ConfigError(message(f"status.{found[1]}", came, "each value once", "Keep it in one list"))
    return found[0] if found else None
