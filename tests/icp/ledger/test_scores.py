import datetime as dt

import numpy as np
import pytest

from icp_ml.errors import UsageError
from icp_ml.icp.ledger import Ledger, append, decision_entry, review_entries, score_ledger
from tests.icp.ledger.conftest import base_of, review, suggestion


def ledger_of(path, *documents):
    for document in documents:
        append(path, review_entries(document))
    return Ledger.read(path)


def scored_suggestion(path, base, today="2025-07-01", **changes):
    ledger = ledger_of(path, review(today=today, suggestions=[suggestion(**changes)]))
    return next(one for one in score_ledger(ledger, base).scored if one.kind == "suggestion")


def test_a_rule_that_is_true_holds_on_later_customers(ledger_file):
    one = scored_suggestion(ledger_file, base_of(gain=0.3))
    assert one.state == "held"
    assert one.observed == pytest.approx(0.3, abs=0.12)
    assert "customers signed since: +" in one.sentence


def test_a_rule_that_is_not_does_not_hold(ledger_file):
    assert scored_suggestion(ledger_file, base_of(gain=0.0)).state == "did not hold"
    assert scored_suggestion(ledger_file, base_of(gain=-0.3), id="s9").state == "did not hold"


def test_a_gain_much_smaller_than_stated_did_not_hold(ledger_file):
    one = scored_suggestion(ledger_file, base_of(gain=0.25), gain=0.6, low=0.5, high=0.7)
    assert one.state == "did not hold"


def test_a_negative_prediction_is_judged_on_its_side(ledger_file):
    one = scored_suggestion(ledger_file, base_of(gain=-0.3), action="exclude", gain=-0.25, low=-0.35, high=-0.1)
    assert one.state == "held"


def test_customers_that_are_too_young_judge_nothing(ledger_file):
    one = scored_suggestion(ledger_file, base_of(today="2026-06-30"), today="2026-01-01")
    assert (one.state, one.observed) == ("open", None)
    assert "the first of them can be judged on 2027-01-0" in one.sentence


def test_early_leavers_alone_judge_nothing(ledger_file):
    """Of accounts signed in the last year only those that left are known; the two sides would both look bad."""
    base = base_of(n=4000, gain=0.3, today="2026-08-15")
    one = scored_suggestion(ledger_file, base, today="2025-07-01")
    judged = int(one.sentence.split("Among ")[1].split(" ")[0].replace(",", ""))
    later = base.customers.as_of > np.datetime64("2025-07-01", "D")
    assert judged < (later & base.labels.known).sum()
    assert one.observed == pytest.approx(0.3, abs=0.1)


def test_later_customers_are_weighted_for_their_own_follow_up(ledger_file):
    """The weights of the whole table would take the later ones for the earlier, who were all followed through."""
    bases = (base_of(n=4000, gain=0.4, today="2026-08-15", seed=seed) for seed in range(10))
    observed = [scored_suggestion(ledger_file, base).observed for base in bases]
    assert np.mean(observed) == pytest.approx(0.4, abs=0.03)


def test_nobody_signed_since(ledger_file):
    assert "No customer has signed since." in scored_suggestion(ledger_file, base_of(), today="2026-12-01").sentence


def test_a_column_that_is_gone_leaves_it_open(ledger_file):
    assert "does not have the columns" in scored_suggestion(ledger_file, base_of(), rule="gone >= 6").sentence


def test_only_the_first_statement_is_scored(ledger_file):
    later = suggestion(gain=0.5)
    documents = (review(today="2025-07-01"), review(run_id="r2", today="2026-01-01", suggestions=[later]))
    scored = [one for one in score_ledger(ledger_of(ledger_file, *documents), base_of()).scored if one.kind != "goal"]
    assert [(one.stated_on, one.prediction) for one in scored] == [("2025-07-01", 0.2)]


def test_a_goal_is_open_until_its_day(ledger_file):
    scores = score_ledger(ledger_of(ledger_file, review()), base_of(today="2026-03-30", wins=[("2026-01-05", 9.0)]))
    goal = scores.scored[0]
    assert (goal.kind, goal.state, goal.observed, scores.brier) == ("goal", "open", None, ())
    assert "put at 60 %: open until 2026-03-31" in goal.sentence


