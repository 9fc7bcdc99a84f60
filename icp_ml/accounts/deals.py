"""Read the table of deals a study names: who was worked when, won or lost, for how much, through which channel."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from icp_ml.accounts.side_table import SideTable, n_unknown
from icp_ml.accounts.study_columns import check_present
from icp_ml.accounts.tables import open_table
from icp_ml.accounts.values import Days, Floats, Objects

if TYPE_CHECKING:
    from icp_ml.study import Study
    from icp_ml.study.schema import Deals as DealsKey

_WON = frozenset({"true", "1", "1.0", "yes", "y", "won", "closed won"})
_LOST = frozenset({"false", "0", "0.0", "no", "n", "lost", "closed lost"})
_OPEN = frozenset({"", "open", "nan", "null", "none", "na", "n/a"})
_WORDS = (_WON, _LOST, _OPEN)


@dataclass(frozen=True, eq=False)
class Deals:
    """Opportunities, one entry per row, in file order.

    Attributes
    ----------
    account : ndarray of object, shape (n,)
        Id of the account, byte for byte; None where it is empty.
    opened, closed : ndarray of datetime64[D], shape (n,)
        NaT in ``closed``: still open.
    won : ndarray of float64, shape (n,)
        1 won, 0 lost, NaN while open.
    value : ndarray of float64, shape (n,), or None
        Money; NaN where it is empty. None where the study names no column of it.
    channel : ndarray of object, shape (n,), or None
        None where it is empty.
    warnings : tuple of str
        What is odd but usable.
    sha256 : str
        Digest of the table's bytes.
    """

    account: Objects
    opened: Days
    closed: Days
    won: Floats
    value: Floats | None = None
    channel: Objects | None = None
    warnings: tuple[str, ...] = ()
    sha256: str = ""

    def __len__(self) -> int:
        """Return the number of deals."""
        return len(self.account)


def read_deals(study: Study, known_ids: Collection[str] | None = None, *, today: date | None = None) -> Deals | None:
    """Return the deals of a study, or None where it names no table of them.

    Parameters
    ----------
    study : Study
        Its `deals` key names the table and the columns.
    known_ids : collection of str, optional
        Accounts of the customer and prospect tables: deals of other accounts are counted and kept.
    today : date, optional
        Days after it, or after the study's ``observed_until`` where that is later, are refused.

    Raises
    ------
    DataError
        When columns are missing or cells are not what they should be; the message has all problems of the table.
    FileSystemError
        When the table cannot be opened.

    Notes
    -----
    A deal without a closing day is open, whatever its won column says short of *won*: systems write "not won" for open
    deals too. Several deals of one account are kept.
    """
    key = study.deals
    if key is None:
        return None
    table = open_table(key.table, delimiter=study.read.delimiter, encoding=study.read.encoding)
    columns = [key.account, key.opened, key.closed, key.won, *(name for name in (key.value, key.channel) if name)]
    check_present(columns, table)
    last = max((day for day in (today, study.outcome.observed_until) if day is not None), default=None)
    return _deals(SideTable(table, columns, last), key, known_ids, (tuple(table.warnings), table.sha256))


def _deals(
    cells: SideTable, key: DealsKey, known_ids: Collection[str] | None, facts: tuple[tuple[str, ...], str]
) -> Deals:
    account = cells.ids(key.account)
    opened, closed = cells.days(key.opened, required=True), cells.days(key.closed)
    won = _won(cells, key, closed)
    value = None if key.value is None else cells.numbers(key.value)
    channel = None if key.channel is None else cells.text(key.channel)
    step = "Swap or correct the two days"
    cells.tell(key.closed, "days before the deal was opened", closed < opened, f"days from {key.opened!r} on", step)
    cells.refuse_all()
    warnings = (*facts[0], *_warnings(cells.where, account, known_ids))
    return Deals(account, opened, closed, won, value, channel, warnings, facts[1])


def _won(cells: SideTable, key: DealsKey, closed: Days) -> Floats:
    """Return 1, 0 or NaN for every deal, and keep what contradicts the closing day as a problem."""
    texts = ["" if text is None else text.strip().lower() for text in cells.text(key.won)]
    is_won, is_lost, is_open = (np.array([text in words for text in texts], dtype=bool) for words in _WORDS)
    unread, open_now = ~(is_won | is_lost | is_open), np.isnat(closed)
    step = "Correct these cells; a deal that is still open has neither"
    cells.tell(key.won, "values that are neither won nor lost", unread, "true or false, 1 or 0, won or lost", step)
    if key.closed not in cells.unread:
        came = f"won deals without a day in {key.closed!r}"
        cells.tell(key.won, came, is_won & open_now, "the day on which it was won", "Fill it, or empty the won cell")
        came = f"blank cells of deals with a day in {key.closed!r}"
        cells.tell(key.won, came, is_open & ~open_now, "won or lost for every closed deal", "Fill these cells")
    return np.where(is_won, 1.0, np.where(is_lost & ~open_now, 0.0, np.nan))


def _warnings(where: str, account: Objects, known_ids: Collection[str] | None) -> list[str]:
    found = []
    if n_blank := int(pd.isna(account).sum()):
        found.append(f"{where}: {n_blank:,} of {len(account):,} deals name no account: they count in no fit tier")
    if known_ids is not None and (n_other := n_unknown(account, known_ids)):
        came = f"{n_other:,} of {len(account):,} deals belong to accounts of neither the customers nor the prospects"
        found.append(f"{where}: {came}: they count in no fit tier")
    return found
