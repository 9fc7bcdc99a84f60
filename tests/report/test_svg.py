"""Charts put marks where the numbers are, and nothing outside the drawing."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from icp_ml.report import svg

BIN = {"predicted": 0.5, "observed": 0.25, "low": 0.1, "high": 0.4, "n": 20}


def circles(drawing):
    return [(float(c.get("cx")), float(c.get("cy"))) for c in ET.fromstring(drawing).iter("circle")]


def test_axis_maps_ends_and_holds_values_inside():
    axis = svg.Axis(0, 10, 100, 200)
    assert [axis(0), axis(5), axis(10), axis(99)] == [100, 150, 200, 200]


def test_reliability_mark_is_half_way_across_and_a_quarter_up():
    ((x, y),) = circles(svg.reliability_chart([BIN]))
    assert x == pytest.approx((48 + svg.WIDTH - 12) / 2)
    assert y == pytest.approx(290 + 0.25 * (14 - 290))


def test_fit_bars_are_as_long_as_their_numbers():
    fits = [{"name": n, "mean_abs": v, "measured": True} for n, v in (("technical", 0.4), ("cultural", 0.1))]
    widths = [float(r.get("width")) for r in ET.fromstring(svg.fit_bars(fits)).iter("rect")]
    assert widths[0] / widths[1] == pytest.approx(4, rel=0.01)


def test_swarm_dots_stay_inside_and_on_their_side():
    rng = np.random.default_rng(0)
    points = [[float(c), float(p)] for c, p in zip(rng.normal(size=200), rng.random(200), strict=True)]
    row = {"label": "a & b", "fit": "technical", "points": points, "levels": []}
    drawing = svg.beeswarm([row])
    placed = circles(drawing)
    assert all(0 <= x <= svg.WIDTH for x, _ in placed)
    assert [x > svg.WIDTH / 2 for x, _ in placed] == [c > 0 for c, _ in points]
    assert "a &amp; b" in drawing


def test_levels_are_placed_by_mean_and_their_ends_named():
    levels = [{"name": n, "mean": m, "n": 5, "share": 0.5} for n, m in (("low <b>", -0.4), ("mid", 0.1), ("high", 0.4))]
    row = {"label": "x", "fit": "technical", "points": [], "levels": levels}
    drawing = svg.beeswarm([row])
    xs = [x for x, _ in circles(drawing)]
    assert xs == sorted(xs)
    assert xs[0] + xs[2] == pytest.approx(svg.WIDTH, abs=0.1)
    assert "low &lt;b&gt;</text>" in drawing
    assert "high</text>" in drawing
    assert "mid</text>" not in drawing


def test_two_long_names_keep_their_distance():
    levels = [{"name": letter * 24, "mean": mean, "n": 5, "share": 0.5} for letter, mean in (("m", -0.02), ("w", 0.5))]
    drawing = svg.beeswarm([{"label": "x", "fit": "technical", "points": [], "levels": levels}])
    placed = [float(t.get("x")) for t in ET.fromstring(drawing).iter("text") if t.text in ("m" * 24, "w" * 24)]
    assert len(placed) == 1 or abs(placed[0] - placed[1]) >= 24 * 7.4


def test_lift_axis_has_ticks_around_one():
    curve = [{"share": s, "lift": lift} for s, lift in ((0.1, 2.1), (0.5, 1.4), (1.0, 1.0))]
    ticks = re.findall(r'class="tick"[^>]*>([^<]+)<', svg.lift_chart(curve))
    assert "1" in ticks
    assert "2" in ticks


def rectangles(drawing, kind):
    return [r for r in ET.fromstring(drawing).iter("rect") if kind in r.get("class").split()]


def test_importance_places_values_and_hollows_what_is_not_told_from_nothing(documents):
    drawing = svg.importance_chart(documents.EVIDENCE["importance"]["rows"])
    xs = [x for x, _ in circles(drawing)]
    assert xs == sorted(xs, reverse=True)
    assert drawing.count("mark hollow") == 3
    assert "not measured" in drawing
    assert drawing.count('class="bracket"') == 3


def test_ties_inside_a_longer_tie_get_no_bracket_of_their_own():
    names = ("a", "b", "c")
    row = {"value": 0.1, "low": 0.0, "high": 0.2, "important": True, "measured": True}
    rows = [row | {"fit": name, "tied_with": [other for other in names if other != name]} for name in names]
    assert svg.importance_chart(rows).count('class="bracket"') == 1


def test_interactions_are_shaded_by_size_and_own_effects_are_not():
    matrix = [[0.9, 0.1, 0.0], [0.1, 0.8, 0.4], [0.0, 0.4, 0.7]]
    drawing = svg.interactions_chart(["a", "b", "c"], matrix)
    assert len(rectangles(drawing, "own")) == 3
    shades = [r.get("class").split()[1] for r in rectangles(drawing, "cell")]
    assert shades == ["own", "h1", "own", "h0", "h4", "own"]


def test_ten_bands_are_as_tall_as_their_shares(documents):
    heights = [float(r.get("height")) for r in rectangles(svg.bands_chart(documents.EVALUATION["ten_bands"]), "pale")]
    assert heights[0] / heights[9] == pytest.approx(0.82 / 0.14, rel=0.01)


def test_starting_days_without_a_measure_are_left_out(documents):
    rows = documents.ORIGINS["rows"]
    unknown = rows[0] | {"roc_auc": {"value": None, "low": None, "high": None}}
    assert len(circles(svg.origins_chart([unknown, *rows]))) == len(rows)
    assert svg.origins_chart([unknown]) == ""


def test_slices_too_small_are_not_drawn(documents):
    rows = documents.EVIDENCE["slices"][0]["rows"]
    assert len(circles(svg.slices_chart(rows))) == 2
    assert svg.slices_chart(documents.EVIDENCE["slices"][1]["rows"]) == ""


def test_periods_stack_to_their_number(documents):
    rows = documents.AUDIT["counts"]["periods"]
    stacks = rectangles(svg.counts_chart(rows), "state")
    first = sum(float(r.get("height")) for r in stacks[:3])
    last = sum(float(r.get("height")) for r in stacks[9:12])
    assert first / last == pytest.approx(rows[0]["n"] / rows[3]["n"], rel=0.01)


def test_waterfall_steps_start_where_the_last_one_ended():
    steps = [{"name": n, "moves": m, "measured": True} for n, m in (("a", 0.1), ("b", -0.05))]
    drawing = svg.waterfall(0.4, steps, 0.45, in_points=True)
    (up,), (down,) = rectangles(drawing, "up"), rectangles(drawing, "down")
    right = [float(r.get("x")) + float(r.get("width")) for r in (up, down)]
    assert right[0] == pytest.approx(right[1], abs=0.02)
    assert float(up.get("width")) == pytest.approx(2 * float(down.get("width")), abs=0.05)


def test_names_are_cut_to_their_room():
    assert svg.fitting("a" * 40, 70) == "a" * 9 + "…"
    assert svg.fitting("short", 70) == "short"
