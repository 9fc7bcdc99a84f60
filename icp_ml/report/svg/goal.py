"""The chart of a goal on its way: what was reached, beside a straight line and the path that the sales cycle allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.review.words import amount_words, day_words
from icp_ml.report.svg.shapes import LETTER, WIDTH, Axis, bar, dot, drawing, line, round_ticks, text

Row = Mapping[str, Any]
Points = Sequence[tuple[float, float]]
_Curve = tuple[str, str, str]
"""A curve's key in the rows, its name in the legend, and its class."""
_STRAIGHT: _Curve = ("straight", "straight", "straight-line")
_FAIR: _Curve = ("fair", "fair path", "fair-line")
_REACHED: _Curve = ("reached", "reached", "reached-line")


def path_chart(progress: Mapping[str, Any], *, small: bool = False) -> str:
    """Draw the goal over the days of the situation; empty where there is no path.

    Parameters
    ----------
    progress : mapping
        ``progress`` of a review document.
    small : bool
        Lower, and without milestones: for the first screen.

    Returns
    -------
    str
        SVG.
    """
    rows = progress["path"]
    if len(rows) < 2:
        return ""
    bottom = 128 if small else 240
    days = [_number(row["day"]) for row in rows]
    x, y = Axis(days[0], days[-1], 52, WIDTH - 10), Axis(0, _top(progress, rows), bottom, 30)
    body = [_grid(x, y), _band(x, y, rows), _today(x, y, progress)]
    curves = _curves(rows)
    body += [_curve(x, y, rows, curve) for curve in curves]
    body.append(_last(x, y, rows))
    body += [] if small else [_milestone(x, y, one) for one in progress["written"] if one["measure"] == "goal"]
    body += [_dates(x, bottom), _keys(bottom + 44, curves)]
    return drawing(bottom + 54, body, _words(progress))


def _number(day: str) -> int:
    return dt.date.fromisoformat(day).toordinal()


def _top(progress: Row, rows: Sequence[Row]) -> float:
    known = [row[name] for row in rows for name in ("straight", "fair_high", "reached") if row[name] is not None]
    target = progress["goal"]["target"] or 0.0
    return float(max([1e-9, *known, target])) * 1.04


def _grid(x: Axis, y: Axis) -> str:
    ticks = round_ticks(0.0, y.high, 5)
    lines = [line(x.start, y(tick), x.end, y(tick), "grid") for tick in ticks]
    return "".join(lines + [text(x.start - 7, y(tick) + 4, _short(tick), "end", "tick") for tick in ticks])


def _short(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def _points(x: Axis, y: Axis, rows: Sequence[Row], name: str) -> list[tuple[float, float]]:
    return [(x(_number(row["day"])), y(row[name])) for row in rows if row[name] is not None]


def _curves(rows: Sequence[Row]) -> list[_Curve]:
    """Return what there is to draw; a straight line that the fair path covers is left out."""
    has_fair = any(row["fair"] is not None for row in rows)
    is_same = has_fair and all(_are_close(row) for row in rows)
    fair: _Curve = ("fair", "fair path (straight)", "fair-line") if is_same else _FAIR
    known = [*([] if is_same else [_STRAIGHT]), *([fair] if has_fair else []), _REACHED]
    return [curve for curve in known if any(row[curve[0]] is not None for row in rows)]


def _are_close(row: Row) -> bool:
    """Tell whether the fair path lies on the straight line, as near as a drawing shows."""
    fair, straight = row["fair"], row["straight"]
    return None not in (fair, straight) and abs(fair - straight) < 0.01 * abs(straight) + 1e-9


def _curve(x: Axis, y: Axis, rows: Sequence[Row], curve: _Curve) -> str:
    points = _points(x, y, rows, curve[0])
    return f'<polyline class="{curve[2]}" points="{_joined(points)}"/>' if len(points) > 1 else ""


def _band(x: Axis, y: Axis, rows: Sequence[Row]) -> str:
    low, high = _points(x, y, rows, "fair_low"), _points(x, y, rows, "fair_high")
    return f'<polygon class="fair-band" points="{_joined([*high, *reversed(low)])}"/>' if low and high else ""


def _joined(points: Points) -> str:
    return " ".join(f"{x:g},{y:g}" for x, y in points)


def _today(x: Axis, y: Axis, progress: Row) -> str:
    today = _number(progress["today"]) if progress["today"] else 0
    if not x.low < today < x.high:
        return ""
    where = x(today)
    anchor = "start" if where < x.start + 30 else "end" if where > x.end - 30 else "middle"
    return line(where, y.end - 8, where, y.start, "today") + text(where, y.end - 13, "today", anchor, "faint")


def _last(x: Axis, y: Axis, rows: Sequence[Row]) -> str:
    known = [row for row in rows if row["reached"] is not None]
    if not known:
        return ""
    tip = f"{day_words(known[-1]['day'])}: {amount_words(known[-1]['reached'])}"
    return dot(x(_number(known[-1]["day"])), y(known[-1]["reached"]), 5, "reached-mark", tip)


def _milestone(x: Axis, y: Axis, one: Row) -> str:
    tip = f"{day_words(one['on'])}: at least {amount_words(one['at_least'])}, {one['state']}"
    kind = "milestone missed" if one["state"] == "missed" else "milestone"
    return bar(x(_number(one["on"])) - 5, y(one["at_least"]) - 5, 10, 10, kind, tip)


def _dates(x: Axis, bottom: float) -> str:
    first, last = (dt.date.fromordinal(int(end)).isoformat() for end in (x.low, x.high))
    return text(x.start, bottom + 18, day_words(first), "start", "tick") + text(
        x.end, bottom + 18, day_words(last), "end", "tick"
    )


def _keys(y: float, curves: Sequence[_Curve]) -> str:
    parts, x = [], 20.0
    for _, name, kind in curves:
        parts.append(line(x, y - 4, x + 22, y - 4, kind))
        parts.append(text(x + 28, y, name, "start", "tick"))
        x += 28 + LETTER * len(name) + 22
    return "".join(parts)


def _words(progress: Row) -> str:
    goal = progress["goal"]
    reached = "" if goal["reached"] is None else f"{amount_words(goal['reached'])} reached of "
    before = [row for row in progress["path"] if row["day"] <= (progress["today"] or "")]
    beside = ""
    if before and before[-1]["fair"] is not None:
        fair, straight = amount_words(before[-1]["fair"]), amount_words(before[-1]["straight"])
        beside = f"; by today the sales cycle lets {fair} be expected, a straight line {straight}"
    return f"The goal on its way: {reached}{amount_words(goal['target'])}{beside}"
