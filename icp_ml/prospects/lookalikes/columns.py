"""The columns of the lookalike file and of the nearest prospects of every seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from icp_ml.names import FIT_NAMES
from icp_ml.prospects.output import header_of

N_NEAREST = 3
LIKE = tuple(f"like_{place}" for place in range(1, N_NEAREST + 1))
UNLIKE = tuple(f"unlike_{place}" for place in range(1, N_NEAREST + 1))
MATCHES: Mapping[str, str] = {fit: f"{fit}_match" for fit in FIT_NAMES}
P_CLOSE = "p_close"
COLUMNS = (
    "rank",
    "similarity",
    *LIKE,
    *UNLIKE,
    *MATCHES.values(),
    "probability",
    "in_domain",
    "seed_segment",
    "model",
    "run_id",
)
"""Columns of every lookalike file, after the id; then the chance of closing where it is asked for."""

BY_SEED_COLUMNS = ("seed", "place", "closeness", "model", "run_id")
"""Columns of the nearest prospects of every seed; the id of the prospect stands after ``place``."""

_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys(("similarity", *MATCHES.values(), "probability", P_CLOSE, "closeness"), pa.float64()),
    **dict.fromkeys(("rank", "place"), pa.int64()),
    "in_domain": pa.bool_(),
}


def list_columns(*, has_p_close: bool) -> tuple[str, ...]:
    """Return the columns between the id and the pass-through columns."""
    return (*COLUMNS, P_CLOSE) if has_p_close else COLUMNS


def lookalike_schema(id_column: str, columns: tuple[str, ...], pass_through: Mapping[str, pa.DataType]) -> pa.Schema:
    """Return the schema of a lookalike file."""
    fields = [pa.field(id_column, pa.string()), *_fields(columns)]
    fields += [pa.field(name, kept) for name, kept in pass_through.items()]
    return pa.schema(fields)


def by_seed_schema(id_column: str) -> pa.Schema:
    """Return the schema of the nearest prospects of every seed."""
    fields = _fields(BY_SEED_COLUMNS)
    return pa.schema([*fields[:2], pa.field(id_column, pa.string()), *fields[2:]])


def _fields(names: tuple[str, ...]) -> list[pa.Field]:
    return [pa.field(name, _TYPES.get(name, pa.string())) for name in names]


def is_our_lookalikes(path: Path) -> bool:
    """Tell whether an existing file is a lookalike file of ours, by its columns."""
    return set(COLUMNS) <= set(header_of(path))


def is_our_by_seed(path: Path) -> bool:
    """Tell whether an existing file is one of ours with the nearest prospects of every seed, by its columns."""
    return set(BY_SEED_COLUMNS) <= set(header_of(path))
