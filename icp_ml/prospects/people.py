"""The ten columns a salesperson reads: where to start, how good the chance is, why, and what to ask."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from icp_ml.names import FIT_NAMES
from icp_ml.prospects.columns import REASONS, list_schema
from icp_ml.prospects.reasons import N_REASONS, Texts

_NUMBER_AT_END = re.compile(r" \([+-][\d.]+\)$")


def chance_text(probability: float | None, horizon_days: int | None) -> str:
    """Return a probability in words.

    Parameters
    ----------
    probability : float
        Between 0 and 1; None where it is withdrawn.
    horizon_days : int or None
        Length of the outcome window, when the study has one.

    Examples
    --------
    >>> chance_text(0.71, 365), chance_text(0.02, None)
    ('about 7 in 10 within 365 days', 'less than 1 in 10')
    """
    if probability is None or np.isnan(probability):
        return "not stated (probability withdrawn)"
    tenths = int(np.floor(10 * probability + 0.5))
    words = {0: "less than 1 in 10", 10: "more than 9 in 10"}.get(tenths, f"about {tenths} in 10")
    return words if horizon_days is None else f"{words} within {horizon_days} days"


def qualified(chance: str, *, is_ready: bool, in_domain: bool) -> str:
    """Return the chance with what a reader must know beside it."""
    caveats = [] if is_ready else ["model not ready"]
    caveats += [] if in_domain else ["unlike every customer so far"]
    return f"{chance} ({'; '.join(caveats)})" if caveats else chance


def sentence(opening: str, reasons: Sequence[str | None]) -> str:
    """Return reasons as one sentence without numbers of log-odds; empty when there is none.

    Examples
    --------
    >>> sentence("Speaks for them", ["integrations = 7 (+0.41)", "crm = hubspot (+0.20)", None])
    'Speaks for them: integrations = 7 and crm = hubspot.'
    """
    words = [_NUMBER_AT_END.sub("", reason) for reason in reasons if reason]
    if not words:
        return ""
    listed = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return f"{opening}: {listed}."


def questions(frame: pd.DataFrame, question_value: Mapping[str, float], labels: Mapping[str, str]) -> Texts:
    """Return, per account, the question worth asking most.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_attributes)
        The attributes that were scored.
    question_value : mapping
        How much the contributions of each attribute vary in training (log-odds). Attributes that are not in `frame`
        are known only after discovery, so they are unknown for every account.
    labels : mapping
        Words for people by column.

    Returns
    -------
    object array of shape (n,)
        Names the unknown attribute whose contributions vary most; empty where nothing worth asking is unknown.
    """
    asked = np.full(len(frame), "", dtype=object)
    for name in sorted(question_value, key=lambda column: (question_value[column], column)):
        if question_value[name] <= 0:
            continue
        words = labels.get(name, name.replace("_", " "))
        if name not in frame.columns:
            asked[:] = f"Find out in discovery: {words} (not in this score)."
        else:
            asked[frame[name].isna().to_numpy()] = f"Ask about {words}."
    return asked


def extreme_fits(contributions: npt.NDArray[np.float64], is_known: npt.NDArray[np.bool_]) -> tuple[Texts, Texts]:
    """Name the fit that raises each account most and the one that raises it least or lowers it most.

    Parameters
    ----------
    contributions : float array of shape (n, 6)
        Contributions in log-odds, in the order of ``FIT_NAMES``.
    is_known : bool array of shape (n, 6)
        False where a fit has no attribute, or nothing is known of it: such fits are never named.

    Returns
    -------
    strongest, weakest : object arrays of shape (n,)
        Empty text where no fit is known; the weakest is empty as well where only one is.
    """
    names = np.array([*FIT_NAMES, ""], dtype=object)
    n_known = is_known.sum(axis=1)
    high = np.where(is_known, contributions, -np.inf).argmax(axis=1)
    low = np.where(is_known, contributions, np.inf).argmin(axis=1)
    return names[np.where(n_known >= 1, high, -1)], names[np.where(n_known >= 2, low, -1)]


def people_list(rows: pa.Table, id_column: str, chances: Sequence[str]) -> pa.Table:
    """Return the list: ten columns, in rank order, the disposition left empty for the salesperson.

    Parameters
    ----------
    rows : pyarrow.Table
        Rank, id, grade, reasons, concerns, ``ask``, ``strongest_fit`` and ``weakest_fit`` of the first accounts.
    id_column : str
        Name of the id column.
    chances : sequence of str
        The chance of each row in words.
    """
    texts = [rows.column(name).to_pylist() for name in REASONS]
    both = list(zip(*texts, strict=True))
    columns = {
        "rank": rows.column("rank"),
        id_column: rows.column(id_column),
        "grade": rows.column("grade"),
        "chance": pa.array(chances, pa.string()),
        "why": pa.array([sentence("Speaks for them", row[:N_REASONS]) for row in both], pa.string()),
        "concerns": pa.array([sentence("Speaks against them", row[N_REASONS:]) for row in both], pa.string()),
        "ask": rows.column("ask"),
        "strongest_fit": rows.column("strongest_fit"),
        "weakest_fit": rows.column("weakest_fit"),
        "disposition": pa.nulls(rows.num_rows, pa.string()),
    }
    for name in ("why", "concerns"):
        columns[name] = pc.if_else(pc.equal(columns[name], ""), None, columns[name])
    table = pa.table(columns).cast(list_schema(id_column))
    return table.sort_by("rank")
