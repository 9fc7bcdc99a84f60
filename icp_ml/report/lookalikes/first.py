"""Choose what stands on the first screen of a list of lookalikes: how many, of whom, and how good the order is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.report.lookalikes.listed import chance_words
from icp_ml.report.wording import small_share_words

Document = Mapping[str, Any]
ALL = "all successful customers"
"""Name of the seeds where none were chosen."""


def first_list(document: Document) -> dict[str, Any]:
    """Return the ready text of the first screen.

    Parameters
    ----------
    document : mapping
        Lookalikes of the whole form (:func:`icp_ml.report.lookalikes.form.formed_list`).

    Returns
    -------
    dict
        ``tone``, ``badges`` (class and words), ``headline``, ``numbers`` (value and what it is) and ``key``: sentences
        with the class of each.
    """
    is_no_better = _is_no_better(document)
    return {
        "tone": "ready" if document["ready"] and document["listed"] and not is_no_better else "",
        "badges": _badges(document, is_no_better=is_no_better),
        "headline": _headline(document),
        "numbers": [_size(document), _chance(document), _order(document)] if document["listed"] else [],
        "key": _key(document),
    }


def _is_no_better(document: Document) -> bool:
    """Return whether hidden customers were ranked and no order between the outcomes is shown; .5 is chance."""
    found = document["evaluation"]
    low = found["headline"]["low"] if found and found["headline"] else None
    return low is not None and low <= 0.5


def _badges(document: Document, *, is_no_better: bool) -> list[tuple[str, str]]:
    badges = [("good", "Model ready") if document["ready"] else ("doubt", "Model not ready")]
    if is_no_better:
        badges.append(("doubt", "Not shown to be better than chance"))
    if document["draft_map"]:
        badges.append(("plain", "Draft map"))
    return badges


def _headline(document: Document) -> str:
    listed, scored, seeds = document["listed"] or 0, document["scored"] or 0, document["seeds"]
    if not listed:
        return f"Nobody is listed: {scored:,} of {document['rows_in'] or 0:,} accounts were left to compare."
    are = "is" if listed == 1 else "are"
    nearer = "nearer to" if _is_all_nearer(document) else "ordered by how much nearer they are to"
    return f"{listed:,} of {_counted(scored, 'prospect')} {are} listed: {nearer} {_sides(seeds or {})}."


def _is_all_nearer(document: Document) -> bool:
    """Return whether the last of the list is still nearer to the seeds than to the negative seeds."""
    rows = document["dial"]["rows"] if document["dial"] else []
    last = next((row["similarity"] for row in rows if row["is_list"]), None)
    return last is None or last >= 0.5


def _sides(seeds: Document) -> str:
    """Return whom the prospects are held against; outcomes are told where every customer is on the side of its own."""
    n, n_negative = seeds.get("n"), seeds.get("n_negative")
    if not n or not n_negative:
        return "the seeds than to the negative seeds"
    if n == seeds["n_success_among"] and seeds["name"] == ALL and n + n_negative == seeds["n_reference"]:
        return f"the {_counted(n, 'customer')} that succeeded than to the {n_negative:,} that churned"
    return f"the {_counted(n, 'seed')} than to the {_counted(n_negative, 'negative seed')}"


def _counted(n: int, name: str) -> str:
    return f"{n:,} {name}" if n == 1 else f"{n:,} {name}s"


def _size(document: Document) -> tuple[str, str]:
    """Return how long the list is, as a share, and how many on it are unlike every customer."""
    listed, scored, outside = document["listed"], document["scored"], document["listed_out_of_domain"]
    share = f"{small_share_words(listed / scored)} of the prospects" if scored else "listed"
    return f"{listed:,}", f"listed, {share}" + (f"; {outside:,} unlike every customer" if outside else "")


def _chance(document: Document) -> tuple[str, str]:
    """Return the mean chance of success of the list beside that of all prospects."""
    rows = document["dial"]["rows"] if document["dial"] else []
    of_list = next((row["probability"] for row in rows if row["is_list"]), None)
    of_all = next((row["probability"] for row in rows if row["share"] == 1 and not row["is_list"]), None)
    if of_list is None:
        return "Not given", "chance of success: the order is all that this model can tell"
    within = f" within {document['horizon_days']} days" if document["horizon_days"] else ""
    beside = "" if of_all is None else f"; all prospects: {chance_words(of_all)}"
    return chance_words(of_list), f"mean chance of success{within}{beside}"


def _order(document: Document) -> tuple[str, str]:
    """Return how often a hidden success stands above a hidden churned customer."""
    found = document["evaluation"]
    headline = found["headline"] if found else None
    if not headline or headline["auc"] is None:
        takes = "`--evaluate` hides customers among the prospects and sees where they come up"
        return "Not judged", "for the reason below" if found else takes
    ends = "" if headline["low"] is None else f" ({headline['low']:.2f} to {headline['high']:.2f})"
    of = "; of the method with all successes as seeds, not of this list" if _is_of_other_seeds(document) else ""
    return f"{headline['auc']:.2f}{ends}", f"AUC: hidden successes above hidden churned; .5 is chance{of}"


def _is_of_other_seeds(document: Document) -> bool:
    """Return whether other seeds were judged than the list's: then no length of it is told a reach."""
    rows = document["dial"]["rows"] if document["dial"] else []
    return all(row["reach"] is None for row in rows)


def _key(document: Document) -> list[tuple[str, str]]:
    seeds, found = document["seeds"] or {"sentence": "", "warnings": []}, document["evaluation"]
    rows = [
        ("meaning", seeds["sentence"]),
        *(("doubt", warning) for warning in seeds["warnings"]),
        ("meaning", found["sentence"] if found else ""),
        ("meaning", document["dial"]["sentence"] if document["dial"] and document["listed"] else ""),
        *(("limit", note) for note in document["notes"]),
    ]
    return [row for row in rows if row[1]]
