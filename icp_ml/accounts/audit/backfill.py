"""Compare two exports of the same customers: what was filled in, or changed, once the outcome was known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
from scipy.stats import fisher_exact

from icp_ml.accounts.attributes import read_column
from icp_ml.accounts.audit.finding import Finding
from icp_ml.accounts.customers import Customers, days_before
from icp_ml.accounts.label_values import match_values
from icp_ml.accounts.outcome import Labels
from icp_ml.accounts.tables import Table
from icp_ml.accounts.values import Days, Flags, as_date, as_ids, as_text, row_numbers
from icp_ml.errors import ConfigError, DataError, first_rows, message

if TYPE_CHECKING:
    from icp_ml.study import Study

SURE, LEAST_DIFFERENCE = 1e-4, 0.10
"""A difference between two groups of accounts is a finding below this p and from this difference in shares on."""


@dataclass(frozen=True)
class BackfillRow:
    """What happened to one attribute between two exports.

    Attributes
    ----------
    column : str
        The attribute.
    n_empty, filled : int
        Cells that were empty in the earlier export, and those of them that are filled now.
    n_held, changed : int
        Cells filled in both exports, and those of them that hold another value now.
    suspicion : str
        In words, where one group of accounts was written to far more often; empty otherwise.
    count : int
        Cells behind the suspicion.
    """

    column: str
    n_empty: int
    filled: int
    n_held: int
    changed: int
    suspicion: str = ""
    count: int = 0

    def as_document(self) -> dict[str, Any]:
        """Return the row as a JSON object."""
        return asdict(self)


@dataclass(frozen=True)
class Backfill:
    """Two exports of the same customers, attribute by attribute.

    Attributes
    ----------
    earlier : str
        Name of the earlier export.
    n_both, n_only_now, n_only_earlier : int
        Accounts in both exports and in one of them.
    n_settled : int or None
        Accounts of both whose outcome became known in between; None when the earlier export does not tell.
    rows : tuple of BackfillRow
        Attributes that both exports have, in the order of the study.
    absent : tuple of str
        Attributes that the earlier export lacks.
    sentence : str
        All of it in words.
    """

    earlier: str
    n_both: int
    n_only_now: int
    n_only_earlier: int
    n_settled: int | None
    rows: tuple[BackfillRow, ...]
    absent: tuple[str, ...]
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the comparison as a JSON object."""
        rows = [row.as_document() for row in self.rows]
        return asdict(self) | {"rows": rows, "absent": list(self.absent)}

    def findings(self) -> Iterator[Finding]:
        """Yield a warning per suspicious attribute and one note for the rest."""
        for row in self.rows:
            if row.suspicion:
                step = "Check who writes it and when: if after the outcome, list it under ignore or use an older export"
                yield Finding("warning", "backfilled", row.column, row.count, row.suspicion, step)
        touched = [row for row in self.rows if (row.filled or row.changed) and not row.suspicion]
        if touched:
            count = sum(row.filled + row.changed for row in touched)
            step = "Values move after they are first written: prefer exports of the as_of day"
            yield Finding("note", "backfilled", None, count, _touched_words(touched), step)


def compare_with_earlier(customers: Customers, labels: Labels, earlier: Table) -> Backfill:
    """Return what was filled in or changed since an earlier export of the same customers, and for whom.

    Parameters
    ----------
    customers : Customers
        The export of today; attributes known at the stage of the study's model are compared.
    labels : Labels
        Outcome of every customer, in the same order.
    earlier : Table
        The earlier export, with the same id column.

    Returns
    -------
    Backfill
        An attribute is suspicious when its cells were filled, or changed, at least ten points more often (Fisher's
        exact p below .0001) among accounts whose outcome became known in between than among the others, or among
        churned accounts than among successes, or the other way round.

    Raises
    ------
    ConfigError
        When the study names accounts by their row number.
    DataError
        When the earlier export has no id column, ids that come twice, or no account of today's.

    Notes
    -----
    Whether an outcome became known in between is told by the outcome column of the earlier export; for a lifetime,
    by its latest ``as_of`` or end, which is taken as the day it was drawn.
    """
    pair = _paired(customers, labels, earlier)
    listed = customers.study.attributes_at()
    settled = _settled(pair)
    splits = _splits(pair, settled)
    rows = tuple(_row(pair, a.column, splits) for a in listed if a.column in earlier.columns)
    absent = tuple(a.column for a in listed if a.column not in earlier.columns)
    n_both = int(pair.both.sum())
    counts = (n_both, int((~pair.both).sum()), pair.earlier.num_rows - n_both)
    n_settled = None if settled is None else int(settled.sum())
    return Backfill(
        earlier.path.name, *counts, n_settled, rows, absent, _sentence(earlier.path.name, counts, n_settled, rows)
    )


