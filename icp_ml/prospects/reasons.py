"""Say in words what raises and what lowers an account's score: by attribute for the first ranks, by fit below."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.names import CONTEXT, FIT_NAMES, PLAYERS

N_REASONS = 3
"""Reasons, and concerns, per account."""

SMALLEST = 0.02
"""A contribution nearer to zero than this many log-odds is no reason (0.02 is half a point of probability at most)."""

SEPARATOR = "; "
LONGEST_VALUE = 60

Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


def attribute_reasons(
    frame: pd.DataFrame, contributions: pd.DataFrame, kinds: Mapping[str, str], labels: Mapping[str, str]
) -> Texts:
    """Word the strongest attribute contributions of each account.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_attributes)
        The attribute values that were scored.
    contributions : DataFrame of shape (n, n_attributes)
        Their contributions in log-odds, 0 for one that is not to be told because refits do not agree on it
        (`Stability.stable_attributes`); column names are those of `frame`.
    kinds : mapping
        ``numeric``, ``categorical`` or ``date`` by column.
    labels : mapping
        Words for people by column; a column without them keeps its name.

    Returns
    -------
    object array of shape (n, 6)
        ``reason_1..3`` (what raises, strongest first), then ``concern_1..3`` (what lowers), such as
        ``"integrations = 7 (+0.41)"``; None where there is no further one.
    """
    columns = [str(name) for name in contributions.columns]
    values = {name: frame[name].to_numpy(dtype=object) for name in columns}

    def word(row: int, player: int, contribution: float) -> str:
        name = columns[player]
        return reason_text(labels.get(name, name), value_text(values[name][row], kinds[name]), contribution)

    return _worded(contributions.to_numpy(np.float64), word)


def fit_reasons(contributions: Floats, is_unknown: npt.NDArray[np.bool_]) -> Texts:
    """Word the strongest fit contributions of each account, such as ``"technical fit (+0.31)"``.

    Parameters
    ----------
    contributions : float array of shape (n, 7)
        Contributions of the fits and context in log-odds, in the order of ``PLAYERS``; 0 for one not to be told.
    is_unknown : bool array of shape (n, 6)
        True where nothing is known of that fit for the account: said instead of a number.

    Returns
    -------
    object array of shape (n, 6)
        As for `attribute_reasons`.
    """
    hidden = np.column_stack([is_unknown, np.zeros(len(is_unknown), dtype=bool)])
    hundredths = np.rint(np.clip(contributions, -1e6, 1e6) * 100).astype(np.int64)
    # Every distinct text is made once: a player, known or not, and hundredths of log-odds, packed into one number.
    codes = ((np.arange(len(PLAYERS)) * 2 + hidden) << 32) + (hundredths + (1 << 31))
    distinct, inverse = np.unique(codes, return_inverse=True)
    texts = np.array([_fit_text(int(code)) for code in distinct] + [None], dtype=object)[inverse.reshape(codes.shape)]
    return _pick(texts, contributions)


def _fit_text(code: int) -> str:
    player, is_unknown = divmod(code >> 32, 2)
    hundredths = (code & ((1 << 32) - 1)) - (1 << 31)
    name = CONTEXT if PLAYERS[player] == CONTEXT else f"{PLAYERS[player]} fit"
    return f"{name} not known" if is_unknown else f"{name} ({hundredths / 100:+.2f})"


def _pick(texts: Texts, contributions: Floats) -> Texts:
    sides = [_strongest(contributions, sign) for sign in (1.0, -1.0)]
    picked = [np.take_along_axis(texts, order, axis=1) for order, _ in sides]
    for side, (_, strong) in zip(picked, sides, strict=True):
        side[~strong] = None
    return np.column_stack(picked)


def _worded(contributions: Floats, word: Callable[[int, int, float], str]) -> Texts:
    texts = np.full((len(contributions), 2 * N_REASONS), None, dtype=object)
    for offset, sign in ((0, 1.0), (N_REASONS, -1.0)):
        order, strong = _strongest(contributions, sign)
        for row, place in zip(*np.nonzero(strong), strict=True):
            player = int(order[row, place])
            texts[row, offset + place] = word(int(row), player, float(contributions[row, player]))
    return texts


def _strongest(contributions: Floats, sign: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Return the players of the three largest contributions of one sign, and where they are large enough to tell."""
    missing = max(0, N_REASONS - contributions.shape[1])
    signed = np.pad(sign * contributions, ((0, 0), (0, missing)))
    order = np.argsort(-signed, axis=1, kind="stable")[:, :N_REASONS]
    strong = np.take_along_axis(signed, order, axis=1) >= SMALLEST
    return np.where(strong, order, 0), strong


def reason_text(label: str, value: str | None, contribution: float) -> str:
    """Return one reason.

    Examples
    --------
    >>> reason_text("integrations", "7", 0.414)
    'integrations = 7 (+0.41)'
    >>> reason_text("budget", None, -0.2)
    'budget not known (-0.20)'
    """
    known = f"{label} not known" if value is None else f"{label} = {value}"
    return f"{known} ({contribution:+.2f})"


def value_text(value: object, kind: str) -> str | None:
    """Return an attribute's value in words, None when it is missing.

    A number keeps four significant digits, and all those before the point; a date attribute is a number of days before
    the account's ``as_of`` day and says so.

    Examples
    --------
    >>> value_text(7.0, "numeric"), value_text(0.123456, "numeric"), value_text(30.0, "date")
    ('7', '0.1235', '30 days before')
    >>> value_text(32061.5, "numeric")
    '32062'
    """
    if value is None or value is pd.NA or value != value:
        return None
    if kind == "categorical":
        text = " ".join(str(value).split())
        return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 3] + "..."
    number = float(value)  # type: ignore[arg-type]
    if kind == "date":
        return f"{abs(number):.0f} days {'after' if number < 0 else 'before'}"
    is_plain = (number.is_integer() or abs(number) >= 1000) and abs(number) < 1e15
    return f"{number:.0f}" if is_plain else f"{number:.4g}"


def unknown_fits(frame: pd.DataFrame, fit_of: Mapping[str, str]) -> npt.NDArray[np.bool_]:
    """Tell where nothing at all is known of a fit: every one of its attributes is missing for the account.

    Returns
    -------
    bool array of shape (n, 6)
        In the order of ``FIT_NAMES``. False throughout for a fit that has no attribute: it is not part of the model.
    """
    unknown = np.zeros((len(frame), len(FIT_NAMES)), dtype=bool)
    for place, fit in enumerate(FIT_NAMES):
        columns = [name for name, of in fit_of.items() if of == fit]
        if columns:
            unknown[:, place] = frame[columns].isna().to_numpy().all(axis=1)
    return unknown


def not_measured_texts(unknown: npt.NDArray[np.bool_]) -> Texts:
    """Name the unknown fits of each account, joined by ``"; "``; empty text where something is known of every fit."""
    patterns = unknown @ (1 << np.arange(len(FIT_NAMES)))
    texts = [SEPARATOR.join(fit for i, fit in enumerate(FIT_NAMES) if pattern >> i & 1) for pattern in range(64)]
    return np.array(texts, dtype=object)[patterns]
