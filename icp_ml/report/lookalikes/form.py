"""The form of a document of lookalikes: every key the page draws, and what stands where a run has nothing to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from icp_ml.report.review.form import filled

_METHOD = {
    "method": "",
    "label": "",
    "auc": None,
    "low": None,
    "high": None,
    "reach": None,
    "reach_low": None,
    "reach_high": None,
    "probability": None,
    "difference": None,
    "difference_low": None,
    "difference_high": None,
    "on_front": False,
}

_HIDDEN = {"n_hidden": None, "n_success": None, "n_churned": None, "sentence": "", "rows": [_METHOD]}

_NEIGHBOUR = {"id": "", "differs": [{"label": "", "here": "", "there": ""}]}

_LISTED: dict[str, Any] = {
    "id": "",
    "rank": None,
    "similarity": None,
    "probability": None,
    "p_close": None,
    "in_domain": True,
    "matches": {},
    "segment": None,
    "like": [_NEIGHBOUR],
    "unlike": [_NEIGHBOUR],
    "far": [None],
    "far_stronger": [None],
    "sentence": "",
}

FORM: dict[str, Any] = {
    "rows_in": None,
    "scored": None,
    "rejected": None,
    "excluded": None,
    "already_customers": None,
    "excluded_by_rule": {},
    "out_of_domain": None,
    "unseen_levels": {},
    "outside_range": {},
    "listed": None,
    "listed_out_of_domain": None,
    "model": "",
    "run_id": "",
    "ready": False,
    "draft_map": False,
    "horizon_days": None,
    "as_of": "",
    "data_sha256": "",
    "code_version": "",
    "ignored_columns": [None],
    "notes": [None],
    "seeds": {
        "name": "",
        "n": None,
        "n_negative": None,
        "n_reference": None,
        "n_success_among": None,
        "sentence": "",
        "warnings": [None],
    },
    "segments": {
        "kind": "",
        "chosen": None,
        "sentence": "",
        "several": {"sentence": ""},
        "rows": [
            {
                "name": "",
                "n": None,
                "n_known": None,
                "n_success": None,
                "share": None,
                "low": None,
                "high": None,
                "sentence": "",
                "n_listed": None,
            }
        ],
    },
    "dial": {
        "sentence": "",
        "rows": [
            {
                "share": None,
                "n": None,
                "similarity": None,
                "probability": None,
                "p_close": None,
                "reach": None,
                "is_list": False,
            }
        ],
    },
    "diversity": {
        "value": None,
        "similarity": None,
        "similarity_without": None,
        "price": None,
        "n_segments": None,
        "n_segments_without": None,
        "distance": None,
        "distance_without": None,
        "sentence": "",
    },
    "top": [_LISTED],
    "evaluation": {
        **_HIDDEN,
        "headline": {"auc": None, "low": None, "high": None},
        "protocol": "",
        "n_prospects": None,
        "share": 0.1,
        "later": _HIDDEN,
        "notes": [None],
    },
}


def formed_list(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a document of lookalikes with every key of the form, so that the page never asks for what is not there.

    Parameters
    ----------
    document : mapping
        As in ``FILE.summary.json``.

    Returns
    -------
    dict
        Chapters that are missing or null are None, lists that are missing are empty; other keys stay as they are.

    Examples
    --------
    >>> short = formed_list({"top": [{"id": "P-1"}]})
    >>> short["top"][0]["in_domain"], short["evaluation"], short["notes"]
    (True, None, [])
    """
    return dict(filled(FORM, document))
