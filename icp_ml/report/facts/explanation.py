"""Facts of why a score is what it is: fits, attributes, and the documents of importance, stability and mapping."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from icp_ml.names import CONTEXT, PLAYERS
from icp_ml.report.wording import share_words

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.study import Attribute, Study

Floats = np.ndarray[Any, np.dtype[np.float64]]

SWARM_ACCOUNTS = 300
SWARM_ATTRIBUTES = 12
SMALLEST_PAIR = 0.005
"""Pairs of fits that act together by less, in log-odds, are not told."""

WHY = ("importance", "stability", "mapping", "points")
"""Documents of an explanation that the report draws as they are."""

NO_EXPLANATION: dict[str, Any] = {
    "fits": [],
    "fits_sentence": "",
    "beeswarm": [],
    "attributes": [],
    "learners": [],
    "learner_rule": "",
    "interactions": None,
    **dict.fromkeys(WHY),
}
"""What the facts hold where there is no classifier."""


@dataclass(frozen=True)
class _Explained:
    """A sample of customers, and what each attribute adds to their scores."""

    study: Study
    used: Sequence[Attribute]
    frame: pd.DataFrame
    contributions: pd.DataFrame


def explanation_facts(
    study: Study,
    classifier: SuccessClassifier,
    frame: pd.DataFrame,
    kinds: Mapping[str, str],
    evidence: Mapping[str, Any],
) -> dict[str, Any]:
    """Return bars of fits, the attributes behind them and the documents of an explanation.

    Parameters
    ----------
    study
        Names attributes, fits, labels and the seed.
    classifier
        What is served.
    frame
        Attributes of the customers with a known outcome.
    kinds
        ``numeric``, ``categorical`` or ``date`` by column.
    evidence
        Documents by name; those of `WHY` belong here.

    Returns
    -------
    dict
        The keys of `NO_EXPLANATION`.
    """
    used = [a for a in study.attributes_at(study.model.stage) if a.column in (classifier.fits or {})]
    known = frame[[a.column for a in used]]
    sample = known.iloc[_swarm_rows(len(known), study.seed)]
    explained = _Explained(study, used, sample, classifier.attribute_contributions(sample))
    fits = _fits(study, used, classifier.contributions_array(known))
    return {
        "fits": fits,
        "fits_sentence": _fits_sentence(fits),
        "beeswarm": _beeswarm(explained),
        "attributes": _attributes(explained, known, kinds),
        "interactions": _interactions(classifier, sample, [fit["name"] for fit in fits if fit["measured"]]),
        **_learners(classifier),
        **{name: evidence.get(name) for name in WHY},
    }


def _fits(study: Study, used: Sequence[Attribute], by_fit: Floats) -> list[dict[str, Any]]:
    mean_abs = np.abs(by_fit).mean(axis=0)
    rows = []
    for number, name in enumerate(PLAYERS):
        columns = [study.label_of(a.column) for a in used if a.fit == name]
        if name == CONTEXT and not columns:
            continue
        proxies = [study.label_of(a.column) for a in used if a.fit == name and a.proxy]
        row = {"name": name, "mean_abs": float(mean_abs[number]), "measured": bool(columns), "attributes": columns}
        rows.append(row | {"proxies": proxies})
    return rows


def _fits_sentence(fits: Sequence[dict[str, Any]]) -> str:
    measured = sorted((fit for fit in fits if fit["measured"] and fit["name"] != CONTEXT), key=lambda f: -f["mean_abs"])
    missing = [fit["name"] for fit in fits if not fit["measured"]]
    if not measured:
        return "No attribute stands under a fit: only context is used."
    parts = ", ".join(f"{fit['name']} ({fit['mean_abs']:.2f})" for fit in measured[:3])
    text = f"Scores differ most by the {parts}" if len(measured) == 1 else f"Scores differ most by: {parts}"
    text += " fit." if len(measured) == 1 else ", in mean log-odds per account."
    if missing:
        text += f" Not measured by any attribute: {', '.join(missing)}."
    proxies = [proxy for fit in fits for proxy in fit["proxies"]]
    return text + (f" Stand-ins (proxies) for their fit: {', '.join(proxies)}." if proxies else "")


def _swarm_rows(n: int, seed: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    chosen = np.random.default_rng(seed).permutation(n)[:SWARM_ACCOUNTS]
    return np.sort(chosen)


def _beeswarm(explained: _Explained) -> list[dict[str, Any]]:
    fit_of = {a.column: a.fit for a in explained.used}
    contributions, frame = explained.contributions, explained.frame
    strength = contributions.abs().mean().sort_values(ascending=False, kind="stable")
    rows = []
    for column in strength.index[:SWARM_ATTRIBUTES]:
        if strength[column] <= 0:
            continue
        levels = _levels(frame[column], contributions[column])
        rows.append(
            {
                "attribute": str(column),
                "label": explained.study.label_of(str(column)),
                "fit": fit_of[str(column)],
                "mean_abs": float(strength[column]),
                "points": [] if levels else _points(frame[column], contributions[column]),
                "levels": levels,
            }
        )
    return rows


def _points(values: pd.Series[Any], contributions: pd.Series[Any]) -> list[list[float | None]]:
    """Return per account its contribution and where its value stands between low (0) and high (1)."""
    pairs = zip(contributions, _positions(values), strict=True)
    return [[round(float(c), 4), None if math.isnan(p) else round(float(p), 3)] for c, p in pairs]


def _levels(values: pd.Series[Any], contributions: pd.Series[Any]) -> list[dict[str, Any]]:
    """Return the mean contribution of each level of a text attribute; empty for numbers."""
    if pd.api.types.is_float_dtype(values):
        return []
    named = values.astype(object).where(values.notna(), "not known")
    grouped = contributions.groupby(named.to_numpy()).agg(["mean", "size"])
    return [
        {"name": str(name), "mean": round(float(mean), 4), "n": int(n), "share": float(n / len(values))}
        for name, mean, n in grouped.itertuples()
    ]


def _positions(values: pd.Series[Any]) -> Floats:
    """Return where each value stands between low (0) and high (1) by rank; text and missing values nowhere."""
    if not pd.api.types.is_float_dtype(values):
        return np.full(len(values), np.nan)
    return np.asarray(values.rank(pct=True), dtype=np.float64)


def _attributes(explained: _Explained, known: pd.DataFrame, kinds: Mapping[str, str]) -> list[dict[str, Any]]:
    rows = []
    for attribute in explained.used:
        column = attribute.column
        remarks = [
            "proxy for the fit" if attribute.proxy else "",
            "not point in time" if not attribute.point_in_time else "",
            f"expected: {attribute.effect}" if attribute.effect else "",
        ]
        rows.append(
            {
                "column": column,
                "label": explained.study.label_of(column),
                "fit": attribute.fit,
                "kind": kinds[column],
                "missing": share_words(float(known[column].isna().mean())),
                "mean_abs": f"{explained.contributions[column].abs().mean():.3f}",
                "remarks": "; ".join(remark for remark in remarks if remark),
            }
        )
    return sorted(rows, key=lambda row: -float(row["mean_abs"]))


def _interactions(classifier: SuccessClassifier, sample: pd.DataFrame, names: Sequence[str]) -> dict[str, Any] | None:
    """Return what each pair of fits adds beyond each alone, mean size per account, and on the diagonal what is left."""
    if len(names) < 2:
        return None
    at = [PLAYERS.index(name) for name in names]
    values = classifier.fit_interactions(sample)[:, at][:, :, at]
    pairs = np.abs(values + values.transpose(0, 2, 1)).mean(axis=0)
    matrix = np.where(np.eye(len(at), dtype=bool), pairs / 2, pairs)
    document = {"sentence": _pair_sentence(names, matrix), "n_accounts": len(sample), "names": list(names)}
    return document | {"matrix": [[round(float(value), 4) for value in row] for row in matrix]}


def _pair_sentence(names: Sequence[str], matrix: Floats) -> str:
    below = np.tril(matrix, -1)
    row, column = divmod(int(below.argmax()), len(names))
    if below[row, column] < SMALLEST_PAIR:
        return "Fits add up: no two of them act together in this model."
    size = f"{below[row, column]:.2f} log-odds per account on average beyond each alone"
    return f"The {names[column]} and {names[row]} fits act together most: {size}."


def _learners(classifier: SuccessClassifier) -> dict[str, Any]:
    comparison = classifier.comparison_
    rows = [
        {
            "name": name,
            "log_loss": f"{candidate['log_loss']:.4f}",
            "difference": f"{candidate['above_best']:+.4f}",
            "chosen": name == classifier.learner_,
        }
        for name, candidate in comparison.get("candidates", {}).items()
    ]
    return {"learners": rows, "learner_rule": comparison.get("rule", "")}
