import numpy as np
import pandas as pd
import pytest

from icp_ml.names import FIT_NAMES, PLAYERS
from icp_ml.prospects.reasons import (
    attribute_reasons,
    fit_reasons,
    not_measured_texts,
    reason_text,
    unknown_fits,
    value_text,
)

KINDS = {"integrations": "numeric", "crm": "categorical", "founded": "date", "budget": "numeric"}


def one(values, contributions, labels=None):
    frame = pd.DataFrame({name: [value] for name, value in values.items()})
    shares = pd.DataFrame([contributions], columns=list(values))
    return attribute_reasons(frame, shares, KINDS, labels or {})[0].tolist()


def test_reasons_are_the_strongest_of_their_sign_in_order():
    found = one({"integrations": 7.0, "crm": "hubspot", "founded": 30.0, "budget": np.nan}, [0.414, -0.5, 0.6, -0.02])
    assert found == [
        "founded = 30 days before (+0.60)",
        "integrations = 7 (+0.41)",
        None,
        "crm = hubspot (-0.50)",
        "budget not known (-0.02)",
        None,
    ]


def test_a_contribution_near_zero_is_no_reason():
    assert one({"integrations": 7.0, "crm": "a"}, [0.019, -0.0199]) == [None] * 6


def test_labels_are_words_for_people():
    labels = {"integrations": "number of integrations"}
    assert one({"integrations": 7.0}, [0.414], labels)[0] == "number of integrations = 7 (+0.41)"


def test_at_most_three_reasons():
    names = list("abcde")
    shares = pd.DataFrame([[0.1, 0.5, 0.3, 0.2, 0.4]], columns=names)
    found = attribute_reasons(pd.DataFrame([[1.0] * 5], columns=names), shares, dict.fromkeys(names, "numeric"), {})
    assert [text[0] for text in found[0, :3]] == ["b", "e", "c"]


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (7.0, "numeric", "7"),
        (-0.5, "numeric", "-0.5"),
        (1234.5678, "numeric", "1235"),
        (12345678.0, "numeric", "12345678"),
        (32061.4, "numeric", "32061"),
        (-3.0, "date", "3 days after"),
        ("NA", "categorical", "NA"),
        ("two\nlines", "categorical", "two lines"),
        ("x" * 80, "categorical", "x" * 57 + "..."),
        (float("nan"), "numeric", None),
        (None, "categorical", None),
    ],
)
def test_values_in_words(value, kind, text):
    assert value_text(value, kind) == text


def test_the_text_of_the_contract():
    assert reason_text("integrations", "7", 0.41) == "integrations = 7 (+0.41)"


def test_fit_reasons_name_the_fit_and_never_a_number_for_an_unknown_one():
    contributions = np.zeros((2, 7))
    contributions[0, [0, 2, 6]] = 0.31, -0.2, 0.1
    contributions[1, 0] = 0.5
    unknown = np.zeros((2, 6), dtype=bool)
    unknown[1, 0] = True
    assert fit_reasons(contributions, unknown).tolist() == [
        ["technical fit (+0.31)", "context (+0.10)", None, "resource fit (-0.20)", None, None],
        ["technical fit not known", None, None, None, None, None],
    ]


@pytest.mark.parametrize("seed", range(10))
def test_fit_reasons_agree_with_a_plain_loop(seed):
    draw = np.random.default_rng(seed)
    contributions, unknown = draw.normal(0, 0.3, (50, 7)), draw.random((50, 6)) < 0.2
    for row, found in enumerate(fit_reasons(contributions, unknown)):
        for sign, half in ((1, found[:3]), (-1, found[3:])):
            signed = sign * contributions[row]
            best = [PLAYERS[p] for p in np.argsort(-signed)[:3] if signed[p] >= 0.02]
            assert [text.split()[0] for text in half if text] == best


def test_fit_reasons_of_no_rows():
    assert fit_reasons(np.empty((0, 7)), np.empty((0, 6), dtype=bool)).shape == (0, 6)


def test_a_fit_is_unknown_when_all_its_attributes_are_missing_and_never_when_it_has_none():
    frame = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", None], "c": [np.nan, 2.0]})
    unknown = unknown_fits(frame, {"a": "technical", "b": "technical", "c": "cultural"})
    assert not_measured_texts(unknown).tolist() == ["cultural", "technical"]


def test_every_pattern_of_unknown_fits_is_named_in_order():
    assert not_measured_texts(np.ones((1, 6), dtype=bool))[0] == "; ".join(FIT_NAMES)
    assert not_measured_texts(np.zeros((1, 6), dtype=bool))[0] == ""
