"""Decide whether a model is ready: declared bars against the 90 % intervals of its evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from icp_ml.errors import ConfigError, message
from icp_ml.model.evaluation.metrics import METRICS, Estimate

Bar = float | tuple[float, float]

BEATS_BASE_RATE = "beats_base_rate"
"""Log loss minus that of one chance for everybody, on the same rows; below 0 is better."""

BEATS_CHANCE = "beats_chance"
"""p-value of ROC AUC against a random order, see `icp_ml.model.evaluation.chance`; the bar or less is needed."""

DEFAULT_GATES: dict[str, Bar] = {
    "roc_auc_low": 0.5,
    BEATS_CHANCE: 0.05,
    BEATS_BASE_RATE: 0.0,
    "calibration_slope": (0.8, 1.25),
    "calibration_intercept": (-0.35, 0.35),
    "calibration_error": 0.10,
}
"""Bars of a study that names none: better than chance must be shown; miscalibration must be shown to fail."""

_SMALLER_IS_BETTER = frozenset({"log_loss", "brier", "calibration_error", BEATS_BASE_RATE})
_ENDS = ("_low", "_high")
_NAMES = {BEATS_BASE_RATE: "log loss above that of one chance for everybody"}
_CALIBRATION = frozenset({"calibration_slope", "calibration_intercept", "calibration_error"})
_TO_99 = 2.5758 / 1.6449
"""From the half-width of a 90 % interval to that of a 99 % one."""


@dataclass(frozen=True)
class Gate:
    """One bar and what became of it.

    Attributes
    ----------
    name : str
        A metric, a metric with ``_low`` or ``_high``, ``beats_chance`` or ``beats_base_rate``.
    passed : bool
        Whether the model may be called ready as far as this bar is concerned.
    value : float or None
        What was compared; None where the rows do not allow the metric.
    bar : float or tuple of float
        The bar, or the lower and upper end of the allowed range.
    why : str
        One sentence with the numbers.
    """

    name: str
    passed: bool
    value: float | None
    bar: Bar
    why: str

    def as_document(self) -> dict[str, object]:
        """Return the gate as a JSON object."""
        bar = list(self.bar) if isinstance(self.bar, tuple) else self.bar
        return {"name": self.name, "passed": self.passed, "value": self.value, "bar": bar, "why": self.why}


def check_gates(overrides: Mapping[str, Bar]) -> None:
    """Refuse gates whose name or form is not known, all of them at once.

    Raises
    ------
    ConfigError
        A name is no metric, or a bar is of the wrong form.
    """
    problems = [problem for name, bar in overrides.items() if (problem := _problem(name, bar))]
    if problems:
        known = f"{', '.join(METRICS)}, any of them with _low or _high, {BEATS_CHANCE} or {BEATS_BASE_RATE}"
        raise ConfigError(message("gates", "; ".join(problems), known, "Correct the study's gates"))


def judge(estimates: Mapping[str, Estimate], overrides: Mapping[str, Bar] | None = None) -> list[Gate]:
    """Return every default gate and every gate of the study with its verdict.

    Parameters
    ----------
    estimates : mapping of str to Estimate
        From `icp_ml.model.evaluation.metrics.estimate_metrics`, ``beats_base_rate`` from `paired_log_loss`, and the
        p-value of `icp_ml.model.evaluation.chance.against_chance` as ``beats_chance``.
    overrides : mapping, optional
        Bars of the study; they replace defaults of the same name. ``NAME_low: x`` passes when the low end of the
        interval is above x, ``NAME_high: x`` when its high end is below x. ``NAME: [a, b]`` and ``NAME: x`` fail only
        when the whole interval is on the wrong side.

    Raises
    ------
    ConfigError
        As `check_gates`.
    """
    check_gates(overrides or {})
    return [_judged(name, bar, estimates) for name, bar in {**DEFAULT_GATES, **(overrides or {})}.items()]


def is_ready(gates: list[Gate]) -> bool:
    """Return whether every gate was passed."""
    return all(gate.passed for gate in gates)


def calibration_failed(gates: Sequence[Gate], estimates: Mapping[str, Estimate]) -> bool:
    """Return whether a calibration gate fails at 99 %, and not because the chances are merely too cautious.

    Notes
    -----
    To fail a gate, a 90 % interval outside the bar is enough. Withdrawing every chance asks for more: the interval is
    widened to 99 % (normal approximation on each side), and a slope above its bar does not count.
    """
    return any(
        _fails_at_99(gate.bar, estimates[gate.name]) and not _is_cautious(gate)
        for gate in gates
        if gate.name in _CALIBRATION and not gate.passed and gate.value is not None
    )


def _fails_at_99(bar: Bar, estimate: Estimate) -> bool:
    low = estimate.value - _TO_99 * (estimate.value - estimate.low)
    high = estimate.value + _TO_99 * (estimate.high - estimate.value)
    allowed = (float("-inf"), bar) if not isinstance(bar, (tuple, list)) else bar
    return high < allowed[0] or low > allowed[1]


def _is_cautious(gate: Gate) -> bool:
    is_slope = gate.name == "calibration_slope" and isinstance(gate.bar, (tuple, list))
    return is_slope and gate.value is not None and gate.value > gate.bar[1]  # type: ignore[index]


def _problem(name: str, bar: Bar) -> str | None:
    metric = _metric_of(name)
    if metric not in METRICS and name not in {BEATS_BASE_RATE, BEATS_CHANCE}:
        return f"{name!r} is not known"
    if name == BEATS_CHANCE and isinstance(bar, (tuple, list)):
        return f"{name!r} has the range {list(bar)}, where one number, the largest p-value, is due"
    if isinstance(bar, (tuple, list)):
        if name.endswith(_ENDS) or len(bar) != 2 or not bar[0] <= bar[1]:
            return f"{name!r} has the range {list(bar)}, where one number, or [low, high], is due"
        return None
    if metric in {"calibration_slope", "calibration_intercept"} and not name.endswith(_ENDS):
        return f"{name!r} has one number, where [low, high] is due"
    return None


def _judged(name: str, bar: Bar, estimates: Mapping[str, Estimate]) -> Gate:
    metric = _metric_of(name)
    estimate = estimates.get(metric)
    if estimate is None or not (isfinite(estimate.low) and isfinite(estimate.high)):
        return Gate(name, False, None, bar, f"{metric} cannot be computed on these accounts")
    if name == BEATS_CHANCE and not isinstance(bar, (tuple, list)):
        why = f"a random order does as well in ROC AUC with p = {estimate.value:.4f}; {bar:g} or less is needed"
        return Gate(name, estimate.value <= bar, estimate.value, bar, why)
    span = f"90 % interval {_number(estimate.low)} to {_number(estimate.high)}"
    if name.endswith(_ENDS) and not isinstance(bar, (tuple, list)):
        return _judged_end(name, bar, estimate, span)
    low, high = _allowed(metric, bar)
    passed = estimate.low <= high and estimate.high >= low
    verdict = "the interval reaches" if passed else "the interval lies wholly outside"
    why = f"{_NAMES.get(metric, metric)}: {_number(estimate.value)}, {span}; {verdict} {_words(low, high)}"
    return Gate(name, passed, estimate.value, bar, why)


def _judged_end(name: str, bar: float, estimate: Estimate, span: str) -> Gate:
    if name.endswith("_high"):
        passed, value, rule = estimate.high < bar, estimate.high, f"its high end must be below {bar:g}"
    else:
        passed, value, rule = estimate.low > bar, estimate.low, f"its low end must be above {bar:g}"
    return Gate(name, passed, value, bar, f"{_metric_of(name)}: {span}; {rule}")


def _number(value: float) -> str:
    """Return a number with three digits after the point, and a small one with two that count: it is not 0."""
    return f"{value:.2g}" if 0 < abs(value) < 0.0005 else f"{value:.3f}"


def _metric_of(name: str) -> str:
    return name.removesuffix("_low").removesuffix("_high")


def _allowed(metric: str, bar: Bar) -> tuple[float, float]:
    if isinstance(bar, (tuple, list)):
        return float(bar[0]), float(bar[1])
    return (float("-inf"), float(bar)) if metric in _SMALLER_IS_BETTER else (float(bar), float("inf"))


def _words(low: float, high: float) -> str:
    if not isfinite(low):
        return f"{high:g} or less"
    return f"{low:g} or more" if not isfinite(high) else f"{low:g} to {high:g}"
