"""One account in depth: the numbers of the score file, everything that backs them, and nothing that does not exist."""

import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.accounts.contract import AttributeContract, TableContract
from icp_ml.accounts.tables import table_of
from icp_ml.model import SuccessClassifier
from icp_ml.model.domain import Domain
from icp_ml.model.explanation.stability import Stability
from icp_ml.model.reference import Reference
from icp_ml.model.refits import refits
from icp_ml.model.success_model import SuccessModel, identified
from icp_ml.names import PLAYERS
from icp_ml.prospects.account import explain_account
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.lookup import find_account
from icp_ml.prospects.score import score_frame

FITS = ("technical", "technical", "resource", "competence", "context")
FIT_OF = dict(zip(("integrations", "crm", "budget", "skill", "noise"), FITS, strict=True))
KINDS = dict.fromkeys(FIT_OF, "numeric") | {"crm": "categorical"}
LEVELS = ("hubspot", "other", "salesforce")
STUDY = {"seed": 3, "fits": {"technical": [{"column": "crm", "changeable": True}, "integrations"]}}


def draw(n, seed):
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"integrations": random.poisson(4, n).astype(float)})
    frame["crm"] = pd.Series(random.choice(LEVELS, n), dtype="str")
    for name in ("budget", "skill", "noise"):
        frame[name] = np.round(random.normal(size=n), 2)
    frame.loc[random.random(n) < 0.2, "skill"] = np.nan
    return frame


@pytest.fixture(scope="module")
def model():
    frame = draw(400, 0)
    margin = 0.5 * (frame["integrations"] - 4) + 1.5 * (frame["crm"] == "hubspot") + frame["skill"].fillna(0.0)
    outcome = (np.random.default_rng(1).random(400) < expit(margin)).astype(float)
    classifier = SuccessClassifier(FIT_OF, learner="blend", kinds=KINDS).fit(frame, outcome)
    attributes = tuple(
        AttributeContract(name, fit, KINDS[name], LEVELS if name == "crm" else (), -9.0, 99.0, 0.0)
        for name, fit in FIT_OF.items()
    )
    trained = SuccessModel(
        name="acme",
        kind="success",
        study=STUDY,
        horizon_days=365,
        stage="prospect",
        contract=TableContract("id", False, attributes),
        classifier=classifier,
        domain=Domain.learn(frame, KINDS, FIT_OF),
        ready=True,
        data_sha256="0" * 64,
        code_version="0",
        map_reviewed={"by": "someone", "on": "2026-06-01"},
        question_value={"integrations": 0.9, "crm": 0.6, "skill": 0.7, "api_skill": 0.5},
        customer_keys=(customer_key("c1"),),
        reference=Reference.learn([f"c{i}" for i in range(400)], frame, outcome, weight=np.ones(400), seed=0),
        stability=Stability.learn(classifier, frame, refits(classifier, frame, outcome, n_refits=10)),
    )
    return identified(trained)


@pytest.fixture(scope="module")
def table():
    return draw(60, 5).assign(id=[f"p{i}" for i in range(59)] + ["c1"])


@pytest.fixture
def explained(model, table):
    def explain(account, **changes):
        changed = dataclasses.replace(model, **changes)
        return explain_account(changed, find_account(table_of(table), changed, account)).as_document()

    return explain


@pytest.fixture(scope="module")
def six(model, table):
    opened = table_of(table)
    return [explain_account(model, find_account(opened, model, f"p{i}")).as_document() for i in range(6)]


def test_the_numbers_and_reasons_are_those_of_the_score_file(model, table, six):
    scored = score_frame(table, model).set_index("id")
    for document in six:
        row = scored.loc[document["id"]]
        assert (document["probability"], document["low"], document["high"]) == tuple(
            row[["probability", "probability_low", "probability_high"]]
        )
        measured = {fit["name"]: fit["contribution"] for fit in document["fits"] if fit["measured"]}
        assert measured == row[list(PLAYERS)].dropna().to_dict()
        for key, name in (("reasons", "reason"), ("concerns", "concern")):
            assert document[key] == [text for text in row[[f"{name}_{n}" for n in (1, 2, 3)]] if isinstance(text, str)]
        assert document["in_domain"] == row["in_domain"]


