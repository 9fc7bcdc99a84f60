"""Choose and draw the pictures of a list of lookalikes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.report.svg.compared import Mark, marks_chart
from icp_ml.report.svg.lookalikes import dial_chart, methods_chart
from icp_ml.report.wording import share_words

Document = Mapping[str, Any]
OURS = "similarity"
"""Key of the method that made the list."""


def list_charts(document: Document) -> dict[str, str]:
    """Return every picture by name: SVG, or an empty text where there is nothing to draw.

    Parameters
    ----------
    document : mapping
        Lookalikes of the whole form (:func:`icp_ml.report.lookalikes.form.formed_list`).
    """
    dial, segments, found = document["dial"], document["segments"], document["evaluation"]
    return {
        "dial": dial_chart(dial["rows"], is_diverse=bool(document["diversity"])) if dial else "",
        "segments": marks_chart(_marks(segments), "Success share by segment", "succeeded, %") if segments else "",
        "methods": methods_chart(found["rows"], OURS) if found else "",
    }


def _marks(segments: Document) -> list[Mark]:
    rows = [row for row in segments["rows"] if None not in (row["share"], row["low"], row["high"])]
    return [
        Mark(
            row["name"],
            share_words(row["share"], row["low"], row["high"]),
            100 * row["share"],
            100 * row["low"],
            100 * row["high"],
            is_sure=True,
        )
        for row in rows
    ]
