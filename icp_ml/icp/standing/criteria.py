"""Judge the criteria of a profile, line by line: supported, contradicted, or not to be told with so many customers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from icp_ml.accounts.audit.power import ONE_ALPHA
from icp_ml.icp.base import CustomerBase
from icp_ml.icp.contrast import Contrast
from icp_ml.icp.market import Market
from icp_ml.icp.standing.against_rules import AgainstRules, against_rules
from icp_ml.icp.standing.criterion_caveats import caveats_of, is_blocked
from icp_ml.icp.standing.periods import Within, within_periods
from icp_ml.icp.standing.waiting import Arrivals, Needed, needed_for
from icp_ml.icp.words import difference_words, share_words
from icp_ml.rules import Rule

State = Literal["supported", "contradicted", "cannot tell"]
FEWEST = 10
"""Customers of known outcome on each side, below which nothing is called supported or contradicted."""
NOTES = (
    "A criterion is supported, or contradicted, when the 90 % interval of the difference leaves out 0 and the test "
    "holds at 5 % for all criteria together (Holm). A customer without a value is on neither side.",
    "A criterion that these same customers suggested is flattered by them: customers signed since are its test.",
    "The customers are those that were sold to; what holds among them need not hold among accounts that nobody tried.",
)


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One line of the profile, judged.

    Attributes
    ----------
    rule : str
        As written.
    fit : str or None
        The fit (or context) its columns belong to; None where that is not one, or no attribute of the study.
    state : {"supported", "contradicted", "cannot tell"}
    n_yes, n_no, n_unknown : int
        Customers that meet it, do not, and of which a value it needs is missing.
    contrast : Contrast
        Success of those that meet it against those that do not; a difference of 0 is no association.
    p_value : float
        Two-sided, corrected for the number of criteria (Holm), 0 to 1; NaN when nothing could be tested.
    needed : Needed
        What it takes to see ten points.
    market_share : float or None
        Share of the prospects that meet it, 0 to 1; None without prospects.
    caveats : tuple of str
        What a reader must know before acting.
    """

    rule: str
    fit: str | None
    state: State
    n_yes: int
    n_no: int
    n_unknown: int
    contrast: Contrast
    p_value: float
    needed: Needed
    market_share: float | None = None
    caveats: tuple[str, ...] = ()

    @property
    def coverage(self) -> float:
        """Share of all customers that meet it, 0 to 1; NaN without customers."""
        n = self.n_yes + self.n_no + self.n_unknown
        return self.n_yes / n if n else float("nan")

    @property
    def sentence(self) -> str:
        """Return the judgement in words."""
        inside, outside = self.contrast.inside, self.contrast.outside
        if not inside.n or not outside.n:
            side = "meets it" if not inside.n else "fails it"
            return f"{self.rule}: cannot tell, because no customer of known outcome {side}."
        sides = f"{share_words(inside)} among those who meet it, {share_words(outside)} among the others"
        found = f"{self.rule}: {self.state}. {sides}: {difference_words(self.contrast)}."
        return found if self.state != "cannot tell" else f"{found} {self.needed.sentence}".rstrip()

    def as_document(self) -> dict[str, Any]:
        """Return the judgement as a JSON object; NaN is None."""
        return {
            "rule": self.rule,
            "fit": self.fit,
            "state": self.state,
            "n_yes": self.n_yes,
            "n_no": self.n_no,
            "n_unknown": self.n_unknown,
            "coverage": None if isnan(self.coverage) else self.coverage,
            **self.contrast.as_document(),
            "p_value": None if isnan(self.p_value) else self.p_value,
            **self.needed.as_document(),
            "market_share": self.market_share,
            "sentence": self.sentence,
            "caveats": list(self.caveats),
        }


@dataclass(frozen=True)
class JudgedCriteria:
    """Every criterion of the profile, and the profile as a whole against other rules.

    Attributes
    ----------
    rows : tuple of Criterion
        In the order of the profile.
    whole : AgainstRules
        The profile against rules that choose about as many customers.
    notes : tuple of str
        How it was judged.
    """

    rows: tuple[Criterion, ...]
    whole: AgainstRules
    notes: tuple[str, ...] = NOTES

    @property
    def sentence(self) -> str:
        """Return how many criteria are supported, contradicted, or cannot be told."""
        counts = {state: sum(row.state == state for row in self.rows) for state in ("supported", "contradicted")}
        rest = len(self.rows) - sum(counts.values())
        said = ", ".join(f"{n} {state}" for state, n in counts.items())
        of = f"Of {len(self.rows)} criteria" if len(self.rows) > 1 else "Of 1 criterion"
        return f"{of}: {said}, {rest} that these customers cannot tell."

    @property
    def against_rules(self) -> dict[str, Any]:
        """Return where the profile stands among other rules, as a JSON object."""
        return self.whole.as_document()

    def as_document(self) -> dict[str, Any]:
        """Return all of it as a JSON object."""
        return {
            "sentence": self.sentence,
            "criteria": [row.as_document() for row in self.rows],
            "profile_against_rules": self.against_rules,
            "notes": list(self.notes),
        }


