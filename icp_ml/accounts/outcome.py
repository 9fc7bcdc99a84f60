"""Label accounts as success, churned or censored, and weight what is known for what is not known yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.label_values import match_values, require_some
from icp_ml.errors import ConfigError, TooFewError, message

if TYPE_CHECKING:
    from icp_ml.study import Outcome

SUCCESS, CHURNED, CENSORED, EXCLUDED = "success", "churned", "censored", "excluded"
WEIGHT_CAP = 10.0
"""Largest weight of one account; beyond it a few old accounts would stand for the whole table."""

Floats = npt.NDArray[np.float64]
Days = npt.NDArray[np.datetime64]
Flags = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]
_NO_DAY = np.datetime64("NaT", "D")


@dataclass(frozen=True)
class Labels:
    """What is known about the outcome of every account on one day.

    Attributes
    ----------
    label : ndarray of float, shape (n,)
        1 success, 0 churned, NaN where not known.
    weight : ndarray of float, shape (n,)
        Inverse probability of censoring weight, 0 where the label is not known, at most ``WEIGHT_CAP``.
        All 1 when nothing is censored.
    state : ndarray of object, shape (n,)
        ``"success"``, ``"churned"``, ``"censored"`` (not known yet) or ``"excluded"`` (can never be a row).
    follow_up_days, event_days : ndarray of float, shape (n,), or None
        Days from ``as_of`` to ``observed_until`` and to the observed end (NaN: none seen).
    known_on : ndarray of datetime64[D], shape (n,), or None
        Day on which the label became known (NaT: not known); None when such a day does not exist in the table.
    observed_until : date or None
        Last day that was seen.
    horizon_days : int or None
        Length of the outcome window, in days.
    counts : dict of str to int
        ``accounts``, ``success``, ``churned``, ``censored``, ``excluded``.
    reasons : dict of str to int
        Accounts without a label, by reason in words; every censored or excluded account is counted once.
    rates : dict of str to float
        Success share of the ``known`` accounts taken as they are, ``weighted`` for censoring, and, with a horizon,
        of the ``mature`` accounts that were followed for all of it.
    notes : list of str
        Sentences for the report.
    """

    label: Floats
    weight: Floats
    state: Objects
    follow_up_days: Floats | None
    event_days: Floats | None
    known_on: Days | None
    observed_until: date | None
    horizon_days: int | None
    counts: dict[str, int]
    reasons: dict[str, int] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def known(self) -> Flags:
        """Tell which accounts have a label, shape (n,)."""
        return ~np.isnan(self.label)

    @property
    def followed(self) -> Flags:
        """Tell which labelled accounts were seen for the whole horizon (all of them without one), shape (n,)."""
        if self.follow_up_days is None or self.horizon_days is None:
            return self.known
        return np.asarray(self.known & (self.follow_up_days >= self.horizon_days))

    @property
    def n_success(self) -> int:
        """Count the successes."""
        return self.counts[SUCCESS]

    @property
    def n_churned(self) -> int:
        """Count the churned accounts."""
        return self.counts[CHURNED]

    @property
    def n_censored(self) -> int:
        """Count the accounts whose outcome is not known yet."""
        return self.counts[CENSORED]


def label_outcome(
    outcome: Outcome, columns: Mapping[str, npt.NDArray[Any]], as_of: Days | None, observed_until: date | None
) -> Labels:
    """Return the labels of every account as known at the end of the day ``observed_until``.

    Parameters
    ----------
    outcome : Outcome
        The study's definition: a finished label (``column``) or a lifetime (``ended``).
    columns : mapping of str to ndarray, each of shape (n,)
        ``{"column": text or None}`` for a finished label, ``{"ended": datetime64[D]}`` (NaT: still a customer) for a
        lifetime.
    as_of : ndarray of datetime64[D], shape (n,), or None
        The day each account's clock starts. Required with a lifetime.
    observed_until : date or None
        Last day that was seen; None means the latest ``as_of``.

    Returns
    -------
    Labels
        One entry per account, in the given order.

    Raises
    ------
    ConfigError
        When a lifetime has no ``as_of`` or no horizon, or one value is both success and failure.
    DataError
        When no value of the finished label is a success or a failure.
    TooFewError
        When no account was followed for the whole horizon.

    Notes
    -----
    A lifetime is a success when the account is still a customer at the end of day ``as_of + horizon_days``; an end on
    or before that day is churn. With T the day of the end, C the follow-up and H the horizon, a label is known when
    C >= min(T, H), and gets the weight ``1 / G(min(T, H))`` with ``G(t)`` the share of accounts followed for at least
    t days. G is the empirical share, because the day the table was drawn is the only reason for censoring, so that C
    is known for everybody. The weights are right when churn does not depend on the day of signing.
    A finished label has no day of churn, so its early failures cannot be weighted: with a horizon only accounts that
    were followed for all of it are used.

    References
    ----------
    Vock et al. (2016), Adapting machine learning techniques to censored time-to-event health record data,
    Journal of Biomedical Informatics 61:119, section 3.
    """
    labels = _label(outcome, columns, as_of, observed_until)
    if outcome.horizon_days is not None and labels.follow_up_days is not None:
        _require_mature(labels, outcome.horizon_days)
    return labels


def relabel_at(outcome: Outcome, columns: Mapping[str, npt.NDArray[Any]], as_of: Days, day: date) -> Labels:
    """Return the labels as they were known at the end of an earlier day.

    Outcomes after ``day`` are censored, accounts signed on ``day`` or later are excluded: a test period that starts
    on ``day`` shares nothing with them. Unlike :func:`label_outcome`, having no known label is an answer, not an error.

    Parameters
    ----------
    outcome, columns, as_of
        As for :func:`label_outcome`.
    day : date
        Last day that may be seen.

    Returns
    -------
    Labels
        One entry per account, in the given order.
    """
    return _label(outcome, columns, as_of, day, signed_before=day)


def reweighted(labels: Labels, rows: Flags, reason: str) -> Labels:
    """Return the labels of some of the accounts, weighted for their own follow-up only.

    Weights of the whole table are wrong for one period of it, because later accounts were followed for less time.

    Parameters
    ----------
    labels : Labels
        Labels of every account.
    rows : ndarray of bool, shape (n,)
        The accounts to keep; the others become ``"excluded"``.
    reason : str
        Why the others are excluded, in words.

    Returns
    -------
    Labels
        One entry per account of ``labels``, in its order.
    """
    out = (labels.state == EXCLUDED) | ~rows
    success, churned = ~out & (labels.label == 1), ~out & (labels.label == 0)
    weight, horizon = (success | churned).astype(np.float64), labels.horizon_days
    if labels.event_days is not None and labels.follow_up_days is not None and horizon is not None:
        weight = _inverse_weights(labels.follow_up_days, labels.event_days, horizon, success | churned, out)
    reasons = {reason: out, "outcome not known": ~(out | success | churned)}
    clock = _Clock(labels.observed_until, horizon, labels.follow_up_days, labels.event_days, labels.known_on)
    return _assemble(_Found(success, churned, out, reasons), np.minimum(weight, WEIGHT_CAP), clock)


def follow_up_share(follow_up_days: Floats, at_days: Floats) -> Floats:
    """Return the share of accounts that were followed for at least the given numbers of days.

    Parameters
    ----------
    follow_up_days : ndarray of float, shape (n,)
        Follow-up of every account, in days.
    at_days : ndarray of float, shape (m,)
        Where the share is wanted, in days.

    Returns
    -------
    ndarray of float, shape (m,)
        Between 0 and 1; 1 means that nobody is censored before that day.

    Examples
    --------
    >>> follow_up_share(np.array([10.0, 20.0, 30.0, 40.0]), np.array([10.0, 25.0, 41.0])).tolist()
    [1.0, 0.5, 0.0]
    """
    ordered = np.sort(follow_up_days)
    at_least = ordered.size - np.searchsorted(ordered, at_days, side="left")
    return np.asarray(at_least / max(ordered.size, 1), dtype=np.float64)


@dataclass(frozen=True)
class _Found:
    """Who is what: flags of shape (n,), and why the others have no label."""

    success: Flags
    churned: Flags
    out: Flags
    reasons: dict[str, Flags]


@dataclass(frozen=True)
class _Clock:
    """When things happened; None where the table does not say."""

    observed_until: date | None = None
    horizon: int | None = None
    follow_up: Floats | None = None
    event: Floats | None = None
    known_on: Days | None = None


def _label(
    outcome: Outcome,
    columns: Mapping[str, npt.NDArray[Any]],
    as_of: Days | None,
    observed_until: date | None,
    signed_before: date | None = None,
) -> Labels:
    if as_of is not None and observed_until is None and not np.isnat(as_of).all():
        observed_until = as_of[~np.isnat(as_of)].max().astype("datetime64[D]").item()
    excluded = _exclusions(as_of, observed_until, signed_before)
    clock = _Clock(observed_until, outcome.horizon_days)
    if outcome.column is not None:
        return _label_finished(outcome, columns["column"], as_of, clock, excluded)
    if as_of is None or clock.horizon is None or clock.observed_until is None:
        raise ConfigError(
            message("outcome", "a lifetime without as_of, horizon_days or observed_until", "all three", "Add them")
        )
    return _label_lifetime(columns["ended"], as_of, clock.observed_until, clock.horizon, excluded)


def _exclusions(as_of: Days | None, observed_until: date | None, signed_before: date | None) -> dict[str, Flags]:
    """Return, by reason, the accounts that cannot be rows whatever their outcome is."""
    if as_of is None:
        return {}
    reasons = {"as_of is empty": np.isnat(as_of)}
    if signed_before is not None:
        reasons[f"as_of not before {signed_before}"] = as_of >= np.datetime64(signed_before, "D")
    elif observed_until is not None:
        reasons[f"as_of later than observed_until {observed_until}"] = as_of > np.datetime64(observed_until, "D")
    return reasons


def _label_lifetime(ended: Days, as_of: Days, until: date, horizon: int, excluded: dict[str, Flags]) -> Labels:
    excluded = {**excluded, "ended before as_of": ended < as_of}
    out = _any(excluded, len(as_of))
    follow_up = _days_until(as_of, until)
    event = _days_between(as_of, np.where(ended <= np.datetime64(until, "D"), ended, _NO_DAY))
    churned = ~out & (event <= horizon)
    success = ~out & ~churned & (follow_up >= horizon)
    known = churned | success
    weight = _inverse_weights(follow_up, event, horizon, known, out)
    known_on = np.where(churned, ended, np.where(success, as_of + np.timedelta64(horizon, "D"), _NO_DAY))
    reasons = {**excluded, f"still a customer, followed for less than {horizon} days": ~(out | known)}
    clock = _Clock(until, horizon, follow_up, event, known_on)
    labels = _assemble(_Found(success, churned, out, reasons), np.minimum(weight, WEIGHT_CAP), clock)
    labels.notes.extend(_lifetime_notes(labels, horizon, n_capped=int((weight > WEIGHT_CAP).sum())))
    return labels


def _inverse_weights(follow_up: Floats, event: Floats, horizon: int, known: Flags, out: Flags) -> Floats:
    """Return 1 / G(min(T, H)) of the known accounts, before any cap, and 0 for the others."""
    weight = np.zeros(len(follow_up))
    weight[known] = 1.0 / follow_up_share(follow_up[~out], np.fmin(event, horizon)[known])
    return weight


def _label_finished(
    outcome: Outcome, cells: npt.NDArray[Any], as_of: Days | None, clock: _Clock, excluded: dict[str, Flags]
) -> Labels:
    is_success, is_failure = match_values(cells, outcome)
    labelled = is_success | is_failure
    require_some(cells, outcome, labelled)
    out, mature = _any(excluded, len(cells)), np.ones(len(cells), dtype=bool)
    if as_of is not None and clock.observed_until is not None:
        clock = replace(clock, follow_up=_days_until(as_of, clock.observed_until))
    if as_of is not None and clock.follow_up is not None and clock.horizon is not None:
        mature = clock.follow_up >= clock.horizon
        due = as_of + np.timedelta64(clock.horizon, "D")
        clock = replace(clock, known_on=np.where(~out & mature & labelled, due, _NO_DAY))
    reasons = {
        **excluded,
        "no value that means success or failure": ~labelled,
        f"followed for less than the horizon of {clock.horizon} days": ~mature,
    }
    found = _Found(~out & mature & is_success, ~out & mature & is_failure, out, reasons)
    labels = _assemble(found, (found.success | found.churned).astype(np.float64), clock)
    labels.notes.extend(_finished_notes(clock.horizon, as_of, n_immature=int((~out & ~mature & labelled).sum())))
    return labels


def _assemble(found: _Found, weight: Floats, clock: _Clock) -> Labels:
    success, known = found.success, found.success | found.churned
    label = np.where(success, 1.0, np.where(found.churned, 0.0, np.nan))
    state = np.full(len(label), CENSORED, dtype=object)
    state[success], state[found.churned], state[found.out] = SUCCESS, CHURNED, EXCLUDED
    counts = {kind: int((state == kind).sum()) for kind in (SUCCESS, CHURNED, CENSORED, EXCLUDED)}
    ones = np.ones(len(label))
    rates = {"known": _share(success, known * ones), "weighted": _share(success, weight)}
    if clock.follow_up is not None and clock.horizon is not None:
        rates["mature"] = _share(success, (known & (clock.follow_up >= clock.horizon)) * ones)
    return Labels(
        label=label,
        weight=weight,
        state=state,
        follow_up_days=clock.follow_up,
        event_days=clock.event,
        known_on=clock.known_on,
        observed_until=clock.observed_until,
        horizon_days=clock.horizon,
        counts={"accounts": len(label), **counts},
        reasons=_count_once(found.reasons),
        rates=rates,
    )


def _count_once(reasons: dict[str, Flags]) -> dict[str, int]:
    """Count every account under the first reason that holds for it; reasons that hold for nobody are left out."""
    counts: dict[str, int] = {}
    seen: Flags | None = None
    for reason, flags in reasons.items():
        fresh = flags if seen is None else flags & ~seen
        seen = flags if seen is None else flags | seen
        if fresh.any():
            counts[reason] = int(fresh.sum())
    return counts


def _days_until(start: Days, until: date) -> Floats:
    return _days_between(start, np.full(len(start), np.datetime64(until, "D")))


def _days_between(start: Days, end: Days) -> Floats:
    days = (end.astype("datetime64[D]") - start.astype("datetime64[D]")).astype(np.float64)
    return np.asarray(np.where(np.isnat(start) | np.isnat(end), np.nan, days), dtype=np.float64)


def _any(reasons: Mapping[str, Flags], n: int) -> Flags:
    return np.asarray(np.logical_or.reduce([np.zeros(n, dtype=bool), *reasons.values()]))


def _share(success: Flags, weight: Floats) -> float:
    """Return the weighted share of successes, NaN when nothing has weight."""
    total = float(weight.sum())
    return float(weight[success].sum() / total) if total else float("nan")


def _require_mature(labels: Labels, horizon: int) -> None:
    rows = labels.state != EXCLUDED
    follow_up = np.array([]) if labels.follow_up_days is None else labels.follow_up_days[rows]
    if labels.follow_up_days is None or (follow_up >= horizon).any():
        return
    longest = f"the longest for {follow_up.max():.0f} days" if len(follow_up) else "no account is left"
    raise TooFewError(
        message(
            "outcome",
            f"0 of {labels.counts['accounts']:,} accounts followed for the whole horizon of {horizon} days ({longest}, "
            f"observed until {labels.observed_until})",
            f"accounts with as_of at least {horizon} days before observed_until",
            "Use a shorter horizon_days, add older accounts, or wait: early failures alone make every account look bad",
        )
    )


def _lifetime_notes(labels: Labels, horizon: int, n_capped: int) -> list[str]:
    if not labels.n_censored:
        return []
    rates = labels.rates
    notes = [
        f"{labels.n_censored:,} accounts are still customers but were followed for less than {horizon} days: "
        "neither success nor churned.",
        f"Early churners and survivors of the whole horizon alone (the naive query) have a success share of "
        f"{rates['known']:.3f}. Weighted for those still too young it is {rates['weighted']:.3f}, which is used; among "
        f"accounts followed for all {horizon} days it is {rates['mature']:.3f}.",
    ]
    if n_capped:
        notes.append(
            f"{n_capped:,} weights were cut to {WEIGHT_CAP:g}, because few accounts were followed for long enough; "
            "the success share is then too low."
        )
    return notes


def _finished_notes(horizon: int | None, as_of: Days | None, n_immature: int) -> list[str]:
    if horizon is None:
        return ["The day on which labels became known is unknown; every label counts as known on the as_of day."]
    if as_of is None:
        return [f"Without as_of, follow-up of {horizon} days cannot be checked; every label counts as known."]
    if n_immature:
        return [
            f"{n_immature:,} accounts have a label but were followed for less than {horizon} days: not used. A "
            "finished label has no day of churn, so early failures cannot be weighted; using them would be biased."
        ]
    return []
