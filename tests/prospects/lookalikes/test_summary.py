from types import SimpleNamespace

from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.lookalikes.summary import Counts, lookalike_notes


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


def notes(options=None, **changes):
    return " ".join(lookalike_notes(model_of(**changes), options or LookalikeOptions(), Counts(100, 10, 0)))


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
