import numpy as np

from icp_ml.model.explanation.nearest import Difference
from icp_ml.model.explanation.words import Words
from icp_ml.model.likeness import Likeness
from icp_ml.prospects.lookalikes.evidence import Evidence, Resembled, far_matches
from icp_ml.prospects.reasons import value_text

WORDS = Words({"crm": "CRM in use"}, {"crm": "categorical", "seats": "numeric"}, value_text)


def evidence(**changes):
    known = {
        "id": "p-1",
        "rank": 1,
        "similarity": 0.8,
        "probability": 0.7,
        "p_close": None,
        "in_domain": True,
        "matches": {"technical": 0.5, "cultural": 0.99, "resource": None},
        "segment": None,
        "far": {"technical": True},
        "like": (Resembled("c-1", (Difference("crm", "hubspot", None),)), Resembled("c-2", ()), Resembled("c-3", ())),
        "unlike": (Resembled("c-9", (Difference("seats", 7.0, 2.0),)),),
    }
    return Evidence(**(known | changes))


def test_the_sentence_names_whom_it_resembles_and_where_it_is_far():
    assert evidence().sentence == "Nearest seeds c-1, c-2 and c-3; far from them in technical (stronger) fit."
    assert evidence(far={}).sentence == "Nearest seeds c-1, c-2 and c-3; far from them in no fit."
    assert evidence(in_domain=False).sentence.endswith("and its similarity is lowered (little, near the edge).")


def test_differences_are_in_words():
    document = evidence().as_document(WORDS)
    assert document["like"][0]["differs"] == [{"label": "CRM in use", "here": "hubspot", "there": "not known"}]
    assert document["unlike"][0]["differs"] == [{"label": "seats", "here": "7", "there": "2"}]
    assert (document["far"], document["far_stronger"]) == (["technical"], ["technical"])
    weaker = evidence(far={"technical": False}).as_document(WORDS)
    assert (weaker["far"], weaker["far_stronger"]) == (["technical"], [])


def test_one_seed_in_ten_is_further_from_its_nearest_than_far():
    seeds = np.random.default_rng(0).normal(0, 1, (500, 2))
    likeness = Likeness(("a", "b"), ("technical", "cultural"), np.ones(2), 0.3)
    bars = far_matches(likeness, seeds)
    apart = np.square(seeds[:, None] - seeds).sum(axis=2)
    nearest = np.argsort(apart, axis=1)[:, 1:4]
    found = likeness.matches(seeds, seeds[nearest])
    assert all(0.05 <= np.mean(found[fit] < bars[fit]) <= 0.11 for fit in bars)


def test_seeds_that_are_all_alike_make_no_fit_far_that_hardly_differs():
    likeness = Likeness(("a",), ("technical",), np.ones(1), 1.0)
    assert far_matches(likeness, np.zeros((5, 1))) == {"technical": 0.95}
