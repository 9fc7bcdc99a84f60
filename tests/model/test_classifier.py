"""`SuccessClassifier`: scikit-learn's checks, exact sums, weights, determinism, and known answers."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.utils.estimator_checks import parametrize_with_checks

from icp_ml.model import SuccessClassifier
from icp_ml.model.parts import ClassifierParts
from icp_ml.names import PLAYERS

FITS = {
    "stack": "technical",
    "integrations": "technical",
    "budget": "resource",
    "style": "cultural",
    "noise": "context",
}
LEARNERS = ("logistic", "lightgbm", "blend")

CANNOT_PASS = {
    "check_sample_weight_equivalence_on_dense_data": (
        "an account of weight 2 is one account in one fold; two copies are two accounts, which folds, the least number "
        "of accounts per leaf and row sampling treat separately. Weight 0 is the same as removal, see the test below."
    )
}


@parametrize_with_checks([SuccessClassifier()], expected_failed_checks=lambda _: CANNOT_PASS)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def company(n=400, seed=0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "stack": pd.Series(rng.choice(["crm", "erp", "none"], n), dtype="str"),
            "integrations": rng.poisson(3, n).astype(float),
            "budget": np.where(rng.random(n) < 0.2, np.nan, rng.lognormal(8, 1, n)),
            "style": pd.Series(rng.choice(["fast", "slow"], n), dtype="str"),
            "noise": rng.normal(size=n),
        }
    )
    margin = 0.6 * (frame["integrations"] - 3) + 1.2 * (frame["stack"] == "crm") - 0.4
    return frame, (rng.random(n) < expit(margin.to_numpy())).astype(int)


@pytest.fixture(scope="module")
def fitted():
    frame, y = company()
    return {name: SuccessClassifier(FITS, learner=name).fit(frame, y) for name in LEARNERS}


@pytest.fixture(scope="module")
def prospects():
    frame, _ = company(300, seed=9)
    frame.loc[:20, "stack"] = "never seen"
    frame.loc[10:30, "integrations"] = np.nan
    return frame


@pytest.mark.parametrize("learner", LEARNERS)
def test_fits_add_up_to_the_score(fitted, prospects, learner):
    model = fitted[learner]
    total = model.base_value_ + model.fit_contributions(prospects).sum(axis=1)
    np.testing.assert_allclose(total, model.decision_function(prospects), atol=1e-9)
    np.testing.assert_allclose(expit(total), model.predict_proba(prospects)[:, 1], atol=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_attributes_add_up_to_their_fit(fitted, prospects, learner):
    model = fitted[learner]
    by_fit = model.attribute_contributions(prospects).T.groupby(FITS).sum().T
    expected = model.fit_contributions(prospects)[by_fit.columns]
    np.testing.assert_allclose(by_fit, expected, atol=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_columns_are_the_players_and_an_absent_fit_is_exactly_zero(fitted, prospects, learner):
    contributions = fitted[learner].fit_contributions(prospects)
    assert tuple(contributions.columns) == PLAYERS
    assert not contributions[["functional", "competence", "experience"]].to_numpy().any()
    assert contributions["technical"].std() > 0.3


@pytest.mark.parametrize("learner", LEARNERS)
def test_base_value_is_the_mean_log_odds_of_the_training_customers(fitted, learner):
    frame, _ = company()
    assert fitted[learner].base_value_ == pytest.approx(fitted[learner].decision_function(frame).mean(), abs=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_neither_order_nor_batch_size_matter(fitted, prospects, learner):
    model = fitted[learner]
    whole = model.contributions_array(prospects)
    order = np.random.default_rng(0).permutation(len(prospects))
    np.testing.assert_array_equal(model.contributions_array(prospects.iloc[order]), whole[order])
    parts = [model.decision_function(prospects.iloc[i : i + 7]) for i in range(0, len(prospects), 7)]
    np.testing.assert_array_equal(np.concatenate(parts), model.decision_function(prospects))


def test_no_rows_give_no_scores(fitted, prospects):
    assert fitted["blend"].contributions_array(prospects.iloc[:0]).shape == (0, 7)
    assert fitted["blend"].predict_proba(prospects.iloc[:0]).shape == (0, 2)


@pytest.mark.parametrize("learner", ["auto", *LEARNERS])
def test_weight_zero_is_as_good_as_absent(learner):
    frame, y = company(300)
    weight = np.where(np.arange(300) % 3 == 0, 0.0, np.linspace(0.5, 2, 300))
    kept = weight > 0
    frame.loc[~kept, "style"] = "only without weight"
    frame.loc[~kept, "noise"] = 1e6
    with_zeros = SuccessClassifier(FITS, learner=learner).fit(frame, y, sample_weight=weight)
    without = SuccessClassifier(FITS, learner=learner).fit(frame[kept], y[kept], sample_weight=weight[kept])
    np.testing.assert_array_equal(with_zeros.decision_function(frame), without.decision_function(frame))
    np.testing.assert_array_equal(with_zeros.oof_margin_[kept], without.oof_margin_)


def test_scale_of_weights_does_not_matter():
    frame, y = company(300)
    one, ten = (SuccessClassifier(FITS).fit(frame, y, sample_weight=np.full(300, w)) for w in (1.0, 10.0))
    np.testing.assert_array_equal(one.decision_function(frame), ten.decision_function(frame))


@pytest.mark.parametrize("learner", LEARNERS)
def test_weights_move_the_base_rate(learner):
    frame, y = company(600)
    model = SuccessClassifier(FITS, learner=learner).fit(frame, y, sample_weight=np.where(y == 1, 3.0, 1.0))
    share = 3 * y.sum() / (3 * y.sum() + (1 - y).sum())
    assert np.average(model.predict_proba(frame)[:, 1], weights=np.where(y == 1, 3.0, 1.0)) == pytest.approx(
        share, abs=0.03
    )


def test_base_rate_shifts_the_base_value_only(fitted, prospects):
    frame, y = company()
    shifted = SuccessClassifier(FITS, learner="blend", base_rate=0.826).fit(frame, y)
    np.testing.assert_array_equal(
        shifted.contributions_array(prospects), fitted["blend"].contributions_array(prospects)
    )
    assert shifted.base_value_ - fitted["blend"].base_value_ == pytest.approx(logit(0.826) - logit(y.mean()))


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_declared_effect_holds_for_every_account(learner):
    frame, y = company(300)
    effects = {"integrations": "decreasing", "noise": "increasing"}
    model = SuccessClassifier(FITS, learner=learner, effects=effects).fit(frame, y)
    for column, sign in (("integrations", -1), ("noise", 1)):
        margins = [model.decision_function(frame.assign(**{column: value})) for value in np.linspace(-3.0, 8.0, 12)]
        assert (sign * np.diff(margins, axis=0) >= -1e-12).all()


def test_known_answer(fitted, prospects):
    means = fitted["blend"].fit_contributions(prospects).abs().mean()
    assert means["technical"] > 5 * means[["resource", "cultural", "context"]].max()


def test_out_of_fold_margins_are_not_fitted_to_their_own_label():
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.normal(size=(400, 20))).add_prefix("x")
    y = (rng.random(400) < 0.5).astype(int)
    model = SuccessClassifier(learner="lightgbm").fit(frame, y)
    gap = model.oof_margin_[y == 1].mean() - model.oof_margin_[y == 0].mean()
    assert gap < 0.02
    assert model.predict_proba(frame)[:, 1].std() < 0.05


def test_auto_states_its_rule_and_keeps_a_candidate():
    frame, y = company()
    model = SuccessClassifier(FITS).fit(frame, y)
    assert set(model.comparison_["candidates"]) == set(LEARNERS)
    assert model.learner_ == model.comparison_["chosen"]
    assert model.comparison_["rule"].startswith("the simplest of logistic, lightgbm, blend")


def test_related_accounts_share_a_fold_and_widen_the_range():
    frame, y = company(200)
    copies = np.repeat(np.arange(200), 3)
    grouped = SuccessClassifier(FITS, learner="logistic").fit(frame.iloc[copies], y[copies], groups=copies)
    apart = SuccessClassifier(FITS, learner="logistic").fit(frame.iloc[copies], y[copies])
    widths = [high - low for low, high in (m.probability_range(np.zeros(1)) for m in (grouped, apart))]
    assert widths[0] > 1.3 * widths[1]


def test_copies_of_an_account_cannot_flatter_the_out_of_fold_margins():
    rng = np.random.default_rng(5)
    frame = pd.DataFrame(rng.normal(size=(60, 30))).add_prefix("x")
    y = (rng.random(60) < 0.5).astype(int)
    copies = np.repeat(np.arange(60), 8)
    losses = []
    for groups in (copies, None):
        model = SuccessClassifier(learner="lightgbm").fit(frame.iloc[copies], y[copies], groups=groups)
        losses.append(model.comparison_["candidates"]["lightgbm"]["log_loss"])
    assert losses[0] > 0.65
    assert losses[1] < 0.5


def test_base_rate_moves_the_range_with_the_score():
    frame, y = company()
    plain, shifted = (SuccessClassifier(FITS, learner="logistic", base_rate=rate).fit(frame, y) for rate in (None, 0.9))
    margin = np.array([0.3])
    low, high = plain.probability_range(margin)
    moved = shifted.probability_range(margin + shifted.shift_)
    np.testing.assert_allclose(logit(np.r_[low, high]) + shifted.shift_, logit(np.concatenate(moved)), atol=1e-9)


def test_range_holds_the_success_share_of_accounts_of_a_score():
    inside = []
    for seed in range(20):
        frame, y = company(300, seed)
        model = SuccessClassifier(FITS, learner="logistic", random_state=seed).fit(frame, y)
        later, outcome = company(5000, 100 + seed)
        margin = model.decision_function(later)
        near = np.abs(margin - np.median(margin)) < 0.15
        low, high = model.probability_range(np.median(margin)[None])
        inside.append(low[0] <= outcome[near].mean() <= high[0])
    assert np.mean(inside) >= 0.75


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # from shap's own import
def test_explanation_is_what_shap_draws(fitted, prospects):
    explanation = fitted["blend"].explain(prospects)
    assert type(explanation).__module__.startswith("shap")
    assert explanation.feature_names == list(FITS)
    total = explanation.base_values + explanation.values.sum(axis=1)
    np.testing.assert_allclose(total, fitted["blend"].decision_function(prospects), atol=1e-9)


@pytest.mark.parametrize("learner", LEARNERS)
def test_parts_bring_the_same_bits_back(fitted, prospects, learner):
    model = fitted[learner]
    parts = model.to_parts()
    document = json.loads(json.dumps(parts.document, allow_nan=False))
    again = SuccessClassifier.from_parts(ClassifierParts(document, parts.booster, parts.arrays))
    np.testing.assert_array_equal(again.contributions_array(prospects), model.contributions_array(prospects))
    np.testing.assert_array_equal(again.predict(prospects), model.predict(prospects))
    assert again.base_value_ == model.base_value_
    assert again.to_parts().booster == parts.booster
    assert again.to_parts().document == parts.document


def test_parts_of_another_format_are_refused(fitted):
    parts = fitted["logistic"].to_parts()
    strange = ClassifierParts(parts.document | {"format": 99}, parts.booster, parts.arrays)
    with pytest.raises(ValueError, match="format 99; expected 1"):
        SuccessClassifier.from_parts(strange)


FIT_AND_DIGEST = """
import hashlib, json
import numpy as np, pandas as pd
from icp_ml.model import SuccessClassifier
rng = np.random.default_rng(0)
frame = pd.DataFrame({"a": rng.normal(size=300), "b": rng.choice(["x", "y", "z"], 300)})
y = frame["a"] + rng.normal(size=300) > 0
parts = SuccessClassifier(learner="blend", random_state=7).fit(frame, y).to_parts()
digest = hashlib.sha256((json.dumps(parts.document) + parts.booster).encode()).hexdigest()
"""


def test_the_same_data_and_seed_give_the_same_model_here_and_in_another_process():
    digests = []
    for _ in range(2):
        names = {}
        exec(FIT_AND_DIGEST, names)
        digests.append(names["digest"])
    command = [sys.executable, "-c", FIT_AND_DIGEST + "print(digest)"]
    there = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert {*digests, there} == {digests[0]}


def test_another_seed_gives_another_model():
    frame, y = company()
    one, two = (SuccessClassifier(FITS, learner="lightgbm", random_state=seed).fit(frame, y) for seed in (0, 1))
    assert one.to_parts().booster != two.to_parts().booster


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learner": "forest"}, "learner: 'forest'; expected one of"),
        ({"base_rate": 1.0}, "base_rate: 1.0; expected a share between 0 and 1"),
        ({"n_folds": 1}, "n_folds: 1; expected 2 or more"),
        ({"fits": {"stack": "technical"}}, "columns without a fit .'integrations'"),
        ({"fits": FITS | {"stack": "tech"}}, "unknown fits .'tech'"),
        ({"fits": FITS | {"colour": "technical"}}, "names that are no column .'colour'"),
        ({"effects": {"stack": "increasing"}}, "effects: .'stack: increasing'.; expected a numeric column"),
        ({"effects": {"noise": "up"}}, "effects: .'noise: up'"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    frame, y = company(60)
    with pytest.raises(ValueError, match=words):
        SuccessClassifier(**settings).fit(frame, y)


def test_infinite_numbers_are_refused_with_column_and_rows():
    frame, y = company(60)
    frame.loc[[4, 7], "noise"] = np.inf
    with pytest.raises(ValueError, match=r"column 'noise' has 2 infinity values \(rows 5, 8\)"):
        SuccessClassifier().fit(frame, y)


def test_repeated_columns_are_refused():
    frame, y = company(60)
    with pytest.raises(ValueError, match="Expected unique column names, got:\n- 'noise' 2 times"):
        SuccessClassifier().fit(pd.concat([frame, frame[["noise"]]], axis=1), y)


@pytest.mark.parametrize(("weight", "words"), [([1.0], "shape"), ([-1.0] * 60, "60 weights"), ([0.0] * 60, "zero")])
def test_wrong_weights_are_refused(weight, words):
    frame, y = company(60)
    with pytest.raises(ValueError, match=words):
        SuccessClassifier().fit(frame, y, sample_weight=weight)


def test_one_class_left_by_the_weights_is_refused():
    frame, y = company(60)
    with pytest.raises(ValueError, match="one class among"):
        SuccessClassifier().fit(frame, y, sample_weight=(y == 1).astype(float))


def test_odd_column_names_do_not_matter(prospects):
    frame, y = company()
    names = {"stack": 'st{a}:"ck', "integrations": "a b", "noise": "a_b"}
    plain = SuccessClassifier(learner="lightgbm").fit(frame, y).decision_function(prospects)
    odd = SuccessClassifier(learner="lightgbm").fit(frame.rename(columns=names), y)
    np.testing.assert_array_equal(odd.decision_function(prospects.rename(columns=names)), plain)


def test_an_attribute_that_is_always_missing_counts_for_nothing():
    frame, y = company(200)
    frame["budget"] = np.nan
    contributions = SuccessClassifier(FITS, learner="blend").fit(frame, y).fit_contributions(frame)
    assert not contributions["resource"].to_numpy().any()


def enumerated_fits(model, frame, account):
    """Return the Shapley values of the players by definition: the mean served margin over every coalition."""

    def worth(coalition):
        mixed = frame.copy()
        for column in (name for name, fit in FITS.items() if fit in coalition):
            mixed[column] = account[column].iloc[0]
        return model.decision_function(mixed).mean()

    players = sorted(set(FITS.values()))
    values = dict.fromkeys(PLAYERS, 0.0)
    for player in players:
        others = [name for name in players if name != player]
        for size in range(len(players)):
            share = factorial(size) * factorial(len(players) - size - 1) / factorial(len(players))
            for joined in combinations(others, size):
                values[player] += share * (worth({*joined, player}) - worth(set(joined)))
    return [values[name] for name in PLAYERS]


@pytest.mark.parametrize("learner", LEARNERS)
def test_fits_of_the_served_margin_equal_the_enumeration_of_coalitions(fitted, learner):
    model, (frame, _) = fitted[learner], company()
    for row in (0, 7, 11):
        account = frame.iloc[[row]]
        expected = enumerated_fits(model, frame, account)
        np.testing.assert_allclose(model.contributions_array(account)[0], expected, atol=1e-9)
