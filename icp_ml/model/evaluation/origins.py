"""Judge the procedure at several points in time, each with what was known then, to see whether it is stable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from icp_ml.accounts.intervals import Z_90
from icp_ml.accounts.outcome import EXCLUDED, reweighted
from icp_ml.model.evaluation.chance import p_words
from icp_ml.model.evaluation.metrics import Estimate, estimate_metrics
from icp_ml.model.evaluation.procedure import Classifier, EvaluationOptions, Indices, Known, Timeline, fitted, scored

if TYPE_CHECKING:
    from icp_ml.accounts.outcome import Labels

NUMBERS = (6, 5, 4, 3)
"""Test periods that are tried, most first."""
MIN_TRAINING = 30
"""Successes and failures that must be known when a test period starts."""
MIN_PER_CLASS, MIN_PER_CLASS_LAST = 20, 10
"""Successes and failures of every test period; three periods, the fewest, are content with the second number."""
MANY_ROWS = 5_000
"""Above this many known accounts at most four periods are judged, because each costs a fit."""
_SHOWN = ("roc_auc", "log_loss", "calibration_slope")


@dataclass(frozen=True)
class Origin:
    """One test period: a fit of what was known when it started, judged on the accounts signed in it.

    Attributes
    ----------
    starts, ends : date
        First and last day of signing in the period.
    n_train, n_test : int
        Accounts with an outcome known then, and accounts of the period with an outcome known now.
    base_rate : float
        Weighted success share of the period.
    roc_auc, log_loss, calibration_slope : Estimate
        On the period.
    """

    starts: date
    ends: date
    n_train: int
    n_test: int
    base_rate: float
    roc_auc: Estimate
    log_loss: Estimate
    calibration_slope: Estimate

    def as_document(self) -> dict[str, Any]:
        """Return the period as a JSON object."""
        return {
            "starts": self.starts.isoformat(),
            "ends": self.ends.isoformat(),
            "n_train": self.n_train,
            "n_test": self.n_test,
            "base_rate": self.base_rate,
            **{name: getattr(self, name).as_document() for name in _SHOWN},
        }


@dataclass(frozen=True)
class Origins:
    """The procedure at several points in time.

    Attributes
    ----------
    rows : tuple of Origin
        Oldest first; empty when ``why_none`` says why.
    sentence : str
        Whether the periods differ by more than chance gives.
    why_none : str
        Why there are no periods; empty where there are.
    """

    rows: tuple[Origin, ...] = ()
    sentence: str = ""
    why_none: str = ""

    def as_document(self) -> dict[str, Any]:
        """Return the periods as a JSON object."""
        rows = [row.as_document() for row in self.rows]
        return {"sentence": self.sentence, "why_none": self.why_none, "rows": rows}


NOT_ASKED = Origins(why_none="Stability in time was not asked for.")


@dataclass(frozen=True)
class _Period:
    """A test period whose accounts and training accounts are chosen."""

    starts: date
    ends: date
    train: Known
    test: Known

    def has(self, least: int) -> bool:
        counts = (_per_class(self.train), MIN_TRAINING), (_per_class(self.test), least)
        return all(min(count) >= need for count, need in counts)


def rolling_origins(
    make_classifier: Callable[[], Classifier],
    frame: pd.DataFrame,
    labels: Labels,
    *,
    groups: Indices | None,
    ends: date,
    options: EvaluationOptions,
) -> Origins:
    """Return the whole procedure, fitted and judged anew at the start of each of up to six test periods.

    Parameters
    ----------
    make_classifier, frame, labels, groups, options
        As for `icp_ml.model.evaluation.evaluate.evaluate`; ``options.timeline`` is needed.
    ends : date
        Last day of the last period, the end of the test period that judges the model.

    Returns
    -------
    Origins
        Periods with equal numbers of fully followed accounts, at least three, or the reason why there are none.

    Notes
    -----
    A fit knows what was known at the end of the first day of its test period, of accounts signed before that day: no
    outcome that came later, so that between a success that taught it and the accounts it is judged on lies a whole
    horizon. Learner, penalty and number of trees are chosen anew each time. The spread of ROC AUC is compared with the
    standard errors of the periods by Cochran's Q; test accounts of different periods are different accounts, fits of
    neighbouring periods share most of their training accounts.

    References
    ----------
    Bergmeir and Benitez 2012, On the use of cross-validation for time series predictor evaluation, Information
    Sciences 191:192. Cochran 1954, The combination of estimates from different experiments, Biometrics 10:101.
    """
    timeline = options.timeline
    if timeline is None:
        return Origins(why_none="No as_of day: accounts cannot be put in order of time.")
    periods = _periods(labels, timeline, groups, ends)
    if not periods:
        return Origins(
            why_none=f"Too few accounts for three test periods in a row, each with {MIN_PER_CLASS_LAST} successes and "
            f"failures and with {MIN_TRAINING} of each known when it starts: stability in time is unknown."
        )
    rows = tuple(_judged(make_classifier, frame, period, options) for period in periods)
    return Origins(rows, _stability(rows))


def _judged(
    make_classifier: Callable[[], Classifier], frame: pd.DataFrame, period: _Period, options: EvaluationOptions
) -> Origin:
    classifier = fitted(make_classifier, frame, period.train)
    rows = scored(period.test, classifier.decision_function(frame.iloc[period.test.rows]), options)
    found = estimate_metrics(rows, n_boot=options.draws(len(rows)), seed=options.seed)
    rate = float(np.average(rows.outcome, weights=rows.weight))
    shown = {name: found[name] for name in _SHOWN}
    return Origin(period.starts, period.ends, len(period.train), len(rows), rate, **shown)


def _periods(labels: Labels, timeline: Timeline, groups: Indices | None, ends: date) -> list[_Period]:
    """Return the largest number of periods of which each has enough accounts; none when three are too many."""
    days = np.sort(timeline.as_of[labels.followed & (timeline.as_of <= np.datetime64(ends, "D"))])
    first = _first_start(days, timeline)
    if first is None:
        return []
    days = days[days >= first]
    for number in NUMBERS:
        if number > 4 and labels.known.sum() > MANY_ROWS:
            continue
        starts = [days[len(days) * part // number].astype("datetime64[D]").item() for part in range(number)]
        if any(later <= earlier for earlier, later in pairwise(starts)):
            continue
        stops = [day - timedelta(days=1) for day in starts[1:]] + [ends]
        periods = [_period(labels, timeline, groups, span) for span in zip(starts, stops, strict=True)]
        least = MIN_PER_CLASS_LAST if number == NUMBERS[-1] else MIN_PER_CLASS
        if all(period.has(least) for period in periods):
            return periods
    return []


def _first_start(days: NDArray[np.datetime64], timeline: Timeline) -> np.datetime64 | None:
    """Return the first day of signing on which enough was known to train, by bisection: what is known only grows."""
    low, high = 0, len(days)
    while low < high:
        middle = (low + high) // 2
        then = timeline.relabel(days[middle].astype("datetime64[D]").item())
        if min(then.n_success, then.n_churned) >= MIN_TRAINING:
            high = middle
        else:
            low = middle + 1
    return days[low] if low < len(days) else None


def _period(labels: Labels, timeline: Timeline, groups: Indices | None, span: tuple[date, date]) -> _Period:
    starts, ends = span
    then = timeline.relabel(starts)
    usable = labels.state != EXCLUDED
    window = usable & (timeline.as_of >= np.datetime64(starts, "D")) & (timeline.as_of <= np.datetime64(ends, "D"))
    now = reweighted(labels, window, "not in the test period")
    train = usable & then.known
    related = np.zeros(len(train), dtype=bool) if groups is None else np.isin(groups, groups[train])
    test = now.known & ~related & ~train
    return _Period(
        starts,
        ends,
        Known(np.flatnonzero(train), then.label, then.weight, groups),
        Known(np.flatnonzero(test), now.label, now.weight, groups),
    )


def _per_class(known: Known) -> tuple[int, int]:
    return int((known.label == 1).sum()), int((known.label == 0).sum())


def _stability(rows: tuple[Origin, ...]) -> str:
    """Return whether ROC AUC varies between periods more than the size of the periods explains."""
    values = np.array([row.roc_auc.value for row in rows])
    errors = np.array([(row.roc_auc.high - row.roc_auc.low) / (2 * Z_90) for row in rows])
    span = f"ROC AUC lies between {values.min():.3f} and {values.max():.3f} in {len(rows)} test periods in a row"
    if not (np.isfinite(errors).all() and (errors > 0).all()):
        return f"{span}; whether they differ by more than chance cannot be said."
    share = 1 / errors**2
    q = float((share * (values - np.average(values, weights=share)) ** 2).sum())
    p = float(chi2.sf(q, len(rows) - 1))
    if p > 0.05:
        return f"{span}: no more than chance gives with {_n_range(rows)} accounts each ({p_words(p)})."
    worst = rows[int(values.argmin())]
    return (
        f"{span}: more than chance gives ({p_words(p)}). Lowest from {worst.starts} to {worst.ends}, by a fit of "
        f"{worst.n_train:,} accounts; look at what changed then."
    )


def _n_range(rows: tuple[Origin, ...]) -> str:
    sizes = sorted(row.n_test for row in rows)
    return f"{sizes[0]:,}" if sizes[0] == sizes[-1] else f"{sizes[0]:,} to {sizes[-1]:,}"
