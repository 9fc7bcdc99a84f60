"""Tell which columns a list supplier has, and why it has not the others."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from icp_ml.accounts.study_columns import similar
from icp_ml.errors import UsageError, message
from icp_ml.icp.profile import Profile
from icp_ml.rules import parse_rule
from icp_ml.study import Attribute, Study

_STAGES = {"discovery": "is known only after a first talk", "customer": "is known only of customers"}


@dataclass(frozen=True)
class SupplierColumns:
    """Which columns a supplier has.

    Attributes
    ----------
    have : frozenset of str
        Among those that the rules name.
    why_not : mapping of str to str
        By every other column of the rules: words that follow its name, such as "is known only of customers".
    """

    have: frozenset[str]
    why_not: Mapping[str, str]


def supplier_columns(
    study: Study, named: Iterable[str], table: Collection[str] | None, wanted: Sequence[str] | None = None
) -> SupplierColumns:
    """Return which of the columns that rules name a supplier has.

    Parameters
    ----------
    study : Study
        By default a supplier has the attributes that are known of a prospect, but no rating that people write down.
    named : iterable of str
        Columns of the rules.
    table : collection of str or None
        Columns of a table of prospects: a supplier has what is in it, though it is no attribute.
    wanted : sequence of str, optional
        Exactly what the supplier has, instead.

    Raises
    ------
    UsageError
        A wanted column is known from nowhere.
    """
    names = sorted(set(named))
    if wanted is not None:
        _ensure_known(wanted, {*study.listed_columns, *names, *(table or ())})
        absent = {name: "is not among --columns" for name in names if name not in wanted}
    else:
        found = {name: _why_not(study, name, table) for name in names}
        absent = {name: why for name, why in found.items() if why}
    return SupplierColumns(frozenset(names) - frozenset(absent), absent)


def rule_columns(profile: Profile, exclude: Sequence[str]) -> frozenset[str]:
    """Return every column that criteria, needs of missing capabilities and exclusions name."""
    needs = [one.rule for one in profile.situation.capabilities if one.is_missing]
    rules = [*profile.criteria, *(rule for rule in needs if rule is not None), *map(parse_rule, exclude)]
    return frozenset(name for rule in rules for name in rule.columns)


def _why_not(study: Study, name: str, table: Collection[str] | None) -> str:
    attribute = next((one for one in study.attributes if one.column == name), None)
    if name in study.sensitive:
        return "is sensitive"
    if name in _own_columns(study):
        return "is a record of yours, not of a supplier"
    if attribute is not None:
        return _why_not_attribute(attribute)
    if table is None:
        return "is no attribute of the study, and no table of prospects was given that may have it"
    return "" if name in table else "is not in the table of prospects"


def _why_not_attribute(attribute: Attribute) -> str:
    if attribute.available != "prospect":
        return _STAGES[attribute.available]
    return "is a rating that your own people write down" if attribute.entered_on is not None else ""


def _own_columns(study: Study) -> set[str]:
    keyed = (study.as_of, study.status, study.leading_outcome)
    named = [study.id.column, study.outcome.column, study.outcome.ended, study.desired_outcome]
    named += [key.column for key in keyed if key is not None]
    return {name for name in named if name is not None}


def _ensure_known(wanted: Sequence[str], known: Collection[str]) -> None:
    unknown = [name for name in wanted if name not in known]
    if unknown:
        named = ", ".join(repr(name) + similar(name, sorted(known)) for name in unknown[:5])
        came = f"{len(unknown)} of {len(wanted)} columns are known from nowhere: {named}"
        step = "Name columns of the study, the profile or the prospects, with commas between them"
        raise UsageError(message("--columns", came, "columns that are named somewhere", step))
