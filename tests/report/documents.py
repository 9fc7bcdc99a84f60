"""Documents as the audit, the evaluation and the explanation make them, small and complete."""

from __future__ import annotations

from datetime import date, timedelta

from icp_ml.names import PLAYERS


def estimate(value, half=0.05):
    return {"value": value, "low": value - half, "high": value + half}


def share_row(name, n, share):
    success = int(n * share * 0.7)
    return {
        "name": name,
        "n": n,
        "success": success,
        "churned": int(n * 0.7) - success,
        "censored": n - int(n * 0.7),
        "share": share,
        "low": share - 0.05,
        "high": share + 0.05,
    }


def slice_row(name, n, observed, note=""):
    return {
        "name": name,
        "n": n,
        "observed": observed,
        "low": observed - 0.08,
        "high": observed + 0.08,
        "predicted": observed + 0.03,
        "gap": -0.03,
        "gap_low": -0.11,
        "gap_high": 0.05,
        "roc_auc": 0.66,
        "auc_low": 0.58,
        "auc_high": 0.74,
        "selected_share": 0.2,
        "selection_ratio": None,
        "ratio_low": None,
        "ratio_high": None,
        "p_chances": 0.4,
        "p_order": 0.6,
        "note": note,
    }


UNKNOWN = dict.fromkeys(set(slice_row("", 1, 0.5)) - {"name", "n", "note"})
TOO_FEW = {**UNKNOWN, "name": "(not known)", "n": 7, "note": "too few (7)"}

ORIGINS = {
    "sentence": "Over 6 starting days the ROC AUC varies no more than chance alone gives.",
    "why_none": "",
    "rows": [
        {
            "starts": str(date(2023, 1, 1) + timedelta(days=91 * place)),
            "ends": str(date(2023, 1, 1) + timedelta(days=91 * place + 90)),
            "n_train": 400 + 120 * place,
            "n_test": 130,
            "base_rate": 0.45,
            "roc_auc": estimate(auc),
            "log_loss": estimate(0.66),
            "calibration_slope": estimate(0.9, 0.3),
        }
        for place, auc in enumerate((0.66, 0.7, 0.63, 0.72, 0.69, 0.68))
    ],
}

EVALUATION = {
    "chance": {
        "p_value": 0.0005,
        "n_permutations": 2000,
        "sentence": "An order drawn at random did as well in 0 of 2,000 tries (p = .0005).",
        "metrics": {"roc_auc": 0.0005, "lift_at_10": 0.012},
    },
    "gap": {
        "sentence": "On later accounts ROC AUC is .031 lower (90 %: -.062 to -.002) than a random split says.",
        "rows": [
            {"metric": "roc_auc", "later": 0.69, "random": 0.72, "difference": -0.03, "low": -0.062, "high": -0.002},
            {"metric": "log_loss", "later": 0.64, "random": 0.62, "difference": 0.02, "low": -0.01, "high": 0.05},
        ],
    },
    "origins": ORIGINS,
    "ten_bands": [
        {"n": 54, "observed": o, "low": max(0.0, o - 0.1), "high": min(1.0, o + 0.11), "predicted": 0.8 - 0.065 * place}
        for place, o in enumerate((0.82, 0.7, 0.71, 0.6, 0.58, 0.44, 0.47, 0.3, 0.28, 0.14))
    ],
    "monotonicity": {
        "ordered": False,
        "n_steps": 9,
        "n_against": 2,
        "trend_p": 1e-5,
        "sentence": "2 of 9 steps go against the order, no more than chance gives.",
    },
    "capacity_note": "The team works 200 accounts; 542 judged.",
    "alarms": [],
}

SURPRISES = {
    "sentence": "4 successes were scored low and 3 failures high; 5 and 4 are expected if every chance is right.",
    "low_successes": [
        {
            "id": "A-001",
            "probability": 0.21,
            "outcome": "success",
            "reasons": ["integrations = 1 (-0.61)", "region = n"],
        }
    ],
    "high_failures": [{"id": "A-077", "probability": 0.84, "outcome": "churned", "reasons": ["analysts = 9 (+0.50)"]}],
}