def test_everything_adds_up(six):
    document = six[3]
    contributions = [fit["contribution"] or 0.0 for fit in document["fits"]]
    assert document["base_value"] + sum(contributions) == pytest.approx(document["margin"], abs=1e-12)
    points = sum(fit["points"] or 0.0 for fit in document["fits"])
    assert 100 * document["base_probability"] + points == pytest.approx(100 * document["probability"], abs=1e-7)
    for fit in document["fits"]:
        inside = sum(one["contribution"] for one in fit["attributes"])
        assert inside == pytest.approx(fit["contribution"] or 0.0, abs=1e-9)


def test_it_is_json_and_the_same_again(explained, six):
    assert json.dumps(explained("p5"), allow_nan=False) == json.dumps(six[5], allow_nan=False)


def test_what_is_not_stable_is_dropped_by_name(six):
    dropped = [text for document in six for text in document["dropped"]]
    assert dropped
    assert not any(set(document["dropped"]) & {*document["reasons"], *document["concerns"]} for document in six)
    flags = {one["stable"] for document in six for fit in document["fits"] for one in fit["attributes"]}
    assert flags == {True, False}


def test_old_models_say_what_they_cannot(explained):
    document = explained("p3", reference=None, stability=None)
    assert (document["like"], document["unlike"], document["dropped"]) == ([], [], [])
    assert "train again" in document["counterfactuals"]["sentence"]
    assert document["fits"][0]["attributes"][0]["stable"] is None
    assert any("train again" in note for note in document["notes"])


def test_a_withdrawn_probability_is_nowhere(explained):
    document = explained("p3", probability_withdrawn=True)
    assert [document[key] for key in ("probability", "low", "high", "base_probability")] == [None] * 4
    assert {fit["points"] for fit in document["fits"]} == {None}
    text = json.dumps(document["evidence"]) + json.dumps(document["counterfactuals"])
    assert "a chance of" not in text
    assert "chance would" not in text


def test_a_customer_and_an_excluded_account_are_explained_and_told(explained):
    document = explained("c1", exclude=("integrations >= 0",))
    assert document["is_customer"]
    assert "one of the customers" in document["notes"][0]
    assert "excluded by the rule 'integrations >= 0'" in document["notes"][1]
    assert "c1" not in [one["id"] for one in document["like"] + document["unlike"]]


def test_an_account_unlike_every_customer_is_told_by_attribute(model, table):
    strange = table.assign(integrations=1e6)
    document = explain_account(model, find_account(table_of(strange), model, "p1")).as_document()
    assert not document["in_domain"]
    assert {"column": "integrations", "fit": "technical"} in document["unusual"]
    assert "unlike every customer" in document["counterfactuals"]["sentence"]


def test_questions_name_what_is_unknown_and_what_discovery_tells(six):
    columns = {one["column"] for document in six for one in document["evidence"]["questions"]}
    assert {"skill", "api_skill"} == columns


def test_interactions_are_pairs_of_fits_largest_first(model, table, six):
    document = six[4]
    matrix = model.classifier.fit_interactions(table.loc[[4], list(FIT_OF)])[0]
    sizes = [abs(pair["value"]) for pair in document["interactions"]]
    assert sizes == sorted(sizes, reverse=True)
    for pair in document["interactions"]:
        assert pair["value"] == pytest.approx(2 * matrix[PLAYERS.index(pair["a"]), PLAYERS.index(pair["b"])])


def test_a_hypothesis_answers_its_criteria(explained):
    rules = ("crm in [hubspot]", "integrations >= 0", "revenue > 3")
    document = explained("p4", kind="hypothesis", classifier=None, domain=None, criteria=rules, ready=False)
    answers = {one["text"]: one["answer"] for one in document["criteria"]}
    assert answers["integrations >= 0"] == "met"
    assert answers["revenue > 3"] == "not known"
    assert (document["probability"], document["fits"]) == (None, [])
    assert document["evidence"]["questions"][0]["sentence"] == "Find out whether revenue > 3."
