"""Judge a way of making models: on later accounts where dates allow it, else by repeated grouped cross-validation.

The numbers belong to the procedure. The model that is served is made by the same procedure from every matured account
afterwards, so it has seen the accounts that judged the procedure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.special import expit
from threadpoolctl import threadpool_limits

from icp_ml.model.evaluation.alarms import alarms, attributes_alone, is_worth_asking
from icp_ml.model.evaluation.baselines import compared, plain_baselines
from icp_ml.model.evaluation.capacity import capacity_note
from icp_ml.model.evaluation.chance import Chance, against_chance
from icp_ml.model.evaluation.curves import (
    bands_are_ordered,
    lift_curve,
    outcome_bands,
    reliability_bins,
    ten_bands,
)
from icp_ml.model.evaluation.gap import Gap, Scored, gap_of
from icp_ml.model.evaluation.gates import BEATS_BASE_RATE, BEATS_CHANCE, Gate, calibration_failed, is_ready, judge
from icp_ml.model.evaluation.metrics import (
    METRICS,
    Estimate,
    ScoredRows,
    as_documents,
    estimate_metrics,
    mean_of_metrics,
    paired_log_loss,
)
from icp_ml.model.evaluation.monotonicity import Monotonicity, monotonicity
from icp_ml.model.evaluation.origins import NOT_ASKED, Origins, rolling_origins
from icp_ml.model.evaluation.procedure import (
    Classifier,
    EvaluationOptions,
    Floats,
    Indices,
    Known,
    Timeline,
    cross_validated,
    fitted,
    scored,
)

if TYPE_CHECKING:
    from icp_ml.accounts.outcome import Labels
    from icp_ml.accounts.split import Split

__all__ = ["Classifier", "Evaluation", "EvaluationOptions", "Timeline", "evaluate"]

SMALL = 1_000
"""Below this many known accounts cross-validation is repeated three times, else done once."""
_IN_METRICS = ("chance", "origins", "gap", "monotonicity")
_REFIT = "What is served is the same procedure refitted on every matured account; these numbers are the procedure's."


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
    chance : Chance or None
        The test of the order against random orders.
    origins : Origins
        The procedure at several points in time.
    gap : Gap or None
        Later accounts against a random split; None with cross-validation.
    ten_bands : list of dict
        Outcomes by tenths of the list, first of the list first.
    monotonicity : Monotonicity or None
        Whether success falls along these.
    capacity_note : str
        What the team's capacity means on these accounts.
    alarms : tuple of str
        What is too good to be true.
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
    chance: Chance | None = None
    origins: Origins = NOT_ASKED
    gap: Gap | None = None
    ten_bands: Sequence[dict[str, float]] = ()
    monotonicity: Monotonicity | None = None
    capacity_note: str = ""
    alarms: tuple[str, ...] = ()

    @property
    def calibration_failed(self) -> bool:
        """Whether the chances are shown to be wrong, so that they are withdrawn: too extreme, biased or far off."""
        return calibration_failed(self.gates, self.metrics)

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
            **{name: found for name, found in self.as_document().items() if name in _IN_METRICS},
        }

    def as_document(self) -> dict[str, Any]:
        """Return what a report draws beyond ``metrics.json``: chance, gap, origins, bands, capacity, alarms."""
        return {
            "chance": None if self.chance is None else self.chance.as_document(),
            "gap": None if self.gap is None else self.gap.as_document(),
            "origins": self.origins.as_document(),
            "ten_bands": [dict(band) for band in self.ten_bands],
            "monotonicity": None if self.monotonicity is None else self.monotonicity.as_document(),
            "capacity_note": self.capacity_note,
            "alarms": list(self.alarms),
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
    with threadpool_limits(1, user_api="blas"):  # sums split over threads differ in their last bits
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
    train = Known(split.train, split.train_labels.label, split.train_labels.weight, groups)
    test = Known(split.test, split.test_labels.label, split.test_labels.weight, groups)
    classifier = fitted(make_classifier, frame, train)
    margin = classifier.decision_function(frame.iloc[test.rows])
    judged = [scored(test, margin, options)]
    prior = options.base_rate or float(np.average(train.label, weights=train.weight))
    baselines = plain_baselines(judged, prior, test, options)
    if options.make_baseline is not None:
        simple = fitted(options.make_baseline, frame, train).decision_function(frame.iloc[test.rows])
        baselines["logistic"] = compared(judged, [scored(test, simple, options)], simple, options)
    random, random_rows = _random_split(make_classifier, frame, labels, groups, options)
    later_rows = _with_clusters(judged[0], test)
    learned = {"n_train": len(train), "n_train_random": round(len(random) * (1 - 1 / options.n_splits))}
    n_boot = options.draws(len(random))
    ends = f" to {split.ends}" if split.ends is not None else ""
    weighted = ", weighted for censoring" if np.ptp(test.weight) > 0 else ""
    procedure = (
        f"Trained on {len(train):,} accounts signed before {split.starts} with what was known on that day; judged "
        f"on {len(test):,} accounts signed from {split.starts}{ends}{weighted}. {_REFIT}"
    )
    return replace(
        _evaluation(judged, baselines, prior, test, frame, options=options),
        procedure=procedure,
        learner=classifier.learner_,
        n_train=len(train),
        random_split=estimate_metrics(random_rows.rows, capacity=options.capacity, n_boot=n_boot, seed=options.seed),
        classifier=classifier,
        gap=gap_of(later_rows, random_rows, **learned, n_boot=n_boot, seed=options.seed),
        origins=_origins(make_classifier, frame, labels, split, groups, options),
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
    known = Known(split.test, labels.label, labels.weight, groups)
    n_repeats = 3 if len(known) < SMALL else 1
    folds = cross_validated(make_classifier, frame, known, options, n_repeats=n_repeats, whole=True)
    margins = folds.in_order()
    judged = [scored(known, margin, options) for margin in margins]
    prior = options.base_rate or float(np.average(known.label, weights=known.weight))
    baselines = plain_baselines(judged, prior, known, options)
    if options.make_baseline is not None:
        simple = cross_validated(options.make_baseline, frame, known, options, n_repeats=n_repeats, whole=True)
        others = simple.in_order()
        baselines["logistic"] = compared(judged, [scored(known, each, options) for each in others], others[0], options)
    times = "" if n_repeats == 1 else f", repeated {n_repeats} times"
    procedure = (
        f"Judged by {folds.n_splits}-fold cross-validation over {len(known):,} accounts with a known outcome"
        f"{times}: how much worse the model is on later accounts is unknown. {_REFIT}"
    )
    return replace(
        _evaluation(judged, baselines, prior, known, frame, options=options, out_of_fold=True),
        procedure=procedure,
        learner=folds.learner,
        n_train=len(known),
        origins=Origins(why_none="Judged by cross-validation: whether it holds on later accounts is unknown."),
    )


def _random_split(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    groups: Indices | None,
    options: EvaluationOptions,
) -> tuple[Known, Scored]:
    """Return all known accounts, and those of them that a cross-validation judged."""
    everybody = Known(np.flatnonzero(labels.known), labels.label, labels.weight, groups)
    ((places, margins),) = cross_validated(make_classifier, frame, everybody, options).margins
    judged = everybody.at(places)
    return everybody, _with_clusters(scored(judged, margins, options), judged)


def _with_clusters(rows: ScoredRows, known: Known) -> Scored:
    """Return the rows with the group of each in the whole table; accounts are their own group where there is none."""
    codes = known.rows if known.groups is None else known.groups
    return Scored(rows, codes[rows.position])


def _origins(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    split: Split,
    groups: Indices | None,
    options: EvaluationOptions,
) -> Origins:
    if split.ends is None:
        return Origins(why_none="The test period has no end.")
    return rolling_origins(make_classifier, frame, labels, groups=groups, ends=split.ends, options=options)


def _evaluation(
    judged: list[ScoredRows],
    baselines: dict[str, dict[str, Estimate]],
    prior: float,
    test: Known,
    frame: pd.DataFrame,
    *,
    options: EvaluationOptions,
    out_of_fold: bool = False,
) -> Evaluation:
    """Return what both procedures share; the caller fills in the rest."""
    first, n_boot = judged[0], options.draws(len(test))
    margin = np.empty(len(test))
    margin[first.position] = first.margin
    metrics = mean_of_metrics(judged, capacity=options.capacity, n_boot=n_boot, seed=options.seed)
    gain = paired_log_loss(first, prior, n_boot=n_boot, seed=options.seed)
    chance = against_chance(
        judged,
        capacity=options.capacity,
        cross_validated=out_of_fold,
        n_permutations=options.permutations(len(test)),
        seed=options.seed,
    )
    p = chance.p_value
    gates = judge({**metrics, BEATS_BASE_RATE: gain, BEATS_CHANCE: Estimate(p, p, p)}, options.gates)
    bands = outcome_bands(first, options.capacity)
    return Evaluation(
        procedure="",
        learner="",
        n_train=0,
        n_test=len(test),
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
        chance=chance,
        ten_bands=ten_bands(first),
        monotonicity=monotonicity(first),
        capacity_note=capacity_note(options.capacity, len(first), metrics),
        alarms=_alarms(metrics, frame, test),
    )


def _alarms(metrics: dict[str, Estimate], frame: pd.DataFrame, test: Known) -> tuple[str, ...]:
    if not is_worth_asking(metrics["roc_auc"]):
        return ()
    return alarms(metrics, attributes_alone(frame.iloc[test.rows], test.label, test.groups))
