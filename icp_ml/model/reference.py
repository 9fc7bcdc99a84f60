"""Keep the customers whose outcome is known beside the model, so that an account can be held against them later."""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from icp_ml.accounts.contract import AttributeContract
from icp_ml.accounts.personal import personal_kind

Floats = NDArray[np.float64]

MAX_CUSTOMERS = 20_000
_MAX_WEIGHT = 1e6
_COUNT = b"n_known"
_FIRST = ("id", "outcome", "weight", "group", "part")

TAUGHT, JUDGED = 1, 2
"""Parts of the evaluation: the customers that taught the fit that was judged, and the later ones that judged it."""


@dataclass(frozen=True, eq=False)
class Membership:
    """What customers belong to, beside their attributes.

    Attributes
    ----------
    group : ndarray of int64, shape (n,)
        Related customers have the same number.
    part : ndarray of int8, shape (n,)
        `TAUGHT` or `JUDGED` where the evaluation split the customers by time, else 0.
    wanted : ndarray of object, shape (n,)
        The desired outcome as text, None where the study or the customer has none.
    """

    group: NDArray[np.int64]
    part: NDArray[np.int8]
    wanted: NDArray[np.object_]

    @classmethod
    def alone(cls, n: int) -> Membership:
        """Return that of ``n`` customers of whom nothing is known: unrelated, and in no part."""
        return cls(np.arange(n), np.zeros(n, dtype=np.int8), np.full(n, None, dtype=object))

    def rows(self, chosen: NDArray[np.int64]) -> Membership:
        """Return that of some of the customers; a desired outcome that seems to name persons stays out."""
        told = [text for text in self.wanted if text is not None]
        wanted = np.full(len(self.wanted), None, dtype=object) if personal_kind("wanted", told) else self.wanted
        return Membership(self.group[chosen], self.part[chosen], wanted[chosen])


