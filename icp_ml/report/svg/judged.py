"""Charts of how good a model is: reliability, lift, ten bands, starting days, slices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from icp_ml.report.svg.shapes import (
    WIDTH,
    Axis,
    axis_over,
    bar,
    dot,
    drawing,
    fitting,
    grid,
    legend,
    line,
    shares,
    text,
    ticks_of,
    x_grid,
    y_grid,
)

Row = Mapping[str, Any]


def reliability_chart(bins: Sequence[Row]) -> str:
    """Draw predicted against observed success shares with their 90 % intervals."""
    x, y = Axis(0, 1, 48, WIDTH - 12), Axis(0, 1, 290, 14)
    body = [grid(x, y, shares(), shares(), "predicted chance of success", "share that succeeded")]
    body.append(line(x(0), y(0), x(1), y(1), "reference"))
    for item in bins:
        where = x(item["predicted"])
        body.append(line(where, y(item["low"]), where, y(item["high"]), "interval"))
        tip = f"predicted {item['predicted']:.2f}, observed {item['observed']:.2f}, {item['n']} accounts"
        body.append(dot(where, y(item["observed"]), 5, "mark", tip))
    words = "; ".join(f"{b['predicted']:.2f} predicted, {b['observed']:.2f} observed" for b in bins)
    return drawing(340, body, f"Reliability: {words}")


def lift_chart(curve: Sequence[Row]) -> str:
    """Draw the success share of the best-scored accounts over the base rate, by how many are worked."""
    top = max([1.5, *(point["lift"] for point in curve)]) * 1.05
    bottom = min([0.8, *(point["lift"] for point in curve)]) * 0.98
    x, y = Axis(0, 1, 48, WIDTH - 12), Axis(bottom, top, 290, 14)
    body = [
        grid(x, y, shares(), ticks_of(bottom, top), "share of accounts worked, best first", "lift over the base rate")
    ]
    body.append(line(x(0), y(1), x(1), y(1), "reference"))
    path = " ".join(f"{x(point['share'])},{y(point['lift'])}" for point in curve)
    body.append(f'<polyline class="curve" points="{path}"/>')
    words = "; ".join(f"{p['share']:.0%}: {p['lift']:.2f}" for p in curve[:: max(1, len(curve) // 6)])
    return drawing(340, body, f"Lift by share of accounts worked: {words}")


def bands_chart(bands: Sequence[Row], base_rate: float | None = None) -> str:
    """Draw the success share of equal bands of the list, best first, with intervals and what was predicted."""
    if not bands:
        return ""
    top = min(1.0, max(max(band["high"], band["predicted"]) for band in bands) * 1.05 + 0.01)
    x, y = Axis(0, len(bands), 48, WIDTH - 8), Axis(0, top, 250, 14)
    body = [y_grid(x, y, ticks_of(0, top, 6), "share that succeeded")]
    if base_rate is not None:
        body.append(line(x.start, y(base_rate), x.end, y(base_rate), "reference"))
    for place, band in enumerate(bands):
        body.append(_band(x, y, place, band))
    body.append(text((x.start + x.end) / 2, 290, f"{len(bands)} equal bands of the list, best first", "middle", "axis"))
    body.append(legend([("bar pale", "succeeded"), ("expected", "predicted")], 312))
    words = "; ".join(f"{number} {_percent(band['observed'])}" for number, band in enumerate(bands, 1))
    return drawing(322, body, f"Success share by band of the list, best first: {words}")


def _band(x: Axis, y: Axis, place: int, band: Row) -> str:
    left, right, middle = x(place + 0.14), x(place + 0.86), x(place + 0.5)
    tip = (
        f"band {place + 1}: {band['n']} accounts, {_percent(band['observed'])} succeeded "
        f"({_percent(band['low'])} to {_percent(band['high'])}), {_percent(band['predicted'])} predicted"
    )
    parts = [
        bar(left, y(band["observed"]), right - left, y(0) - y(band["observed"]), "bar pale", tip),
        line(middle, y(band["low"]), middle, y(band["high"]), "interval"),
        line(left, y(band["predicted"]), right, y(band["predicted"]), "expected"),
        text(middle, y(0) + 18, str(place + 1), "middle", "tick"),
    ]
    return "".join(parts)


def origins_chart(rows: Sequence[Row]) -> str:
    """Draw the ROC AUC of each test period with its interval; half is chance."""
    known = [row for row in rows if row["roc_auc"]["value"] is not None]
    if not known:
        return ""
    ends = [0.5, *(end for row in known for end in _ends(row["roc_auc"]))]
    x, y = Axis(0, len(known), 48, WIDTH - 8), axis_over(ends, 230, 14)
    body = [y_grid(x, y, ticks_of(y.low, y.high, 6), "ROC AUC"), line(x.start, y(0.5), x.end, y(0.5), "reference")]
    for place, row in enumerate(known):
        where, auc = x(place + 0.5), row["roc_auc"]
        tip = f"from {row['starts']}: {auc['value']:.2f} ({_range(auc)}), {row['n_test']} accounts"
        body.append(line(where, y(_ends(auc)[0]), where, y(_ends(auc)[1]), "interval"))
        body.append(dot(where, y(auc["value"]), 5, "mark", tip))
        if place % _every(len(known), 6) == 0:
            body.append(text(where, 250, str(row["starts"])[:7], "middle", "tick"))
            body.append(text(where, 266, f"n {row['n_test']:,}", "middle", "faint"))
    body.append(text((x.start + x.end) / 2, 288, "test period from", "middle", "axis"))
    words = "; ".join(f"from {row['starts']} {row['roc_auc']['value']:.2f}" for row in known)
    return drawing(298, body, f"ROC AUC by test period: {words}")


def slices_chart(rows: Sequence[Row]) -> str:
    """Draw the success share of each slice with its interval, and what was predicted there."""
    known = [row for row in rows if row["observed"] is not None and row["low"] is not None]
    if not known:
        return ""
    height, bottom = 30, 30 * len(known) + 8
    values = [row[name] for row in known for name in ("low", "high", "predicted") if row[name] is not None]
    x = axis_over(values, 178, WIDTH - 14, least=0.1)
    body = [x_grid(x, bottom, ticks_of(x.low, x.high, 5), "share that succeeded")]
    for place, row in enumerate(known):
        body.append(_slice(x, 22 + place * height, row))
    body.append(legend([("mark", "succeeded"), ("expected", "predicted")], bottom + 60, 178))
    words = "; ".join(f"{row['name']} {_percent(row['observed'])}" for row in known)
    return drawing(bottom + 70, body, f"Success share by slice: {words}")


def _slice(x: Axis, middle: float, row: Row) -> str:
    tip = f"{row['name']}: {row['n']} accounts, {_percent(row['observed'])} succeeded"
    parts = [
        text(170, middle + 4, fitting(row["name"], 158), "end", "label"),
        line(x(row["low"]), middle, x(row["high"]), middle, "interval"),
        dot(x(row["observed"]), middle, 5, "mark", tip),
    ]
    if row["predicted"] is not None:
        parts.append(line(x(row["predicted"]), middle - 9, x(row["predicted"]), middle + 9, "expected"))
    return "".join(parts)


def _ends(estimate: Row) -> tuple[float, float]:
    """Return the ends of an interval; the value itself where there is none."""
    low, high, value = estimate["low"], estimate["high"], float(estimate["value"])
    return (value if low is None else float(low), value if high is None else float(high))


def _range(estimate: Row) -> str:
    low, high = _ends(estimate)
    return f"{low:.2f} to {high:.2f}"


def _every(n: int, most: int) -> int:
    """Return every how many marks a label has room."""
    return max(1, -(-n // most))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