def judge_criteria(base: CustomerBase, market: Market | None = None) -> JudgedCriteria:
    """Return what the customers say of every criterion, and of the profile as a whole.

    Parameters
    ----------
    base : CustomerBase
        The customers and the profile.
    market : Market, optional
        Prospects that were asked for every criterion; not looked at where the profile is judged after signing.

    Returns
    -------
    JudgedCriteria
        One row per criterion.

    Notes
    -----
    Each criterion is one question that was written down, so the test is that of a difference of two shares with
    Holm's correction over the criteria. A criterion whose difference is mostly one between periods of signing, or
    that asks a column which knows the outcome, cannot be told.

    References
    ----------
    Holm (1979), Scandinavian Journal of Statistics 6:65. Newcombe (1998), Statistics in Medicine 17:873.
    """
    asked = [_Asked.of(base, rule) for rule in base.profile.criteria]
    corrected = holm([one.p_value for one in asked])
    arrivals = Arrivals.of(base.labels, base.customers.as_of)
    alpha = ONE_ALPHA / max(len(asked), 1)
    needed = [needed_for(one.contrast, arrivals, answered_share=one.answered, alpha=alpha) for one in asked]
    prospects = None if base.profile.situation.mode == "customer_success" else market
    rows = tuple(_judged(base, *one, prospects) for one in zip(asked, corrected, needed, strict=True))
    return JudgedCriteria(rows, against_rules(base))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number by Holm's step-down; NaN counts for nothing and stays NaN.

    Examples
    --------
    >>> [round(p, 3) for p in holm([0.01, 0.04, float("nan"), 0.03])]
    [0.03, 0.06, nan, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = [int(at) for at in np.argsort(p, kind="stable") if not isnan(p[at])]
    steps = np.maximum.accumulate([p[at] * (len(order) - rank) for rank, at in enumerate(order)] or [0.0])
    corrected = np.full(len(p), np.nan)
    corrected[order] = np.minimum(steps, 1.0)[: len(order)]
    return [float(one) for one in corrected]


@dataclass(frozen=True, eq=False)
class _Asked:
    """A criterion with its answers, before it is judged beside the others."""

    rule: Rule
    answers: npt.NDArray[np.int8]
    contrast: Contrast
    within: Within | None

    @classmethod
    def of(cls, base: CustomerBase, rule: Rule) -> _Asked:
        answers = base.answers(rule)
        met, answered = answers == 1, answers != -1
        return cls(rule, answers, base.contrast(met, answered), within_periods(base, met, answered))

    @property
    def p_value(self) -> float:
        """Two-sided p-value of no difference; NaN when a side has too few customers."""
        enough = min(self.contrast.inside.n, self.contrast.outside.n) >= FEWEST
        return float(2 * norm.sf(abs(self.contrast.z))) if enough else float("nan")

    @property
    def answered(self) -> float:
        return float((self.answers != -1).mean()) if len(self.answers) else 0.0


def _judged(base: CustomerBase, asked: _Asked, p_value: float, needed: Needed, market: Market | None) -> Criterion:
    answers, text = asked.answers, asked.rule.text
    caveats = [*caveats_of(base, asked.rule, answers)]
    if asked.within is not None and asked.within.explains:
        caveats.insert(0, asked.within.sentence)
    return Criterion(
        rule=text,
        fit=_fit(base, asked.rule),
        state=_state(base, asked, p_value),
        n_yes=int((answers == 1).sum()),
        n_no=int((answers == 0).sum()),
        n_unknown=int((answers == -1).sum()),
        contrast=asked.contrast,
        p_value=p_value,
        needed=needed,
        market_share=None if market is None or not len(market) else float(market.matches(text).mean()),
        caveats=tuple(caveats),
    )


def _state(base: CustomerBase, asked: _Asked, p_value: float) -> State:
    # A NaN p-value compares as False, so too few customers and one-sided criteria end here as well.
    if is_blocked(base, asked.rule) or not p_value <= ONE_ALPHA or (asked.within and asked.within.explains):
        return "cannot tell"
    if asked.contrast.low > 0:
        return "supported"
    return "contradicted" if asked.contrast.high < 0 else "cannot tell"


def _fit(base: CustomerBase, rule: Rule) -> str | None:
    fits = {attribute.fit for attribute in base.study.attributes if attribute.column in rule.columns}
    listed = {attribute.column for attribute in base.study.attributes}
    return fits.pop() if len(fits) == 1 and rule.columns <= listed else None
