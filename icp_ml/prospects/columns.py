"""The columns of our files, in order."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from icp_ml.names import PLAYERS

ROW_ID = "row"
"""Id column of a study whose id is the row number."""

PROBABILITIES = ("probability", "probability_low", "probability_high")
STANDING = ("grade", "rank", "in_domain")
REASONS = ("reason_1", "reason_2", "reason_3", "concern_1", "concern_2", "concern_3")
TAIL = ("unusual", "not_measured", "model", "run_id")
CRITERIA = ("criteria_met", "criteria_contradicted", "criteria_unknown")

MARKER_COLUMNS = (*STANDING, *REASONS, *TAIL)
"""Columns that every score file has, whichever kind of model wrote it."""

LIST_COLUMNS = (
    "rank",
    "id",
    "grade",
    "chance",
    "why",
    "concerns",
    "ask",
    "strongest_fit",
    "weakest_fit",
    "disposition",
)
"""Columns of the salesperson's list; the second one carries the name of the study's id column."""

_TYPES: Mapping[str, pa.DataType] = {
    **dict.fromkeys((*PROBABILITIES, *PLAYERS, "base_value"), pa.float64()),
    **dict.fromkeys(("rank", *CRITERIA), pa.int64()),
    "in_domain": pa.bool_(),
}


def score_columns(kind: str) -> tuple[str, ...]:
    """Return the columns between the id and the pass-through columns: without probability and fits for a hypothesis."""
    if kind == "hypothesis":
        return (*STANDING, *CRITERIA, *REASONS, *TAIL)
    return (*PROBABILITIES, *STANDING, *PLAYERS, "base_value", *REASONS, *TAIL)


def score_schema(
    id_column: str, kind: str, pass_through: Mapping[str, pa.DataType], metadata: Mapping[str, str]
) -> pa.Schema:
    """Return the schema of a score file; its metadata are those of a Parquet file."""
    fields = [pa.field(id_column, pa.string())]
    fields += [pa.field(name, _TYPES.get(name, pa.string())) for name in score_columns(kind)]
    fields += [pa.field(name, kept) for name, kept in pass_through.items()]
    return pa.schema(fields, metadata=dict(metadata))


def list_schema(id_column: str) -> pa.Schema:
    """Return the schema of the salesperson's list."""
    names = [id_column if name == "id" else name for name in LIST_COLUMNS]
    return pa.schema([pa.field(name, pa.int64() if name == "rank" else pa.string()) for name in names])
