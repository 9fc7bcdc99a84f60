"""End every review in something to do: whom to interview, what to ask, which field to fill, how long to wait."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from icp_ml.accounts.audit.maturity import maturity_of
from icp_ml.accounts.personal import personal_kind
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.ledger.entries import change_words
from icp_ml.icp.market import Market
from icp_ml.icp.suggested.matching import Matching
from icp_ml.model.classifier import SuccessClassifier
from icp_ml.model.evaluation.judged import judged_rows, percent
from icp_ml.model.evaluation.surprises import Surprise, Surprises, surprises
from icp_ml.model.explanation.case import Case
from icp_ml.model.explanation.evidence import questions_worth_asking
from icp_ml.model.explanation.words import Words
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.reasons import attribute_reasons, value_text

Kind = Literal["interview", "fill", "wait", "decide", "test", "write"]
Indices = npt.NDArray[np.int64]

N_EACH = 3
"""Accounts to talk to of each sort."""
MIN_OF_A_CLASS = 3
"""Surprises need so many successes and failures among the accounts that are looked at."""
SMALLEST_GAP = 0.05
"""A field is worth filling when at least this share of accounts lacks it."""


@dataclass(frozen=True)
class Action:
    """Something to do.

    Attributes
    ----------
    kind : {"interview", "fill", "wait", "decide", "test", "write"}
    sentence : str
    who : tuple of mapping
        Accounts to talk to: ``id``, ``why``, ``question``.
    due : date or None
    """

    kind: Kind
    sentence: str
    who: tuple[Mapping[str, str], ...] = ()
    due: dt.date | None = None

    def as_document(self) -> dict[str, Any]:
        """Return the action as a JSON object."""
        due = None if self.due is None else self.due.isoformat()
        return {"kind": self.kind, "who": [dict(one) for one in self.who], "sentence": self.sentence, "due": due}


def actions(
    base: CustomerBase,
    market: Market | None,
    criteria: Sequence[Mapping[str, Any]],
    suggestions: Sequence[Mapping[str, Any]],
) -> tuple[Action, ...]:
    """Return what to do after this review; never empty.

    Parameters
    ----------
    base, market
        Customers, and prospects where they were given.
    criteria, suggestions : sequence of mapping
        Their documents; of the suggestions those that are still to be decided.
    """
    found = [
        *_expired(base),
        *_decisions(base, suggestions),
        *_interviews(base),
        *_prospects(base, market),
        *_fields(base, criteria),
        *_waiting(base, criteria),
    ]
    if found:
        return tuple(found)
    sentence = "Talk to the three newest customers and write down what they want to achieve: nothing else is known yet."
    return (Action("interview", sentence),)


def _expired(base: CustomerBase) -> Iterator[Action]:
    ends = base.profile.situation.ends
    if base.today > ends:
        sentence = (
            f"Write the next situation: this one ended on {ends.isoformat()}. Copy the profile, raise `version`, set "
            "new dates and a new goal."
        )
        yield Action("write", sentence, due=base.today)


def _decisions(base: CustomerBase, suggestions: Sequence[Mapping[str, Any]]) -> Iterator[Action]:
    """Ask for a decision on what was confirmed, and for a test of what was not."""
    confirmed = [one for one in suggestions if one["confirmed"]]
    if confirmed:
        first = confirmed[0]
        sentence = (
            f"Decide whether to {change_words(first, quote='`')}: it held on later customers. Note it in the "
            f"folder of the profile: `icp-ml profile decide {base.profile.path.name} --suggestion {first['id']} "
            "--accept --by NAME`, or `--reject`."
        )
        yield Action("decide", sentence)
    open_ones = [one for one in suggestions if not one["confirmed"]]
    if open_ones:
        first = open_ones[0]
        sentence = (
            f"Test whether to {change_words(first, quote='`')}: go on signing customers on both sides of the rule, "
            "and see at the next review whether it held."
        )
        yield Action("test", sentence)


def _interviews(base: CustomerBase) -> Iterator[Action]:
    """Name the customers that ended most unlike their score."""
    found = _surprises(base)
    if found is None:
        return
    ask = _Asking(base)
    people = [ask.about(one) for one in (*found.high_failures[:N_EACH], *found.low_successes[:N_EACH])]
    if people:
        sentence = f"Interview {len(people)} customers that ended otherwise than their score said: they know what the "
        weak = "" if base.model.ready else " Their scores say little: the model has not passed every gate."
        yield Action("interview", f"{sentence}table does not.{weak}", who=tuple(people))


def _surprises(base: CustomerBase) -> Surprises | None:
    judge, labels = _judge(base), base.labels
    if judge is None:
        return None
    fit, rows = judge
    rows = rows[labels.known[rows] & (labels.weight[rows] > 0)]
    outcome = labels.label[rows]
    if min((outcome == 1).sum(), (outcome == 0).sum()) < MIN_OF_A_CLASS:
        return None
    frame = base.customers.frame[[known.column for known in base.model.contract.attributes]].iloc[rows]
    groups = base.customers.groups
    judged = judged_rows(
        outcome,
        fit.decision_function(frame),
        weight=labels.weight[rows],
        clusters=None if groups is None else np.unique(groups[rows], return_inverse=True)[1],
    )

    def speak(places: Indices) -> npt.NDArray[np.object_]:
        some = frame.iloc[places]
        kinds, words = base.customers.kinds, base.study.labels
        return attribute_reasons(some, fit.attribute_contributions(some), kinds, words)

    names = [str(base.customers.ids[row]) for row in rows]
    return surprises(judged, names, speak, has_seen_them=fit is base.model.classifier)


def _judge(base: CustomerBase) -> tuple[SuccessClassifier, Indices] | None:
    """Return a fit and customers for it to be surprised by: later ones and the fit that has not seen them if it can."""
    model = base.model
    if model.evaluation_classifier is not None and base.split.kind == "time":
        return model.evaluation_classifier, base.split.test
    if model.classifier is None:
        return None
    return model.classifier, np.flatnonzero(base.labels.known)


class _Asking:
    """Put a question to a surprise: what is unknown and would change its chance most, or why its reasons failed."""

    def __init__(self, base: CustomerBase) -> None:
        self.base, model = base, base.model
        self.row_of = {str(name): row for row, name in enumerate(base.customers.ids)}
        self.is_personal = personal_kind(base.study.id.column or "", list(self.row_of)) is not None
        kinds = {known.column: known.kind for known in model.contract.attributes}
        self.words = Words(model.labels, kinds, value_text)

    def about(self, one: Surprise) -> dict[str, str]:
        """Return whom to talk to, why, and what to ask."""
        if one.outcome == "churned":
            why = f"{self._stood(one, 'high')} and did not succeed"
            question = "Ask what was missing"
        else:
            why = f"{self._stood(one, 'low')} and succeeded"
            question = "Ask what made it work"
        if one.reasons:
            reason, _, _ = one.reasons[0].rpartition(" (")  # without its log-odds, which nobody can be asked about
            question += f", although {reason} spoke {'for' if one.outcome == 'churned' else 'against'} it"
        return {"id": self._name(one.account), "why": why, "question": f"{question}.{self._unknown(one.account)}"}

    def _stood(self, one: Surprise, where: str) -> str:
        """Return what was said of it; without its chance where chances are withdrawn."""
        is_withdrawn = self.base.model.probability_withdrawn
        return f"stood {where} on the list" if is_withdrawn else f"scored {percent(one.probability)}"

    def _name(self, account: str) -> str:
        return f"customer {customer_key(account)[:8]}" if self.is_personal else account

    def _unknown(self, account: str) -> str:
        model = self.base.model
        if model.classifier is None or model.reference is None:
            return ""
        columns = [known.column for known in model.contract.attributes]
        row = self.base.customers.frame[columns].iloc[[self.row_of[account]]]
        case = Case(account, row, model.classifier, model.reference, model.domain)
        found = questions_worth_asking(case, model.question_value)
        if not found:
            return ""
        label = self.words.labels.get(found[0].column, found[0].column.replace("_", " "))
        return f" Also ask about {label}, which is not known."


def _prospects(base: CustomerBase, market: Market | None) -> Iterator[Action]:
    """Name the prospects that match the profile, are like customers, and have the best chance."""
    if market is None or market.probability is None or not len(market):
        return
    matching = Matching(base, market)
    matched = matching.prospects(matching.written)
    if matched is None:
        return
    inside = market.in_domain & matched
    if market.status is not None:
        inside &= pd.isna(market.status)
    places = np.flatnonzero(inside)
    best = places[np.lexsort((market.ids[places].astype(str), -market.probability[places]))][:N_EACH]
    if not len(best):
        return
    asked = _most_varied(base)
    is_personal = personal_kind(base.study.id.column or "", [str(one) for one in market.ids[:1000]]) is not None
    who = [
        {
            "id": f"prospect {customer_key(str(market.ids[at]))[:8]}" if is_personal else str(market.ids[at]),
            "why": f"matches every criterion{_chance_words(base, market.probability[at])}",
            "question": asked,
        }
        for at in best
    ]
    sentence = f"Talk to {len(who)} prospects that match the profile and have the best chances by the model."
    yield Action("interview", sentence, who=tuple(who))


def _chance_words(base: CustomerBase, chance: float) -> str:
    """Return the chance of a prospect; nothing where the model has not passed every gate."""
    return f", chance of success {percent(chance)} once signed" if base.model.ready else ""


def _most_varied(base: CustomerBase) -> str:
    """Return the question on which chances turn most: what only a talk tells, else what no criterion asks already."""
    value = base.model.question_value
    known = {one.column for one in base.model.contract.attributes}
    later = {name: size for name, size in value.items() if name not in known}
    asked = later or {name: size for name, size in value.items() if name not in base.profile.columns}
    if not asked:
        return "Ask what they want to achieve in the first year."
    column = max(asked, key=lambda name: (asked[name], name))
    return f"Ask about {base.study.label_of(column).replace('_', ' ')}."


def _fields(base: CustomerBase, criteria: Sequence[Mapping[str, Any]]) -> Iterator[Action]:
    """Name the one field whose gaps cost most: of a criterion first, else of the model."""
    gaps = [(one["n_unknown"] / max(one["n_yes"] + one["n_no"] + one["n_unknown"], 1), one["rule"]) for one in criteria]
    share, rule = max(gaps, default=(0.0, ""))
    if share >= SMALLEST_GAP:
        yield Action("fill", f"Fill what `{rule}` asks for: it is unknown for {percent(share)} of the customers.")
        return
    value = base.model.question_value
    frame = base.customers.frame
    missing = {str(column): float(frame[column].isna().mean()) for column in frame}
    lacking = {column: missing[column] * value.get(column, 0.0) for column in missing if missing[column] > SMALLEST_GAP}
    if lacking and max(lacking.values()) > 0:
        column = max(lacking, key=lambda name: (lacking[name], name))
        label = base.study.label_of(column)
        yield Action("fill", f"Fill {label} (`{column}`): it is empty for {percent(missing[column])} of the customers.")


def _waiting(base: CustomerBase, criteria: Sequence[Mapping[str, Any]]) -> Iterator[Action]:
    """Say how many accounts to wait for, and when the next outcomes are known."""
    known = int(base.labels.known.sum())
    unclear = [one for one in criteria if one["state"] == "cannot tell"]
    needed = min((int(one["needed"]) for one in unclear if one.get("needed")), default=0)
    coming = [(days, n) for days, n in maturity_of(base.labels).next if n]
    parts = []
    if unclear and needed > known:
        parts.append(f"{len(unclear)} of {len(criteria)} criteria cannot be judged with {known:,} known outcomes")
        parts.append(f"about {needed:,} would show a difference of 10 points")
    if coming:
        parts.append(f"in {coming[0][0]} days at least {coming[0][1]:,} more outcomes are known: review again then")
    if parts:
        text, due = "; ".join(parts), base.today + dt.timedelta(days=coming[0][0]) if coming else None
        yield Action("wait", f"{text[0].upper()}{text[1:]}.", due=due)
