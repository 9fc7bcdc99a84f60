"""Find the criteria that the customers speak for, among all that a table of them could suggest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.audit.power import power_of
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.refine.found import Found, FoundRule
from icp_ml.icp.refine.grid import Grid, grid_of, is_simple
from icp_ml.icp.refine.offer import found_rule
from icp_ml.icp.refine.screen import N_PERMUTATIONS
from icp_ml.icp.refine.search import Evidence, Searched, about_the_same, search
from icp_ml.rules import Rule

Floats = npt.NDArray[np.float64]

LEAST_OF_EACH = 10
"""Successes and failures without which nothing is searched for."""


def find_rules(base: CustomerBase, *, n_permutations: int = N_PERMUTATIONS) -> Found:
    """Return the changes of a profile that the evidence speaks for: at most one per attribute, best first.

    Parameters
    ----------
    base : CustomerBase
        Customers, outcomes and profile.
    n_permutations : int
        Of the test against chance.

    Returns
    -------
    Found
        Rules at a false discovery rate of .10 over all attributes, with the number of rules tried. Nothing found is a
        normal answer.

    Notes
    -----
    Candidates are a fixed grid per attribute, which no outcome has a say in: cuts near deciles in both directions,
    bands between them, levels and pairs of levels, a value at all. The best of an attribute is tested against the best
    that outcomes dealt at random reach, and attributes against each other at a false discovery rate. Effects come from
    customers that did not choose the cut and are shrunk; a rule is confirmed when earlier customers choose it and it
    holds on later ones. ``benchmarks/refinements.py`` measures all of this.
    """
    power, fits = power_of(base.customers, base.labels), base.fit_of
    counts = (base.labels.n_success, base.labels.n_churned)
    if min(counts) < LEAST_OF_EACH:
        note = f"{counts[0]} successes and {counts[1]} failures: no rule is searched for below {LEAST_OF_EACH} of each."
        return Found(rules=(), tried=0, n_attributes=len(fits), power=power, notes=(note,))
    grids = _grids(base, fits)
    evidence = Evidence(
        labels=base.labels,
        split=base.split,
        as_of=base.customers.as_of,
        groups=base.customers.groups,
        n_permutations=n_permutations,
        seed=base.study.seed,
    )
    searched = search(grids, evidence)
    return Found(
        rules=_best_first(_found(searched, base)),
        tried=sum(len(grid.candidates) for grid in grids),
        n_attributes=len(fits),
        power=power,
        notes=tuple(_notes(searched, base)),
    )


def _grids(base: CustomerBase, fits: Mapping[str, str]) -> list[Grid]:
    simple = _simple_criteria(base.profile.criteria)
    found = (grid_of(base.rule_frame[name], fit, simple.get(name)) for name, fit in fits.items())
    return [grid for grid in found if grid is not None]


def _simple_criteria(criteria: Sequence[Rule]) -> dict[str, Rule]:
    """Return the one simple criterion of every column that has exactly one criterion."""
    on: dict[str, list[Rule]] = {}
    for rule in criteria:
        for column in rule.columns:
            on.setdefault(column, []).append(rule)
    return {column: rules[0] for column, rules in on.items() if len(rules) == 1 and is_simple(rules[0])}


def _found(searched: Searched, base: CustomerBase) -> list[FoundRule]:
    discoveries = [one for one in searched.judged if one.is_found]
    contributions = _contributions(base) if discoveries else {}
    return [found_rule(one, searched, base, contributions.get(one.grid.attribute)) for one in discoveries]


def _contributions(base: CustomerBase) -> Mapping[str, Floats]:
    """Return the contribution of every attribute of the model to every customer, in log-odds; none of a hypothesis."""
    classifier = base.model.classifier
    if classifier is None:
        return {}
    table = classifier.attribute_contributions(base.customers.frame[list(classifier.features_.attributes)])
    return {str(name): table[name].to_numpy() for name in table}


def _best_first(rules: Sequence[FoundRule]) -> tuple[FoundRule, ...]:
    """Return the rules in order, each saying so when it selects mostly the customers of a better one."""
    ordered = sorted(rules, key=lambda rule: (not rule.confirmed, rule.q_value, -abs(rule.gain), rule.rule))
    told = []
    for at, rule in enumerate(ordered):
        alike = [better.rule for better in ordered[:at] if about_the_same(rule.mask, better.mask)]
        more = (f"It selects mostly the same customers as '{alike[0]}'.",) if alike else ()
        told.append(replace(rule, caveats=(*rule.caveats, *more)))
    return tuple(told)


def _notes(searched: Searched, base: CustomerBase) -> Iterator[str]:
    for grid in (one.grid for one in searched.judged if one.goes_with_signing):
        yield (
            f"'{base.study.label_of(grid.attribute)}' goes together with success, but not among customers signed in "
            "the same period: it goes with the time of signing and is not offered."
        )
    if base.customers.as_of is None:
        yield "Without a day of signing nobody can tell a rule from the time of signing."
    if base.split.kind != "time":
        yield "No rule is confirmed: there is no split by time, so no later customers that chose nothing."
    simple = _simple_criteria(base.profile.criteria)
    columns = {column for rule in base.profile.criteria for column in rule.columns}
    for column in sorted((columns & base.fit_of.keys()) - simple.keys()):
        yield f"'{column}' stands in several criteria or in a compound one: rules on it are judged as if it did not."