EVIDENCE = {
    "slices": [
        {
            "column": "channel",
            "kind": "segment",
            "sentence": "None of 4 slices by channel stands out.",
            "rows": [slice_row("partner programme of the north", 120, 0.52), slice_row("ads", 90, 0.4), TOO_FEW],
        },
        {"column": "region", "kind": "sensitive", "sentence": "Too few to tell.", "rows": [TOO_FEW]},
    ],
    "surprises": SURPRISES,
    "bottom": {
        "sentence": "Of the last fifth 18 % succeeded; not working it loses 20 of 240 successes.",
        "n": 108,
        "attributes": [{"column": "integrations", "note": "lower than elsewhere (-.41)"}],
    },
    "leading": {
        "sentence": "Accounts that went live in 30 days succeeded more often: 61 % against 38 %.",
        "column": "live_in_30",
        "n": 420,
        "yes": {"n": 220, **estimate(0.61)},
        "no": {"n": 200, **estimate(0.38)},
        "difference": estimate(0.23),
        "roc_auc": estimate(0.62),
        "waiting": 31,
    },
    "importance": {
        "sentence": "On 800 accounts held out of 30 refits, technical and resource matter; they are ties.",
        "n_refits": 30,
        "n_accounts": 800,
        "rows": [
            {
                "fit": fit,
                "value": value,
                "low": value - 0.008,
                "high": value + 0.008,
                "z": value / 0.005,
                "important": value > 0.008,
                "tied_with": ties,
                "measured": True,
            }
            for fit, value, ties in (
                ("technical", 0.031, ["resource"]),
                ("resource", 0.027, ["technical"]),
                ("functional", 0.012, ["competence"]),
                ("competence", 0.004, ["functional", "experience"]),
                ("experience", -0.001, ["competence"]),
                ("context", -0.012, []),
            )
        ]
        + [
            {
                "fit": "cultural",
                "value": None,
                "low": None,
                "high": None,
                "z": None,
                "important": False,
                "tied_with": [],
                "measured": False,
            }
        ],
    },
    "interactions": {
        "sentence": "No two fits act together by more than .12 log-odds on average.",
        "names": list(PLAYERS),
        "matrix": [[0.4 / (1 + abs(a - b) + (a != b) * 3) for b in range(7)] for a in range(7)],
    },
    "stability": {"sentence": "81 % of reasons keep their sign in 8 of 10 refits.", "n_refits": 30, "bar": 0.8},
    "mapping": {
        "n_accounts": 800,
        "sentence": "3 doubtful attributes were moved to context one by one: the order stays the same.",
        "rows": [
            {
                "column": "analysts",
                "label": "analysts",
                "fit": "competence",
                "why": "proxy",
                "fit_before": 0.31,
                "fit_after": 0.12,
                "context_before": 0.05,
                "context_after": 0.24,
                "rank_before": 2,
                "rank_after": 4,
                "changes_order": True,
            }
        ],
    },
}

AUDIT = {
    "findings": [],
    "counts": {
        "classes": [{"name": "success", "n": 220, "note": ""}],
        "periods": [share_row(f"2022 Q{place}", 60 + 9 * place, 0.4 + 0.02 * place) for place in range(1, 5)],
        "segments": {"channel": [share_row("partner", 90, 0.5), share_row("ads", 120, 0.4)]},
        "sentences": ["Segments below 30 accounts are not reported."],
    },
    "maturity": {
        "sentence": "In 90 days 120 more accounts can be judged.",
        "followed": 0.7,
        "known": 420,
        "censored": 180,
        "next": [{"days": 90, "n": 120}, {"days": 365, "n": 180}],
    },
    "power": {
        "sentence": "With 420 customers and 200 churns differences of 14 points and more can be seen.",
        "n_known": 420,
        "n_success": 220,
        "n_churned": 200,
        "n_attributes": 12,
        "rows": [{"share": 0.5, "one": 0.12, "among_all": 0.17}, {"share": 0.1, "one": 0.2, "among_all": None}],
    },
    "parity": {
        "prospects": "prospects.parquet",
        "n_customers": 600,
        "n_prospects": 20_000,
        "left_out": ["csm_rating"],
        "sentence": "1 of 12 attributes is filled for customers only and left out: csm_rating.",
        "rows": [
            {
                "column": "csm_rating",
                "fit": "experience",
                "filled_customers": 0.9,
                "filled_prospects": 0.0,
                "unseen_share": None,
                "outside_share": None,
                "verdict": "only customers",
                "note": "90 % filled for customers, 0 % for prospects",
            }
        ],
    },
    "backfill": {
        "sentence": "Since the export of March 2 fields were filled in more often for accounts that left.",
        "earlier": "march.csv",
        "rows": [
            {
                "column": "analysts",
                "n_empty": 80,
                "filled": 30,
                "n_held": 500,
                "changed": 9,
                "suspicion": "22 of 31 churned accounts, 8 of 49 others",
                "count": 30,
            }
        ],
    },
    "grades": {
        "grade": "B",
        "sentence": "Grade B: 10 of 12 attributes are point in time.",
        "rows": [{"column": "analysts", "grade": "today", "note": "today's value"}],
    },
    "probes": {"n": 20, "highest_auc": 0.56, "sentence": "The best of 20 shuffled columns reaches AUC .56."},
}

