"""Find who over-delivers failures: rules, channels, campaigns and cohorts, and what their failures cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import betainc
from scipy.stats import false_discovery_control, norm

from icp_ml.accounts.personal import personal_kind, protected_kind
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast
from icp_ml.icp.refine.found import Found
from icp_ml.icp.standing.cohorts import channels
from icp_ml.icp.suggested.failure_cost import Cost, failure_cost
from icp_ml.icp.suggested.rule_words import opposite, rule_words
from icp_ml.icp.words import points
from icp_ml.rules.writer import rule_text

Flags = npt.NDArray[np.bool_]
Kind = Literal["rule", "channel", "campaign", "segment"]

FEWEST_KNOWN = 10
"""Customers of known outcome that a value needs to be tried."""
MOST_VALUES = 50
"""A column that is no segment and has more values than this names accounts rather than cohorts."""
FALSE_DISCOVERY_RATE = 0.10
SMALL_SIDE = 1 / 3
"""Largest share of the customers that the failing side of a rule may be; beyond it the rule says whom to want."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_KINDS: dict[str, Kind] = {
    **dict.fromkeys(("channel", "medium", "utm", "source", "referrer"), "channel"),
    **dict.fromkeys(("campaign", "campaigns", "promotion"), "campaign"),
}


@dataclass(frozen=True)
class AntiRule:
    """A set of customers that fails more than the others.

    Attributes
    ----------
    rule : str
        In the small language where it can be said in it; the channel of a deal is only named.
    kind : {"rule", "channel", "campaign", "segment"}
    contrast : Contrast
        Success inside against the others.
    q_value : float
        Expected share of chance findings among what is told up to here.
    n_failures : int
        Failed customers inside.
    excess_failures : float
        How many fewer would have failed among as many customers of the whole base.
    cost : Cost
        Of the failures inside.
    words : str
        The rule in words.
    """

    rule: str
    kind: Kind
    contrast: Contrast
    q_value: float
    n_failures: int
    excess_failures: float
    cost: Cost
    words: str

    @property
    def sentence(self) -> str:
        """Return the evidence in words."""
        inside, outside = self.contrast.inside, self.contrast.outside
        cost = "" if self.cost.amount is None else f" The cost: {self.cost.words}."
        return (
            f"Where {self.words}, {self.n_failures:,} of {inside.n:,} customers with a known outcome failed "
            f"({100 * inside.share:.0f} % success against {100 * outside.share:.0f} % of the others; "
            f"{points(self.contrast.difference)}, 90 %: {100 * self.contrast.low:.0f} to "
            f"{100 * self.contrast.high:.0f}): about {max(self.excess_failures, 0):.0f} more than among as many "
            f"average customers.{cost}"
        )

    def as_document(self) -> dict[str, Any]:
        """Return the finding as a JSON object."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "n": self.contrast.inside.n,
            "success": self.contrast.inside.as_document(),
            "difference": self.contrast.difference,
            "low": self.contrast.low,
            "high": self.contrast.high,
            "q_value": self.q_value,
            "failures": self.n_failures,
            "excess_failures": self.excess_failures,
            "cost": self.cost.amount,
            "cost_words": self.cost.words,
            "sentence": self.sentence,
        }


@dataclass(frozen=True)
class AntiProfile:
    """Who over-delivers failures.

    Attributes
    ----------
    rules : tuple of AntiRule
        Most excess failures first.
    n_tried : int
        Values of cohorts that were tried; the rules come from a search that counts its own.
    sentence : str
    """

    rules: tuple[AntiRule, ...]
    n_tried: int
    sentence: str

    def as_document(self) -> dict[str, Any]:
        """Return the findings as a JSON object."""
        return {
            "sentence": self.sentence,
            "n_tried": self.n_tried,
            "rules": [rule.as_document() for rule in self.rules],
        }


@dataclass(frozen=True, eq=False)
class _Candidate:
    rule: str
    kind: Kind
    inside: Flags
    words: str


def anti_profile(base: CustomerBase, found: Found) -> AntiProfile:
    """Return the rules, channels, campaigns and cohorts that over-deliver failures.

    Parameters
    ----------
    base : CustomerBase
    found : Found
        Its rules name, by their other side, who is left out; they are corrected for the whole search already.

    Notes
    -----
    Every value of a segment of the study, of a column that names a channel or campaign, and of the channel of the
    deals is tried when at least 10 customers of known outcome have it: one-sided, by the larger of the pooled normal
    tail and the binomial mid-p at the effective numbers (the normal tail alone finds too much in small sets), with
    Benjamini-Hochberg over all values at .10. The status of an account is left out, because it says how the account
    ended, and so are columns that tell of persons.

    Where nothing matters, 2 to 9 % of 150 simulated tables each tell something (300 and 1,000 customers, 5 to 40 % of
    them failing, 13 values); where two values of a fifth and a tenth of the customers fail .20 more, .88 of them are
    told at 1,000 customers and .35 at 300, and 1 to 2 % of what is told is false.
    """
    tried = list(_distinct(base, _cohorts(base)))
    contrasts = [base.contrast(one.inside) for one in tried]
    q_values = _q_values([_p_of_failing(one) for one in contrasts])
    told = [
        _told(base, one, compared, q)
        for one, compared, q in zip(tried, contrasts, q_values, strict=True)
        if q <= FALSE_DISCOVERY_RATE and compared.difference < 0
    ]
    told += _of_rules(base, found)
    told.sort(key=lambda one: (-one.excess_failures, one.rule))
    return AntiProfile(tuple(told), len(tried), _sentence(told, len(tried), found.tried))


def _of_rules(base: CustomerBase, found: Found) -> list[AntiRule]:
    """Return the failing side of every rule that was found, where that is a small side and not most of the base."""
    told = []
    for rule in found.rules:
        answers = base.answers(rule.rule)
        fails = answers == (1 if rule.gain < 0 else 0)
        compared = base.contrast(fails)
        if compared.difference < 0 and fails.sum() <= SMALL_SIDE * (answers >= 0).sum():
            text = rule.rule if rule.gain < 0 else opposite(rule.rule)
            one = _Candidate(text, "rule", fails, rule_words(text, base.study.labels))
            told.append(_told(base, one, compared, rule.q_value))
    return told


def _told(base: CustomerBase, one: _Candidate, compared: Contrast, q_value: float) -> AntiRule:
    labels, inside = base.labels, compared.inside
    everyone = base.contrast(np.ones(len(base), dtype=bool)).inside.share
    failed = one.inside & (labels.label == 0)
    return AntiRule(
        rule=one.rule,
        kind=one.kind,
        contrast=compared,
        q_value=float(q_value),
        n_failures=int(failed.sum()),
        excess_failures=inside.n * (everyone - inside.share),
        cost=failure_cost(base, failed),
        words=one.words,
    )


def _cohorts(base: CustomerBase) -> Iterator[_Candidate]:
    """Yield every value of a cohort column, in the order of columns and values."""
    labels = base.study.labels
    for column, kind in _columns(base).items():
        for value, inside in _values(base.rule_frame[column].to_numpy()):
            text = rule_text(column, "==", value)
            yield _Candidate(text, kind, inside, rule_words(text, labels))
    of_deals = np.empty(0, dtype=object) if base.deals is None else channels(base.customers.ids, base.deals)
    for value, inside in _values(of_deals):
        yield _Candidate(f"deal channel: {value}", "channel", inside, f"the deal came through {value}")


def _columns(base: CustomerBase) -> dict[str, Kind]:
    """Return the columns that name cohorts: segments, and text columns named like channels or campaigns."""
    study = base.study
    left_out = {*study.sensitive, *study.pass_through, *study.ignore, study.outcome.column}
    left_out |= {study.status.column} if study.status is not None else set()
    kinds = {name: _kind(name) for name in base.rule_frame.columns if isinstance(name, str)}
    found = {name: kinds.get(name) or "segment" for name in study.segments}
    found |= {name: kind for name, kind in kinds.items() if kind is not None}
    found = {name: kind for name, kind in found.items() if name not in left_out}
    return {name: kind for name, kind in found.items() if _is_cohort(base, name, name in study.segments)}


def _kind(column: str) -> Kind | None:
    return next((_KINDS[word] for word in map(str.lower, _WORD.findall(column)) if word in _KINDS), None)


def _is_cohort(base: CustomerBase, column: str, is_segment: bool) -> bool:
    """Tell whether the values of a column are groups of accounts; those of a segment are, however many they are."""
    if column not in base.rule_frame or pd.api.types.is_numeric_dtype(base.rule_frame[column].dtype):
        return False
    cells = base.rule_frame[column].dropna()
    n = int(cells.nunique())
    if pd.api.types.is_datetime64_any_dtype(cells.dtype) or n < 2 or (n > MOST_VALUES and not is_segment):
        return False
    values = [str(value) for value in cells.unique()]
    return personal_kind(column, values) is None and protected_kind(column, values) is None


def _values(cells: npt.NDArray[Any]) -> Iterator[tuple[str, Flags]]:
    known = pd.notna(cells)
    for value in sorted({str(cell) for cell in cells[known]}):
        yield value, np.asarray(known & (cells.astype(str) == value))


def _distinct(base: CustomerBase, candidates: Iterator[_Candidate]) -> Iterator[_Candidate]:
    """Leave out small sets, and sets that were met under another name."""
    seen: set[bytes] = set()
    for one in candidates:
        n_known = int((one.inside & base.labels.known).sum())
        if n_known >= FEWEST_KNOWN and one.inside.tobytes() not in seen:
            seen.add(one.inside.tobytes())
            yield one


def _p_of_failing(compared: Contrast) -> float:
    """Return how likely so much less success inside is when the set does not matter; 1 where nothing can be told."""
    if isnan(compared.z):
        return 1.0
    inside, outside = compared.inside, compared.outside
    n = inside.n_effective + outside.n_effective
    failing = 1.0 - (inside.share * inside.n_effective + outside.share * outside.n_effective) / n
    failed = (1.0 - inside.share) * inside.n_effective
    as_many = float(betainc(failed, inside.n_effective - failed + 1.0, failing)) if failed > 0 else 1.0
    more = float(betainc(failed + 1.0, inside.n_effective - failed, failing)) if failed < inside.n_effective else 0.0
    return max(float(norm.cdf(compared.z)), (as_many + more) / 2)


def _q_values(p_values: Sequence[float]) -> npt.NDArray[np.float64]:
    return np.asarray(false_discovery_control(p_values)) if len(p_values) else np.empty(0)


def _sentence(told: Sequence[AntiRule], n_tried: int, n_rules: int) -> str:
    tried = f"{n_tried:,} values of channels, campaigns and segments and {n_rules:,} rules were tried"
    if not told:
        return f"{tried}; none goes together with more failures than chance would let some seem to."
    worst = told[0]
    goes = "one goes" if len(told) == 1 else f"{len(told)} go"
    return f"{tried}; {goes} together with more failures. The most: {worst.sentence}"
