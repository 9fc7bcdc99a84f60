"""Compare reach, conversion, success and value inside fit tiers with the time before the situation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from math import nan

import numpy as np
import numpy.typing as npt

from icp_ml.icp.base import CustomerBase
from icp_ml.icp.market import Market
from icp_ml.icp.tactics.result import OF_TACTICS, TOGETHER, Says, StageRow, Tactics
from icp_ml.icp.tactics.stages import MIN_REFERENCE, Funnel, Pair, share_of_loss
from icp_ml.icp.tactics.tiers import EVERY, NAMES, Tiers, tiers_of
from icp_ml.icp.tactics.window import SHORTEST_DAYS, windows

Flags = npt.NDArray[np.bool_]
ALPHA = 0.05
"""Chance, over all rows together, of calling something a loss that is none."""
NOT_WORSE = 2 / 3
"""A ratio surely above it counts as no loss worth acting on."""


def compare_tactics(base: CustomerBase, market: Market | None = None) -> Tactics:
    """Tell whether reach, conversion or success fell since the situation began, inside fit tiers.

    Parameters
    ----------
    base : CustomerBase
    market : Market, optional
        Puts the prospects of lost and open deals into tiers; without it reach, conversion and value are told of every
        account together. Its answers must hold every criterion and every need of a missing capability.

    Returns
    -------
    Tactics
        "profile" when success inside the matching tier fell; "tactics" when the loss that costs most is reach or
        conversion; "neither" when every stage of the matching tier is surely above two thirds of what it was; else
        "cannot tell".

    Notes
    -----
    Conversion and success are period life tables: every deal that was open, and every customer, counts at the ages it
    had in each period, so that young deals and customers are compared at equal age and what is still open counts as
    open (`icp_ml.icp.tactics.life_table.compared`). Intervals are bootstrap intervals (4,000 draws, seeded), wider
    where deals come in bursts. Neither a trend nor the season is taken out.

    References
    ----------
    Preston, Heuveline & Guillot (2001), Demography, chapter 3; Holm (1979), Scandinavian Journal of Statistics 6:65;
    Shapley (1953) for the shares of the change of a product.
    """
    now, reference = windows(base)
    if min(now.days, reference.days) < SHORTEST_DAYS:
        short = "situation" if now.days < SHORTEST_DAYS else "time before it that is known"
        sentence = f"Profile or tactics cannot be told yet: the {short} is shorter than {SHORTEST_DAYS} days."
        return Tactics("cannot tell", sentence, now, reference)
    tiers, funnel = tiers_of(base, market), Funnel(base, now, reference)
    pairs = _measured(base, tiers, funnel)
    rows = _judged(base, pairs)
    largest = _largest(rows)
    says = _says(rows, largest)
    notes = (*tiers.notes, *_notes(base, tiers, funnel, rows))
    return Tactics(says, _sentence(says, rows, largest), now, reference, rows, largest, notes)


def _measured(base: CustomerBase, tiers: Tiers, funnel: Funnel) -> dict[tuple[str, str], Pair]:
    """Return what could be measured, by tier and stage."""
    pairs: dict[tuple[str, str], Pair] = {}
    for name, stage, measure, rows in _asked(base, tiers, funnel):
        pair = measure(rows)
        if pair is not None:
            pairs[name, stage] = pair
    return pairs


_Asked = tuple[str, str, Callable[[Flags], Pair | None], Flags]


def _asked(base: CustomerBase, tiers: Tiers, funnel: Funnel) -> Iterator[_Asked]:
    situation = base.profile.situation
    is_sales = situation.mode == "acquisition"
    has_value = situation.goal.measure == "revenue"
    every = base.deals is not None and not tiers.has_prospects
    if is_sales and every:
        rows = np.ones(len(tiers.deals), dtype=bool)
        yield from _of_deals(EVERY, rows, funnel, has_value)
    for at, name in enumerate(NAMES):
        of_customers = tiers.customers == at
        if is_sales and base.deals is None:
            yield name, TOGETHER, funnel.reach, of_customers
        elif is_sales and not every:
            yield from _of_deals(name, tiers.deals == at, funnel, has_value)
        yield name, "success", funnel.success, of_customers


def _of_deals(name: str, rows: Flags, funnel: Funnel, has_value: bool) -> Iterator[_Asked]:
    yield name, "reach", funnel.reach, rows
    yield name, "conversion", funnel.conversion, rows
    if has_value:
        yield name, "value", funnel.value, rows


def _judged(base: CustomerBase, pairs: Mapping[tuple[str, str], Pair]) -> tuple[StageRow, ...]:
    rows = [_row(tier, stage, pair) for (tier, stage), pair in pairs.items()]
    chances = [share_of_loss(now.draws, reference.draws) for now, reference in pairs.values()]
    losses = _holm(chances)
    effects = _effects(base, pairs)
    return tuple(
        replace(row, effect=effects.get((row.tier, row.stage)), is_loss=bool(loss and row.ratio < 1))
        for row, loss in zip(rows, losses, strict=True)
    )


def _row(tier: str, stage: str, pair: Pair) -> StageRow:
    now, reference = pair
    ratio = low = high = nan
    if reference.value > 0:
        ratio = now.value / reference.value
        ends = np.quantile(now.draws / reference.draws, [0.05, 0.95])
        low, high = min(float(ends[0]), ratio), max(float(ends[1]), ratio)
    return StageRow(tier, stage, now.value, reference.value, ratio, low, high, now.n, reference.n, now.days)


def _holm(chances: Sequence[float]) -> list[bool]:
    """Return which of several tests hold when the chance of any false one is to stay at `ALPHA`.

    Examples
    --------
    >>> _holm([0.001, 0.03, 0.02]), _holm([0.001, 0.03, 0.2])
    ([True, True, True], [True, False, False])
    """
    order = np.argsort(chances, kind="stable")
    bars = ALPHA / (len(chances) - np.arange(len(chances)))
    holds = np.array(chances)[order] <= bars
    n_found = len(holds) if holds.all() else int(np.argmin(holds))
    found = np.zeros(len(chances), dtype=bool)
    found[order[:n_found]] = True
    return [bool(one) for one in found]


def _effects(base: CustomerBase, pairs: Mapping[tuple[str, str], Pair]) -> dict[tuple[str, str], float]:
    """Return the change of the goal per 30 days that goes with each stage."""
    measure = base.profile.situation.goal.measure
    if measure not in ("revenue", "customers"):
        return {}
    stages = [TOGETHER] if base.deals is None else ["reach", "conversion"]
    stages += ["value"] if measure == "revenue" else []
    found: dict[tuple[str, str], float] = {}
    for tier in dict.fromkeys(tier for tier, _ in pairs):
        if not all((tier, stage) in pairs for stage in stages):
            continue
        levels = [(pairs[tier, stage][0].value, pairs[tier, stage][1].value) for stage in stages]
        found |= {(tier, stage): one for stage, one in zip(stages, shares_of_change(levels), strict=True)}
        if (tier, "success") in pairs:
            now, reference = pairs[tier, "success"]
            won = float(np.prod([level for level, _ in levels]))
            found[tier, "success"] = won * (now.value / reference.value - 1) if reference.value > 0 else 0.0
    return found


def shares_of_change(levels: Sequence[tuple[float, float]]) -> list[float]:
    """Return how much of the change of a product goes with each factor: Shapley values, which add up to it.

    Parameters
    ----------
    levels : sequence of (now, before)

    Examples
    --------
    >>> shares_of_change([(6.0, 10.0), (0.5, 0.5)])
    [-2.0, 0.0]
    """
    total = np.zeros(len(levels))
    orders = list(permutations(range(len(levels))))
    for order in orders:
        factors = np.array([before for _, before in levels])
        for at in order:
            earlier = factors.prod()
            factors[at] = levels[at][0]
            total[at] += factors.prod() - earlier
    return [float(one) for one in total / len(orders)]


def _largest(rows: Sequence[StageRow]) -> StageRow | None:
    """Return the loss that costs most; where costs are not known, the smallest ratio."""
    losses = [row for row in rows if row.is_loss]
    if any(row.effect is None for row in losses):
        return min(losses, key=lambda row: row.ratio)
    return min(losses, key=lambda row: row.effect or 0.0, default=None)


def _says(rows: Sequence[StageRow], largest: StageRow | None) -> Says:
    if any(row.is_loss and row.stage == "success" and row.tier == NAMES[0] for row in rows):
        return "profile"
    if largest is not None:
        return "tactics" if largest.stage in OF_TACTICS else "neither"
    matching = [row for row in rows if row.tier in (NAMES[0], EVERY)]
    is_whole = {"success"} < {row.stage for row in matching}
    return "neither" if is_whole and all(row.low >= NOT_WORSE for row in matching) else "cannot tell"


def _sentence(says: Says, rows: Sequence[StageRow], largest: StageRow | None) -> str:
    if says == "profile":
        (fell,) = (row for row in rows if row.is_loss and row.stage == "success" and row.tier == NAMES[0])
        return f"This speaks against the profile: {fell.sentence}."
    if says == "tactics" and largest is not None:
        return f"This speaks for a change of tactics: {largest.sentence}."
    if largest is not None:
        return f"Neither the profile nor reach or conversion lost most: {largest.sentence}."
    if says == "neither":
        return (
            "Neither reach, conversion nor success of accounts that match the profile fell by more than a third "
            "against the time before."
        )
    if not rows:
        return "Profile or tactics cannot be told: nothing could be measured in both periods."
    return (
        "Profile or tactics cannot be told: nothing fell by more than chance explains, and a loss of a third could "
        "have been missed."
    )


def _notes(base: CustomerBase, tiers: Tiers, funnel: Funnel, rows: Sequence[StageRow]) -> Iterator[str]:
    is_sales = base.profile.situation.mode == "acquisition"
    yield (
        f"The reference is {funnel.reference.first} to {funnel.reference.last}, {funnel.reference.days} days; "
        "neither a trend nor the season is taken out."
    )
    if not is_sales:
        yield "A customer-success profile is judged after signing: reach and conversion are not compared."
    elif base.deals is None:
        yield "No deals table: customers signed tell reach and conversion together; `deals` in the study parts them."
    elif not tiers.has_prospects:
        yield "Without prospects lost and open deals are in no tier: reach and conversion are told of every account."
    if is_sales and base.deals is not None and not funnel.has_lost:
        yield "No deal was lost in the table of deals: conversion is not measured."
    elif is_sales and base.deals is not None and not funnel.cycle_days:
        yield f"Fewer than {MIN_REFERENCE} wins before the situation: conversion is not measured."
    elif is_sales and base.deals is not None:
        yield f"Conversion is told at {funnel.cycle_days - 1} days after opening, when 80 % of the wins have come."
    if not any(row.stage == "success" for row in rows):
        yield "Success could not be told in both periods: it needs `as_of`, and a horizon or `leading_outcome`."
    elif base.study.leading_outcome is not None:
        yield f"Success is the early signal '{base.study.leading_outcome.column}', which is not success itself."
