"""A group is described by what sets it apart, in words that were checked by hand, and by nothing that is chance."""

from __future__ import annotations

import numpy as np
import pandas as pd

from icp_ml.model.explanation.words import Words
from icp_ml.prospects.lookalikes.portrait import fits_apart, set_apart
from icp_ml.prospects.reasons import value_text

WORDS = Words({"tools": "tools in use"}, {"crm": "categorical", "tools": "numeric"}, value_text)
INSIDE = np.arange(200) < 100


def test_a_level_is_told_by_its_share_here_and_elsewhere():
    crm = ["hubspot"] * 70 + ["other"] * 30 + ["hubspot"] * 30 + ["other"] * 70
    assert set_apart(pd.DataFrame({"crm": crm}), INSIDE, WORDS) == ["crm hubspot in 7 of 10, against 3 of 10"]


def test_a_number_is_told_by_its_medians_with_the_words_of_the_study():
    tools = [9.0] * 60 + [3.0] * 40 + [3.0] * 90 + [9.0] * 10
    assert set_apart(pd.DataFrame({"tools": tools}), INSIDE, WORDS) == ["median tools in use 9, against 3"]


def test_shares_near_an_end_are_told_in_percent():
    crm = ["hubspot"] * 40 + ["none", "other"] * 30 + ["hubspot"] + ["none", "other"] * 49 + ["none"]
    assert set_apart(pd.DataFrame({"crm": crm}), INSIDE, WORDS) == ["crm hubspot in 4 of 10, against 1%"]


def test_what_is_not_known_of_one_group_sets_it_apart():
    tools = [np.nan] * 80 + [5.0] * 20 + [5.0] * 100
    assert set_apart(pd.DataFrame({"tools": tools}), INSIDE, WORDS) == [
        "tools in use not known in 8 of 10, against 0 of 10"
    ]


def test_chance_is_not_told():
    told = []
    for seed in range(20):
        draw = np.random.default_rng(seed)
        frame = pd.DataFrame({"tools": draw.normal(size=200), "crm": draw.choice(["a", "b", "c"], 200)})
        told += set_apart(frame, INSIDE, WORDS)
    assert len(told) <= 1


def test_each_attribute_is_told_once_and_at_most_three():
    draw = np.random.default_rng(0)
    names = [f"x{at}" for at in range(6)]
    frame = pd.DataFrame({name: draw.normal(size=200) + 4 * INSIDE for name in names})
    told = set_apart(frame, INSIDE, Words({}, dict.fromkeys(names, "numeric"), value_text))
    assert len({text.split()[1] for text in told}) == len(told) == 3


def test_the_largest_difference_comes_first_of_attributes_and_of_levels():
    draw = np.random.default_rng(0)
    crm = np.where(INSIDE, draw.choice(["a", "b", "c"], 200, p=[0.8, 0.1, 0.1]), draw.choice(["a", "b", "c"], 200))
    frame = pd.DataFrame({"tools": draw.normal(size=200) + 0.7 * INSIDE, "crm": crm, "size": 3.0 * INSIDE})
    told = set_apart(
        frame, INSIDE, Words({}, {"tools": "numeric", "size": "numeric", "crm": "categorical"}, value_text)
    )
    assert told[0].startswith("median size 3, against 0")
    assert [text for text in told if text.startswith("crm")] == ["crm a in 7 of 10, against 3 of 10"]


def test_nothing_is_apart_from_nobody():
    frame = pd.DataFrame({"tools": np.arange(200.0)})
    everyone = np.ones(200, dtype=bool)
    assert set_apart(frame, everyone, WORDS) == set_apart(frame, ~everyone, WORDS) == []
    assert fits_apart(np.ones((200, 1)), ["technical"], everyone) == ""


def test_fits_are_summed_and_told_by_side():
    draw = np.random.default_rng(0)
    contributions = 0.1 * draw.normal(size=(200, 4))
    contributions[INSIDE] += [0.1, 0.1, -0.3, 0.0]
    fits = ["technical", "technical", "resource", "cultural"]
    assert fits_apart(contributions, fits, INSIDE) == "technical above, resource below the others"


def test_values_of_no_attribute_at_all_say_nothing():
    assert set_apart(pd.DataFrame({"crm": pd.Series([None] * 200, dtype="str")}), INSIDE, WORDS) == []
