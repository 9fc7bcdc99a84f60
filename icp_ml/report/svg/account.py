"""The chart of one account: from the average chance to its own, fit by fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.shapes import WIDTH, Axis, axis_over, bar, drawing, line, text

HEIGHT = 32
START, END = 134, WIDTH - 66


def waterfall(start: float, steps: Sequence[Mapping[str, Any]], end: float, *, in_points: bool) -> str:
    """Draw how each fit moves an account from the average to where it stands.

    Parameters
    ----------
    start, end
        The average account and this one: chances (0 to 1), or log-odds.
    steps
        ``name``, ``moves`` (same unit; they add up to ``end - start``) and ``measured`` of each fit.
    in_points
        The unit is the chance, shown in percentage points; else log-odds.

    Returns
    -------
    str
        SVG.
    """
    levels = [start]
    for step in steps:
        levels.append(levels[-1] + step["moves"])
    x = axis_over([*levels, end], START, END, least=0.02)
    body = [line(x(start), 4, x(start), HEIGHT * (len(steps) + 2), "reference")]
    body.append(_level(x, 0, "average customer", start, in_points))
    for place, step in enumerate(steps):
        body.append(_step(x, place + 1, step, levels[place], in_points))
    body.append(_level(x, len(steps) + 1, "this account", end, in_points))
    words = "; ".join(f"{step['name']} {_shown(step['moves'], in_points)}" for step in steps)
    ends = f"from {_whole(start, in_points)} to {_whole(end, in_points)}"
    return drawing(HEIGHT * (len(steps) + 2) + 6, body, f"What moves this account {ends}: {words}")


def _level(x: Axis, place: int, name: str, value: float, in_points: bool) -> str:
    top = 4 + place * HEIGHT
    parts = [
        text(START - 8, top + 18, name, "end", "label"),
        line(x(value), top + 2, x(value), top + 26, "level-line"),
        text(x(value) + 8, top + 18, _whole(value, in_points), "start", "value strong"),
    ]
    return "".join(parts)


def _step(x: Axis, place: int, step: Mapping[str, Any], before: float, in_points: bool) -> str:
    top, after = 4 + place * HEIGHT, before + step["moves"]
    name = text(START - 8, top + 18, step["name"], "end", "label")
    if not step["measured"]:
        side, away = ("end", -8) if x(before) > WIDTH / 2 else ("start", 8)
        return name + text(x(before) + away, top + 18, "not measured", side, "faint")
    left, right = sorted((x(before), x(after)))
    kind = "up" if step["moves"] >= 0 else "down"
    shown = _shown(step["moves"], in_points)
    return (
        name
        + bar(left, top + 2, max(1.5, right - left), 24, kind, f"{step['name']}: {shown}")
        + text(right + 7, top + 18, shown, "start", "value")
    )


def _shown(moves: float, in_points: bool) -> str:
    return f"{100 * moves:+.1f}" if in_points else f"{moves:+.2f}"


def _whole(value: float, in_points: bool) -> str:
    return f"{100 * value:.0f} %" if in_points else f"{value:+.2f}"