@pytest.mark.parametrize(("amount", "reached", "state"), [(70_000, 1.0, "held"), (69_000, 0.0, "did not hold")])
def test_a_goal_is_decided_by_the_table_of_progress(ledger_file, amount, reached, state):
    wins = [("2025-12-31", 50_000), ("2026-01-01", 30_000), ("2026-03-31", amount), ("2026-04-01", 50_000)]
    goal = score_ledger(ledger_of(ledger_file, review()), base_of(wins=wins)).scored[0]
    assert (goal.observed, goal.state) == (reached, state)


def test_a_baseline_is_what_the_counter_showed_at_the_end_of_its_day(ledger_file):
    document = review()
    document["profile"]["baseline"] = {"value": 10_000.0, "on": "2026-01-01"}
    wins = [("2026-01-01", 90_000), ("2026-01-02", 60_000)]
    goal = score_ledger(ledger_of(ledger_file, document), base_of(wins=wins)).scored[0]
    assert "not reached (70,000 of 100,000)" in goal.sentence


def test_a_goal_reached_early_is_decided_early(ledger_file):
    base = base_of(today="2026-02-10", wins=[("2026-02-02", 100_000)])
    assert score_ledger(ledger_of(ledger_file, review()), base).scored[0].observed == 1.0


def test_a_later_review_tells_what_was_reached(ledger_file):
    last = review(run_id="r2", today="2026-04-15", progress={"goal": {"reached": 80_000}, "chance": None})
    goal = score_ledger(ledger_of(ledger_file, review(), last), base_of()).scored[0]
    assert goal.observed == 0.0
    assert "not reached (80,000 of 100,000)" in goal.sentence


def test_a_table_that_lost_rows_decides_nothing(ledger_file):
    base = base_of(wins=[("2026-03-01", 5_000)])  # the review had counted 30,000 already
    goal = score_ledger(ledger_of(ledger_file, review()), base).scored[0]
    assert (goal.state, goal.observed) == ("open", None)


@pytest.mark.parametrize(
    ("today", "reached"), [("2026-03-01", 100_000), ("2026-03-31", 90_000), ("2026-06-30", 90_000)]
)
def test_a_chance_of_a_goal_that_was_decided_is_no_prediction(ledger_file, today, reached):
    open_still = review("r1", "2026-02-01", 0.6)
    decided = review("r2", today, 1.0) | {"progress": {"goal": {"reached": reached}, "chance": {"value": 1.0}}}
    scores = score_ledger(ledger_of(ledger_file, open_still, decided), base_of())
    assert [one.n for one in scores.brier] == [1]
    assert [one.stated_on for one in scores.scored if one.kind == "goal"] == ["2026-02-01"]


def test_brier_by_quarter_is_the_mean_square(ledger_file):
    documents = [review(f"r{k}", day, p) for k, (day, p) in enumerate(
        [("2026-01-15", 0.6), ("2026-02-15", 0.8), ("2026-03-15", 0.9)])]  # fmt: skip
    base = base_of(wins=[("2026-03-20", 120_000)])
    (quarter,) = score_ledger(ledger_of(ledger_file, *documents), base).brier
    assert (quarter.quarter, quarter.n) == ("2026 Q1", 3)
    assert quarter.brier == pytest.approx((0.4**2 + 0.2**2 + 0.1**2) / 3)
    assert quarter.baseline == pytest.approx(0.25)  # no goal had ended before: one half


def test_the_usual_share_knows_only_goals_that_had_ended(ledger_file):
    next_one = review("r2", "2026-04-15", 0.5)
    next_one["profile"] |= {"starts": "2026-04-01", "ends": "2026-06-30"}
    next_one["profile"] |= {"baseline": {"value": 0, "on": "2026-04-01"}}
    wins = [("2026-03-20", 120_000), ("2026-05-20", 10_000), ("2026-06-20", 30_000)]
    scores = score_ledger(ledger_of(ledger_file, review(), next_one), base_of(wins=wins))
    assert [one.quarter for one in scores.brier] == ["2026 Q1", "2026 Q2"]
    assert scores.brier[1].baseline == pytest.approx((2 / 3) ** 2)  # one of one reached before, now missed


def test_a_decision_is_told_with_its_suggestion(ledger_file):
    ledger = ledger_of(ledger_file, review())
    append(ledger_file, [decision_entry(ledger, "s1", accepted=False, by="Ann", why="too few")])
    scores = score_ledger(Ledger.read(ledger_file), base_of())
    one = next(one for one in scores.scored if one.kind == "suggestion")
    assert one.decision == {"state": "rejected", "version": None, "by": "Ann", "on": "2026-02-01", "why": "too few"}
    assert one.sentence.endswith("Rejected by Ann on 2026-02-01.")


