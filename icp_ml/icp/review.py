"""Confront a profile with the evidence: populations, criteria, suggestions, milestones, a verdict, something to do."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from icp_ml import __version__
from icp_ml.accounts.audit.power import power_of
from icp_ml.icp.actions import actions
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.coverage import coverage
from icp_ml.icp.ledger import Ledger, score_ledger
from icp_ml.icp.market import Market, Source, read_market
from icp_ml.icp.milestones import Milestones, judge_milestones
from icp_ml.icp.profile import Goal
from icp_ml.icp.refine.find import find_rules
from icp_ml.icp.refine.found import Found
from icp_ml.icp.standing.criteria import judge_criteria
from icp_ml.icp.standing.populations import populations
from icp_ml.icp.suggested.antiprofile import AntiProfile, anti_profile
from icp_ml.icp.suggested.matching import Matching
from icp_ml.icp.suggested.openings import openings
from icp_ml.icp.suggested.price import price
from icp_ml.icp.suggested.suggestions import Suggestion, ensured_by, rules_to_ask, suggestions
from icp_ml.icp.tactics import compare_tactics
from icp_ml.icp.verdict import MIN_KNOWN, decide
from icp_ml.prospects.summary import model_notes

logger = logging.getLogger(__name__)

_SALES_CHOSE = (
    "Customers are those that sales chose and won: what is associated with success among them may differ among "
    "companies that were never asked. Working a few accounts outside the profile, drawn at random, would tell."
)


@dataclass(frozen=True)
class Review:
    """A profile confronted with the evidence.

    Attributes
    ----------
    document : mapping
        What ``review.json`` holds; the reference of the review names every key.
    """

    document: Mapping[str, Any]

    def as_document(self) -> dict[str, Any]:
        """Return the review as a JSON object."""
        return dict(self.document)


@dataclass(frozen=True)
class _Judged:
    """What the customers alone say, before any prospect is read."""

    found: Found
    suggested: tuple[Suggestion, ...]
    anti: AntiProfile
    milestones: Milestones

    def rules(self, base: CustomerBase) -> tuple[str, ...]:
        """Return every rule that prospects are held against."""
        return rules_to_ask(self.suggested, base)


def review_base(base: CustomerBase, prospects: Source | None, ledger: Ledger) -> Review:
    """Return the review of a profile.

    Parameters
    ----------
    base : CustomerBase
        The profile, the customers and what else is known of them.
    prospects : path or DataFrame, optional
        The market, read once.
    ledger : Ledger
        What earlier reviews of this profile predicted.

    Returns
    -------
    Review
        With fewer than 100 known outcomes it describes: no rule is searched for, and the verdict is that it cannot
        tell; it still ends in something to do.
    """
    judged = _judge(base)
    market = None
    if prospects is not None:
        logger.info("reading the prospects")
        market = read_market(prospects, base, judged.rules(base))
    return Review(_document(base, market, judged, ledger))


def _judge(base: CustomerBase) -> _Judged:
    logger.info("searching for rules among %s known outcomes", f"{int(base.labels.known.sum()):,}")
    found = find_rules(base) if int(base.labels.known.sum()) >= MIN_KNOWN else _nothing(base)
    suggested = suggestions(base, found)
    logger.info("judging milestones")
    return _Judged(found, suggested, anti_profile(base, found), judge_milestones(base))


def _nothing(base: CustomerBase) -> Found:
    n = int(base.labels.known.sum())
    note = f"No rule was searched for: {n} known outcomes are fewer than the {MIN_KNOWN} that a search asks for."
    power = power_of(base.customers, base.labels)
    return Found(rules=(), tried=0, n_attributes=0, power=power, notes=(note,))


def _document(base: CustomerBase, market: Market | None, judged: _Judged, ledger: Ledger) -> dict[str, Any]:
    milestones = judged.milestones.as_document()
    criteria, people = judge_criteria(base, market), populations(base, market)
    prices = price(judged.suggested, base, market, milestones)
    whole, tactics = base.contrast(base.in_profile()), compare_tactics(base, market).as_document()
    verdict = decide(whole, milestones, tactics)
    suggested = [one.as_document() for one in prices.suggestions]
    rows = [one.as_document() for one in criteria.rows]
    document = {
        "profile": _profile(base),
        **verdict.as_document(),
        "today": base.today.isoformat(),
        "progress": milestones,
        "populations": [one.as_document() for one in people.rows],
        "populations_note": " ".join(people.notes),
        "whole": whole.as_document(),
        "criteria": rows,
        "criteria_note": " ".join([criteria.sentence, *criteria.notes]),
        "profile_against_rules": criteria.against_rules,
        "suggestions": suggested,
        "not_found": _not_found(judged.found),
        **_tried(judged.found),
        **{name: told for name, told in prices.as_document().items() if name != "suggestions"},
        "anti_profile": judged.anti.as_document(),
        "openings": openings(base, market).as_document(),
        "coverage": _coverage(base, market),
        "tactics": tactics,
        "fits": base.model.importance,
        "actions": [one.as_document() for one in actions(base, market, rows, _to_decide(suggested, ledger))],
        **_lineage(base, market),
        "notes": list(_notes(base, market, judged)),
        "run_id": _run_id(base, market),
    }
    return document | {"ledger": score_ledger(ledger, base, document).as_document()}


def _to_decide(suggested: Sequence[Mapping[str, Any]], ledger: Ledger) -> list[Mapping[str, Any]]:
    """Return the suggestions that leave enough prospects for the goal and that nobody has decided on."""
    decided = {entry.get("suggestion") for entry in ledger.of_kind("decision")}
    return [one for one in suggested if one["offered"] and one["id"] not in decided]


def _not_found(found: Found) -> str:
    """Say what was tried without result, and what so few customers cannot show."""
    if not found.tried:
        return " ".join(found.notes) or "No rule was searched for."
    return f"{found.sentence} {found.power.sentence}"


def _tried(found: Found) -> dict[str, Any]:
    power = found.power.as_document()
    return {"tried": found.tried, "n_attributes": found.n_attributes, "power": power}


def _profile(base: CustomerBase) -> dict[str, Any]:
    profile, today = base.profile, base.today
    situation = profile.situation
    return {
        "name": profile.name,
        "version": profile.version,
        "digest": profile.digest,
        "starts": situation.starts.isoformat(),
        "ends": situation.ends.isoformat(),
        "mode": situation.mode,
        "goal": _goal(situation.goal, base),
        "baseline": {"value": profile.baseline.value, "on": profile.baseline.on.isoformat()},
        "criteria": [rule.text for rule in profile.criteria],
        "expired": today > situation.ends,
        "days_left": max((situation.ends - today).days, 0),
    }


def _goal(goal: Goal, base: CustomerBase) -> dict[str, Any]:
    measure = goal.measure if isinstance(goal.measure, str) else goal.measure.column
    economics = base.study.economics
    unit = "" if economics is None or measure != "revenue" else f" {economics.currency}"
    return {"measure": measure, "target": goal.target, "words": f"{goal.target:,.0f}{unit} {measure}"}


def _lineage(base: CustomerBase, market: Market | None) -> dict[str, Any]:
    labels, model = base.labels, base.model
    return {
        "market": None if market is None else _market(base, market),
        "customers": {
            "n": len(base),
            "known": int(labels.known.sum()),
            "success": labels.n_success,
            "churned": labels.n_churned,
            "censored": labels.n_censored,
        },
        "model": {
            "label": model.label,
            "kind": model.kind,
            "ready": model.ready,
            "draft_map": not model.map_reviewed,
            "horizon_days": model.horizon_days,
        },
    }


def _market(base: CustomerBase, market: Market) -> dict[str, Any]:
    """Count the prospects that match, and those that may match: an answer is not known, and nothing else is amiss."""
    texts, matching = [rule.text for rule in base.profile.criteria], Matching(base, market)
    inside, closed = matching.prospects(texts), matching.prospects([])
    answers = np.array([market.answers[text] for text in texts])
    unknown = (answers != 0).all(axis=0) & (answers == -1).any(axis=0) & (True if closed is None else closed)
    chance, some = market.probability, inside is not None and bool(inside.any())
    return {
        "n": len(market),
        "matching": None if inside is None else int(inside.sum()),
        "unknown": int(unknown.sum()),
        "probability_matching": float(chance[inside].mean()) if some and chance is not None else None,
        "probability_all": float(chance.mean()) if chance is not None and len(chance) else None,
        "out_of_domain": int((~market.in_domain).sum()),
        "counts": dict(market.counts),
    }


def _coverage(base: CustomerBase, market: Market | None) -> dict[str, Any] | None:
    """Return how much of the market each tier holds; nothing for a profile that is judged after signing."""
    if market is None or base.profile.situation.mode == "customer_success":
        return None
    return coverage(base, market).as_document()


def _notes(base: CustomerBase, market: Market | None, judged: _Judged) -> Iterator[str]:
    yield from model_notes(base.model)
    yield from base.labels.notes
    yield from base.split.steps[-1:]
    yield from judged.found.notes
    for rule in judged.found.rules:
        if gate := ensured_by(base, rule):
            yield f"`{rule.rule}` holds up too and changes nothing: the missing capability '{gate}' ensures it already."
    yield from () if base.deals is None else base.deals.warnings
    yield from () if base.progress is None else base.progress.warnings
    yield from () if market is None else market.notes
    yield from base.notes
    yield _SALES_CHOSE


def _run_id(base: CustomerBase, market: Market | None) -> str:
    """Digest everything that decides the content of the review but the ledger: what was said and decided before."""
    decides = {
        "model": base.model.label,
        "customers": base.customers.sha256,
        "study": base.study.digest,
        "profile": base.profile.digest,
        "version": base.profile.version,
        "tables": _digests((base.deals, base.progress, market)),
        "code": __version__,
    }
    return hashlib.sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()[:16]


def _digests(tables: Sequence[Any]) -> list[str]:
    return ["" if table is None else str(table.sha256) for table in tables]
