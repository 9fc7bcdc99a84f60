"""Every coalition of the served margin, and how its players interact, against the definitions."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from icp_ml.model import SuccessClassifier
from icp_ml.names import PLAYERS

LEARNERS = ("logistic", "lightgbm", "blend")
FITS = {"stack": "technical", "seats": "technical", "budget": "resource", "style": "cultural", "region": "context"}


def company(n=300, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "stack": pd.Series(rng.choice(["crm", "erp", "none"], n), dtype="str"),
            "seats": rng.poisson(3, n).astype(float),
            "budget": np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
            "style": pd.Series(rng.choice(["fast", "slow"], n), dtype="str"),
            "region": rng.normal(size=n),
        }
    )
    budget = frame["budget"].fillna(0)
    margin = (frame["seats"] - 3) * (1 + budget) + 1.2 * (frame["stack"] == "crm") + budget
    return frame, (rng.random(n) < expit(margin.to_numpy())).astype(int)


@pytest.fixture(scope="module")
def fitted():
    frame, y = company()
    return {name: SuccessClassifier(FITS, learner=name).fit(frame, y) for name in LEARNERS}


def by_coalition(model, frame):
    return model._served.by_coalition(model.features_.transform(frame))


@pytest.mark.parametrize("learner", LEARNERS)
@pytest.mark.parametrize("coalition", [0, 1, 5, 36, 69, 101, 127])
def test_a_coalition_is_worth_the_mean_margin_with_its_columns_from_the_account(fitted, learner, coalition):
    model, (frame, _) = fitted[learner], company()
    inside = {player for at, player in enumerate(PLAYERS) if coalition >> at & 1}
    for row in (0, 7):
        mixed = frame.copy()
        for column in (name for name, fit in FITS.items() if fit in inside):
            mixed[column] = frame[column].iloc[row]
        expected = model.decision_function(mixed).mean()
        assert by_coalition(model, frame.iloc[[row]])[0, coalition] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_nobody_is_worth_the_base_value_and_all_together_the_margin(fitted, learner):
    model, (frame, _) = fitted[learner], company(200, seed=9)
    values = by_coalition(model, frame)
    np.testing.assert_allclose(values[:, 0], model.base_value_, atol=1e-9)
    np.testing.assert_allclose(values[:, -1], model.decision_function(frame), atol=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_interactions_are_symmetric_and_their_rows_are_the_contributions(fitted, learner):
    model, (frame, _) = fitted[learner], company(200, seed=9)
    pairs = model.fit_interactions(frame)
    np.testing.assert_allclose(pairs.sum(axis=2), model.contributions_array(frame), atol=1e-9)
    np.testing.assert_allclose(pairs, pairs.transpose(0, 2, 1), atol=1e-12)


def test_the_planted_interaction_is_the_largest_and_a_linear_model_has_none(fitted):
    frame, _ = company()
    mean = np.abs(fitted["lightgbm"].fit_interactions(frame)).mean(axis=0)
    np.fill_diagonal(mean, 0.0)
    pair = np.unravel_index(mean.argmax(), mean.shape)
    assert {PLAYERS[pair[0]], PLAYERS[pair[1]]} == {"technical", "resource"}
    linear = fitted["logistic"].fit_interactions(frame)
    assert not linear[:, ~np.eye(len(PLAYERS), dtype=bool)].any()


def test_no_accounts_give_no_values(fitted):
    frame, _ = company()
    assert by_coalition(fitted["blend"], frame.iloc[:0]).shape == (0, 128)
    assert fitted["blend"].fit_interactions(frame.iloc[:0]).shape == (0, 7, 7)
