"""Choose and draw the pictures of a report from its facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.names import CONTEXT
from icp_ml.report import svg
from icp_ml.report.facts.explanation import SMALLEST_PAIR

Facts = Mapping[str, Any]


def charts_of(facts: Facts) -> dict[str, Any]:
    """Return every picture by name: SVG, or an empty text where there is nothing to draw.

    Parameters
    ----------
    facts
        From `icp_ml.report.facts.training_facts` or `hypothesis_facts`.

    Returns
    -------
    dict
        ``slices`` is a list, as long as the facts have slices.
    """
    base_rate = facts["metrics"].get("base_rate")
    origins, importance, interactions = facts["origins"], facts["importance"], facts["interactions"]
    counts = facts["audit"]["counts"]
    return {
        "reliability": svg.reliability_chart(facts["reliability"]) if facts["reliability"] else "",
        "lift": svg.lift_chart(facts["lift_curve"]) if facts["lift_curve"] else "",
        "ten_bands": svg.bands_chart(facts["ten_bands"] or [], base_rate),
        "origins": svg.origins_chart(origins["rows"]) if origins else "",
        "slices": [svg.slices_chart(found["rows"]) for found in facts["slices"] or ()],
        "fits": svg.fit_bars(facts["fits"]) if facts["fits"] else "",
        "beeswarm": svg.beeswarm(facts["beeswarm"]),
        "importance": svg.importance_chart(importance["rows"]) if importance else "",
        "interactions": _pairs(interactions) if interactions else "",
        "periods": svg.counts_chart(counts["periods"]) if counts else "",
    }


def _pairs(interactions: Facts) -> str:
    """Return the picture of pairs; none where no two fits act together."""
    matrix = interactions["matrix"]
    largest = max(abs(value) for row, values in enumerate(matrix) for value in values[:row])
    return svg.interactions_chart(interactions["names"], matrix) if largest >= SMALLEST_PAIR else ""


def account_chart(document: Facts) -> str:
    """Return how fits move an account from the average: in points of its chance, or in log-odds where there is none."""
    if not document["fits"]:
        return ""
    in_points = document["probability"] is not None and document["base_probability"] is not None
    key, unit = ("points", 100.0) if in_points else ("contribution", 1.0)
    ends = ("base_probability", "probability") if in_points else ("base_value", "margin")
    steps = [
        {"name": fit["name"], "measured": fit["measured"], "moves": (fit[key] or 0.0) / unit}
        for fit in document["fits"]
        if fit["measured"] or fit["name"] != CONTEXT
    ]
    return svg.waterfall(document[ends[0]], steps, document[ends[1]], in_points=in_points)


def first_picture(facts: Facts, charts: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the picture of the first screen: why, for a model that may be used; else what its list gave.

    Bars of fits of a model that is no better than chance would be read as findings.
    """
    if facts["kind"] != "success":
        return None
    if not facts["verdict"]["ready"]:
        drawing = charts["ten_bands"] or charts["reliability"]
        title = "What each part of its list gave" if charts["ten_bands"] else "Do its chances come true?"
        return {"title": title, "drawing": drawing, "note": "", "is_map": False}
    if charts["importance"]:
        title, note = (
            "What each fit is worth on accounts it did not see",
            "Further right: worth more. Hollow: may be worth nothing. Brackets: ties.",
        )
        return {"title": title, "drawing": charts["importance"], "note": note, "is_map": True}
    title, note = "How far each fit moves a score", "Near-equal bars are ties."
    return {"title": title, "drawing": charts["fits"], "note": note, "is_map": True}
