"""The chart of a market: of each tier, who is a customer, who was worked, and whom nobody has approached."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.shapes import LETTER, WIDTH, bar, drawing, fitting, legend, text
from icp_ml.report.wording import small_share_words

Row = Mapping[str, Any]
PARTS = ("customers", "worked", "untouched")
"""What an account of the market is; the counts add up to those of a tier."""
_STYLES = {
    "customers": ("state success", "value light"),
    "worked": ("state churned", "value"),
    "untouched": ("state censored", "value"),
}
"""Class of the bar and of the number on it, of each part."""
_HEIGHT, _LEFT, _LONG = 56, 14, WIDTH - 28


def coverage_chart(rows: Sequence[Row]) -> str:
    """Draw the parts of each tier as one bar that is a whole tier long; empty where no tier has accounts.

    Parameters
    ----------
    rows : sequence of mapping
        ``coverage.rows`` of a review. Tiers differ too much in size for bars on one scale: their sizes are told. What
        is not known of a tier, such as who was worked, stays blank.

    Returns
    -------
    str
        SVG.
    """
    known = [row for row in rows if row["n"]]
    told = [part for part in PARTS if any(row[f"{part}_share"] is not None for row in known)]
    if not told:
        return ""
    body = [_tier(12 + _HEIGHT * place, row) for place, row in enumerate(known)]
    names = [(_STYLES[part][0], part) for part in told]
    blank = [] if len(told) == len(PARTS) else [("cell own", "not known")]
    body.append(legend([*names, *blank], _HEIGHT * len(known) + 34, _LEFT))
    words = "; ".join(f"{row['tier']}, {row['n']:,} accounts: {_parts_words(row)}" for row in known)
    return drawing(_HEIGHT * len(known) + 44, body, f"{', '.join(told).capitalize()} by tier: {words}")


def _parts_words(row: Row) -> str:
    return ", ".join(f"{part} {row[part]:,}" for part in PARTS if row[part] is not None)


def _tier(top: float, row: Row) -> str:
    of = "" if row["share"] is None else f" ({small_share_words(row['share'])})"
    size = f"{row['n']:,}{of}"
    parts = [
        text(_LEFT, top + 12, fitting(row["tier"], _LONG - LETTER * len(size) - 16), "start", "label"),
        text(_LEFT + _LONG, top + 12, size, "end", "value"),
        bar(_LEFT, top + 20, _LONG, 22, "cell own"),
    ]
    left = float(_LEFT)
    for part in PARTS:
        width = (row[f"{part}_share"] or 0.0) * _LONG
        parts.append(_part(left, top + 20, width, row, part))
        left += width
    return "".join(parts)


def _part(left: float, top: float, width: float, row: Row, part: str) -> str:
    """Return one part of a bar, with its count where there is room."""
    if width <= 0:
        return ""
    kind, ink = _STYLES[part]
    shown = f"{row[part]:,}"
    drawn = bar(left, top, width, 22, kind, f"{part}: {shown}")
    is_wide = width > LETTER * len(shown) + 8
    return drawn + (text(left + width / 2, top + 16, shown, "middle", ink) if is_wide else "")
