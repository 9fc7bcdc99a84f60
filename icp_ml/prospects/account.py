"""Take one account apart: its chance, its fits, the reasons, the customers like it, and what to ask next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from icp_ml.accounts.personal import personal_kind
from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.counterfactual import counterfactuals
from icp_ml.model.explanation.evidence import Evidence, fit_evidence, questions_worth_asking
from icp_ml.model.explanation.nearest import nearest_customers
from icp_ml.model.explanation.points import probability_points
from icp_ml.model.explanation.words import Words, declared_attributes
from icp_ml.names import PLAYERS
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.columns import PROBABILITIES
from icp_ml.prospects.lookup import Found
from icp_ml.prospects.reasons import N_REASONS, SMALLEST, reason_text, value_text
from icp_ml.prospects.scorers import SuccessScorer
from icp_ml.prospects.summary import model_notes
from icp_ml.rules import parse_rule

if TYPE_CHECKING:
    from icp_ml.model.classifier import SuccessClassifier
    from icp_ml.model.success_model import SuccessModel

_ANSWERS = {1: "met", 0: "not met", -1: "not known"}
_SMALLEST_PAIR = 0.005
_PAIRS_SHOWN = 5
_NO_REFERENCE = "The model folder holds no customers to compare with: train again to have them."


@dataclass(frozen=True)
class AccountExplanation:
    """One account in depth, as JSON-able content that pages and the terminal draw from.

    Attributes
    ----------
    document : mapping
        ``probability``, ``margin``, ``fits``, ``reasons``, ``like``, ``evidence``, ...; numbers that do not exist
        (a withdrawn probability, a fit that is not measured) are None.
    """

    document: Mapping[str, Any]

    def as_document(self) -> dict[str, Any]:
        """Return the content."""
        return dict(self.document)


def explain_account(model: SuccessModel, found: Found) -> AccountExplanation:
    """Return why an account stands where it stands.

    Parameters
    ----------
    model
        Of either kind; with a hypothesis the criteria take the place of fits.
    found
        The account, read as scoring would.

    Returns
    -------
    AccountExplanation
        Probability, contributions and reasons are those of the score file, bit for bit.
    """
    head = {
        "id": found.id,
        "model": model.label,
        "kind": model.kind,
        "ready": model.ready,
        "horizon_days": model.horizon_days,
        "draft_map": not model.map_reviewed,
        "is_customer": found.is_customer,
        "excluded_by": list(found.excluded_by),
        "withdrawn": model.probability_withdrawn,
    }
    if model.classifier is None:
        body = _hypothesis(model, found)
    else:
        body = _Success(model, found, model.classifier).document()
    body["notes"] = [*_notes(model, found), *body["notes"]]
    return AccountExplanation(head | body)


def _notes(model: SuccessModel, found: Found) -> list[str]:
    notes = []
    if found.is_customer:
        notes.append(
            "This account is one of the customers the model learned from: its chance is not a forecast of anything new."
        )
    notes += [f"Never on a list: excluded by the rule '{rule}'." for rule in found.excluded_by]
    return [*notes, *model_notes(model), *found.notes]


class _Success:
    """An account and a success model, taken apart piece by piece."""

    def __init__(self, model: SuccessModel, found: Found, classifier: SuccessClassifier) -> None:
        self.model, self.found, self.classifier = model, found, classifier
        self.frame = found.admitted.frame
        self.scorer = SuccessScorer(model)
        self.fit_of = {known.column: known.fit for known in model.contract.attributes}
        self.words = Words(model.labels, {known.column: known.kind for known in model.contract.attributes}, value_text)
        self.contributions = classifier.attribute_contributions(self.frame)
        self.points = probability_points(classifier, self.frame, seed=int(model.study.get("seed", 0)))

    def document(self) -> dict[str, Any]:
        """Return everything but what every kind of model says."""
        is_stable = self._is_stable()
        case = self._case()
        notes = [] if self.model.probability_withdrawn else [self.points.sentence]
        return {
            **self._standing(),
            "fits": self._fits(is_stable),
            **self._reasons(is_stable),
            **self._compared(case),
            "interactions": self._interactions(),
            "criteria": [],
            "notes": [*notes, case.reference.sentence if case else _NO_REFERENCE],
        }

    def _case(self) -> Case | None:
        reference, name = self.model.reference, self.found.id
        if reference is None:
            return None
        if personal_kind(self.model.contract.id or "", reference.ids):
            name = _nameless(name)
            reference = replace(reference, ids=np.array([_nameless(one) for one in reference.ids], dtype=object))
        return Case(name, self.frame, self.classifier, reference, self.model.domain)

    def _standing(self) -> dict[str, Any]:
        """Return probability, range and domain, as the score file has them."""
        scores = self.scorer.score(self.found.admitted)
        columns = self.scorer.columns(pa.table(scores.columns), scores.order_by)
        probability, low, high = (columns[name][0].as_py() for name in PROBABILITIES)
        unusual = () if self.model.domain is None else self.model.domain.assess(self.frame)[1][0]
        return {
            "in_domain": bool(scores.in_domain[0]),
            "unusual": [{"column": column, "fit": self.fit_of[column]} for column in unusual],
            "probability": probability,
            "low": low,
            "high": high,
            "base_probability": None if self.model.probability_withdrawn else self.points.base,
            "margin": float(scores.order_by[0]),
            "base_value": float(self.classifier.base_value_),
        }

    def _is_stable(self) -> dict[str, bool | None]:
        """Return which contributions keep their sign when the model is fitted again; None where nobody measured it."""
        stability = self.model.stability
        if stability is None:
            return dict.fromkeys(self.fit_of)
        return {
            column: bool(stability.keeps(column, self.frame[column], self.contributions[column].to_numpy())[0])
            for column in self.fit_of
        }

    def _fits(self, is_stable: Mapping[str, bool | None]) -> list[dict[str, Any]]:
        contributions = self.classifier.contributions_array(self.frame)[0]
        shares = {row.fit: row.known_share for row in fit_evidence(self.frame, self.fit_of, self.model.question_value)}
        return [
            {
                "name": fit,
                "contribution": float(contributions[at]) if fit in self.fit_of.values() else None,
                "points": self._points_of(at) if fit in self.fit_of.values() else None,
                "measured": fit in self.fit_of.values(),
                "known_share": shares.get(fit),
                "attributes": self._attributes(fit, is_stable),
            }
            for at, fit in enumerate(PLAYERS)
        ]

    def _points_of(self, at: int) -> float | None:
        return None if self.model.probability_withdrawn else 100 * float(self.points.values[0, at])

    def _attributes(self, fit: str, is_stable: Mapping[str, bool | None]) -> list[dict[str, Any]]:
        """Return the attributes of a fit, the largest contribution first."""
        own = [column for column, of in self.fit_of.items() if of == fit]
        sizes = {column: float(self.contributions[column].iloc[0]) for column in own}
        return [
            {
                "column": column,
                "label": self.words.label(column),
                "value": self.words.value(column, self.frame[column].iloc[0]),
                "contribution": sizes[column],
                "stable": is_stable[column],
            }
            for column in sorted(own, key=lambda column: -abs(sizes[column]))
        ]

    def _reasons(self, is_stable: Mapping[str, bool | None]) -> dict[str, list[str]]:
        """Return reasons and concerns as in the score file, and what was dropped because it does not stay."""
        texts = self.scorer.detailed_reasons(self.frame)[0]
        sizes = self.contributions[list(self.fit_of)].iloc[0]
        dropped = [
            reason_text(self.words.label(column), value_text(value, self.words.kinds[column]), size)
            for column, size, value in zip(self.fit_of, sizes, self.frame[list(self.fit_of)].iloc[0], strict=True)
            if is_stable[column] is False and abs(size) >= SMALLEST
        ]
        return {
            "reasons": [text for text in texts[:N_REASONS] if text],
            "concerns": [text for text in texts[N_REASONS:] if text],
            "dropped": dropped,
        }

    def _compared(self, case: Case | None) -> dict[str, Any]:
        """Return what the reference customers say about the account."""
        rows = fit_evidence(self.frame, self.fit_of, self.model.question_value)
        is_withdrawn = self.model.probability_withdrawn
        if case is None:
            nothing = {"sentence": _NO_REFERENCE, "rows": []}
            evidence = Evidence(rows, ()).as_document(self.words)
            return {"like": [], "unlike": [], "around": None, "evidence": evidence, "counterfactuals": nothing}
        nearest = nearest_customers(case)
        changeable = [name for name, key in declared_attributes(self.model.study).items() if key.get("changeable")]
        questions = questions_worth_asking(case, self.model.question_value)
        changes = counterfactuals(case, changeable)
        return {
            "like": [one.as_document(self.words) for one in nearest.successes],
            "unlike": [one.as_document(self.words) for one in nearest.failures],
            "around": nearest.sentence,
            "evidence": Evidence(rows, questions).as_document(self.words, is_withdrawn=is_withdrawn),
            "counterfactuals": changes.as_document(case, self.words, is_withdrawn=is_withdrawn),
        }

    def _interactions(self) -> list[dict[str, Any]]:
        """Return the pairs of fits that add most beyond each alone, in log-odds, largest first."""
        matrix = self.classifier.fit_interactions(self.frame)[0]
        pairs = [
            {"a": PLAYERS[i], "b": PLAYERS[j], "value": float(matrix[i, j] + matrix[j, i])}
            for i, j in combinations(range(len(PLAYERS)), 2)
            if abs(matrix[i, j] + matrix[j, i]) >= _SMALLEST_PAIR
        ]
        return sorted(pairs, key=lambda pair: -abs(float(str(pair["value"]))))[:_PAIRS_SHOWN]


def _nameless(account: str) -> str:
    """Return what a customer is called where ids are data of persons."""
    return f"customer {customer_key(account)[:8]}"


def _hypothesis(model: SuccessModel, found: Found) -> dict[str, Any]:
    """Return which criteria the account meets; there is no chance, no fit and no evidence."""
    rules = [parse_rule(text, "criteria") for text in model.criteria]
    answers = [(rule.text, _ANSWERS[int(rule.evaluate(found.admitted.rules)[0])]) for rule in rules]
    missing = ("probability", "low", "high", "base_probability", "margin", "base_value", "around")
    why = "The hypothesis is untested: there is no model whose chance could change."
    return {
        "in_domain": True,
        "unusual": [],
        **dict.fromkeys(missing),
        "fits": [],
        "reasons": [f"{text} (met)" for text, answer in answers if answer == "met"],
        "concerns": [f"{text} (not met)" for text, answer in answers if answer == "not met"],
        "dropped": [],
        "like": [],
        "unlike": [],
        "evidence": {"rows": [], "questions": _criteria_to_find_out(answers)},
        "counterfactuals": {"sentence": why, "rows": []},
        "interactions": [],
        "criteria": [{"text": text, "answer": answer} for text, answer in answers],
        "notes": [],
    }


def _criteria_to_find_out(answers: list[tuple[str, str]]) -> list[dict[str, str]]:
    unknown = [text for text, answer in answers if answer == "not known"]
    return [{"column": text, "label": text, "sentence": f"Find out whether {text}."} for text in unknown[:2]]
