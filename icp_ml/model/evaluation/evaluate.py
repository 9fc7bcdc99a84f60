"""Judge a way of making models: on later accounts where dates allow it, else by repeated grouped cross-validation.

The numbers belong to the procedure. The model that is served is made by the same procedure from every matured account
afterwards, so it has seen the accounts that judged the procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING, Any, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit

from icp_ml.accounts.split import grouped_folds
from icp_ml.model.evaluation.curves import bands_are_ordered, lift_curve, outcome_bands, reliability_bins
from icp_ml.model.evaluation.gates import BEATS_BASE_RATE, Bar, Gate, is_ready, judge
from icp_ml.model.evaluation.metrics import (
    METRICS,
    PROBABILITY_METRICS,
    RANKING_METRICS,
    Estimate,
    ScoredRows,
    as_documents,
    estimate_metrics,
    mean_of_metrics,
    paired_log_loss,
    scored_rows,
)

if TYPE_CHECKING:
    from icp_ml.accounts.outcome import Labels
    from icp_ml.accounts.split import Split

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

SMALL = 1_000
"""Below this many known accounts cross-validation is repeated three times, else done once."""
LARGE = 20_000
"""Above this many rows 200 bootstrap draws are enough, and one fold stands for a random split."""
_REFIT = "What is served is the same procedure refitted on every matured account; these numbers are the procedure's."


class Classifier(Protocol):
    """What an evaluation asks of a model; `SuccessClassifier` has it."""

    learner_: str

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> Self:
        """Fit on accounts with a known outcome."""

    def decision_function(self, X: Any) -> Floats:
        """Return the served log-odds."""


@dataclass(frozen=True)
class EvaluationOptions:
    """What a study asks of its evaluation.

    Attributes
    ----------
    make_baseline : callable, optional
        Makes the simple classifier (plain logistic regression) that the model is compared with.
    capacity : int or None
        Accounts the team can work in a period.
    gates : mapping
        Bars of the study, see `icp_ml.model.evaluation.gates.judge`.
    rule : array of bool, shape (n,), or None
        Which accounts today's rule would choose.
    base_rate : float or None
        True share of successes where accounts were sampled by outcome; test weights are set to it.
    n_splits, n_boot, seed : int
        Folds, bootstrap draws, and the seed of both.
    """

    make_baseline: Callable[[], Classifier] | None = None
    capacity: int | None = None
    gates: Mapping[str, Bar] = field(default_factory=dict)
    rule: NDArray[np.bool_] | None = None
    base_rate: float | None = None
    n_splits: int = 5
    n_boot: int = 500
    seed: int = 0


@dataclass(frozen=True)
class Evaluation:
    """How good a procedure is, on what evidence.

    Attributes
    ----------
    procedure : str
        What was done, in sentences.
    learner : str
        What the procedure chose.
    n_train, n_test : int
        Accounts; equal with cross-validation.
    base_rate : float
        Weighted success share of the accounts that judged.
    metrics : dict of str to Estimate
        Every metric of the contract.
    baselines : dict of str to dict of str to Estimate
        ``random``, ``base_rate``, and where asked for ``logistic`` and ``rule``, on the same accounts.
    random_split : dict of str to Estimate
        The metrics of cross-validation beside an out-of-time evaluation; NaN when that is the evaluation itself.
    gates : list of Gate
    ready : bool
        Every gate was passed.
    reliability, lift_curve, bands : list of dict
        See `icp_ml.model.evaluation.curves`.
    bands_ordered : bool
        No grade did better than the one above it.
    test_index : array of int
        Positions in the table of the accounts that judged.
    test_margin, test_probability : array
        What was said of each, out of sample, in the order of ``test_index``.
    classifier : Classifier or None
        The fit that was judged; None with cross-validation.
    """

    procedure: str
    learner: str
    n_train: int
    n_test: int
    base_rate: float
    metrics: dict[str, Estimate]
    baselines: dict[str, dict[str, Estimate]]
    random_split: dict[str, Estimate]
    gates: list[Gate]
    ready: bool
    reliability: list[dict[str, float]]
    lift_curve: list[dict[str, float]]
    bands: list[dict[str, float | str]]
    bands_ordered: bool
    test_index: Indices
    test_margin: Floats
    test_probability: Floats
    classifier: Classifier | None

    @property
    def calibration_failed(self) -> bool:
        """Whether a gate of calibration was measured and not passed: the probabilities are then withdrawn."""
        return any(
            gate.name.startswith("calibration_") and not gate.passed and gate.value is not None for gate in self.gates
        )

    def to_metrics_json(self) -> dict[str, Any]:
        """Return ``metrics.json`` as the contract describes it; NaN is null."""
        return {
            "procedure": self.procedure,
            "learner": self.learner,
            "n_train": self.n_train,
            "n_test": self.n_test,
            "base_rate": self.base_rate,
            "metrics": as_documents(self.metrics),
            "baselines": {name: as_documents(found) for name, found in self.baselines.items()},
            "random_split": as_documents(self.random_split),
            "gates": [gate.as_document() for gate in self.gates],
            "ready": self.ready,
        }


def evaluate(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    split: Split,
    *,
    groups: Indices | None = None,
    options: EvaluationOptions | None = None,
) -> Evaluation:
    """Judge the procedure as the split says.

    Parameters
    ----------
    make_classifier : callable
        Makes an unfitted classifier.
    frame : DataFrame of shape (n, n_attributes)
        Attributes of every customer.
    labels : Labels
        What is known of every customer now.
    split : Split
        From `icp_ml.accounts.split.choose_split`.
    groups : array of int, shape (n,), optional
        Related accounts; drawn together in the bootstrap, never on both sides of a fold.
    options : EvaluationOptions, optional
        Capacity, gates, baselines, seed.

    Returns
    -------
    Evaluation
        Metrics with intervals, baselines, gates and curves.
    """
    chosen = options or EvaluationOptions()
    judged = evaluate_out_of_time if split.kind == "time" else evaluate_cross_validated
    return judged(make_classifier, frame, labels, split, groups=groups, options=chosen)


def evaluate_out_of_time(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    split: Split,
    *,
    groups: Indices | None,
    options: EvaluationOptions,
) -> Evaluation:
    """Judge on later accounts one fit that knew only what was known when the test period starts; see `evaluate`."""
    train = _Known(split.train, split.train_labels.label, split.train_labels.weight, groups)
    test = _Known(split.test, split.test_labels.label, split.test_labels.weight, groups)
    classifier = _fitted(make_classifier, frame, train)
    margin = classifier.decision_function(frame.iloc[test.rows])
    scored = [_scored(test, margin, options)]
    prior = float(np.average(train.label, weights=train.weight))
    baselines = _plain_baselines(scored[0], options.base_rate or prior, test, options)
    if options.make_baseline is not None:
        simple = _fitted(options.make_baseline, frame, train).decision_function(frame.iloc[test.rows])
        baselines["logistic"] = _compared(scored[0], [_scored(test, simple, options)], simple, options)
    everybody = _Known(np.flatnonzero(labels.known), labels.label, labels.weight, groups)
    folds = _cross_validated(make_classifier, frame, everybody, options, n_repeats=1)
    random_split = mean_of_metrics(
        [_scored(everybody.at(places), margins, options) for places, margins in folds.margins],
        capacity=options.capacity,
        n_boot=_n_boot(len(everybody.rows), options),
        seed=options.seed,
    )
    ends = f" to {split.ends}" if split.ends is not None else ""
    weighted = ", weighted for censoring" if np.ptp(test.weight) > 0 else ""
    procedure = (
        f"Trained on {len(train.rows):,} accounts signed before {split.starts} with what was known on that day; judged "
        f"on {len(test.rows):,} accounts signed from {split.starts}{ends}{weighted}. {_REFIT}"
    )
    evaluation = _evaluation(scored, baselines, options.base_rate or prior, test, margin, options)
    return replace(
        evaluation,
        procedure=procedure,
        learner=classifier.learner_,
        n_train=len(train.rows),
        random_split=random_split,
        classifier=classifier,
    )


def evaluate_cross_validated(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    split: Split,
    *,
    groups: Indices | None,
    options: EvaluationOptions,
) -> Evaluation:
    """Judge by repeated grouped cross-validation over every account with a known outcome; see `evaluate`."""
    known = _Known(split.test, labels.label, labels.weight, groups)
    n_repeats = 3 if len(known.rows) < SMALL else 1
    folds = _cross_validated(make_classifier, frame, known, options, n_repeats, whole=True)
    margins = [found[np.argsort(places)] for places, found in folds.margins]
    scored = [_scored(known, margin, options) for margin in margins]
    prior = options.base_rate or float(np.average(known.label, weights=known.weight))
    baselines = _plain_baselines(scored[0], prior, known, options)
    if options.make_baseline is not None:
        simple = _cross_validated(options.make_baseline, frame, known, options, n_repeats, whole=True)
        others = [found[np.argsort(places)] for places, found in simple.margins]
        other_rows = [_scored(known, margin, options) for margin in others]
        baselines["logistic"] = _compared(scored[0], other_rows, others[0], options)
    times = "" if n_repeats == 1 else f", repeated {n_repeats} times"
    procedure = (
        f"Judged by {folds.n_splits}-fold cross-validation over {len(known.rows):,} accounts with a known outcome"
        f"{times}: how much worse the model is on later accounts is unknown. {_REFIT}"
    )
    evaluation = _evaluation(scored, baselines, prior, known, margins[0], options)
    return replace(evaluation, procedure=procedure, learner=folds.learner, n_train=len(known.rows))


@dataclass(frozen=True)
class _Known:
    """Accounts with a known outcome: positions in the table, and what belongs to each."""

    rows: Indices
    table_label: Floats
    table_weight: Floats
    table_groups: Indices | None

    @property
    def label(self) -> Floats:
        return self.table_label[self.rows]

    @property
    def weight(self) -> Floats:
        return self.table_weight[self.rows]

    @property
    def groups(self) -> Indices | None:
        return None if self.table_groups is None else self.table_groups[self.rows]

    def at(self, places: Indices) -> _Known:
        return replace(self, rows=self.rows[places])


@dataclass(frozen=True)
class _Folds:
    """Out-of-fold margins: per repeat the places among the known accounts, and their margins."""

    margins: list[tuple[Indices, Floats]]
    learner: str
    n_splits: int


def _fitted(make_classifier: Callable[[], Classifier], frame: pd.DataFrame, train: _Known) -> Classifier:
    attributes = frame.iloc[train.rows]
    return make_classifier().fit(attributes, train.label, sample_weight=train.weight, groups=train.groups)


def _cross_validated(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    known: _Known,
    options: EvaluationOptions,
    n_repeats: int,
    whole: bool = False,
) -> _Folds:
    """Return the margins of accounts from fits without them; of many accounts one fold is enough unless ``whole``."""
    n_splits = max(2, min(options.n_splits, int((known.label == 1).sum()), int((known.label == 0).sum())))
    folds = grouped_folds(known.label, known.groups, n_splits, n_repeats, options.seed)
    if len(known.rows) > LARGE and not whole:
        folds = folds[:1]
    found, learners = [], []
    for train, test in folds:
        classifier = _fitted(make_classifier, frame, known.at(train))
        found.append((test, classifier.decision_function(frame.iloc[known.rows[test]])))
        learners.append(classifier.learner_)
    repeats = [found[start : start + n_splits] for start in range(0, len(found), n_splits)]
    margins = [(np.concatenate([p for p, _ in part]), np.concatenate([m for _, m in part])) for part in repeats]
    most = max(sorted(set(learners)), key=learners.count)
    return _Folds(margins, most, n_splits)


def _scored(known: _Known, margin: Floats, options: EvaluationOptions) -> ScoredRows:
    weight = _reweighted(known.label, known.weight, options.base_rate)
    return scored_rows(known.label, expit(margin), margin=margin, weight=weight, clusters=known.groups)


def _reweighted(label: Floats, weight: Floats, base_rate: float | None) -> Floats:
    """Return weights under which the success share is the true base rate."""
    share = float(np.average(label, weights=weight))
    if base_rate is None or not 0 < share < 1:
        return weight
    return np.asarray(weight * np.where(label == 1, base_rate / share, (1 - base_rate) / (1 - share)))


def _n_boot(n_rows: int, options: EvaluationOptions) -> int:
    return options.n_boot if n_rows <= LARGE else min(options.n_boot, 200)


def _evaluation(
    scored: list[ScoredRows],
    baselines: dict[str, dict[str, Estimate]],
    prior: float,
    test: _Known,
    margin: Floats,
    options: EvaluationOptions,
) -> Evaluation:
    """Return what both procedures share; the caller fills in the rest."""
    first, n_boot = scored[0], _n_boot(len(test.rows), options)
    metrics = mean_of_metrics(scored, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    gain = paired_log_loss(first, prior, n_boot=n_boot, seed=options.seed)
    gates = judge({**metrics, BEATS_BASE_RATE: gain}, options.gates)
    bands = outcome_bands(first, options.capacity)
    return Evaluation(
        procedure="",
        learner="",
        n_train=0,
        n_test=len(test.rows),
        base_rate=float(np.average(first.outcome, weights=first.weight)),
        metrics=metrics,
        baselines=baselines,
        random_split=dict.fromkeys(METRICS, Estimate(nan, nan, nan)),
        gates=gates,
        ready=is_ready(gates),
        reliability=reliability_bins(first),
        lift_curve=lift_curve(first),
        bands=bands,
        bands_ordered=bands_are_ordered(bands),
        test_index=test.rows,
        test_margin=margin,
        test_probability=np.asarray(expit(margin)),
        classifier=None,
    )


def _plain_baselines(
    rows: ScoredRows, prior: float, test: _Known, options: EvaluationOptions
) -> dict[str, dict[str, Estimate]]:
    """Return a random order, one chance for everybody, and today's rule, on the rows that judge."""
    n_boot = _n_boot(len(rows), options)
    constant = scored_rows(
        rows.outcome, np.full(len(rows), prior), margin=np.full(len(rows), logit(prior)), weight=rows.weight,
        clusters=rows.clusters,
    )  # fmt: skip
    flat = estimate_metrics(constant, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    found = {
        "random": {name: flat[name] for name in RANKING_METRICS},
        "base_rate": {name: flat[name] for name in PROBABILITY_METRICS if name != "calibration_slope"},
    }
    if options.rule is not None:
        chosen = options.rule[test.rows].astype(np.float64)
        by_rule = estimate_metrics(
            _scored(test, chosen, options), capacity=options.capacity, n_boot=n_boot, seed=options.seed
        )
        found["rule"] = {name: by_rule[name] for name in RANKING_METRICS}
    return found


def _compared(
    rows: ScoredRows, others: list[ScoredRows], other_margin: Floats, options: EvaluationOptions
) -> dict[str, Estimate]:
    """Return the metrics of a simpler classifier, and the paired log loss: the model's minus that of the simple one."""
    n_boot = _n_boot(len(rows), options)
    found = mean_of_metrics(others, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    paired = paired_log_loss(rows, expit(other_margin)[rows.position], n_boot=n_boot, seed=options.seed)
    return {**found, "log_loss_difference": paired}