ACCOUNT = {
    "id": "P-0042",
    "model": "acme-crm/3",
    "kind": "success",
    "ready": True,
    "horizon_days": 365,
    "draft_map": True,
    "is_customer": False,
    "excluded_by": [],
    "around": "12 of the 20 most similar customers succeeded (60 %, 41 to 76).",
    "criteria": [],
    "in_domain": True,
    "unusual": [],
    "probability": 0.61,
    "low": 0.52,
    "high": 0.69,
    "base_probability": 0.45,
    "margin": 0.45,
    "base_value": -0.2,
    "withdrawn": False,
    "fits": [
        {
            "name": name,
            "contribution": contribution,
            "points": points,
            "measured": measured,
            "known_share": known,
            "attributes": [
                {
                    "column": f"{name}_1",
                    "label": f"{name} one",
                    "value": "7",
                    "contribution": contribution,
                    "stable": True,
                }
            ]
            * measured,
        }
        for name, contribution, points, measured, known in (
            ("technical", 0.41, 10.2, True, 1.0),
            ("functional", -0.2, -5.1, True, 0.6),
            ("resource", 0.3, 7.4, True, 0.8),
            ("competence", 0.1, 2.3, True, 1.0),
            ("experience", 0.04, 0.7, True, 0.5),
            ("cultural", None, None, False, None),
            ("context", 0.0, 0.5, True, 1.0),
        )
    ],
    "reasons": ["integrations = 7 (+0.41)", "analysts = 3 (+0.30)"],
    "concerns": ["modules = 1 (-0.20)"],
    "dropped": ["region = west (+0.05)"],
    "like": [
        {"id": "C-11", "distance": 0.2, "differs": [{"label": "modules", "here": "1", "there": "3"}]},
        {"id": "C-12", "distance": 0.3, "differs": [{"label": "seats", "here": "40", "there": "55"}]},
    ],
    "unlike": [{"id": "C-90", "distance": 0.4, "differs": [{"label": "analysts", "here": "3", "there": "0"}]}],
    "evidence": {
        "rows": [
            {"fit": "technical", "known_share": 1.0, "note": ""},
            {"fit": "functional", "known_share": 0.6, "note": "not known: modules wanted"},
        ],
        "questions": [
            {
                "column": "certs",
                "label": "certifications",
                "sentence": "Ask about certifications: the chance would move between .52 and .71 (middle 80 %).",
            }
        ],
    },
    "counterfactuals": {
        "sentence": "Among customers, 2 changes are associated with a higher chance.",
        "rows": [
            {
                "changes": [{"label": "modules", "from": "1", "to": "3"}],
                "probability": 0.68,
                "gain_points": 7.0,
                "n_like": 31,
                "sentence": "Among customers, modules = 3 instead of 1 is associated with a chance of 68 %.",
            }
        ],
    },
    "interactions": [{"a": "technical", "b": "resource", "value": 0.04}],
    "notes": ["Trained on customers; a prospect was chosen by nobody."],
}
