"""The pictures of a review put marks where the numbers are, and say them in words."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from icp_ml.names import FIT_NAMES
from icp_ml.report import svg
from icp_ml.report.review.charts import review_charts
from icp_ml.report.review.form import formed
from icp_ml.report.svg.compared import Mark, fit_strips, front_chart, marks_chart, ratios_chart
from icp_ml.report.svg.goal import path_chart
from icp_ml.report.svg.shapes import round_ticks


def elements(drawing, name, kind):
    return [e for e in ET.fromstring(drawing).iter(name) if kind in e.get("class", "").split()]


def mark(name, value, *, is_sure=True, half=5.0):
    return Mark(name, f"{value:g}", value, value - half, value + half, is_sure)


def points_of(drawing, kind):
    (line,) = elements(drawing, "polyline", kind)
    return [tuple(map(float, pair.split(","))) for pair in line.get("points").split()]


def test_the_path_ends_where_the_goal_stands(reviews):
    drawing = path_chart(formed(reviews.REVIEW)["progress"])
    reached, fair = points_of(drawing, "reached-line"), points_of(drawing, "fair-line")
    assert len(fair) == len(reviews.path())
    assert reached[-1][0] < fair[-1][0]
    assert [y for _, y in reached] == sorted((y for _, y in reached), reverse=True)
    (dot,) = elements(drawing, "circle", "reached-mark")
    assert (float(dot.get("cx")), float(dot.get("cy"))) == reached[-1]


def test_milestones_of_the_goal_stand_on_the_large_picture_only(reviews):
    progress = formed(reviews.REVIEW)["progress"]
    assert len(elements(path_chart(progress), "rect", "milestone")) == 2
    assert len(elements(path_chart(progress), "rect", "missed")) == 1
    assert elements(path_chart(progress, small=True), "rect", "milestone") == []


def test_a_straight_fair_path_is_drawn_once(reviews):
    progress = formed(reviews.REVIEW)["progress"]
    rows = [row | {"fair": row["straight"], "reached": None} for row in progress["path"]]
    drawing = path_chart(progress | {"path": rows})
    assert len(elements(drawing, "polyline", "straight-line")) == 0
    assert "fair path (straight)" in drawing
    assert ">reached<" not in drawing


def test_the_words_of_the_path_name_what_was_reached_and_what_is_fair(reviews):
    words = ET.fromstring(path_chart(formed(reviews.REVIEW)["progress"])).get("aria-label")
    assert words.startswith("The goal on its way: 47,500 reached of 100,000; by today the sales cycle lets ")


def test_a_review_without_a_path_has_no_picture_of_it(reviews):
    charts = review_charts(formed(reviews.SPARSE))
    assert charts["path"] == charts["path_small"] == charts["front"] == charts["tactics"] == ""


def test_marks_stand_in_order_of_their_values_and_doubtful_ones_are_hollow():
    drawing = marks_chart([mark("a", -10), mark("b", 0, is_sure=False), mark("c", 10)], "x", "points", 0.0)
    xs = [float(circle.get("cx")) for circle in elements(drawing, "circle", "mark")]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1])
    assert len(elements(drawing, "circle", "hollow")) == 1
    assert elements(drawing, "line", "reference")[0].get("x1") == f"{xs[1]:g}"


def test_half_and_twice_are_as_far_from_no_change():
    marks = [Mark(str(value), "", value, value / 1.2, value * 1.2, is_sure=True) for value in (0.5, 1.0, 2.0)]
    xs = [float(circle.get("cx")) for circle in elements(ratios_chart(marks, "x", "ratio"), "circle", "mark")]
    assert xs[1] - xs[0] == pytest.approx(xs[2] - xs[1], abs=0.02)


def test_a_ratio_without_a_positive_end_is_left_to_the_table():
    assert ratios_chart([Mark("a", "", 0.5, 0.0, 1.0, is_sure=True)], "x", "ratio") == ""


def test_fits_go_right_where_they_raise_the_chance_and_are_as_long_as_their_numbers():
    fits = dict.fromkeys(FIT_NAMES, 0.1) | {"technical": 0.4, "cultural": -0.4, "resource": None}
    drawing = fit_strips([{"name": "x", "fits": fits}, {"name": "not scored", "fits": None}])
    up, down = elements(drawing, "rect", "up"), elements(drawing, "rect", "down")
    assert (len(up), len(down)) == (4, 1)
    assert float(up[0].get("width")) == pytest.approx(4 * float(up[1].get("width")), rel=0.01)
    assert "resource" not in ET.fromstring(drawing).get("aria-label")


def test_a_version_that_is_beaten_is_hollow(reviews):
    drawing = front_chart(formed(reviews.REVIEW)["front"])
    assert len(elements(drawing, "circle", "mark")) == 5
    assert len(elements(drawing, "circle", "hollow")) == 1
    assert front_chart(formed(reviews.REVIEW)["front"][:1]) == ""


def test_unknown_fits_are_drawn_as_a_dash():
    assert ">–</text>" in fit_strips([{"name": "x", "fits": {"technical": 0.1}}])


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-3, 17), (0, 130_000), (0.42, 0.61), (-0.004, 0.001)])
def test_ticks_are_round_few_and_inside(low, high):
    ticks = round_ticks(low, high)
    assert 2 <= len(ticks) <= 7
    assert low <= ticks[0] <= ticks[-1] <= high


def test_the_importance_of_fits_is_drawn_as_in_the_report(documents, reviews):
    importance = documents.EVIDENCE["importance"]
    drawn = review_charts(formed(reviews.REVIEW | {"fits": importance}))["importance"]
    assert drawn == svg.importance_chart(importance["rows"])
