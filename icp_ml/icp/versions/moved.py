"""Count which customers enter and which leave when one profile takes the place of another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from icp_ml.accounts.customers import Customers
from icp_ml.accounts.outcome import Labels
from icp_ml.icp.base import rule_frame
from icp_ml.icp.contrast import Rate, rate
from icp_ml.icp.profile import Profile
from icp_ml.icp.words import count_words, share_words

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Group:
    """Customers that a profile has, gains or loses.

    Attributes
    ----------
    ids : tuple of str
        In the order of the table.
    success : Rate
        Of those whose outcome is known; not known counts on neither side.
    """

    ids: tuple[str, ...]
    success: Rate

    def as_document(self) -> dict[str, Any]:
        """Return the number, the ids and the share of success as a JSON object."""
        return {"n": len(self.ids), "success": self.success.as_document(), "ids": list(self.ids)}


@dataclass(frozen=True, eq=False)
class Moved:
    """The customers of a study under two profiles.

    Attributes
    ----------
    old, new : Group
        Who meets each: all criteria, and no need that is missing.
    entering, leaving : Group
        Who meets only the new one, and who only the old one.
    """

    old: Group
    new: Group
    entering: Group
    leaving: Group

    @property
    def sentences(self) -> tuple[str, ...]:
        """What changes, one sentence per group."""
        named = {"before": self.old, "now": self.new, "entering": self.entering, "leaving": self.leaving}
        return tuple(f"{name}: {_words(group)}." for name, group in named.items())

    def as_document(self) -> dict[str, Any]:
        """Return the groups as a JSON object."""
        return {name: getattr(self, name).as_document() for name in ("old", "new", "entering", "leaving")}


def _words(group: Group) -> str:
    if not group.ids:
        return "no customer"
    return f"{count_words(len(group.ids), 'customer', 'customers')}; {share_words(group.success)}"


def moved_customers(old: Profile, new: Profile, customers: Customers, labels: Labels) -> Moved:
    """Return which customers each of two profiles has, and how many of them succeeded.

    The shares compare the two on the customers who were won, most of them before either profile was written: they do
    not tell how a profile will do.

    Raises
    ------
    DataError
        A rule names a column that the customers do not have.
    """
    frame = rule_frame(customers)
    before, after = old.matches(frame), new.matches(frame)

    def group(chosen: Flags) -> Group:
        related = None if customers.groups is None else customers.groups[chosen]
        ids = tuple(str(name) for name in customers.ids[chosen])
        return Group(ids, rate(labels.label[chosen], labels.weight[chosen], related))

    return Moved(group(before), group(after), group(after & ~before), group(before & ~after))
