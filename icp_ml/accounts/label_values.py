"""Tell which cells of a finished label mean success and which mean failure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.errors import ConfigError, DataError, message

if TYPE_CHECKING:
    from icp_ml.study import Outcome

_TRUE, _FALSE = frozenset({"true", "True", "TRUE"}), frozenset({"false", "False", "FALSE"})


def same_value(cell: str, value: object) -> bool:
    """Tell whether a cell of the table is the value that a study names.

    Text is compared stripped and case-sensitive; a YAML boolean matches its YAML spellings; a YAML number matches the
    same text or text that is the same number.

    Examples
    --------
    >>> same_value(" renewed ", "renewed"), same_value("Renewed", "renewed")
    (True, False)
    >>> same_value("1.0", 1), same_value("True", True), same_value("True", 1)
    (True, True, False)
    """
    text = cell.strip()
    if isinstance(value, bool):
        return text in (_TRUE if value else _FALSE)
    if isinstance(value, int | float):
        return text == str(value) or _same_number(text, value)
    return text == str(value).strip()


def match_values(cells: npt.NDArray[Any], outcome: Outcome) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which cells mean success and which mean failure, two boolean arrays of shape (n,).

    Raises
    ------
    ConfigError
        When a value of the table is in both lists.
    """
    codes, distinct = pd.factorize(cells)
    texts = [str(text) for text in distinct]
    success, failure = _among(texts, outcome.success), _among(texts, outcome.failure)
    if (success & failure).any():
        both = ", ".join(repr(text) for text, twice in zip(texts, success & failure, strict=False) if twice)
        raise ConfigError(
            message("outcome", f"{both} is both success and failure", "each value once", "Keep it in one list")
        )
    return success[codes], failure[codes]


def require_some(cells: npt.NDArray[Any], outcome: Outcome, found: npt.NDArray[np.bool_]) -> None:
    """Raise when no cell of a finished label is a success or a failure.

    Raises
    ------
    DataError
        With the counts and the values that were looked for.
    """
    if found.any():
        return
    n_empty = sum(1 for cell in cells if cell is None or cell != cell or not str(cell).strip())
    wanted = ", ".join(repr(value) for value in (*outcome.success, *outcome.failure))
    raise DataError(
        message(
            f"outcome column {outcome.column!r}",
            f"{len(cells):,} rows, {n_empty:,} of them empty, none of which is a success or a failure",
            f"at least one of {wanted}",
            "Compare outcome.success and outcome.failure with the column; upper and lower case differ",
        )
    )


def _among(texts: Sequence[str], values: Sequence[object]) -> npt.NDArray[np.bool_]:
    """Return one flag per text, and a last False that the code -1 of an empty cell points to."""
    return np.array([*(any(same_value(text, value) for value in values) for text in texts), False], dtype=bool)


def _same_number(text: str, value: float) -> bool:
    if "_" in text:
        return False
    try:
        return Decimal(text) == Decimal(str(value))
    except InvalidOperation:
        return False
