"""Facts of how good a model is: measures, gates, bands, and the documents of the tests behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from icp_ml.report.wording import METRIC_WORDS, interval_words, plain_number, share_words

if TYPE_CHECKING:
    from icp_ml.model.evaluation.evaluate import Evaluation

TESTS = ("chance", "gap", "origins", "ten_bands", "monotonicity", "capacity_note", "alarms")
"""Documents of an evaluation that the report draws as they are."""

WRONG = ("slices", "surprises", "bottom", "leading")
"""Documents about whom the model is wrong about."""

NUMBERS = (
    ("roc_auc", "ROC AUC: a success ranks above a failure this often; .5 is chance"),
    ("lift_at_10", "lift of the top 10 %: their success share over the base rate; 1 is chance"),
    (
        "calibration_error",
        "calibration error: mean gap between chance and what happened; 0 is best; the interval is without noise",
    ),
)

NOTICED = 0.01
"""Two shares that differ by less are not explained."""

NO_EVALUATION: dict[str, Any] = {
    "metric_rows": [],
    "metrics": {},
    "gates": [],
    "bands": [],
    "bands_note": "",
    "baseline_names": [],
    "random_split_shown": False,
    "reliability": [],
    "lift_curve": [],
    **dict.fromkeys((*TESTS, *WRONG)),
}
"""What the facts hold where nothing was measured."""


def evaluation_facts(evaluation: Evaluation, evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return measures, gates, curves and the documents of an evaluation.

    Parameters
    ----------
    evaluation
        What judged the procedure.
    evidence
        Documents by name; those of `WRONG` belong here.

    Returns
    -------
    dict
        The keys of `NO_EVALUATION`.
    """
    documents = evaluation.as_document()
    return {
        **_metric_table(evaluation),
        "gates": _gates(evaluation),
        "bands": _bands(evaluation),
        "bands_note": bands_note(evaluation),
        "metrics": evaluation.to_metrics_json(),
        "reliability": _plain(evaluation.reliability),
        "lift_curve": _plain(evaluation.lift_curve),
        **{name: documents.get(name) for name in TESTS},
        **{name: evidence.get(name) for name in WRONG},
    }


def three_numbers(evaluation: Evaluation) -> list[dict[str, str]]:
    """Return the three numbers of the first screen, each with its interval and what no gain would be."""
    shown = []
    for name, text in NUMBERS:
        estimate = evaluation.metrics[name]
        interval = interval_words(estimate.low, estimate.high)
        shown.append({"name": name, "shown": plain_number(estimate.value), "text": f"{text} (90 %: {interval})"})
    return shown


def _metric_table(evaluation: Evaluation) -> dict[str, Any]:
    names = list(evaluation.baselines)
    rows = [
        {
            "name": name,
            "label": label,
            "help": help_text,
            "value": plain_number(estimate.value),
            "interval": interval_words(estimate.low, estimate.high),
            "baselines": [_cell(evaluation.baselines[baseline], name) for baseline in names],
            "random_split": _cell(evaluation.random_split, name),
        }
        for name, (label, help_text) in METRIC_WORDS.items()
        if (estimate := evaluation.metrics.get(name)) is not None
    ]
    return {
        "metric_rows": rows,
        "baseline_names": [name.replace("_", " ") for name in names],
        "random_split_shown": any(row["random_split"] for row in rows),
    }


def _gates(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "name": gate.name,
            "label": gate.name.replace("_", " "),
            "passed": gate.passed,
            "value": "" if gate.value is None else plain_number(gate.value),
            "bar": _bar(gate.bar),
            "why": gate.why,
        }
        for gate in evaluation.gates
    ]


def _bands(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "name": f"{band['grade']}: {'first' if place == 0 else 'next'} {int(band['n']):,}",
            "n": int(band["n"]),
            "predicted": share_words(float(band["predicted"])),
            "observed": share_words(*(float(band[end]) for end in ("observed", "low", "high"))),
        }
        for place, band in enumerate(evaluation.bands)
    ]


def bands_note(evaluation: Evaluation) -> str:
    """Return why the first band and the measure at capacity differ, where people would see that they do."""
    measured = evaluation.metrics.get("precision_at_capacity")
    if measured is None or not evaluation.bands:
        return ""
    first = float(evaluation.bands[0]["observed"])
    if not abs(measured.value - first) >= NOTICED:
        return ""
    return (
        f"Grade A ({share_words(first)}) and the measured success share at capacity ({share_words(measured.value)}) "
        "are not the same: grades count accounts, of one run. Measures weigh accounts for those that are censored, and "
        "average all repeats of a cross-validation."
    )


def _cell(found: Mapping[str, Any] | None, name: str) -> str:
    value = (found or {}).get(name)
    value = getattr(value, "value", value)
    value = value.get("value") if isinstance(value, Mapping) else value
    return "" if value is None or not math.isfinite(value) else plain_number(value)


def _bar(bar: float | Sequence[float]) -> str:
    return f"{bar[0]:g} to {bar[1]:g}" if isinstance(bar, Sequence) else f"{bar:g}"


def _plain(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{name: int(value) if name == "n" else value for name, value in row.items()} for row in rows]
