"""Choose what is said of a rule: which of two, its effect and interval, and what to keep in mind about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, isnan

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.intervals import Z_90
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.refine.confirm import later_contrast
from icp_ml.icp.refine.found import FoundRule
from icp_ml.icp.refine.grid import Grid
from icp_ml.icp.refine.sample import Sample, chosen_by, sums_of
from icp_ml.icp.refine.search import Judged, Searched, stable_share
from icp_ml.icp.words import difference_words

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

WITHIN_NOISE = 0.5
"""Rules whose studentised differences are so close to the best are not told apart by the outcomes."""
WIDENING = 1.15
"""The mixture of effects is estimated too: by so much its intervals are too narrow, as measured."""
_MOSTLY = 0.5
_CLOSE = 1e-9


@dataclass(frozen=True)
class Reported:
    """What is said of the effect of a rule: its number in the grid, then as in `FoundRule`.

    ``before`` is the effect over all customers where later ones have another one.
    """

    which: int
    gain: float
    low: float
    high: float
    step_gain: float | None
    before: float | None = None


def reported(one: Judged, searched: Searched) -> Reported:
    """Return the effect that is reported, in the direction of the tested contrast.

    A confirmed rule is the one that earlier customers chose, with the interval of the later ones, and with their
    difference where that interval excludes the shrunk effect. Any other is the best of all customers, with an interval
    around the shrunk effect.
    """
    gain, spread = searched.gains.shrunk(one.effect.gain, one.effect.gain_error)
    step, _ = searched.steps.shrunk(one.effect.step, one.effect.step_error)
    if one.later is not None and one.later.confirmed:
        low, high, which = one.later.low, one.later.high, one.later.which
    else:
        half = WIDENING * Z_90 * spread
        low, high, which = gain - half, gain + half, one.best.which
    before = None
    if one.later is not None and not low <= gain <= high:  # a confirmed rule, and its effect changed
        before, gain = gain, one.later.difference
    is_step = one.grid.actions[which] in ("tighten", "loosen")
    return Reported(which, gain, max(low, -1.0), min(high, 1.0), step if is_step else None, before)


def found_rule(one: Judged, searched: Searched, base: CustomerBase, contribution: Floats | None) -> FoundRule:
    """Return a discovery as it is handed on.

    Parameters
    ----------
    one : Judged
        The discovery.
    searched : Searched
        All attributes.
    base : CustomerBase
        Whose rule it is.
    contribution : ndarray of float, shape (n,), or None
        Of the attribute in the model, in log-odds; picks among rules that the outcomes do not tell apart.
    """
    said = reported(one, searched)
    confirmed = one.later is not None and one.later.confirmed
    which = said.which if confirmed or contribution is None else _like_model(one, searched.sample, contribution)
    grid, candidate, mask = one.grid, one.grid.candidates[which], one.grid.mask(which)
    gain, low, high = said.gain, said.low, said.high
    if grid.actions[which] == "drop":  # told of those that meet the criterion
        gain, low, high = -gain, -high, -low
    later = () if confirmed else _gone(mask, low if gain >= 0 else high, base)
    return FoundRule(
        rule=candidate.rule,
        attribute=grid.attribute,
        fit=grid.fit,
        action=grid.actions[which],
        replaces=grid.replaces,
        mask=mask,
        gain=gain,
        low=low,
        high=high,
        step_gain=said.step_gain,
        p_value=one.p_value,
        q_value=one.q_value,
        n=int((base.labels.known & mask).sum()),
        n_outside=int((base.labels.known & ~mask).sum()),
        confirmed=confirmed,
        stable_share=stable_share(grid, which, searched.sample, base.study.seed),
        threshold=candidate.threshold,
        caveats=(*_caveats(one, which, base, contribution), *_changed(said), *later),
    )


def _like_model(one: Judged, sample: Sample, contribution: Floats) -> int:
    """Return, of the rules for the same action within noise of the best, the one most like where the model says yes."""
    grid, best = one.grid, one.best.which
    z = chosen_by(grid, sums_of(grid, sample))[0]
    close = [
        which
        for which in np.flatnonzero(z >= z[best] - WITHIN_NOISE).tolist()
        if grid.actions[which] == grid.actions[best] and _same_shape(grid, which, best)
    ]
    alike = [float(((contribution > 0) == grid.mask(which)).mean()) for which in close]
    return best if alike[close.index(best)] >= max(alike) - _CLOSE else close[int(np.argmax(alike))]


def _same_shape(grid: Grid, which: int, best: int) -> bool:
    """Tell whether two rules are both one cut, or both something else: a simpler one is never made a band."""
    one, other = grid.candidates[which], grid.candidates[best]
    return (one.threshold is None) == (other.threshold is None) and one.about_missing == other.about_missing


def _caveats(one: Judged, which: int, base: CustomerBase, contribution: Floats | None) -> Iterator[str]:
    grid, label = one.grid, base.study.label_of(one.grid.attribute)
    inside, against = grid.sides(which)
    if grid.candidates[which].about_missing:
        yield f"It asks whether '{label}' is recorded, not what it is: who gets recorded may be what differs."
    elif _is_mostly_missing(grid, which, base):
        yield f"At least half of the difference comes from customers for whom '{label}' is not recorded."
    if one.within is not None:
        yield (
            "It is met more often in some periods of signing than in others; among customers signed in the same period "
            f"the difference is {100 * one.within.difference:+.0f} points."
        )
    if contribution is not None and contribution[inside].mean() < contribution[against].mean():
        yield f"With all other attributes taken into account, the model sees '{label}' the other way round."


def _changed(said: Reported) -> Iterator[str]:
    if said.before is not None:
        then, now = (round(100 * abs(gain)) for gain in (said.before, said.gain))
        yield f"The difference is {now} points among later customers and {then} over all of them: it has changed."


def _gone(mask: Flags, end: float, base: CustomerBase) -> Iterator[str]:
    """Say so when the interval of later customers ends before that of a rule begins, at the end nearer to 0."""
    if base.split.kind != "time":
        return
    found = later_contrast(mask, base.split, base.customers.groups)
    if found.low > end if end < 0 else found.high < end:
        n = found.inside.n + found.outside.n
        yield f"Among {n:,} later customers the difference is {difference_words(found)}: it may hold no longer."


def _is_mostly_missing(grid: Grid, which: int, base: CustomerBase) -> bool:
    inside, against = grid.sides(which)
    has_value = base.rule_frame[grid.attribute].notna().to_numpy()
    if has_value.all():
        return False
    whole = base.contrast(inside, inside | against).difference
    recorded = base.contrast(inside, (inside | against) & has_value).difference
    return not isnan(recorded) and isfinite(whole) and recorded < _MOSTLY * whole
