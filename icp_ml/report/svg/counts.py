"""Charts of the data: who is known, by period."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.shapes import WIDTH, Axis, bar, drawing, fitting, legend, text, ticks_of, y_grid

STATES = (("success", "success"), ("churned", "churned"), ("censored", "not known yet"))


def counts_chart(rows: Sequence[Mapping[str, Any]]) -> str:
    """Draw how many accounts of each period succeeded, churned or are not known yet."""
    if not rows:
        return ""
    top = max([1, *(_total(row) for row in rows)]) * 1.05
    x, y = Axis(0, len(rows), 48, WIDTH - 8), Axis(0, top, 230, 14)
    body = [y_grid(x, y, [tick for tick in ticks_of(0, top, 6) if tick == int(tick)], "accounts")]
    shown_every = max(1, -(-len(rows) // 6))
    for place, row in enumerate(rows):
        body.append(_stack(x, y, place, row))
        if place % shown_every == 0:
            body.append(text(x(place + 0.5), 250, fitting(row["name"], 62), "middle", "tick"))
    body.append(legend([(f"state {name}", words) for name, words in STATES], 278))
    words = "; ".join(f"{row['name']} {row['success']} of {_total(row)} succeeded" for row in rows)
    return drawing(290, body, f"Accounts by period: {words}")


def _stack(x: Axis, y: Axis, place: int, row: Mapping[str, Any]) -> str:
    left, width = x(place + 0.12), x(place + 0.88) - x(place + 0.12)
    parts, below = [], 0.0
    for name, words in STATES:
        n = row[name] or 0
        if n:
            tip = f"{row['name']}: {n:,} {words}"
            parts.append(bar(left, y(below + n), width, y(below) - y(below + n), f"state {name}", tip))
        below += n
    return "".join(parts)


def _total(row: Mapping[str, Any]) -> int:
    return sum(int(row[name] or 0) for name, _ in STATES)