def test_the_last_decision_counts_and_both_stay(ledger_file):
    ledger = ledger_of(ledger_file, review())
    for accepted, day in ((False, 2), (True, 3)):
        append(ledger_file, [decision_entry(ledger, "s1", accepted=accepted, by="Ann", on=dt.date(2026, 2, day))])
    after = Ledger.read(ledger_file)
    assert len(after.of_kind("decision")) == 2
    assert score_ledger(after, base_of()).scored[-1].decision["state"] == "accepted"


@pytest.mark.parametrize("rule", ["tools >= 6", "tools  >=  6.0"])
def test_adoption_is_seen_in_a_later_version(ledger_file, rule):
    base = base_of(version=3, criteria=("employees >= 50", rule))
    one = score_ledger(ledger_of(ledger_file, review()), base).scored[-1]
    assert (one.decision["state"], one.decision["version"]) == ("adopted", 3)
    assert one.sentence.endswith("In the profile since version 3.")


def test_nobody_is_said_to_have_adopted_what_they_rejected(ledger_file):
    ledger = ledger_of(ledger_file, review())
    append(ledger_file, [decision_entry(ledger, "s1", accepted=False, by="Bob")])
    base = base_of(version=3, criteria=("employees >= 50", "tools >= 6"))
    one = score_ledger(Ledger.read(ledger_file), base).scored[-1]
    assert (one.decision["state"], one.decision["version"]) == ("adopted although rejected", 3)
    assert one.sentence.endswith("In the profile since version 3 (although rejected by Bob on 2026-02-01).")


def test_the_same_version_adopts_nothing(ledger_file):
    base = base_of(version=1, criteria=("employees >= 50", "tools >= 6"))
    assert score_ledger(ledger_of(ledger_file, review()), base).scored[-1].decision is None


def test_a_handful_of_later_customers_judges_nothing(ledger_file):
    one = scored_suggestion(ledger_file, base_of(n=40))
    assert one.state == "open"
    assert "have a known outcome; 10 on each side are needed." in one.sentence


def test_a_dropped_criterion_counts_as_adopted(ledger_file):
    drop = suggestion(action="drop", rule="employees >= 50", replaces="employees >= 50")
    ledger = ledger_of(ledger_file, review(suggestions=[drop]))
    assert score_ledger(ledger, base_of(version=1)).scored[-1].decision is None
    assert score_ledger(ledger, base_of(version=2, criteria=("tools >= 6",))).scored[-1].decision["state"] == "adopted"


@pytest.mark.parametrize(("name", "by", "match"), [
    ("zz", "Ann", "0 suggestions have an id that starts with 'zz'; .* The ledger has s1, s2"),
    ("s", "Ann", "2 suggestions have an id that starts with 's'"),
    ("", "Ann", "0 suggestions"),
    ("s1", " ", "--by: is empty"),
])  # fmt: skip
def test_decisions_that_are_refused(ledger_file, name, by, match):
    ledger = ledger_of(ledger_file, review(suggestions=[suggestion(), suggestion(id="s2")]))
    with pytest.raises(UsageError, match=match):
        decision_entry(ledger, name, accepted=True, by=by)


def test_the_first_review_has_nothing_to_score(ledger_file):
    scores = score_ledger(Ledger.read(ledger_file), base_of(), review())
    assert (scores.n, scores.last, scores.scored, scores.brier) == (0, None, (), ())
    assert scores.sentence.startswith("This is the first review on record")


def test_the_same_run_repeated_says_the_same(ledger_file):
    ledger_of(ledger_file, review())
    now, base = review(run_id="r2", today="2026-03-01", chance=0.4), base_of(today="2026-03-01")
    before = score_ledger(Ledger.read(ledger_file), base, now).as_document()
    after = score_ledger(ledger_of(ledger_file, now), base, now).as_document()
    assert before == after
    assert before["last"]["changes"] == ["The chance of the goal went from 60 % to 40 %."]


def test_a_sparse_review_is_written_too(ledger_file):
    sparse = review(progress={"goal": {"reached": None}, "chance": None}, criteria=[], suggestions=[])
    ledger = ledger_of(ledger_file, sparse)
    assert [one["kind"] for one in ledger.entries] == ["review"]
    assert score_ledger(ledger, base_of()).sentence.startswith("1 earlier review is on record")
