"""Choose and draw the pictures of a review."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report import svg
from icp_ml.report.svg.compared import Mark, fit_strips, front_chart, marks_chart, ratios_chart
from icp_ml.report.svg.coverage import coverage_chart
from icp_ml.report.svg.goal import path_chart
from icp_ml.report.tables.review import ratio_words
from icp_ml.report.wording import points_words, share_words

Document = Mapping[str, Any]
MOST_DRAWN = 14
"""More populations than this are left to the table."""


def review_charts(document: Document) -> dict[str, str]:
    """Return every picture of a review by name: SVG, or an empty text where there is nothing to draw.

    Parameters
    ----------
    document : mapping
        A review of the whole form (:func:`icp_ml.report.review.form.formed`).
    """
    progress, tactics = document["progress"], document["tactics"]
    coverage = document["coverage"]
    importance = (document["fits"] or {}).get("rows") or ()
    return {
        "path_small": path_chart(progress, small=True) if progress else "",
        "path": path_chart(progress) if progress else "",
        "populations": _populations(document["populations"][:MOST_DRAWN]),
        "strips": fit_strips(document["populations"][:MOST_DRAWN]),
        "criteria": _criteria(document["criteria"]),
        "front": front_chart(document["front"]),
        "tactics": ratios_chart(_stages(tactics["tiers"]), "Now against before", "ratio to before (1: no change)")
        if tactics
        else "",
        "coverage": coverage_chart(coverage["rows"]) if coverage else "",
        "importance": svg.importance_chart(importance) if importance else "",
    }


def _populations(rows: Sequence[Document]) -> str:
    marks = [_share_mark(row) for row in rows if _is_known(row["success"])]
    return marks_chart(marks, "Success share by population", "succeeded, %")


def _is_known(success: Document | None) -> bool:
    return success is not None and all(success.get(end) is not None for end in ("share", "low", "high"))


def _share_mark(row: Document) -> Mark:
    share, low, high = (row["success"][end] for end in ("share", "low", "high"))
    name = f"{row['name']} (small)" if row["small"] else row["name"]
    return Mark(name, share_words(share, low, high), 100 * share, 100 * low, 100 * high, not row["small"])


def _criteria(rows: Sequence[Document]) -> str:
    known = [row for row in rows if None not in (row["difference"], row["low"], row["high"])]
    marks = [
        Mark(
            row["rule"],
            points_words(row["difference"], row["low"], row["high"]),
            100 * row["difference"],
            100 * row["low"],
            100 * row["high"],
            row["state"] != "cannot tell",
        )
        for row in known
    ]
    unit = "points more success where the criterion is met"
    return marks_chart(marks, "Difference in success by criterion, in points", unit, 0.0)


def _stages(tiers: Sequence[Document]) -> list[Mark]:
    """Return reach, conversion, success and value of every tier that has a ratio with an interval."""
    rows = [(tier["tier"], row) for tier in tiers for row in tier["rows"]]
    return [
        Mark(f"{row['stage']}, {tier}", ratio_words(row), row["ratio"], row["low"], row["high"], row["is_loss"])
        for tier, row in rows
        if None not in (row["ratio"], row["low"], row["high"]) and row["ratio"] > 0
    ]