@dataclass(frozen=True, eq=False)
class Reference:
    """The customers an account is held against: what was known of them, and how it ended.

    Attributes
    ----------
    ids : ndarray of object, shape (n,)
        Byte for byte as in the customer table.
    outcome : ndarray of float64, shape (n,)
        1 success, 0 churned.
    weight : ndarray of float64, shape (n,)
        Weight in training, above 0.
    frame : DataFrame, shape (n, n_attributes)
        The model's attributes, as it was fitted on them: float64 or `str`, missing as NaN.
    n_known : int
        Customers with a known outcome; more than n where the table was too large and some were drawn.
    membership : Membership
        Their groups, their part in the evaluation and their desired outcome.

    Notes
    -----
    A bundle with a reference holds ids, attributes and desired outcomes of customers: keep it where their table may
    be kept. Its other columns, those of people among them, are not in it, and the cells of an attribute that
    seems to hold data of persons (allowed by name in the study) are left out. At most 20,000 customers are kept, drawn
    by the study's seed.
    """

    ids: NDArray[np.object_]
    outcome: Floats
    weight: Floats
    frame: pd.DataFrame
    n_known: int
    membership: Membership

    def __len__(self) -> int:
        """Return the number of customers kept."""
        return len(self.ids)

    def __eq__(self, other: object) -> bool:
        """Return whether the other holds the same bytes."""
        return isinstance(other, Reference) and self.to_parquet() == other.to_parquet()

    __hash__ = None  # type: ignore[assignment]

    @property
    def group(self) -> NDArray[np.int64]:
        """Number of the group of related customers that each belongs to, (n,)."""
        return self.membership.group

    @property
    def part(self) -> NDArray[np.int8]:
        """`TAUGHT`, `JUDGED` or 0, (n,)."""
        return self.membership.part

    @property
    def wanted(self) -> NDArray[np.object_]:
        """Desired outcome as text or None, (n,)."""
        return self.membership.wanted

    @classmethod
    def learn(
        cls,
        ids: Sequence[str] | NDArray[np.object_],
        frame: pd.DataFrame,
        outcome: Floats,
        *,
        weight: Floats,
        seed: int,
        membership: Membership | None = None,
    ) -> Reference:
        """Return the reference of customers with a known outcome; customers of weight 0 taught nothing and stay out.

        Parameters
        ----------
        ids, frame, outcome, weight
            One entry per customer with a known outcome; ``frame`` has the model's attributes and nothing else.
        seed
            Draws the customers where there are more than 20,000.
        membership
            One entry per customer; None: unrelated customers in no part.
        """
        rows = np.flatnonzero(weight > 0)
        n_known = len(rows)
        if n_known > MAX_CUSTOMERS:
            rows = rows[np.sort(np.random.default_rng(seed).choice(n_known, MAX_CUSTOMERS, replace=False))]
        kept = _without_persons(frame).iloc[rows].reset_index(drop=True)
        named = np.asarray(ids, dtype=object)[rows]
        belongs = (membership or Membership.alone(len(weight))).rows(rows)
        return cls(named, outcome[rows].astype(np.float64), weight[rows].astype(np.float64), kept, n_known, belongs)

    @property
    def sentence(self) -> str:
        """Say whom accounts are held against."""
        n_success = int(self.outcome.sum())
        drawn = "" if len(self) == self.n_known else f", drawn by seed from {self.n_known:,}"
        kept = f"{len(self):,} customers with a known outcome{drawn}"
        return f"Held against {kept}: {n_success:,} successes and {len(self) - n_success:,} churned."

    def to_parquet(self) -> bytes:
        """Return the reference as Parquet; the same customers give the same bytes."""
        columns: dict[str, pa.Array] = {
            "id": pa.array([str(one) for one in self.ids], pa.string()),
            "outcome": pa.array(self.outcome),
            "weight": pa.array(self.weight),
            "group": pa.array(self.membership.group, pa.int64()),
            "part": pa.array(self.membership.part, pa.int8()),
            "wanted": pa.array(self.membership.wanted.tolist(), pa.string()),
        }
        for number, name in enumerate(self.frame.columns):
            columns[f"a{number}"] = _cells(self.frame[name])
        table = pa.table(columns).replace_schema_metadata({_COUNT: str(self.n_known).encode()})
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", write_statistics=False)
        return buffer.getvalue()

    @classmethod
    def from_parquet(cls, content: bytes, attributes: Sequence[AttributeContract]) -> Reference:
        """Return the reference that `to_parquet` wrote, of a model with these attributes.

        Raises
        ------
        ValueError
            The columns, their types or their values are not those of such a reference.
        """
        table = pq.read_table(pa.BufferReader(content))
        wanted = {"id": pa.string(), "outcome": pa.float64(), "weight": pa.float64()}
        wanted |= {"group": pa.int64(), "part": pa.int8(), "wanted": pa.string()}
        wanted |= {f"a{number}": _type(known) for number, known in enumerate(attributes)}
        if dict(zip(table.column_names, table.schema.types, strict=True)) != wanted:
            raise ValueError("reference: other columns than those of the model")
        outcome, weight = (np.array(table[name].to_numpy()) for name in ("outcome", "weight"))
        n_known = int((table.schema.metadata or {})[_COUNT])
        if not 0 < len(outcome) <= min(n_known, MAX_CUSTOMERS):
            raise ValueError("reference: no customers, or more than were kept")
        if not (np.isin(outcome, (0.0, 1.0)).all() and (weight > 0).all() and (weight <= _MAX_WEIGHT).all()):
            raise ValueError("reference: outcomes are not 0 or 1, or weights are out of range")
        if any(table[name].null_count for name in _FIRST):
            raise ValueError("reference: customers without id, outcome, weight, group or part")
        cells = {known.column: _series(table[f"a{n}"], known) for n, known in enumerate(attributes)}
        if any(np.isinf(cell).any() for cell in cells.values() if _is_number(cell)):
            raise ValueError("reference: infinite numbers")
        ids, told = (np.array(table[name].to_pylist(), dtype=object) for name in ("id", "wanted"))
        belongs = Membership(np.array(table["group"].to_numpy()), np.array(table["part"].to_numpy()), told)
        if not np.isin(belongs.part, (0, TAUGHT, JUDGED)).all():
            raise ValueError("reference: parts that an evaluation does not have")
        return cls(ids, outcome, weight, pd.DataFrame(cells, index=pd.RangeIndex(len(ids))), n_known, belongs)


def _without_persons(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the cells of personal attributes missing: a study can allow them, a bundle has no use."""
    texts: dict[Hashable, Iterable[str]] = {
        name: () if _is_number(column) else column.dropna() for name, column in frame.items()
    }
    personal = [name for name, cells in texts.items() if personal_kind(str(name), cells)]
    return frame.assign(**{str(name): pd.Series(index=frame.index, dtype=frame[name].dtype) for name in personal})


def _is_number(column: pd.Series) -> bool:
    return bool(pd.api.types.is_numeric_dtype(column.dtype))


def _cells(column: pd.Series) -> pa.Array:
    if _is_number(column):
        return pa.array(column.to_numpy(dtype=np.float64, na_value=np.nan))
    cells = zip(column, column.isna(), strict=True)
    return pa.array([None if missing else str(cell) for cell, missing in cells], pa.string())


def _type(known: AttributeContract) -> pa.DataType:
    return pa.string() if known.kind == "categorical" else pa.float64()


def _series(column: pa.ChunkedArray, known: AttributeContract) -> pd.Series:
    if known.kind == "categorical":
        return pd.Series(column.to_pylist(), name=known.column, dtype="str")
    return pd.Series(column.to_numpy(), name=known.column, dtype="float64")
