"""Choose the three sentences of the first screen, by declared rules.

One sentence from each of three groups, in this order, then the next ones of the same order until there are three:

1. doubt: what could make the verdict wrong (too good to be true, chance not beaten, warnings of the audit, overrides);
2. limit: where it holds less (later accounts, a slice, bands out of order, what so few accounts cannot show);
3. meaning: what it says (fits by held-out importance, else by how far they move scores).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from icp_ml.report.wording import WHOLE_TABLE, points_up

Facts = Mapping[str, Any]

ALPHA = 0.05
"""A test against chance above this is a doubt; below it, a good answer among the limits."""
N_KEY = 3

CHECKS = (
    *("after_as_of", "counted_after", "single_attribute", "missingness", "precision", "roundness"),
    *("predictive_value", "null_lift", "backfilled"),
    "parity",
    *("late_rating", "late_name"),
    *("label_value", "protected_class", "sensitive_proxy", "personal_data", "effect"),
)
"""Which warning is told first. Those about the table or an attribute of the model go before all others; then what may
be a leak, what prospects lack, what is known late, and what is against the words of the study. A check that is not
named is about hygiene, and comes last."""


def key_findings(facts: Facts) -> list[dict[str, str]]:
    """Return the most important sentences and where each is explained.

    Parameters
    ----------
    facts
        Chapters of evaluation, explanation and audit.

    Returns
    -------
    list of dict
        At most three of ``{"kind", "sentence", "anchor"}``; ``anchor`` is the id of a page of the report.
    """
    told: dict[str, dict[str, str]] = {}
    for kind, anchor, rule in _RULES:
        if sentence := rule(facts):
            told.setdefault(sentence, {"kind": kind, "sentence": sentence, "anchor": anchor})
    found = list(told.values())
    first = [answer for place, answer in enumerate(found) if answer["kind"] not in {a["kind"] for a in found[:place]}]
    chosen = [*first, *(answer for answer in found if answer not in first)][:N_KEY]
    return [answer for answer in found if answer in chosen]


def _sentence(facts: Facts, name: str) -> str:
    return str((facts.get(name) or {}).get("sentence") or "")


def _alarms(facts: Facts) -> str:
    return " ".join(facts.get("alarms") or ())


def _not_beaten(facts: Facts) -> str:
    p_value = (facts.get("chance") or {}).get("p_value")
    return _sentence(facts, "chance") if p_value is not None and p_value > ALPHA else ""


def _beaten(facts: Facts) -> str:
    return "" if _not_beaten(facts) else _sentence(facts, "chance")


def _warnings(facts: Facts) -> str:
    """Return how many warnings there are, and the one that could change the decision most."""
    found = [item for item in facts["findings"] if item["severity"] in ("blocker", "warning")]
    if not found:
        return ""
    used = {WHOLE_TABLE, *(row["column"] for row in facts["attributes"])}
    told = min(
        found, key=lambda item: (item["severity"] != "blocker", item["column"] not in used, _place(item["check"]))
    )
    where = "" if told["column"] == WHOLE_TABLE else f"{told['column']}: "
    first = f"{where}{told['evidence'].rstrip('.')}."
    return f"The audit warns: {first}" if len(found) == 1 else f"The audit has {len(found)} warnings. First: {first}"


def _place(check: str) -> int:
    return CHECKS.index(check) if check in CHECKS else len(CHECKS)


def _overridden(facts: Facts) -> str:
    names = facts["study"]["overridden"]
    return f"Findings overridden by name: {', '.join(names)}." if names else ""


def _no_later_accounts(facts: Facts) -> str:
    """Return that nothing was judged on later accounts."""
    return "" if facts.get("gap") else str((facts.get("origins") or {}).get("why_none") or "")


def _unstable(facts: Facts) -> str:
    """Return the sentence about test periods in a row where two of them have intervals apart."""
    found = [row["roc_auc"] for row in (facts.get("origins") or {}).get("rows") or ()]
    known = [row for row in found if row["low"] is not None and row["high"] is not None]
    apart = bool(known) and min(row["high"] for row in known) < max(row["low"] for row in known)
    return _sentence(facts, "origins") if apart else ""


def _later_is_worse(facts: Facts) -> str:
    rows = (facts.get("gap") or {}).get("rows") or ()
    high = next((row["high"] for row in rows if row["metric"] == "roc_auc"), None)
    return _sentence(facts, "gap") if high is not None and high < 0 else ""


def _worst_slice(facts: Facts) -> str:
    """Return the sentence of the first column with a slice that was measured and found to differ."""
    for table in facts.get("slices") or ():
        if any(row["note"] and row["observed"] is not None for row in table["rows"]):
            return str(table["sentence"])
    return ""


def _chosen_more_often(facts: Facts) -> str:
    """Return the sensitive slice that is chosen most unevenly, where its interval leaves out an even choice."""
    found = [
        (table["column"], row)
        for table in facts.get("slices") or ()
        for row in table["rows"]
        if table["kind"] == "sensitive" and (row["ratio_low"] or 0) > 1
    ]
    if not found:
        return ""
    column, row = max(found, key=lambda one: float(one[1]["ratio_low"]))
    ratio, low, high = (row[name] for name in ("selection_ratio", "ratio_low", "ratio_high"))
    ends = "" if high is None else f" (90 %: {low:.2f} to {high:.2f})"
    often = f"{ratio:.2f} times as often among the first of the list as others"
    return f"{column} (sensitive): {row['name']} is {often}{ends}."


def _out_of_order(facts: Facts) -> str:
    """Return that success does not fall along the list; single steps against the order are what chance gives."""
    trend_p = (facts.get("monotonicity") or {}).get("trend_p")
    return _sentence(facts, "monotonicity") if trend_p is not None and trend_p > ALPHA else ""


def _maturity(facts: Facts) -> str:
    """Return how many more outcomes become known soon."""
    coming = [row for row in (facts["audit"]["maturity"] or {}).get("next", ()) if row["n"]]
    return f"In {coming[0]['days']} days at least {coming[0]['n']:,} more customers can be judged." if coming else ""


def _power(facts: Facts) -> str:
    """Return the difference that a rule for half of the accounts must make to be seen."""
    rows = (facts["audit"]["power"] or {}).get("rows") or ({"one": None},)
    if rows[0]["one"] is None:
        return _sentence(facts["audit"], "power")
    points = f"{points_up(rows[0]['one'])} points"
    return f"With these customers differences in success of {points} and more can be seen; smaller ones stay unseen."


def _fits(facts: Facts) -> str:
    """Return which fits matter on accounts they did not see, ties as ties; else how far fits move scores."""
    if not (facts.get("importance") or {}).get("n_accounts"):
        return str(facts["fits_sentence"])
    measured = [row for row in facts["importance"]["rows"] if row["measured"] and row["value"] is not None]
    found = sorted((row for row in measured if row["important"]), key=lambda row: -float(row["value"]))
    if not found:
        return "On accounts held out of the fitting no fit can be told from one that is worth nothing."
    ties = [row["fit"] for row in found if row["fit"] in found[0]["tied_with"]]
    rest = [row["fit"] for row in found[1:] if row["fit"] not in ties]
    text = f"On held-out accounts success is associated most with: {', '.join([found[0]['fit'], *ties])}"
    text += " (ties: these data cannot tell which of them more)." if ties else "."
    return text + (f" Less: {', '.join(rest)}." if rest else "")


_RULES: tuple[tuple[str, str, Callable[[Facts], str]], ...] = (
    ("doubt", "good", _alarms),
    ("doubt", "good", _not_beaten),
    ("doubt", "data", _warnings),
    ("doubt", "data", _overridden),
    ("limit", "time", _no_later_accounts),
    ("limit", "time", _later_is_worse),
    ("limit", "time", _unstable),
    ("limit", "wrong", _chosen_more_often),
    ("limit", "wrong", _worst_slice),
    ("limit", "good", _out_of_order),
    ("limit", "good", _beaten),
    ("limit", "time", lambda facts: _sentence(facts, "origins")),
    ("limit", "data", _power),
    ("limit", "data", _maturity),
    ("meaning", "why", _fits),
)
"""Most important first within each group: the group, the page a sentence leads to, and the rule."""
