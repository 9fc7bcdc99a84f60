"""Measure simple alternatives on the accounts that judge: a random order, one chance for all, the rule, regression."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from icp_ml.model.evaluation.metrics import (
    PROBABILITY_METRICS,
    RANKING_METRICS,
    Estimate,
    Floats,
    ScoredRows,
    bootstrap,
    estimate_metrics,
    interval_of,
    mean_of_metrics,
    metric_lines,
    paired_log_loss,
    precision_at,
    weights_of,
)
from icp_ml.model.evaluation.paired import paired_differences, same_accounts
from icp_ml.model.evaluation.procedure import EvaluationOptions, Known, scored

PAIRED = ("roc_auc", "lift_at_10")
"""Metrics whose difference, the model's minus the baseline's, stands beside a baseline as ``NAME_difference``."""


def plain_baselines(
    repeats: list[ScoredRows], prior: float, test: Known, options: EvaluationOptions
) -> dict[str, dict[str, Estimate]]:
    """Return a random order, one chance for everybody, and today's rule, on the rows that judge."""
    rows = repeats[0]
    constant = scored_rows_at(rows, prior)
    n_boot = options.draws(len(rows))
    flat = estimate_metrics(constant, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    found = {
        "random": {name: flat[name] for name in RANKING_METRICS},
        "base_rate": {name: flat[name] for name in PROBABILITY_METRICS if name != "calibration_slope"},
    }
    if options.rule is not None:
        found["rule"] = by_rule(repeats, options.rule[test.rows], test, options)
    return found


def scored_rows_at(rows: ScoredRows, chance: float) -> ScoredRows:
    """Return the rows with one chance for everybody."""
    flat = np.full(len(rows), chance)
    return ScoredRows(rows.outcome, logit(flat), flat, rows.weight, rows.clusters, rows.position)


def by_rule(
    repeats: list[ScoredRows], chosen: NDArray[np.bool_], test: Known, options: EvaluationOptions
) -> dict[str, Estimate]:
    """Return the metrics of a rule that chooses accounts, and the model beside it at the rule's own size.

    ``precision_at_rule`` and ``lift_at_rule`` are the rule's, on the accounts it chooses;
    ``precision_at_rule_difference`` is the precision of as many first accounts of the model, minus the rule's.
    """
    n_boot = options.draws(len(test))
    ruled = scored(test, chosen.astype(np.float64), options)
    found = estimate_metrics(ruled, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    ranked = {name: found[name] for name in RANKING_METRICS} | _differences(repeats, [ruled], options)
    if not chosen.any():
        return ranked

    def at_rule(rows: ScoredRows, weights: Floats) -> dict[str, Floats]:
        share = weights @ chosen[rows.position] / weights.sum(1)
        precision = precision_at(rows, weights, share)
        base = weights @ rows.outcome / weights.sum(1)
        lift = np.divide(precision, base, out=np.full_like(base, np.nan), where=base > 0)
        return {"precision_at_rule": precision, "lift_at_rule": lift}

    values = at_rule(ruled, ruled.weight[None, :])
    draws = bootstrap(ruled.clusters, lambda counts: at_rule(ruled, weights_of(ruled, counts)), n_boot, options.seed)
    own = {name: interval_of(float(values[name][0]), draws[name]) for name in values}
    ours, theirs = same_accounts(repeats), same_accounts([ruled])
    paired = paired_differences(ours, theirs, at_rule, n_boot=n_boot, seed=options.seed)
    return {**ranked, **own, "precision_at_rule_difference": paired["precision_at_rule"]}


def compared(
    repeats: list[ScoredRows], others: list[ScoredRows], other_margin: Floats, options: EvaluationOptions
) -> dict[str, Estimate]:
    """Return the metrics of a simpler classifier, and the paired differences: the model's minus those of the simple."""
    rows = repeats[0]
    n_boot = options.draws(len(rows))
    found = mean_of_metrics(others, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    paired = paired_log_loss(rows, expit(other_margin)[rows.position], n_boot=n_boot, seed=options.seed)
    return {**found, "log_loss_difference": paired, **_differences(repeats, others, options)}


def _differences(
    repeats: list[ScoredRows], others: list[ScoredRows], options: EvaluationOptions
) -> dict[str, Estimate]:
    def lines(rows: ScoredRows, weights: Floats) -> dict[str, Floats]:
        found = metric_lines(rows, weights, 0.1, order_only=True)
        return {f"{name}_difference": found[name] for name in PAIRED}

    n_boot = options.draws(len(repeats[0]))
    return paired_differences(same_accounts(repeats), same_accounts(others), lines, n_boot=n_boot, seed=options.seed)