@dataclass(frozen=True)
class _Pair:
    """Customers of today with the row of each in the earlier export, -1 where it has none."""

    customers: Customers
    labels: Labels
    earlier: pa.Table
    is_text: bool
    name: str
    where: npt.NDArray[np.intp]

    @property
    def both(self) -> Flags:
        """Tell which customers the earlier export has."""
        return np.asarray(self.where >= 0)


def _paired(customers: Customers, labels: Labels, earlier: Table) -> _Pair:
    study, name = customers.study, str(earlier.path)
    column = study.id.column
    if column is None:
        step = "Name an id column under `id`"
        raise ConfigError(message(study.path, "accounts are named by row number", "ids to match two exports by", step))
    if column not in earlier.columns:
        came = f"there is no id column {column!r}"
        raise DataError(message(name, came, "an export with the same id column", "Export it again"))
    wanted = [column, study.as_of and study.as_of.column, study.outcome.column, study.outcome.ended]
    wanted += [attribute.column for attribute in study.attributes_at()]
    raw = earlier.read([one for one in dict.fromkeys(wanted) if one in earlier.columns])
    ids = pd.Index(as_ids(raw.column(column), f"{name}: column {column!r}"))
    twice = row_numbers(ids.duplicated(keep=False) & ids.notna())
    if twice:
        came = f"ids of {column!r} stand in several rows ({first_rows(twice)})"
        raise DataError(message(name, came, "one row per account", "Keep one row per account"))
    where = ids[ids.notna()].get_indexer(pd.Index(customers.ids))
    where = np.where(where >= 0, np.flatnonzero(ids.notna())[where], -1) if ids.notna().any() else where
    if not (where >= 0).any():
        came = f"none of its {len(ids):,} ids is one of the {len(customers):,} customers"
        raise DataError(message(name, came, "an earlier export of the same customers", "Compare the ids"))
    return _Pair(customers, labels, raw, earlier.is_text, name, where)


def _settled(pair: _Pair) -> Flags | None:
    """Tell whose outcome became known between the exports; None when the earlier one does not say."""
    study, labels, names = pair.customers.study, pair.labels, pair.earlier.column_names
    if study.outcome.column in names:
        cells = as_text(pair.earlier.column(study.outcome.column))
        was_known = np.logical_or(*match_values(cells, study.outcome))[pair.where]
        return np.asarray(pair.both & labels.known & ~was_known)
    day = _drawn_on(pair, study)
    if day is None or labels.known_on is None:
        return None
    return np.asarray(pair.both & labels.known & (labels.known_on > day))


def _drawn_on(pair: _Pair, study: Study) -> np.datetime64 | None:
    """Return the latest day that the earlier export speaks of."""
    columns = [study.as_of and study.as_of.column, study.outcome.ended]
    if not all(column in pair.earlier.column_names for column in columns):
        return None
    days: Days = np.concatenate([as_date(pair.earlier.column(column))[0] for column in columns])
    held = days[~np.isnat(days)]
    return held.max() if len(held) else None


def _splits(pair: _Pair, settled: Flags | None) -> list[tuple[str, Flags, str, Flags]]:
    """Return the two ways to divide the accounts, each side in words and as flags."""
    churned, success = (pair.both & (pair.labels.label == kind) for kind in (0.0, 1.0))
    splits = [("churned accounts", churned, "successes", success)]
    if settled is not None:
        others = pair.both & ~settled
        splits.append(("accounts whose outcome became known in between", settled, "the others", others))
    return splits


