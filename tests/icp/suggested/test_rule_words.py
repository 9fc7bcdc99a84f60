"""Rules in words."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import ConfigError
from icp_ml.icp.suggested.rule_words import opposite, rule_words
from icp_ml.rules import parse_rule


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("team >= 10", "people is 10 or more"),
        ("team < 2.5", "people is below 2.5"),
        ("founded >= 2020-01-31", "founded is 2020-01-31 or later"),
        ("team >= 10 and team < 5000", "people is 10 or more and is below 5,000"),
        ("team >= 10 and crm == other", "people is 10 or more and crm is other"),
        ('crm in ["A, B", C] or team is null', "crm is one of A, B, C or people is not known"),
        ("not (crm in [A, B])", "crm is none of A, B"),
        ("not (team >= 10)", "people is below 10"),
        ("crm is not null and open == true", "crm is known and open is true"),
        ("team < 10 or team >= 20", "people is below 10 or is 20 or more"),
        ("not (team >= 10 and crm == A)", "not (people is 10 or more and crm is A)"),
        ("crm != A and (team > 1 or team is null)", "crm is not A and (people is above 1 or people is not known)"),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_words(rule, words):
    assert rule_words(rule, {"team": "people"}) == words


def test_what_is_no_rule_is_refused():
    with pytest.raises(ConfigError, match="expected"):
        rule_words("team =", {})


@pytest.mark.parametrize(
    "rule",
    [
        "a >= 2",
        "a == 2",
        "not (a > 2)",
        "b in [x, y]",
        "not (b in [x])",
        "b is null",
        "b is not null",
        "a > 1 and b == x",
    ],
)
def test_the_opposite_says_no_where_the_rule_says_yes_and_knows_no_more(rule):
    frame = pd.DataFrame({"a": [1.0, 2, 3, np.nan], "b": ["x", "y", None, "z"]})
    answers, others = parse_rule(rule).evaluate(frame), parse_rule(opposite(rule)).evaluate(frame)
    assert ((answers < 0) == (others < 0)).all()
    assert (answers + others)[answers >= 0].tolist() == [1] * int((answers >= 0).sum())


def test_the_opposite_of_the_opposite_is_the_rule():
    for rule in ("a >= 2", "b in [x, y]", "a < 2 or a >= 3", "(a > 1 or b == y) and not (b in [x, z])"):
        assert opposite(opposite(rule)) == rule
