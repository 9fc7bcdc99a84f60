"""Charts of a review: values with their intervals under their names, six fits side by side, and what a change costs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from icp_ml.names import FIT_NAMES
from icp_ml.report.svg.shapes import (
    WIDTH,
    Axis,
    axis_over,
    bar,
    dot,
    drawing,
    fitting,
    grid,
    line,
    round_ticks,
    text,
    x_grid,
)

Row = Mapping[str, Any]
_HEIGHT = 44
_RATIOS = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True)
class Mark:
    """A value with its interval, and its name.

    Attributes
    ----------
    name, shown : str
        Both stand above the value; `shown` is the value in words.
    value, low, high : float
    is_sure : bool
        False is drawn hollow.
    """

    name: str
    shown: str
    value: float
    low: float
    high: float
    is_sure: bool


def marks_chart(marks: Sequence[Mark], title: str, unit: str, reference: float | None = None) -> str:
    """Draw values with their intervals, in the order given; empty without any.

    Parameters
    ----------
    marks : sequence of Mark
    title, unit : str
        What is shown, for readers without the picture, and what the axis measures.
    reference : float, optional
        A dashed line.
    """
    if not marks:
        return ""
    ends = [end for mark in marks for end in (mark.low, mark.high)]
    x = axis_over([*ends, *([] if reference is None else [reference])], 16, WIDTH - 16, least=2.0)
    bottom = _HEIGHT * len(marks) + 8
    body = [x_grid(x, bottom, round_ticks(x.low, x.high, 8), unit)]
    return _marked(x, marks, body, title, reference)


def ratios_chart(marks: Sequence[Mark], title: str, unit: str) -> str:
    """Draw ratios with their intervals on an axis where half and twice are as far from 1; empty without any."""
    known = [mark for mark in marks if mark.low > 0]
    if not known:
        return ""
    logs = [
        replace(mark, value=math.log(mark.value), low=math.log(mark.low), high=math.log(mark.high)) for mark in known
    ]
    x = axis_over([0.0, *(end for mark in logs for end in (mark.low, mark.high))], 16, WIDTH - 16, least=1.5)
    bottom, body = _HEIGHT * len(logs) + 8, []
    for ratio in _RATIOS:
        if x.low <= math.log(ratio) <= x.high:
            body.append(line(x(math.log(ratio)), 4, x(math.log(ratio)), bottom, "grid"))
            body.append(text(x(math.log(ratio)), bottom + 18, f"{ratio:g}", "middle", "tick"))
    body.append(text(WIDTH / 2, bottom + 38, unit, "middle", "axis"))
    return _marked(x, logs, body, title, 0.0)


def _marked(x: Axis, marks: Sequence[Mark], body: list[str], title: str, reference: float | None) -> str:
    bottom = _HEIGHT * len(marks) + 8
    if reference is not None:
        body.append(line(x(reference), 4, x(reference), bottom, "reference"))
    body += [_mark(x, place * _HEIGHT, mark) for place, mark in enumerate(marks)]
    words = "; ".join(f"{mark.name} {mark.shown}" for mark in marks)
    return drawing(bottom + 48, body, f"{title}: {words}")


def _mark(x: Axis, top: float, mark: Mark) -> str:
    room = WIDTH - 28 - 7.4 * len(mark.shown) - 10
    middle = top + 34
    parts = [
        text(14, top + 18, fitting(mark.name, room), "start", "label"),
        text(WIDTH - 14, top + 18, mark.shown, "end", "value"),
        line(x(mark.low), middle, x(mark.high), middle, "interval"),
        dot(x(mark.value), middle, 5, "mark" if mark.is_sure else "mark hollow", f"{mark.name}: {mark.shown}"),
    ]
    return "".join(parts)


def fit_strips(rows: Sequence[Row]) -> str:
    """Draw the mean contribution of the six fits in each population, to the right where it raises the chance.

    Parameters
    ----------
    rows : sequence of mapping
        ``name``, and ``fits``: log-odds against the average customer by fit; populations without any are left out.
    """
    known = [row for row in rows if row["fits"]]
    if not known:
        return ""
    longest = max([1e-9, *(abs(_of(row, fit) or 0.0) for row in known for fit in FIT_NAMES)])
    width = (WIDTH - 16) / len(FIT_NAMES)
    # Names stand on two levels, because neighbours would touch.
    body = [
        text(8 + width * (place + 0.5), 14 + 15 * (place % 2), fit, "middle", "tick")
        for place, fit in enumerate(FIT_NAMES)
    ]
    for place, row in enumerate(known):
        top = 40 + 56 * place
        body.append(text(8, top + 15, fitting(row["name"], WIDTH - 16), "start", "label"))
        body += [_strip(8 + width * at, top + 22, width, _of(row, fit), longest) for at, fit in enumerate(FIT_NAMES)]
    told = "; ".join(f"{row['name']} {_fits_words(row)}" for row in known)
    return drawing(44 + 56 * len(known), body, f"Mean contribution of each fit in log-odds: {told}")


def _of(row: Row, fit: str) -> float | None:
    value = row["fits"].get(fit)
    return None if value is None else float(value)


def _strip(left: float, top: float, width: float, value: float | None, longest: float) -> str:
    """Return one cell: a bar from its middle, and the number below."""
    if value is None:
        return text(left + width / 2, top + 24, "–", "middle", "faint")
    middle, length = left + width / 2, abs(value) / longest * (width / 2 - 4)
    start = middle if value >= 0 else middle - length
    parts = [
        line(middle, top, middle, top + 11, "reference"),
        bar(start, top, max(0.8, length), 10, "up" if value >= 0 else "down"),
        text(middle, top + 25, f"{value:+z.2f}", "middle", "faint"),
    ]
    return "".join(parts)


def _fits_words(row: Row) -> str:
    return ", ".join(f"{fit} {_of(row, fit):+z.2f}" for fit in FIT_NAMES if _of(row, fit) is not None)


def front_chart(points: Sequence[Row]) -> str:
    """Draw versions of a profile by the market they keep and the success share inside; filled ones are not beaten.

    Parameters
    ----------
    points : sequence of mapping
        ``front`` of a review document; numbered from 1 in this order.
    """
    known = [
        (number, point)
        for number, point in enumerate(points, 1)
        if point["success"] is not None and point["market_share"] is not None
    ]
    if len(known) < 2:
        return ""
    ends = [100 * end for _, point in known for end in _ends(point)]
    x = axis_over([0.0, *(100 * point["market_share"] for _, point in known)], 48, WIDTH - 12)
    y = axis_over(ends, 250, 14, least=10)
    ticks = [tick for tick in round_ticks(x.low, x.high) if tick >= 0]
    body = [grid(x, y, ticks, round_ticks(y.low, y.high), "prospects kept, %", "succeeded, %")]
    placed: list[tuple[float, float]] = []
    drawn = [_version(x, y, one, placed) for one in sorted(known, key=lambda one: not one[1]["on_front"])]
    body += reversed(drawn)
    words = "; ".join(
        f"{number} {point['name']} keeps {100 * point['market_share']:.0f} %, {100 * point['success']:.0f} % succeeded"
        for number, point in known
    )
    return drawing(300, body, f"What each version of the profile keeps and reaches: {words}")


def _ends(point: Row) -> tuple[float, float]:
    value = float(point["success"])
    return (
        value if point["low"] is None else float(point["low"]),
        value if point["high"] is None else float(point["high"]),
    )


def _version(x: Axis, y: Axis, numbered: tuple[int, Row], placed: list[tuple[float, float]]) -> str:
    """Return one version; its number is left out where it would cover another one."""
    number, point = numbered
    where = (x(100 * point["market_share"]), y(100 * point["success"]))
    low, high = (y(100 * end) for end in _ends(point))
    tip = f"{number}: {point['name']}"
    parts = [
        line(where[0], low, where[0], high, "interval"),
        dot(*where, 9, "mark" if point["on_front"] else "mark hollow", tip),
    ]
    if all(abs(where[0] - x2) > 14 or abs(where[1] - y2) > 16 for x2, y2 in placed):
        ink = "value light" if point["on_front"] else "value"
        parts.append(text(where[0], where[1] + 4, number, "middle", ink))
        placed.append(where)
    return "".join(parts)
