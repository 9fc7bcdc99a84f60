"""A model is ready when better than chance is shown and miscalibration is not."""

from __future__ import annotations

import numpy as np
import pytest

from icp_ml.errors import ConfigError
from icp_ml.model.evaluation.gates import DEFAULT_GATES, check_gates, is_ready, judge
from icp_ml.model.evaluation.metrics import METRICS, Estimate
from icp_ml.study.checks import METRIC_NAMES

GOOD = {
    "roc_auc": Estimate(0.70, 0.60, 0.80),
    "beats_chance": Estimate(0.001, 0.001, 0.001),
    "beats_base_rate": Estimate(-0.05, -0.08, -0.01),
    "calibration_slope": Estimate(1.0, 0.7, 1.4),
    "calibration_intercept": Estimate(0.0, -0.2, 0.2),
    "calibration_error": Estimate(0.12, 0.02, 0.15),
    "lift_at_10": Estimate(1.5, 1.1, 1.9),
}


def failed(changes=None, overrides=None):
    return [gate.name for gate in judge({**GOOD, **(changes or {})}, overrides) if not gate.passed]


def test_a_good_model_passes_every_default_gate():
    gates = judge(GOOD)
    assert [gate.name for gate in gates] == list(DEFAULT_GATES)
    assert is_ready(gates)


@pytest.mark.parametrize(
    ("name", "estimate", "gate"),
    [
        ("roc_auc", Estimate(0.60, 0.50, 0.70), "roc_auc_low"),
        ("beats_chance", Estimate(0.051, 0.051, 0.051), "beats_chance"),
        ("beats_chance", Estimate(np.nan, np.nan, np.nan), "beats_chance"),
        ("beats_base_rate", Estimate(0.02, 0.01, 0.03), "beats_base_rate"),
        ("calibration_slope", Estimate(0.6, 0.5, 0.79), "calibration_slope"),
        ("calibration_slope", Estimate(1.6, 1.26, 1.9), "calibration_slope"),
        ("calibration_intercept", Estimate(0.5, 0.36, 0.7), "calibration_intercept"),
        ("calibration_error", Estimate(0.15, 0.11, 0.2), "calibration_error"),
    ],
)
def test_each_gate_fails_on_what_it_guards(name, estimate, gate):
    assert failed({name: estimate}) == [gate]
    assert not is_ready(judge({**GOOD, name: estimate}))


@pytest.mark.parametrize("slope", [Estimate(0.6, 0.4, 0.81), Estimate(1.9, 1.24, 3.0)])
def test_a_range_fails_only_when_the_whole_interval_is_outside(slope):
    assert failed({"calibration_slope": slope}) == []


def test_a_metric_that_cannot_be_computed_is_not_passed():
    gate = judge({**GOOD, "calibration_slope": Estimate(np.nan, np.nan, np.nan)})[3]
    assert (gate.passed, gate.value) == (False, None)
    assert "cannot be computed" in gate.why
    assert failed(overrides={"brier": 0.2}) == ["brier"]


def test_a_study_replaces_a_bar_and_adds_one():
    overrides = {"roc_auc_low": 0.65, "lift_at_10": 2.0, "lift_at_10_low": 1.0, "calibration_slope": [0.1, 0.6]}
    assert failed(overrides=overrides) == ["roc_auc_low", "calibration_slope", "lift_at_10"]


def test_a_bar_beside_a_larger_metric_passes_while_the_interval_reaches_it():
    assert failed(overrides={"lift_at_10": 1.9, "roc_auc": 0.8}) == []


def test_an_end_of_an_interval_can_be_a_bar():
    assert failed(overrides={"calibration_error_high": 0.16, "lift_at_10_low": 1.0}) == []
    assert failed(overrides={"calibration_error_high": 0.15, "lift_at_10_low": 1.1}) == [
        "calibration_error_high",
        "lift_at_10_low",
    ]


def test_the_reason_names_the_numbers_and_the_document_is_json():
    document = judge(GOOD)[3].as_document()
    assert document["why"].startswith("calibration_slope: 1.000, 90 % interval 0.700 to 1.400;")
    assert document["why"].endswith("the interval reaches 0.8 to 1.25")
    assert document["bar"] == [0.8, 1.25]


def test_chance_is_judged_by_its_p_value_and_a_study_moves_the_bar():
    gate = judge({**GOOD, "beats_chance": Estimate(0.03, 0.03, 0.03)}, {"beats_chance": 0.01})[1]
    assert (gate.name, gate.passed, gate.bar) == ("beats_chance", False, 0.01)
    assert "0.01 or less is needed" in gate.why


def test_every_problem_of_the_gates_is_named_at_once():
    wrong = {"auc": 0.5, "roc_auc_low": (0.5, 0.6), "calibration_slope": 1.0, "brier": (0.3, 0.1)}
    wrong["beats_chance"] = (0.0, 0.05)
    with pytest.raises(
        ConfigError, match=r"'auc' is not known.*'roc_auc_low'.*'calibration_slope'.*'brier'.*'beats_chance'"
    ):
        check_gates(wrong)


def test_the_names_of_metrics_are_those_of_the_contract():
    assert set(METRICS) == set(METRIC_NAMES)
    assert set(METRICS) == {
        *("roc_auc", "average_precision", "log_loss", "brier", "calibration_error", "calibration_slope"),
        *("calibration_intercept", "lift_at_10", "precision_at_10", "lift_at_capacity", "precision_at_capacity"),
    }
