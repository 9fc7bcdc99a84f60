"""Documents as a review makes them: one with every chapter, one of a company that is too young to judge."""

from __future__ import annotations

import math
from datetime import date, timedelta

from icp_ml.names import FIT_NAMES

POWER_WORDS = "With 790 customers of known outcome and 390 churned, differences of 9 points and more can be seen."
STARTS, ENDS, TODAY = date(2026, 7, 1), date(2026, 9, 30), date(2026, 8, 14)


def rate(n, n_success, half=0.07):
    share = n_success / n
    return {"n": n, "n_success": n_success, "share": share, "low": max(0, share - half), "high": min(1, share + half)}


def fair(day):
    return 100_000 / (1 + math.exp(-(day - 58) / 11))


def path():
    rows = []
    for day in range(0, 92, 3):
        on = STARTS + timedelta(days=day)
        expected = fair(day) - fair(0) * (1 - day / 91)
        rows.append(
            {
                "day": on.isoformat(),
                "straight": 100_000 * day / 91,
                "fair": expected,
                "fair_low": 0.55 * expected,
                "fair_high": 1.4 * expected,
                "reached": None if on > TODAY else 9_500.0 * (day // 9),
            }
        )
    return rows


def population(name, kind, known, share, difference, *, small=False):
    fits = {fit: round(0.45 * math.sin(place + len(name)), 3) for place, fit in enumerate(FIT_NAMES)}
    told = difference is not None
    return {
        "name": name,
        "kind": kind,
        "n": int(known * 1.6),
        "share": known / 900,
        "known": known,
        "success": rate(known, int(known * share), 0.2 if small else 0.06) if share is not None else None,
        "difference": difference,
        "low": difference - 0.08 if told else None,
        "high": difference + 0.08 if told else None,
        "matching_share": 0.31,
        "fits": None if small else fits,
        "small": small,
        "sentence": f"Of {known} accounts of {name} with a known outcome, some succeeded.",
    }


def criterion(rule, fit, state, difference, *, caveats=()):
    return {
        "rule": rule,
        "fit": fit,
        "state": state,
        "n_yes": 420,
        "n_no": 610,
        "n_unknown": 77,
        "coverage": 0.41,
        "inside": rate(310, 190),
        "outside": rate(480, 210),
        "difference": difference,
        "low": difference - 0.07,
        "high": difference + 0.07,
        "p_value": 0.01,
        "needed": {"accounts": 780, "more": 0, "days": 0, "visible": 0.09, "points": 0.1},
        "market_share": 0.36,
        "sentence": f"Where {rule}, 190 of 310 succeeded, against 210 of 480.",
        "caveats": list(caveats),
    }


def suggestion(number, rule, fit, action, gain, **others):
    return {
        "rule": rule,
        "fit": fit,
        "action": action,
        "gain": gain,
        "low": gain - 0.09,
        "high": gain + 0.09,
        "n": 98,
        "q_value": 0.04,
        "confirmed": False,
        "successes_lost_share": 0.12,
        "market_share": 0.41,
        "statement": (
            f"Worth testing: ask also that {rule}. Of customers where {rule}, 74 of 98 with a known outcome "
            "succeeded, against 51 % of the others; associated with +18 points (90 %: 8 to 27). 412 rules were tried."
        ),
        "id": f"{number:012x}",
        "replaces": None,
        "n_outside": 412,
        "success_inside": rate(98, 74),
        "success_outside": rate(412, 210),
        "p_value": 0.002,
        "threshold": 6.0,
        "step_gain": None,
        "goal": {
            "reachable": True,
            "sentence": "1,240 prospects are left; at today's conversion 31 sign in time: the goal is in reach.",
            "assumptions": ["2.5 % of prospects sign within 90 days, as in the last year."],
        },
        "caveats": [],
        "old_evidence": None,
        "stable_share": 0.72,
        "profile_after": ["employees >= 50", rule],
        "success_after": 0.71,
        "market_after": 0.14,
        **others,
    }


SUGGESTIONS = [
    suggestion(1, "integrations >= 6", "technical", "add", 0.18, confirmed=True),
    suggestion(
        2,
        "employees >= 80",
        "resource",
        "tighten",
        0.11,
        replaces="employees >= 50",
        caveats=["`employees` is today's value, not that of the day of signing."],
    ),
    suggestion(
        3,
        'channel != "O\'Brien <script>alert(1)</script> & sons"',
        "experience",
        "exclude",
        0.09,
        goal={"reachable": False, "sentence": "The goal is out of reach with what is left.", "assumptions": []},
        caveats=["Sales chose the customers.", "It goes mostly with one segment."],
        old_evidence={"n": 14, "gain_without": 0.04, "sentence": "Old evidence: 14 of the 61 failures."},
    ),
    suggestion(
        4,
        "crm in [salesforce, hubspot, dynamics, pipedrive, zoho]",
        "technical",
        "drop",
        -0.06,
        replaces="crm in [salesforce, hubspot, dynamics, pipedrive, zoho]",
        successes_lost_share=None,
        market_share=None,
        goal={"reachable": None, "sentence": "Without prospects nothing is said of the goal.", "assumptions": []},
    ),
]


def stage(name, now, reference, ratio, *, effect, is_loss=False):
    return {
        "stage": name,
        "now": now,
        "reference": reference,
        "ratio": ratio,
        "low": ratio * 0.8,
        "high": ratio * 1.25,
        "n_now": 34,
        "n_reference": 160,
        "effect": effect,
        "is_loss": is_loss,
    }


def tier(name, conversion):
    return {
        "tier": name,
        "rows": [
            stage("reach", 41.0, 44.0, 0.93, effect=-900.0),
            stage("conversion", 0.21 * conversion, 0.21, conversion, effect=-7400.0, is_loss=conversion < 0.8),
            stage("success", 0.66, 0.64, 1.03, effect=300.0),
            stage("value", 5100.0, 5000.0, 1.02, effect=200.0),
        ],
    }


REVIEW = {
    "profile": {
        "name": "mid-market-retail",
        "version": 4,
        "digest": "5f2c" * 16,
        "starts": STARTS.isoformat(),
        "ends": ENDS.isoformat(),
        "mode": "acquisition",
        "goal": {"measure": "revenue", "target": 100000.0, "words": "100,000 EUR of new revenue"},
        "baseline": {"value": 12000.0, "on": "2026-06-30"},
        "criteria": ["employees >= 50", "crm in [salesforce, hubspot, dynamics, pipedrive, zoho]"],
        "expired": False,
        "days_left": 47,
    },
    "verdict": "change_tactics",
    "verdict_sentence": (
        "Change the tactics, not the profile: the goal is behind plan, and the profile is not the reason that shows."
    ),
    "verdict_reasons": [
        "Customers who match the profile succeed more often: 190 of 310 (61 %) against 210 of 480 (44 %) of the rest, "
        "a difference of +17 points (90 %: +11 to +24).",
        "Goal value arrives below plan: 47,500 of 100,000 after 44 of 91 days, where the sales cycle lets 21,000 be "
        "expected.",
        "Deals that meet all criteria are won 0.68 times as often as in the year before (90 %: 0.54 to 0.85).",
    ],
    "today": TODAY.isoformat(),
    "progress": {
        "goal": {
            "measure": "revenue",
            "target": 100000.0,
            "reached": 47500.0,
            "share": 0.475,
            "words": "100,000 EUR of new revenue",
        },
        "today": TODAY.isoformat(),
        "starts": STARTS.isoformat(),
        "ends": ENDS.isoformat(),
        "elapsed_days": 44,
        "length_days": 91,
        "mode": "acquisition",
        "sentence": "47,500 of 100,000 were won after 44 of 91 days; the sales cycle lets 21,000 (12,000 to 30,000) "
        "be expected by now.",
        "written": [
            {
                "on": "2026-07-31",
                "measure": "goal",
                "at_least": 30000.0,
                "reached": 28500.0,
                "state": "missed",
                "sentence": "28,500 by 2026-07-31, where at least 30,000 was written.",
            },
            {
                "on": "2026-08-31",
                "measure": "goal",
                "at_least": 60000.0,
                "reached": 47500.0,
                "state": "still open",
                "sentence": "47,500 so far, where at least 60,000 is asked for by 2026-08-31.",
            },
            {
                "on": "2026-08-10",
                "measure": "meetings",
                "at_least": 25.0,
                "reached": 31.0,
                "state": "met",
                "sentence": "31 meetings by 2026-08-10, where at least 25 was written.",
            },
            {
                "on": "2026-08-10",
                "measure": "onboarded",
                "at_least": 5.0,
                "reached": None,
                "state": "not measured",
                "sentence": "Not measured: the study names no `leading_outcome`.",
            },
        ],
        "path": path(),
        "cycle": {
            "n": 188,
            "median_days": 36.0,
            "p80_days": 58.0,
            "n_open": 41,
            "sentence": "Half of the deals that are won close within 36 days, 80 % within 58 (188 won deals).",
        },
        "chance": {
            "value": 0.38,
            "low": 0.24,
            "high": 0.55,
            "sentence": "The goal is reached with a chance of 38 % (24 to 55 %), if deals go on as they did.",
        },
        "eprocess": {
            "e": 24.1,
            "peak": 26.0,
            "bar": 20,
            "crossed": True,
            "crossed_on": "2026-08-11",
            "sentence": "The evidence that the goal is behind plan passed its bar on 2026-08-11 (26; 20 is asked).",
        },
        "differ": "Behind the written milestone, yet 31 % of campaigns that reach the goal look like this on day 31.",
        "assumptions": ["Deals are opened at an even rate.", "Open deals close as deals of their age did."],
        "capacity": {"sentence": "At most 25 customers can be onboarded per period: this does not cap the goal."},
    },
    "populations": [
        population("matching the profile", "profile", 310, 0.61, 0.17),
        population("rest of the base", "profile", 480, 0.44, -0.17),
        population("at risk", "status", 88, 0.35, -0.16),
        population("churned", "status", 390, 0.0, None),
        population("pipeline", "status", 140, None, None),
        population("lost trials", "status", 75, None, None),
        population("channel: O'Brien <script>alert(1)</script> & sons", "cohort", 61, 0.29, -0.22),
        population("channel: partner", "cohort", 12, 0.75, 0.24, small=True),
    ],
    "populations_note": "Contributions of customers were computed by the model that learned from them.",
    "criteria": [
        criterion("employees >= 50", "resource", "supported", 0.17),
        criterion(
            "crm in [salesforce, hubspot, dynamics, pipedrive, zoho]",
            "technical",
            "cannot tell",
            0.02,
            caveats=["`crm` stands in for the integration landscape."],
        ),
        criterion('region == "Asia \\"Pacific\\""', None, "contradicted", -0.12),
    ],
    "profile_against_rules": {
        "sentence": "Of the customers that match the profile, 190 of 310 succeeded (61 %): more often than in 98 % of "
        "2,000 random sets of as many customers.",
        "single": [{"rule": "seats >= 20", "success": rate(300, 190), "coverage": 0.4}],
        "notes": [],
    },
    "suggestions": SUGGESTIONS,
    "not_found": f"412 rules over 24 attributes were tried; 4 hold up against chance; 1 of them held on later "
    f"customers too. {POWER_WORDS}",
    "tried": 412,
    "n_attributes": 24,
    "power": {
        "sentence": POWER_WORDS,
        "rows": [
            {"share": share, "one": one, "among_all": best}
            for share, one, best in ((0.1, 0.15, 0.22), (0.3, 0.1, 0.14), (0.5, 0.09, None))
        ],
    },
    "front": [
        {
            "profile": ["employees >= 50"],
            "name": name,
            "success": success,
            "low": success - 0.06,
            "high": success + 0.06,
            "market_share": market,
            "n": n,
            "on_front": on_front,
        }
        for name, success, market, n, on_front in (
            ("as written", 0.61, 1.0, 310, True),
            ("+ integrations >= 6", 0.71, 0.41, 98, True),
            ("+ employees >= 80", 0.64, 0.62, 210, False),
            ("+ integrations >= 6 + employees >= 80", 0.74, 0.22, 61, True),
            ("+ region == emea", 0.64, 0.64, 205, True),
        )
    ],
    "anti_profile": {
        "sentence": "2 of 41 values that were tried go together with more failures than the rest.",
        "rules": [
            {
                "rule": 'channel == "O\'Brien <script>alert(1)</script> & sons"',
                "kind": "channel",
                "n": 61,
                "success": rate(61, 18),
                "difference": -0.22,
                "low": -0.31,
                "high": -0.12,
                "q_value": 0.003,
                "failures": 43,
                "excess_failures": 13.4,
                "cost": 51600.0,
                "cost_words": "51,600 EUR of acquisition and onboarding",
                "sentence": "Where the channel is O'Brien & sons, 43 of 61 failed, 13 more than among as many others.",
            },
            {
                "rule": "support_tier == none",
                "kind": "rule",
                "n": 120,
                "success": rate(120, 46),
                "difference": -0.14,
                "low": -0.22,
                "high": -0.05,
                "q_value": 0.04,
                "failures": 74,
                "excess_failures": 15.0,
                "cost": None,
                "cost_words": "no costs are named in the study; 74 accounts and 410 months were lost",
                "sentence": "Where support_tier is none, 74 of 120 failed, 15 more than among as many others.",
            },
        ],
    },
    "openings": [
        {
            "capability": "sso",
            "sentence": "With sso 1,120 more prospects would match the profile; about 620 of them would succeed.",
            "n_prospects": 1120,
        }
    ],
    "tactics": {
        "sentence": "The largest loss is conversion of accounts that meet all criteria.",
        "reference": {"from": "2025-07-01", "to": "2026-06-30"},
        "period": {"from": "2026-07-01", "to": "2026-08-14"},
        "tiers": [tier("all criteria", 0.68), tier("all but one", 0.95), tier("fewer", 1.1)],
        "largest_loss": {
            "tier": "all criteria",
            "stage": "conversion",
            "ratio": 0.68,
            "low": 0.54,
            "high": 0.85,
            "sentence": "Deals that meet all criteria are won 0.68 times as often (90 %: 0.54 to 0.85).",
        },
        "says": "tactics",
        "notes": ["Success now is the leading outcome."],
    },
    "fits": None,
    "ledger": {
        "path": "mid-market-retail.ledger.jsonl",
        "n": 14,
        "head": "ab" * 32,
        "last": {
            "date": "2026-07-15",
            "profile_version": 4,
            "verdict": "too_early",
            "changes": ["The verdict was `too_early`.", "The chance of the goal fell from 47 % to 38 %."],
        },
        "scored": [
            {
                "id": "goal-aa",
                "kind": "goal",
                "stated_on": "2026-04-15",
                "prediction": 0.62,
                "observed": 1,
                "state": "held",
                "sentence": "A chance of 62 % was given to the goal of 2026 Q2; it was reached.",
                "decision": None,
            },
            {
                "id": "bb",
                "kind": "suggestion",
                "stated_on": "2026-01-15",
                "prediction": 0.14,
                "observed": 0.02,
                "state": "did not hold",
                "sentence": "`seats >= 20` was said to go with +14 points; of 61 customers signed since: +2.",
                "decision": {"state": "accepted", "by": "ana", "on": "2026-01-20", "why": ""},
            },
            {
                "id": "cc",
                "kind": "suggestion",
                "stated_on": "2026-07-15",
                "prediction": 0.17,
                "observed": None,
                "state": "open",
                "sentence": "`integrations >= 6`: 9 customers signed since are too few to say.",
                "decision": None,
            },
        ],
        "brier": [{"quarter": "2026 Q2", "n": 3, "brier": 0.16, "baseline": 0.25}],
        "sentence": "Of 2 predictions that are decided, 1 held.",
    },
    "actions": [
        {
            "kind": "decide",
            "sentence": "Decide whether to add `integrations >= 6`: it held on later customers. Note it in the folder "
            "of the profile: `icp-ml profile decide profile.yaml --suggestion 000000000001 --accept --by NAME`, or "
            "`--reject`.",
            "who": [],
            "due": None,
        },
        {
            "kind": "interview",
            "sentence": "Interview 3 customers that ended otherwise than their score said: they know what the table "
            "does not.",
            "who": [
                {
                    "id": "C-00231",
                    "why": "scored 88 % and left",
                    "question": "Ask what was missing, although integrations = 9 spoke for it.",
                },
                {
                    "id": "<script>alert(2)</script>",
                    "why": "scored 19 % and succeeded",
                    "question": "Ask what made it work. Also ask about decision style: the answer would move its "
                    "chance most.",
                },
                {"id": "C-00417", "why": "scored 22 % and succeeded", "question": "Ask what made it work."},
            ],
            "due": None,
        },
        {
            "kind": "fill",
            "sentence": "Fill what `crm in [salesforce, hubspot, dynamics, pipedrive, zoho]` asks for: it is unknown "
            "for 7 % of the customers.",
            "who": [],
            "due": None,
        },
        {
            "kind": "wait",
            "sentence": "1 of 3 criteria cannot be judged with 790 known outcomes; in 30 days at least 24 more "
            "outcomes are known: review again then.",
            "who": [],
            "due": "2026-09-13",
        },
    ],
    "market": {
        "n": 100000,
        "matching": 8400,
        "unknown": 3100,
        "probability_matching": 0.58,
        "counts": {"pipeline": 140},
        "notes": [],
    },
    "customers": {"n": 1107, "known": 790, "success": 400, "churned": 390, "censored": 317},
    "model": {"label": "acme-crm, logistic", "kind": "success", "ready": True},
    "notes": ["Shares of success allow for customers that are too young to be judged."],
    "run_id": "0123456789abcdef",
}
COVERAGE = {
    "sentence": "Of 8,400 accounts that meet every criterion 7,210 have never been approached (86 %).",
    "universe": 101_107,
    "rows": [
        {
            "tier": tier,
            "n": customers + worked + untouched,
            "share": (customers + worked + untouched) / 101_107,
            "customers": customers,
            "worked": worked,
            "untouched": untouched,
            "customers_share": customers / (customers + worked + untouched),
            "worked_share": worked / (customers + worked + untouched),
            "untouched_share": untouched / (customers + worked + untouched),
            "sentence": f"{tier}: {untouched:,} were never approached.",
        }
        for tier, customers, worked, untouched in (
            ("all criteria met", 350, 840, 7_210),
            ("all but one", 480, 2_900, 21_327),
            ("fewer", 277, 1_400, 66_323),
        )
    ],
    "notes": ["Worked: in the pipeline, lost after a trial, or with a deal."],
}
REVIEW["coverage"] = COVERAGE

SPARSE = {
    "profile": REVIEW["profile"] | {"mode": "customer_success", "expired": True, "days_left": -12, "baseline": None},
    "verdict": "cannot_tell",
    "verdict_sentence": "38 customers with a known outcome are too few to judge a profile (100 are asked for): this "
    "review describes, and says what to do next.",
    "verdict_reasons": [],
    "today": "2026-10-12",
    "progress": REVIEW["progress"]
    | {
        "goal": {"measure": "revenue", "target": 100000.0, "reached": None, "share": None, "words": "100,000 EUR"},
        "sentence": "No table of progress is named: nothing is known of the goal.",
        "written": [],
        "path": [],
        "cycle": None,
        "chance": None,
        "eprocess": None,
        "differ": "",
        "assumptions": [],
        "capacity": None,
    },
    "populations": [population("matching the profile", "profile", 9, 0.6, 0.1, small=True)],
    "populations_note": "",
    "criteria": [
        {
            **criterion("employees >= 50", None, "cannot tell", 0.0),
            "difference": None,
            "low": None,
            "high": None,
            "inside": {"n": 0, "n_success": 0, "share": None, "low": 0.0, "high": 1.0},
            "needed": {"accounts": None, "more": None, "days": None, "visible": None, "points": 0.1},
            "market_share": None,
        }
    ],
    "profile_against_rules": {"sentence": ""},
    "suggestions": [],
    "not_found": "No search was made: 38 known outcomes are too few.",
    "tried": 0,
    "n_attributes": 0,
    "power": {"sentence": "", "rows": []},
    "front": [],
    "anti_profile": {"sentence": "Nothing is said of whom to avoid: too few outcomes.", "rules": []},
    "openings": [],
    "tactics": {
        "sentence": "No deals are named.",
        "reference": None,
        "period": None,
        "tiers": [],
        "largest_loss": None,
        "says": "cannot tell",
        "notes": [],
    },
    "fits": None,
    "ledger": {"path": "x.ledger.jsonl", "n": 0, "last": None, "scored": [], "brier": [], "sentence": "First review."},
    "actions": [
        {
            "kind": "interview",
            "sentence": "Talk to the three newest customers and write down what they want to achieve.",
            "who": [],
            "due": None,
        }
    ],
    "market": None,
    "customers": {"n": 60, "known": 38, "success": 21, "churned": 17, "censored": 22},
    "model": {"label": "", "kind": "hypothesis", "ready": False},
    "notes": [],
    "run_id": "fedcba9876543210",
}
