"""Say what a training found in sentences: the headline, its evidence and its reasons."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icp_ml.accounts.customers import Customers
    from icp_ml.accounts.outcome import Labels
    from icp_ml.model.evaluation.evaluate import Evaluation

WHOLE_TABLE = "the table"
"""Stands where a finding is about no single column."""

METRIC_WORDS: dict[str, tuple[str, str]] = {
    "roc_auc": ("ROC AUC", "how often a success ranks above a failure; .5 is chance"),
    "average_precision": ("average precision", "area under precision and recall; chance is the base rate"),
    "log_loss": ("log loss", "mean surprise; smaller is better"),
    "brier": ("Brier score", "mean squared error of the chance; smaller is better"),
    "calibration_error": (
        "calibration error",
        "mean gap between chance and success share in ten groups; 0 is best; the interval is without noise",
    ),
    "calibration_slope": ("calibration slope", "1 is right; below 1 chances are too extreme"),
    "calibration_intercept": ("calibration intercept", "0 is right; above 0 chances are too low"),
    "lift_at_10": ("lift of the top 10 %", "success share of the top over the base rate; 1 is chance"),
    "precision_at_10": ("success share of the top 10 %", "chance is the base rate"),
    "lift_at_capacity": ("lift at capacity", "the same for as many accounts as the team can work"),
    "precision_at_capacity": ("success share at capacity", "chance is the base rate"),
}


def plain_number(value: float | str | None) -> str:
    """Return a number as people read it: three digits after the point, four below .001, none above 1,000.

    Examples
    --------
    >>> plain_number(0.71234), plain_number(0.0005), plain_number(1234.5), plain_number(None)
    ('0.712', '0.0005', '1,234', '')
    """
    if value is None or isinstance(value, str):
        return value or ""
    if not math.isfinite(value):
        return "not known"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4f}" if 0 < abs(value) < 0.001 else f"{value:.3f}"


def interval_words(low: float | None, high: float | None) -> str:
    """Return both ends of an interval as people read them; empty where there is none.

    Examples
    --------
    >>> interval_words(0.6, 0.71234), interval_words(None, None)
    ('0.600 to 0.712', '')
    """
    return "" if low is None or high is None else f"{plain_number(low)} to {plain_number(high)}"


def share_words(share: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a share in per cent, with the ends of its interval where they are given.

    Examples
    --------
    >>> share_words(0.4249), share_words(0.42, 0.3, 0.55), share_words(None)
    ('42 %', '42 % (30 to 55)', '')
    """
    if share is None:
        return ""
    ends = "" if low is None or high is None else f" ({100 * low:.0f} to {100 * high:.0f})"
    return f"{100 * share:.0f} %{ends}"


def small_share_words(share: float) -> str:
    """Return a share in per cent that is never rounded to nothing.

    Examples
    --------
    >>> small_share_words(0.2), small_share_words(0.005186), small_share_words(0.00004), small_share_words(0.0)
    ('20 %', '0.52 %', '0.004 %', '0 %')
    """
    return f"{float(f'{100 * share:.2g}'):.10g} %" if share < 0.1 else f"{100 * share:.0f} %"


def points_up(difference: float) -> str:
    """Return the smallest whole number of percentage points that is not below a difference, as the audit counts them.

    Examples
    --------
    >>> points_up(0.1532), points_up(0.07)
    ('16', '7')
    """
    return f"{math.ceil(100 * difference - 1e-9)}"


def points_words(difference: float | None, low: float | None = None, high: float | None = None) -> str:
    """Return a difference of shares in percentage points, signed, with its interval.

    Examples
    --------
    >>> points_words(-0.042), points_words(0.05, -0.01, 0.11)
    ('-4', '+5 (-1 to +11)')
    """
    if difference is None:
        return ""
    ends = "" if low is None or high is None else f" ({_signed(low)} to {_signed(high)})"
    return _signed(difference) + ends


def _signed(difference: float) -> str:
    return f"{100 * difference:+.0f}".replace("-0", "0").replace("+0", "0")


def headline(evaluation: Evaluation, *, by_time: bool) -> str:
    """Return the one sentence that decides: what the model can be used for, or why not."""
    auc, lift = evaluation.metrics["roc_auc"], evaluation.metrics["lift_at_10"]
    if not auc.low > 0.5:
        return (
            "No better than chance: these attributes do not tell successful from unsuccessful accounts "
            f"(ROC AUC {auc.value:.2f}, 90 % interval {auc.low:.2f} to {auc.high:.2f})."
        )
    best = f"the best-scored tenth succeeded {lift.value:.2f} times as often as the average account"
    if evaluation.ready and not lift.low > 1:
        return (
            f"Better than chance (ROC AUC {auc.value:.2f}, 90 % interval {auc.low:.2f} to {auc.high:.2f}), but a gain "
            f"at the top of the list is not shown: {best} (90 % interval {lift.low:.2f} to {lift.high:.2f})."
        )
    if evaluation.ready and by_time:
        return f"Put it to work: {best} (90 % interval {lift.low:.2f} to {lift.high:.2f})."
    if evaluation.ready:
        return (
            f"It works on accounts like these: {best} (90 % interval {lift.low:.2f} to {lift.high:.2f}). Whether that "
            "holds on later accounts is unknown."
        )
    return f"The order holds something ({best}), but not every gate was passed."


