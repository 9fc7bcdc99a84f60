"""Put accounts in order and in tiers: ranks without ties, tiers by capacity, grades that do not flicker."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import as_ids
from icp_ml.errors import DataError, message
from icp_ml.prospects.duplicates import id_hashes

GRADES: tuple[str, ...] = ("A", "B", "C", "D", "?")
"""Grade of each code; the last one abstains: the account is unlike every customer."""

ABSTAIN = len(GRADES) - 1
NO_GRADE = -1
HOLD_SHARE = 10
"""A grade is held while the rank is within a tenth (1 / 10) of capacity of the tier it had."""

Codes = npt.NDArray[np.int8]


def rank_accounts(margin: npt.NDArray[np.float64], in_domain: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """Rank accounts from 1 (best) to n without ties.

    Parameters
    ----------
    margin : array of shape (n,)
        Log-odds of success (or any score that orders accounts), in input order.
    in_domain : bool array of shape (n,)
        False where the account is unlike every customer: those come last.

    Returns
    -------
    int64 array of shape (n,)
        In-domain accounts first, then the larger margin, then input order.

    Examples
    --------
    >>> rank_accounts(np.array([0.5, 2.0, 0.5, 9.0]), np.array([True, True, True, False])).tolist()
    [2, 1, 3, 4]
    """
    order = np.lexsort((-margin, ~in_domain))
    ranks = np.empty(margin.size, dtype=np.int64)
    ranks[order] = np.arange(1, margin.size + 1)
    return ranks


def default_capacity(n_accounts: int) -> int:
    """Return a tenth of the list, rounded up, at least 1: the capacity of a study that names none."""
    return max(1, -(-n_accounts // 10))


def tier_ends(capacity: int) -> npt.NDArray[np.int64]:
    """Return the last rank of tiers A, B and C: ``capacity`` rows, as many again, then twice as many."""
    return np.array([1, 2, 4], dtype=np.int64) * capacity


def grade_accounts(
    ranks: npt.NDArray[np.int64],
    in_domain: npt.NDArray[np.bool_],
    capacity: int,
    previous: Codes | None = None,
) -> Codes:
    """Grade accounts by capacity: A the first ``capacity`` ranks, B the next, C the next two times, D the rest.

    Parameters
    ----------
    ranks : int array of shape (n,)
        Ranks from 1, without ties.
    in_domain : bool array of shape (n,)
        Where False the grade abstains (``"?"``).
    capacity : int
        Accounts the team can work per period, at least 1.
    previous : int8 array of shape (n,), optional
        Codes of the grades of the last file, -1 where the account had none. An account whose rank has left its
        former tier by no more than a tenth of capacity keeps the grade it had, so that a list stays calm.

    Returns
    -------
    int8 array of shape (n,)
        Positions in `GRADES`.
    """
    ends = tier_ends(capacity)
    codes = np.searchsorted(ends, ranks, side="left").astype(np.int8)
    if previous is not None:
        codes = _hold(codes, ranks, ends, previous, capacity // HOLD_SHARE)
    return np.where(in_domain, codes, np.int8(ABSTAIN)).astype(np.int8)


def _hold(
    codes: Codes, ranks: npt.NDArray[np.int64], ends: npt.NDArray[np.int64], previous: Codes, slack: int
) -> Codes:
    had_grade = (previous >= 0) & (previous < ABSTAIN)
    former = np.where(had_grade, previous, 0)
    first = np.concatenate([[1], ends + 1])[former] - slack
    last = np.concatenate([ends, [np.iinfo(np.int64).max - slack]])[former] + slack
    return np.where(had_grade & (ranks >= first) & (ranks <= last), previous, codes).astype(np.int8)


@dataclass(frozen=True)
class PreviousGrades:
    """The grades of an earlier score file, looked up by a 64-bit hash of the id (8 + 1 bytes per account)."""

    hashes: npt.NDArray[np.uint64]
    codes: Codes

    @classmethod
    def read(cls, table: Table, id_column: str) -> PreviousGrades:
        """Read the ids and grades of an earlier score file.

        Raises
        ------
        DataError
            When the id column or the grade is not there, or a grade is none of ours.
        """
        missing = [name for name in (id_column, "grade") if name not in table.columns]
        if missing:
            came = f"no column {', '.join(repr(name) for name in missing)}"
            raise DataError(message(table.path, came, "an earlier score file", "Give the file written by the last run"))
        hashes, codes = [np.empty(0, np.uint64)], [np.empty(0, np.int8)]
        for batch in table.batches([id_column, "grade"]):
            hashes.append(id_hashes(as_ids(batch.column(id_column))))
            codes.append(_codes_of(batch.column("grade").to_pylist(), table))
        joined = np.concatenate(hashes)
        order = np.argsort(joined, kind="stable")
        return cls(joined[order], np.concatenate(codes)[order])

    def lookup(self, ids: npt.NDArray[np.object_]) -> Codes:
        """Return the former grade code of each id, -1 for accounts that had none."""
        if not self.hashes.size:
            return np.full(ids.size, NO_GRADE, np.int8)
        wanted = id_hashes(ids)
        at = np.minimum(np.searchsorted(self.hashes, wanted), self.hashes.size - 1)
        return np.where(self.hashes[at] == wanted, self.codes[at], NO_GRADE).astype(np.int8)


def _codes_of(grades: list[str], table: Table) -> Codes:
    unknown = sorted({str(grade) for grade in grades} - set(GRADES))
    if unknown:
        came = f"column 'grade' holds {len(unknown)} unknown value(s)"
        raise DataError(message(table.path, came, ", ".join(GRADES), "Give the file written by the last run"))
    return np.array([GRADES.index(grade) for grade in grades], dtype=np.int8)