def _row(pair: _Pair, column: str, splits: list[tuple[str, Flags, str, Flags]]) -> BackfillRow:
    before, now = _before(pair, column), pair.customers.frame[column]
    had, has = before.notna().to_numpy() & pair.both, now.notna().to_numpy()
    empty, held = pair.both & ~had, had & has
    filled = empty & has
    changed = held & _differ(before, now)
    counts = (int(empty.sum()), int(filled.sum()), int(held.sum()), int(changed.sum()))
    marks = (
        ("empty cells that are filled now", empty, filled),
        ("accounts whose empty cell is filled now", pair.both, filled),  # where only one side was empty to begin with
        ("filled cells that were changed", held, changed),
    )
    for what, among, hit in marks:
        for one, first, other, second in splits:
            found = _difference(hit[among & first], hit[among & second])
            if found:
                words = f"{what}: {found[0]} for {one}, {found[1]} for {other} (p < {SURE:.4f})"
                return BackfillRow(column, *counts, words, int(hit.sum()))
    return BackfillRow(column, *counts)


def _before(pair: _Pair, column: str) -> pd.Series:
    """Return an attribute as the earlier export had it, one value per customer of today, read as today's is."""
    kind = pair.customers.kinds[column]
    read = read_column(pair.earlier.column(column), column, kind, is_text=pair.is_text, where=pair.name)
    if read.problem:
        raise DataError(read.problem)
    values = read.values[pair.where]
    if kind == "date":
        as_of, until = pair.customers.as_of, pair.customers.observed_until
        return pd.Series(days_before(values, as_of, until))
    return pd.Series(values, dtype="float64" if kind == "numeric" else "str")


def _differ(before: pd.Series, now: pd.Series) -> Flags:
    """Tell which values differ; the True of a CSV and the true of a Parquet file do not."""
    levels = set(now.dropna().unique()) if now.dtype != np.float64 else set()
    if levels and {str(level).lower() for level in levels} <= {"true", "false"}:
        before, now = before.str.lower(), now.str.lower()
    return np.asarray(before != now, dtype=bool)


def _difference(first: Flags, second: Flags) -> tuple[str, str] | None:
    """Return both shares in words when they differ clearly, else None."""
    if not len(first) or not len(second) or abs(first.mean() - second.mean()) < LEAST_DIFFERENCE:
        return None
    table = np.array([[side.sum(), (~side).sum()] for side in (first, second)])
    if fisher_exact(table)[1] >= SURE:
        return None
    return _of(first), _of(second)


def _of(hits: Flags) -> str:
    return f"{int(hits.sum()):,} of {len(hits):,} ({hits.mean():.0%})"


def _touched_words(rows: list[BackfillRow]) -> str:
    most = sorted(rows, key=lambda row: (-_share(row.changed, row.n_held), -_share(row.filled, row.n_empty)))[:5]
    each = "; ".join(
        f"{row.column}: {row.filled:,} of {row.n_empty:,} empty cells filled, "
        f"{row.changed:,} of {row.n_held:,} values changed"
        for row in most
    )
    more = f"; and {len(rows) - len(most)} more attributes" if len(rows) > len(most) else ""
    return f"since the earlier export, for all accounts alike: {each}{more}"


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _sentence(name: str, counts: tuple[int, int, int], n_settled: int | None, rows: tuple[BackfillRow, ...]) -> str:
    both, now, earlier = counts
    known = "" if n_settled is None else f"; the outcome of {n_settled:,} became known in between"
    suspicious = [row.column for row in rows if row.suspicion]
    found = (
        f"{len(suspicious)} of {len(rows)} attributes were written to more often for one side of the outcome: "
        f"{', '.join(suspicious)}."
        if suspicious
        else f"None of {len(rows)} attributes was written to more often for one side of the outcome."
    )
    return f"{both:,} customers stand in {name} too ({now:,} do not, {earlier:,} only there){known}. {found}"
