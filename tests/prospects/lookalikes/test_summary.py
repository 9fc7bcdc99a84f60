from types import SimpleNamespace

from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.lookalikes.summary import Counts, lookalike_notes

COUNTS = Counts(listed=10, out_of_domain=0, below_half=0, all_alike=False)


def model_of(**changes):
    known = {
        "ready": True,
        "evaluation_classifier": object(),
        "map_reviewed": {"by": "someone"},
        "probability_withdrawn": False,
        "horizon_days": 365,
        "capacity": None,
        "contract": SimpleNamespace(id="account_id"),
    }
    return SimpleNamespace(**(known | changes))


def notes(options=None, counts=None, **changes):
    return " ".join(lookalike_notes(model_of(**changes), options or LookalikeOptions(), counts or COUNTS))


def test_the_length_is_explained_where_nobody_asked_for_it():
    assert "a tenth of the prospects" in notes()
    assert "what the team can work in a period" in notes(capacity=10)
    assert "length of the list" not in notes(LookalikeOptions(top=10))


def test_the_model_is_told_as_it_is():
    told = notes(ready=False, evaluation_classifier=None, map_reviewed=None, probability_withdrawn=True)
    for words in ("is not ready", "cross-validation", "Draft map", "withdrawn: its calibration failed"):
        assert words in told
    assert "within 365 days, given that they sign" in notes()


def test_a_list_shorter_than_asked_is_told():
    assert "50 ranks were asked for; 10 prospects were left" in notes(LookalikeOptions(top=50))


def test_what_is_odd_about_the_list_is_told():
    told = notes(counts=Counts(listed=10, out_of_domain=2, below_half=1, all_alike=True))
    for words in ("All prospects are equally similar", "2 of the 10 listed are unlike", "1 of the 10 listed is nearer"):
        assert words in told
        assert words not in notes()


def test_an_evaluation_of_other_seeds_says_so():
    assert "not from these seeds" in notes(LookalikeOptions(evaluate=True, segment="sell more"))
    assert "not from these seeds" not in notes(LookalikeOptions(evaluate=True))
