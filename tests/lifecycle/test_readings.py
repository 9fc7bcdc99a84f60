"""A test period that was read before is counted; a repetition of the same training is not."""

from __future__ import annotations

import pytest

from icp_ml.lifecycle.readings import PERIOD_TAG, Reading, earlier_readings, period_key, readings_sentence
from icp_ml.lifecycle.store import opened_store
from icp_ml.lifecycle.tracking import STATE_TAG, log_training

KEY = period_key(["a", "b"], [1.0, 0.0])


def identity(study="s1", data="d1", code="c1"):
    return {"study_sha256": study, "data_sha256": data, "code_version": code}


@pytest.fixture
def trained(bundle, store):
    """Return a maker of registered trainings that one test period judged."""

    def train(text, name="acme", key=KEY, ready=False, **which):
        tags = identity(**which) | {PERIOD_TAG: key, "ready": str(ready).lower()}
        return log_training(bundle(text), name, ready, tags=tags)

    return train


def test_the_key_is_that_of_accounts_and_outcomes_whatever_their_order():
    assert period_key(["b", "a"], [0, 1]) == KEY
    others = ((["a", "b"], [0, 1]), (["a"], [1]), (["a", "b", "c"], [1, 0, 0]), (["a=1;1:b", "b"], [1, 0]))
    assert len({period_key(*other) for other in others} | {KEY}) == 5


def test_an_id_in_any_bytes_has_a_key_and_ids_do_not_run_together():
    assert len(period_key(["\udcff"], [1])) == 32
    assert period_key(["ab", "c"], [1, 1]) != period_key(["a", "bc"], [1, 1])


def test_nobody_read_it_before_the_store_exists():
    assert earlier_readings("acme", KEY, identity()) == []


def test_other_settings_code_and_data_are_readings_and_a_repetition_is_none(trained):
    runs = [trained("one").run_id, trained("two", study="s2", ready=True).run_id, trained("three", code="c2").run_id]
    found = earlier_readings("acme", KEY, identity(study="s9"))
    assert [reading.run_id for reading in found] == runs
    assert [(reading.version, reading.ready) for reading in found] == [(1, False), (2, True), (3, False)]
    assert [reading.run_id for reading in earlier_readings("acme", KEY, identity())] == runs[1:]


def test_the_same_settings_twice_are_one_reading(trained):
    trained("one"), trained("two")
    assert [reading.version for reading in earlier_readings("acme", KEY, identity(study="s9"))] == [1]


def test_other_test_periods_and_other_names_do_not_count(trained):
    trained("one", key=period_key(["a"], [1]))
    trained("two", name="other")
    assert earlier_readings("acme", KEY, identity(study="s9")) == []


def test_a_training_that_was_never_completed_does_not_count(trained):
    run_id = trained("one").run_id
    with opened_store(create=True) as (client, _):
        client.set_tag(run_id, STATE_TAG, "stale")
    assert earlier_readings("acme", KEY, identity(study="s9")) == []


def test_the_sentence_counts_and_says_what_it_does_to_the_numbers():
    many = [Reading(f"r{n}", "s", n, ready=False) for n in range(1, 8)]
    assert readings_sentence([]) == ""
    assert "by 1 earlier training with" in readings_sentence(many[:1])
    assert "by 7 earlier trainings with other settings or data (versions ..., 3, 4, 5, 6, 7)" in readings_sentence(many)
    assert "optimistic" in readings_sentence(many)
    assert many[0].as_document() == {"run_id": "r1", "study_sha256": "s", "version": 1, "ready": False}
