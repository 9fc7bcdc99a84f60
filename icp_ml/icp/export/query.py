"""Turn a profile into what a list supplier can be asked, and name what cannot be asked with the reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from icp_ml.errors import UsageError, message
from icp_ml.icp.export.columns import SupplierColumns
from icp_ml.icp.export.conditions import Kind, Part, conditions, leaves, trouble_of
from icp_ml.icp.profile import Profile
from icp_ml.icp.suggested.rule_words import rule_words
from icp_ml.icp.words import count_words
from icp_ml.rules import parse_rule

Role = Literal["criterion", "capability", "exclusion"]
_LEAD = {"criterion": "", "capability": "needs {}, which is missing: ", "exclusion": "never on a list: "}


@dataclass(frozen=True)
class Asked:
    """One rule of the query.

    Attributes
    ----------
    role : {"criterion", "capability", "exclusion"}
        A criterion must hold. Companies that need a missing capability or are excluded are left out where the rule is
        known to hold, not where a value is missing.
    rule : str
        In the small language.
    name : str
        Of the capability; empty for the others.
    tree : Condition, Every or Some
    """

    role: Role
    rule: str
    name: str
    tree: Part

    @property
    def title(self) -> str:
        """Return the rule with what it is for."""
        return f"{_LEAD[self.role].format(self.name)}{self.rule}"

    def as_document(self, labels: Mapping[str, str]) -> dict[str, Any]:
        """Return the rule as a JSON object."""
        return {"role": self.role, "name": self.name, "rule": self.rule, "words": rule_words(self.rule, labels)}


@dataclass(frozen=True)
class LeftOut:
    """A rule that a supplier cannot be asked, and why."""

    role: Role
    rule: str
    name: str
    reason: str

    @property
    def sentence(self) -> str:
        """Return the rule and the reason."""
        what = {"criterion": "criterion", "capability": f"need of {self.name},", "exclusion": "exclusion"}[self.role]
        return f"Not asked, so the query is wider: {what} `{self.rule}`, because {self.reason}."

    def as_document(self) -> dict[str, str]:
        """Return the rule and the reason as a JSON object."""
        kept = {"role": self.role, "name": self.name, "rule": self.rule, "reason": self.reason}
        return kept | {"sentence": self.sentence}


@dataclass(frozen=True)
class SupplierQuery:
    """A profile as far as a supplier can be asked.

    Attributes
    ----------
    profile : Profile
    asked : tuple of Asked
        Criteria first, then needs of missing capabilities, then exclusions.
    left_out : tuple of LeftOut
        In the same order.
    labels : mapping of str to str
        Words for columns.
    """

    profile: Profile
    asked: tuple[Asked, ...]
    left_out: tuple[LeftOut, ...]
    labels: Mapping[str, str]

    @property
    def criteria(self) -> tuple[Asked, ...]:
        """The rules that must hold."""
        return tuple(one for one in self.asked if one.role == "criterion")

    @property
    def excluding(self) -> tuple[Asked, ...]:
        """The rules that must not be known to hold."""
        return tuple(one for one in self.asked if one.role != "criterion")

    @property
    def columns(self) -> dict[str, Kind]:
        """The kind of every column that is asked for, by name."""
        found = [(leaf.column, leaf.kind) for one in self.asked for leaf in leaves(one.tree)]
        return dict(sorted(found))

    @property
    def sentence(self) -> str:
        """Return what is asked in counts."""
        n = len(self.profile.criteria)
        excluding = count_words(len(self.excluding), "exclusion", "exclusions")
        asked = f"The query asks for {len(self.criteria)} of {count_words(n, 'criterion', 'criteria')} and {excluding}"
        if not self.left_out:
            return f"{asked}; nothing of the profile is left out."
        left = f"{count_words(len(self.left_out), 'rule is', 'rules are')} left out for reasons given below"
        return f"{asked}; {left}: it selects more than the profile means."

    def as_document(self) -> dict[str, Any]:
        """Return what is asked and what is not as a JSON object."""
        profile = self.profile
        return {
            "profile": {"name": profile.name, "version": profile.version, "digest": profile.digest},
            "sentence": self.sentence,
            "columns": dict(self.columns),
            "asked": [one.as_document(self.labels) for one in self.asked],
            "left_out": [one.as_document() for one in self.left_out],
        }


def supplier_query(
    profile: Profile,
    exclude: Sequence[str],
    columns: SupplierColumns,
    *,
    kinds: Mapping[str, Kind],
    labels: Mapping[str, str],
) -> SupplierQuery:
    """Return a profile as far as a supplier has the columns for it.

    Parameters
    ----------
    profile : Profile
    exclude : sequence of str
        Rules of accounts that are never on a list.
    columns : SupplierColumns
        What the supplier has.
    kinds : mapping of str to {"number", "text", "date"}
        Of the columns of the study; others are read as the rules write their values.
    labels : mapping of str to str
        Words for columns.

    Raises
    ------
    UsageError
        No criterion can be asked: such a query would be about every company.
    """
    asked: list[Asked] = []
    left_out: list[LeftOut] = []
    for role, name, text in _rules(profile, exclude):
        rule = parse_rule(text)
        tree = conditions(rule.tree, kinds)
        reason = _absent(sorted(rule.columns), columns) or next(filter(None, map(trouble_of, leaves(tree))), "")
        if reason:
            left_out.append(LeftOut(role, text, name, reason))
        else:
            asked.append(Asked(role, text, name, tree))
    query = SupplierQuery(profile, tuple(asked), tuple(left_out), labels)
    if not query.criteria:
        named = "; ".join(f"`{one.rule}`, because {one.reason}" for one in left_out if one.role == "criterion")
        came = f"none of its {len(profile.criteria)} criteria can be asked of a supplier ({named})"
        step = "Say with --columns which columns the supplier has"
        raise UsageError(message(profile.path, came, "a criterion about a column that a supplier has", step))
    return query


def _rules(profile: Profile, exclude: Sequence[str]) -> list[tuple[Role, str, str]]:
    """Return role, name and text of every rule that a list must follow."""
    gates = [one for one in profile.situation.capabilities if one.is_missing and one.needs is not None]
    rules: list[tuple[Role, str, str]] = [("criterion", "", rule.text) for rule in profile.criteria]
    rules += [("capability", one.name, one.needs or "") for one in gates]
    return rules + [("exclusion", "", text) for text in dict.fromkeys(exclude)]


def _absent(named: Sequence[str], columns: SupplierColumns) -> str:
    return " and ".join(f"'{name}' {columns.why_not[name]}" for name in named if name in columns.why_not)
