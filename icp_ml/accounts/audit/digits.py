"""How numbers are written: round, whole, with how many digits. Precision that follows the outcome is a leak."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Way = tuple[Literal["roundness", "precision"], str]

_ROUND_TO = (5, 12, 10, 100, 1_000, 10_000, 100_000)
_DECIMALS = {0: "it is a whole number", 1: "it has at most one decimal", 2: "it has at most two decimals"}
_SIGNIFICANT = {1: "only its first digit is not 0", 2: "all but its first two digits are 0"}
_EXACT = 1e-9


def ways_written(numbers: Floats) -> dict[Way, Flags]:
    """Return in which ways numbers may be written, and which are.

    Parameters
    ----------
    numbers : ndarray of float, shape (n,)
        Without NaN. Zero is neither round nor short: it is often a count of nothing.

    Returns
    -------
    dict of (check, words) to ndarray of bool, shape (n,)
        ``roundness``: multiples of 5, 10, 12, 100, ...; ``precision``: decimals and trailing zeros.

    Examples
    --------
    >>> ways = ways_written(np.array([24.0, 2.5, 4000.0]))
    >>> ways["roundness", "it is a multiple of 12"].tolist()
    [True, False, False]
    >>> ways["precision", "it is a whole number"].tolist()
    [True, False, True]
    """
    ways: dict[Way, Flags] = {}
    for step in _ROUND_TO:
        ways["roundness", f"it is a multiple of {step:,}"] = (numbers % step == 0) & (numbers != 0)
    for n_decimals, words in _DECIMALS.items():
        ways["precision", words] = _is_whole(numbers * 10.0**n_decimals)
    size = np.abs(numbers)
    power = np.floor(np.log10(np.where(size == 0.0, 1.0, size)) + _EXACT)
    for n_digits, words in _SIGNIFICANT.items():
        ways["precision", words] = _is_whole(numbers / 10.0 ** (power - n_digits + 1)) & (power >= n_digits)
    return ways


def sizes(numbers: Floats) -> Floats:
    """Return a number for the size of each number: its sign and the third of a power of ten it lies in, shape (n,).

    Large numbers are rounder than small ones in any honest table, so ways of writing are compared within a size.

    Examples
    --------
    >>> sizes(np.array([0.0, 7.0, 8.0, 250.0, -250.0])).tolist()
    [0.0, 1002.0, 1002.0, 1007.0, -1007.0]
    """
    size = np.abs(numbers)
    thirds = np.floor(3.0 * np.log10(np.where(size == 0.0, 1.0, size)) + _EXACT)
    return np.asarray(np.sign(numbers) * (thirds + 1000.0))


def _is_whole(numbers: Floats) -> Flags:
    return np.asarray(np.abs(numbers - np.rint(numbers)) <= _EXACT * np.maximum(1.0, 1e-3 * np.abs(numbers)))
