"""Put prospects in order with a model, or say what doing so would refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from icp_ml.lifecycle.registry import resolve_model
from icp_ml.model.success_model import SuccessModel, load_model
from icp_ml.prospects.check import CheckResult, check_file
from icp_ml.prospects.score import N_REASONS, ScoreOptions, score_file, score_frame
from icp_ml.prospects.summary import ScoreSummary

Model = str | Path | SuccessModel


@dataclass(frozen=True)
class ScoredFrame:
    """Scores of a table in memory.

    Attributes
    ----------
    frame : DataFrame
        The columns of the score file, input order kept.
    summary : mapping
        What ``FILE.summary.json`` would hold.
    rejected : list of dict
        Rows that could not be scored: row number, id, column and reason.
    """

    frame: pd.DataFrame
    summary: Mapping[str, Any]
    rejected: list[dict[str, Any]]


def score(
    prospects: str | Path | pd.DataFrame,
    model: Model,
    out: str | Path | None = None,
    *,
    list_path: str | Path | None = None,
    n_reasons: int = N_REASONS,
    previous: str | Path | None = None,
    reading: Mapping[str, Any] | None = None,
) -> ScoreSummary | ScoredFrame:
    """Score every prospect: probability, six fits, reasons, grade and rank.

    Parameters
    ----------
    prospects : path or DataFrame
        The prospects.
    model : str, Path or SuccessModel
        A folder, ``models:/NAME@champion``, ``models:/NAME/3``, ``runs:/ID/model``, or a loaded model.
    out : path, optional
        The score file; nothing is written without it.
    list_path : path, optional
        Ten columns for people.
    n_reasons : int
        Ranks with attribute-level reasons.
    previous : path, optional
        The last score file; grades near a border are held.
    reading : mapping, optional
        ``as_of``, ``encoding``, ``delimiter``, ``on_duplicate``.

    Returns
    -------
    ScoreSummary or ScoredFrame
        A summary of the file that was written, or the scores themselves when no ``out`` is given.
    """
    options = ScoreOptions(list_path=list_path, n_reasons=n_reasons, previous=previous, **(reading or {}))
    if out is not None:
        return score_file(prospects, load(model), out, options)
    scored = score_frame(prospects, load(model), options)
    return ScoredFrame(scored, scored.attrs["summary"], scored.attrs["rejected"])


def check(prospects: str | Path, model: Model, *, reading: Mapping[str, Any] | None = None) -> CheckResult:
    """Return what scoring these prospects would refuse, coerce or find unusual, without scoring."""
    return check_file(prospects, load(model), ScoreOptions(**(reading or {})))


def load(model: Model) -> SuccessModel:
    """Return a loaded model; an address is resolved once, now."""
    return model if isinstance(model, SuccessModel) else load_model(resolve_model(model))
