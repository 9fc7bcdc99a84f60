"""Documents as a run of lookalikes makes them: one with every chapter, one bare list, one where nobody was left."""

from __future__ import annotations

import math

from icp_ml.names import FIT_NAMES

N_SCORED = 96_420
SHARES = (0.005186, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def neighbour(name, *differs):
    rows = [dict(zip(("label", "here", "there"), one, strict=True)) for one in differs]
    return {"id": name, "differs": rows}


CRM, SEATS = ("crm", "hubspot", "salesforce"), ("seats", "120", "45")
STAFF = ("people who can administer the product", "not known", "2 or more")


def listed(rank, **changes):
    similarity = round(0.7 - 0.035 * math.log(rank), 6)
    matches = {fit: round(0.985 - 0.011 * ((rank + 3 * place) % 14), 4) for place, fit in enumerate(FIT_NAMES)}
    row = {
        "id": f"P-{10_000 + 37 * rank}",
        "rank": rank,
        "similarity": similarity,
        "probability": round(0.78 - 0.006 * ((5 * rank) % 23), 4),
        "p_close": round(0.05 + 0.01 * ((7 * rank) % 13), 4),
        "in_domain": True,
        "matches": matches | {"cultural": None},
        "segment": ("cheaper onboarding", "fewer tools")[rank % 2],
        "like": [neighbour("C-101", CRM, SEATS), neighbour("C-77", STAFF), neighbour("C-12")],
        "unlike": [neighbour("C-310", SEATS), neighbour("C-9", CRM, STAFF), neighbour("C-44", CRM)],
        "far": [],
        "sentence": "Close to C-101, C-77 and C-12, which succeeded; its nearest customer that churned, C-310, is "
        "1.6 times as far.",
    }
    return row | changes


def method(key, label, auc, reach, **changes):
    row = {
        "method": key,
        "label": label,
        "auc": auc,
        "low": auc - 0.045,
        "high": auc + 0.045,
        "reach": reach,
        "reach_low": max(0.0, reach - 0.05),
        "reach_high": reach + 0.05,
        "probability": round(0.3 + 0.4 * auc, 3),
        "difference": round(auc - 0.733, 4),
        "difference_low": round(auc - 0.733 - 0.03, 4),
        "difference_high": round(auc - 0.733 + 0.03, 4),
        "on_front": False,
    }
    return row | changes


SAME = {"difference": 0.0, "difference_low": 0.0, "difference_high": 0.0}
METHODS = [
    method("similarity", "Similarity (this method)", 0.733, 0.24, on_front=True, **SAME),
    method("model", "Chance of success alone", 0.732, 0.22),
    method("centroid", "Nearest to the average seed", 0.611, 0.27),
    method("gower", "Nearest seeds, all attributes alike (Gower)", 0.584, 0.31, on_front=True),
    method("pu", "Seeds against prospects (PU bagging)", 0.561, 0.43, on_front=True),
    method("propensity", "Who signs (customers against prospects)", 0.515, 0.47, on_front=True),
    method("random", "Random order", 0.498, 0.1),
]


def dial_row(share, *, reach=True):
    return {
        "share": share,
        "n": round(share * N_SCORED),
        "similarity": round(0.5 - 0.075 * math.log10(share * 3), 4),
        "probability": round(0.44 - 0.11 * math.log10(share), 4),
        "p_close": round(0.09 + 0.02 * share, 4),
        "reach": round(share**0.55, 4) if reach else None,
        "is_list": share == SHARES[0],
    }


SEGMENTS = {
    "kind": "desired outcome",
    "chosen": None,
    "sentence": "3 segments by desired outcome.",
    "several": {
        "p": 0.41,
        "n": 699,
        "n_segments": 3,
        "sentence": "What goes with success was not found to differ between the segments (p = .41, 699 customers).",
    },
    "rows": [
        {
            "name": "cheaper onboarding",
            "n": 190,
            "n_known": 310,
            "n_success": 190,
            "share": 0.613,
            "low": 0.566,
            "high": 0.658,
            "sentence": "190 of 310 succeeded. 7 of 10 use hubspot, against 3 of 10 elsewhere; technical stands above.",
            "n_listed": 260,
        },
        {
            "name": "fewer tools",
            "n": 161,
            "n_known": 290,
            "n_success": 161,
            "share": 0.555,
            "low": 0.507,
            "high": 0.603,
            "sentence": "161 of 290 succeeded. Half as many seats as elsewhere; resource stands below.",
            "n_listed": 200,
        },
        {
            "name": "other",
            "n": 61,
            "n_known": 99,
            "n_success": 61,
            "share": 0.616,
            "low": 0.533,
            "high": 0.694,
            "sentence": "61 of 99 succeeded. Nothing sets it apart.",
            "n_listed": 40,
        },
    ],
}

LIST = {
    "kind": "lookalikes",
    "rows_in": 100_000,
    "scored": N_SCORED,
    "rejected": 212,
    "excluded": 2_261,
    "already_customers": 1_107,
    "excluded_by_rule": {"industry == 'gambling'": 1_900, "country not in ['DE', 'AT']": 361},
    "out_of_domain": 4_113,
    "unseen_levels": {"crm": 310},
    "outside_range": {"seats": 44},
    "listed": 500,
    "listed_out_of_domain": 12,
    "model": "acme/3 0123456789ab",
    "run_id": "0123456789abcdef",
    "ready": True,
    "draft_map": False,
    "horizon_days": 365,
    "as_of": "2026-08-04",
    "data_sha256": "a" * 64,
    "code_version": "0.5.0",
    "ignored_columns": ["phone", "notes"],
    "notes": ["12 of the 500 listed accounts are unlike every customer: the model has no evidence on them."],
    "seeds": {
        "name": "all successful customers",
        "n": 412,
        "n_negative": 287,
        "n_reference": 699,
        "n_success_among": 412,
        "sentence": "Seeds: all 412 successful customers; negative seeds: the 287 that churned.",
        "warnings": ["3 seeds lie far from all others: C-5, C-61, C-300."],
    },
    "segments": SEGMENTS,
    "dial": {
        "sentence": "The 500 listed are .5 % of the prospects; twice as many would lower the mean chance of success "
        "from 69 % to 66 %.",
        "rows": [dial_row(share) for share in SHARES],
    },
    "diversity": {
        "value": 0.3,
        "similarity": 0.601,
        "similarity_without": 0.622,
        "price": 0.0338,
        "n_segments": 3,
        "n_segments_without": 2,
        "distance": 1.42,
        "distance_without": 0.81,
        "sentence": "A list that avoids near repeats costs 3 % of the mean similarity (.601 against .622).",
    },
    "top": [
        listed(1),
        listed(2, id="O'Brien <script>alert(1)</script>", segment=None),
        listed(
            3,
            far=["technical", "resource"],
            far_stronger=["resource"],
            matches=dict.fromkeys(FIT_NAMES, 0.97) | {"technical": 0.61},
            in_domain=False,
        ),
        *(listed(rank) for rank in range(4, 26)),
    ],
    "evaluation": {
        "sentence": "Of customers hidden among 20,000 prospects, those that succeeded stand above those that churned "
        "in 73 of 100 pairs (90 % interval 69 to 78).",
        "headline": {"auc": 0.733, "low": 0.688, "high": 0.778},
        "protocol": "5 grouped folds; each hides a fifth of the customers of both outcomes among the prospects, and "
        "nothing learned saw them.",
        "n_hidden": 699,
        "n_success": 412,
        "n_churned": 287,
        "n_prospects": 20_000,
        "share": 0.1,
        "rows": METHODS,
        "later": {
            "n_hidden": 174,
            "n_success": 98,
            "n_churned": 76,
            "sentence": "Of 174 later customers those that succeeded stand above in 70 of 100 pairs (60 to 79).",
            "rows": METHODS[:2],
        },
        "notes": ["The mean chance is by the same model: for the success model it is no independent test."],
    },
}

NO_CHANCE = {"probability": None, "p_close": None, "reach": None}
BARE = LIST | {
    "ready": False,
    "draft_map": True,
    "listed": 3,
    "notes": [],
    "seeds": LIST["seeds"]
    | {"n": 21, "name": "key.csv", "sentence": "Seeds: 21 customers of key.csv.", "warnings": []},
    "segments": {"kind": "one", "chosen": None, "sentence": "One group serves: no stable clusters.", "rows": []},
    "dial": {"sentence": "No chance is given.", "rows": [dial_row(share) | NO_CHANCE for share in SHARES]},
    "diversity": None,
    "top": [
        listed(rank, probability=None, p_close=None, segment=None, like=[], unlike=[], sentence="")
        for rank in range(1, 4)
    ],
    "evaluation": None,
}

EMPTY = {
    "kind": "lookalikes",
    "rows_in": 1_107,
    "scored": 0,
    "rejected": 0,
    "excluded": 0,
    "already_customers": 1_107,
    "listed": 0,
    "model": "acme/3 0123456789ab",
    "ready": True,
    "notes": ["All 1,107 rows are customers of this study: give the table of prospects."],
    "seeds": LIST["seeds"],
    "top": [],
}
