"""Names, values and chances in words."""

import pytest

from icp_ml.model.explanation.words import chance, declared_attributes


def test_values_and_columns_are_worded(words):
    assert (words.label("integrations"), words.label("crm")) == ("integrations in use", "crm")
    assert (words.value("integrations", 7.0), words.value("crm", None)) == ("7", "not known")


def test_what_a_study_declares_is_read_from_its_document():
    study = {"fits": {"technical": ["crm", {"column": "seats", "changeable": True}]}, "context": ["region"]}
    assert declared_attributes(study) == {
        "crm": {"column": "crm", "fit": "technical"},
        "seats": {"column": "seats", "changeable": True, "fit": "technical"},
        "region": {"column": "region", "fit": "context"},
    }


@pytest.mark.parametrize(
    ("probability", "text"), [(0.5, ".50"), (0.996, "over .99"), (0.0, "under .01"), (0.01, ".01")]
)
def test_a_chance_never_reads_as_certain(probability, text):
    assert chance(probability) == text
