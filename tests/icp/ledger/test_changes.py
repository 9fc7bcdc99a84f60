import pytest

from icp_ml.icp.ledger import Ledger, append, review_entries
from icp_ml.icp.ledger.changes import changes_since
from tests.icp.ledger.conftest import review, suggestion


def changes(path, **now):
    append(path, review_entries(review()))
    ledger = Ledger.read(path)
    profile = now.pop("profile", {})
    document = review(run_id="r2", today="2026-03-01", **now)
    document["profile"] |= profile
    return changes_since(ledger.last("mid-market"), document, ledger)


@pytest.mark.parametrize(("now", "sentence"), [
    ({"verdict": "change_profile"}, "The verdict was 'keep the profile' and is 'change the profile' now."),
    ({"chance": 0.31}, "The chance of the goal went from 60 % to 31 %."),
    ({"progress": {"goal": {}, "chance": None}}, "The chance of the goal cannot be told now."),
    ({"criteria": [{"rule": "employees >= 50", "state": "supported"}]},
     "employees >= 50: 'cannot tell' in the last review, 'supported' now."),
    ({"suggestions": []}, "No longer suggested: add tools >= 6."),
    ({"suggestions": [suggestion(), suggestion(id="s2", rule="size < 9")]}, "New suggestion: add size < 9."),
    ({"profile": {"digest": "d2"}}, "The profile was changed and is still called version 1: give it a new number."),
])  # fmt: skip
def test_one_change_is_one_sentence(ledger_file, now, sentence):
    assert changes(ledger_file, **now) == (sentence,)


def test_nothing_changed(ledger_file):
    assert changes(ledger_file) == ("Nothing has changed since the review of 2026-02-01.",)


def test_a_new_version_is_told_with_its_criteria(ledger_file):
    found = changes(ledger_file, profile={"version": 2, "digest": "d2", "criteria": ["tools >= 6"]})
    assert found == (
        "The profile was version 1 and is version 2 now.",
        "New criterion: tools >= 6.",
        "Criterion no longer in the profile: employees >= 50.",
    )


def test_chances_of_other_goals_are_not_compared(ledger_file):
    found = changes(ledger_file, profile={"ends": "2026-06-30"}, chance=0.1)
    assert found == ("The goal or its dates are others than in the last review, so its chance is not compared.",)
