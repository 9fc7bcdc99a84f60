"""Customers like an account: near in what matters, never the account itself, in no order of the table."""

import dataclasses

import numpy as np
import pandas as pd

from icp_ml.model.explanation.nearest import nearest_customers
from icp_ml.model.reference import Reference


def ids_of(neighbours):
    return [one.id for one in neighbours]


def test_three_of_each_outcome_nearest_first(case_of, reference):
    case = case_of()
    found = nearest_customers(case)
    distances = case.distances()
    for side, outcome in ((found.successes, 1), (found.failures, 0)):
        assert len(side) == 3
        assert [one.distance for one in side] == sorted(distances[reference.outcome == outcome])[:3]
        assert all(reference.outcome[reference.ids == one.id] == outcome for one in side)


def test_an_account_is_no_evidence_about_itself(case_of, reference):
    row = reference.frame.iloc[[17]].reset_index(drop=True)
    own = dataclasses.replace(case_of(), id="c17", row=row)
    twin = dataclasses.replace(own, id="another")
    assert "c17" not in ids_of(nearest_customers(own).successes + nearest_customers(own).failures)
    first = min((*nearest_customers(twin).successes, *nearest_customers(twin).failures), key=lambda one: one.distance)
    assert (first.id, first.distance, first.differs) == ("c17", 0.0, ())


def test_what_differs_is_what_matters(case_of, reference, words):
    case = case_of()
    neighbour = nearest_customers(case).failures[-1]
    at = int(np.flatnonzero(reference.ids == neighbour.id)[0])
    apart = np.abs(case.reference_contributions[at] - case.contributions)
    assert neighbour.differs[0].column == case.columns[int(apart.argmax())]
    told = neighbour.as_document(words)["differs"][0]
    assert set(told) == {"label", "here", "there"}


def test_the_order_of_the_table_does_not_matter(case_of, reference):
    mixed = np.random.default_rng(3).permutation(len(reference))
    turned = Reference(
        reference.ids[mixed],
        reference.outcome[mixed],
        reference.weight[mixed],
        reference.frame.iloc[mixed].reset_index(drop=True),
        len(mixed),
        reference.membership.rows(mixed),
    )
    for changes in ({}, {"noise": 0.0, "crm": "other"}):
        case = case_of(**changes)
        again = dataclasses.replace(case, reference=turned)
        assert ids_of(nearest_customers(again).successes) == ids_of(nearest_customers(case).successes)


def test_customers_equally_near_are_told_apart_by_their_raw_values(case_of):
    case = case_of(noise=3.0)
    beyond = pd.concat([case.row] * 3, ignore_index=True).assign(noise=[3.9, 3.1, 3.5])
    alike = Reference.learn(list("abc"), beyond, np.ones(3), weight=np.ones(3), seed=0)
    found = nearest_customers(dataclasses.replace(case, reference=alike))
    assert {one.distance for one in found.successes} == {0.0}
    assert ids_of(found.successes) == ["b", "c", "a"]


def test_the_sentence_counts_those_around(case_of):
    found = nearest_customers(case_of())
    assert f"{found.n_success_around} succeeded" in found.sentence
    assert found.n_around == 30
    assert 0 <= found.low < found.share < found.high <= 1


def test_without_a_domain_ids_decide(case_of):
    case = dataclasses.replace(case_of(), domain=None)
    alike = Reference.learn(["b", "a"], pd.concat([case.row] * 2), np.ones(2), weight=np.ones(2), seed=0)
    assert ids_of(nearest_customers(dataclasses.replace(case, reference=alike)).successes) == ["a", "b"]