def chance_words(document: Mapping[str, Any]) -> str:
    """Return the one sentence an account's page starts with: its chance, or why none is given.

    Examples
    --------
    >>> chance_words({"kind": "success", "withdrawn": True, "probability": None, "margin": 0.4, "base_value": 0.1})
    'No chance is given, because calibration failed; its score is above that of the average customer.'
    """
    if document["kind"] != "success":
        answers = [row["answer"] for row in document["criteria"]]
        return f"No chance is given: {answers.count('met')} of {len(answers)} written criteria are met."
    if document["probability"] is None:
        side = "above" if document["margin"] >= document["base_value"] else "below"
        why = "because calibration failed" if document["withdrawn"] else "because the model has no grounds for one"
        return f"No chance is given, {why}; its score is {side} that of the average customer."
    within = f" within {document['horizon_days']} days" if document["horizon_days"] else ""
    low, high = document["low"], document["high"]
    ends = "" if low is None or high is None else f", 90 % range {100 * low:.0f} to {100 * high:.0f}"
    of = f"Of 100 accounts with this score about {100 * document['probability']:.0f} succeed{within}{ends}."
    base = document["base_probability"]
    return of if base is None else f"{of} The average customer: {100 * base:.0f}."


def verdict_evidence(evaluation: Evaluation, horizon_days: int | None, *, by_time: bool) -> str:
    """Return the sentence that says on how much evidence the verdict stands."""
    within = f" within {horizon_days} days" if horizon_days else ""
    trained = f"; trained on {evaluation.n_train:,} others" if by_time else ", each by fits that did not see it"
    return (
        f"Judged on {evaluation.n_test:,} accounts with known outcome ({share_words(evaluation.base_rate)} "
        f"succeeded{within}){trained}."
    )


def learner_words(judged: str, served: str) -> str:
    """Return which learner was judged, and which one is served where its larger table chose another.

    Examples
    --------
    >>> learner_words("blend", "blend"), learner_words("blend", "logistic")
    ('Learner: blend.', 'Learner judged: blend; served, chosen anew on all accounts: logistic.')
    """
    if judged == served:
        return f"Learner: {judged}."
    return f"Learner judged: {judged}; served, chosen anew on all accounts: {served}."


def unused_words(dropped: Mapping[str, int]) -> str:
    """Return how many accounts neither trained nor judged, by reason; empty for none.

    Examples
    --------
    >>> unused_words({"outcome not known when the test period starts": 1326, "other": 0})
    'Neither trained nor judged: 1,326 (outcome not known when the test period starts).'
    """
    told = "; ".join(f"{n:,} ({reason})" for reason, n in dropped.items() if n)
    return f"Neither trained nor judged: {told}." if told else ""


def verdict_reasons(evaluation: Evaluation, steps: Sequence[str]) -> list[str]:
    """Return one sentence per gate that was not passed, and the fallback that was taken last, with its reason."""
    reasons = [f"Gate not passed: {gate.why}." for gate in evaluation.gates if not gate.passed]
    if steps:
        more = " All that was tried is among the notes." if len(steps) > 2 else ""
        reasons.append(f"How it was judged: {' '.join(steps[-2:])}{more}")
    return reasons


def count_rows(customers: Customers, labels: Labels) -> list[dict[str, Any]]:
    """Return the counts from rows read to labelled accounts, each with its note; they add up."""
    rows = [{"label": "rows read", "n": f"{customers.n_rows_read:,}", "note": ""}]
    for reason, n in customers.excluded.items():
        rows.append({"label": "not an account of this study", "n": f"{n:,}", "note": reason})
    notes = {
        "success": "reached the study's definition of success",
        "churned": "did not",
        "censored": "followed for too short, or no outcome: neither",
        "excluded": "; ".join(f"{reason}: {n:,}" for reason, n in labels.reasons.items()),
    }
    for state, note in notes.items():
        n = labels.counts.get(state, 0)
        if n or state != "excluded":
            rows.append({"label": state, "n": f"{n:,}", "note": note})
    return rows
