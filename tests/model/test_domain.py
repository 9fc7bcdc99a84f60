"""One account in twenty like the customers is flagged, strange ones are, and the strange attribute is named."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from icp_ml.model.domain import Domain
from icp_ml.model.neighbours import Neighbours
from icp_ml.model.space import LevelAxis, NumberAxis, Space

KINDS = {
    "size": "numeric",
    "spend": "numeric",
    "tickets": "numeric",
    "age": "date",
    "crm": "categorical",
    "use": "categorical",
}
FIT_OF = {
    "size": "resource",
    "spend": "resource",
    "tickets": "experience",
    "age": "context",
    "crm": "technical",
    "use": "functional",
}


def accounts(n, seed=0):
    rng = np.random.default_rng(seed)
    latent = rng.normal(size=n)
    frame = pd.DataFrame(
        {
            "size": 100 + 15 * (0.6 * latent + 0.8 * rng.normal(size=n)),
            "spend": np.exp(3 + rng.normal(size=n)),
            "tickets": rng.poisson(3, n).astype(float),
            "age": rng.uniform(0, 2000, n),
            "crm": pd.Categorical.from_codes(rng.choice(3, n, p=[0.6, 0.3, 0.1]), ["a", "b", "c"]),
            "use": pd.Categorical.from_codes(rng.integers(-1, 12, n), [f"u{i}" for i in range(12)]),
        }
    )
    frame.loc[rng.random(n) < 0.3, "tickets"] = np.nan
    return frame


def learned(n=400, seed=0, frame=None):
    return Domain.learn(accounts(n, seed) if frame is None else frame, KINDS, FIT_OF, seed)


def flagged(domain, frame):
    return 1 - domain.assess(frame)[0].mean()


@pytest.mark.parametrize("n", [200, 1000])
def test_one_in_twenty_accounts_like_the_customers_is_flagged(n):
    rates = [flagged(learned(n, seed), accounts(1000, 100 + seed)) for seed in range(10)]
    assert 0.03 <= np.mean(rates) <= 0.07


@pytest.mark.parametrize(
    ("column", "value"), [("size", 100 + 4 * 15), ("size", 100 - 4 * 15), ("spend", np.exp(3 + 4.5)), ("age", 9000)]
)
def test_a_value_four_deviations_out_is_flagged_and_named(column, value):
    frame = accounts(300, 7).assign(**{column: value})
    in_domain, unusual = learned().assess(frame)
    assert in_domain.mean() <= 0.1
    assert np.mean([column in unusual[row] for row in np.flatnonzero(~in_domain)]) >= 0.95


def test_several_shifted_attributes_are_flagged():
    frame = accounts(300, 7)
    frame["size"] += 60
    frame["spend"] *= np.exp(4)
    assert flagged(learned(), frame) >= 0.9


def test_a_level_that_no_customer_has_is_named():
    frame = accounts(300, 7).assign(crm="z")
    in_domain, unusual = learned(1000).assess(frame)
    assert in_domain.mean() <= 0.1
    assert all("crm" in unusual[row] for row in unusual.rows)


def test_missing_where_no_customer_has_it_missing_is_named():
    in_domain, unusual = learned(1000).assess(accounts(300, 7).assign(size=np.nan))
    assert in_domain.mean() <= 0.1
    assert all("size" in unusual[row] for row in unusual.rows)


def test_missing_where_many_have_it_missing_is_ordinary():
    assert flagged(learned(1000), accounts(1000, 7).assign(tickets=np.nan)) <= 0.10


def test_a_combination_nobody_has_is_named_by_its_distance():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    same = pd.DataFrame({f"x{i}": x + rng.normal(0, 0.05, 1000) for i in range(4)})
    domain = Domain.learn(same, dict.fromkeys(same, "numeric"), dict.fromkeys(same, "context"))
    in_domain, unusual = domain.assess(pd.DataFrame({"x0": [1.0], "x1": [1.0], "x2": [1.0], "x3": [-1.0]}))
    assert not in_domain[0]
    assert unusual[0] == ("x3",)


def test_texts_name_attribute_and_fit_and_are_empty_inside():
    frame = pd.concat([accounts(1, 7).assign(size=400.0, age=9000.0), accounts(50, 8)], ignore_index=True)
    in_domain, unusual = learned().assess(frame)
    texts = unusual.texts()
    assert texts[0] == "size (resource); age (context)"
    assert ((texts == "") == in_domain).all()
    assert len(unusual) == 51
    assert unusual[-51] == unusual[0]
    assert unusual.counts()["size"] >= 1


def test_rows_out_of_reach_are_an_index_error():
    with pytest.raises(IndexError, match="3"):
        learned().assess(accounts(3))[1][3]


def test_batches_order_of_rows_and_of_columns_do_not_matter(monkeypatch):
    domain, frame = learned(), accounts(3000, 5)
    whole, names = domain.assess(frame)
    single = np.concatenate([domain.assess(frame.iloc[row : row + 1])[0] for row in range(200)])
    mixed = np.random.default_rng(0).permutation(len(frame))
    monkeypatch.setattr("icp_ml.model.domain._PLACED_ROWS", 700)
    monkeypatch.setattr("icp_ml.model.neighbours._BLOCK_ROWS", 129)
    again, same = domain.assess(frame.iloc[mixed][list(reversed(KINDS))])
    assert single.tolist() == whole[:200].tolist()
    assert again.tolist() == whole[mixed].tolist()
    assert same.texts().tolist() == names.texts()[mixed].tolist()


def test_text_columns_and_unused_categories_are_the_same_as_categories():
    domain, frame = learned(), accounts(300, 5)
    text = frame.assign(crm=frame["crm"].astype(str), use=frame["use"].astype(object))
    more = frame.assign(crm=frame["crm"].cat.set_categories(["zz", "c", "b", "a"]))
    expected = domain.assess(frame)[1].texts().tolist()
    assert domain.assess(text)[1].texts().tolist() == expected
    assert domain.assess(more)[1].texts().tolist() == expected


def test_parts_bring_back_the_same_domain():
    domain = learned()
    document, prototypes = domain.to_parts()
    again = Domain.from_parts(json.loads(json.dumps(document, allow_nan=False)), prototypes.copy())
    frame = accounts(1000, 5)
    assert again.assess(frame)[1].texts().tolist() == domain.assess(frame)[1].texts().tolist()
    assert again.to_parts()[0] == document


def test_parts_of_another_domain_are_refused():
    document, prototypes = learned().to_parts()
    with pytest.raises(ValueError, match="belong together"):
        Domain.from_parts(document, prototypes[:, 1:])


def test_the_same_seed_learns_the_same_domain_and_groups_are_held_out_together():
    assert learned().to_parts()[0] == learned().to_parts()[0]
    copied = pd.concat([accounts(150)] * 4, ignore_index=True)
    alone = Domain.learn(copied, KINDS, FIT_OF, 0)
    grouped = Domain.learn(copied, KINDS, FIT_OF, 0, groups=np.tile(np.arange(150), 4))
    assert grouped.far > alone.far


@pytest.mark.parametrize("n", [2, 11, 25])
def test_very_few_customers_still_make_a_domain(n):
    in_domain, unusual = learned(n).assess(accounts(100, 3))
    assert len(in_domain) == len(unusual) == 100
    assert all(unusual[row] for row in unusual.rows)


def test_no_customers_make_no_domain():
    with pytest.raises(ValueError, match="two customers"):
        learned(frame=accounts(1))


def test_an_empty_table_is_assessed():
    in_domain, unusual = learned().assess(accounts(5).iloc[:0])
    assert len(in_domain) == len(unusual) == len(unusual.texts()) == 0


def test_constant_and_empty_attributes_are_harmless_until_they_differ():
    frame = accounts(400).assign(spend=7.0, tickets=np.nan)
    domain = learned(frame=frame)
    new = accounts(400, 9).assign(spend=7.0, tickets=np.nan)
    assert flagged(domain, new) <= 0.12
    in_domain, unusual = domain.assess(new.assign(spend=8.0, tickets=1.0))
    assert not in_domain.any()
    assert {"spend", "tickets"} <= set(unusual[0])


def test_huge_and_infinite_numbers_do_no_harm():
    in_domain, unusual = learned().assess(accounts(3).assign(size=[1e308, -np.inf, np.inf]))
    assert not in_domain.any()
    assert all("size" in unusual[row] for row in range(3))


def test_scores_of_numbers_are_standard_normal_and_go_on_beyond_the_range():
    rng = np.random.default_rng(0)
    axis = NumberAxis.learn(pd.Series(rng.normal(50, 10, 2000), name="x"))
    score = axis.place(pd.Series([50.0, 60.0, 70.0, 90.0, 10.0]))[0][:, 0]
    assert score == pytest.approx([0, 1, 2, 4, -4], abs=0.35)
    long = NumberAxis.learn(pd.Series(np.exp(rng.normal(size=2000)), name="x"))
    assert long.place(pd.Series(np.exp([0.0, 2.0, 4.0])))[0][:, 0] == pytest.approx([0, 2, 4], abs=0.6)


def test_rare_levels_surprise_more_than_frequent_ones():
    column = pd.Series(["a"] * 90 + ["b"] * 9 + ["c"], dtype="str", name="x")
    surprise = LevelAxis.learn(column).place(pd.Series(["a", "b", "c", "z", None], dtype="str"))[1]
    assert list(surprise[:4]) == sorted(surprise[:4])
    assert surprise[0] == pytest.approx(0.0, abs=0.01)
    even = LevelAxis.learn(pd.Series([f"l{i}" for i in range(50)] * 4, name="x"))
    assert even.place(pd.Series(["l0"]))[1][0] == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize("n_points", [4, 10, 99, 100, 350, 1000, 1234])
def test_neighbours_equal_brute_force(n_points):
    rng = np.random.default_rng(n_points)
    points, new = rng.normal(size=(n_points, 7)).astype(np.float32), rng.normal(size=(50, 7)).astype(np.float32)
    squared = np.square(new[:, None, :].astype(float) - points).sum(2)
    nearest = np.argsort(squared, axis=1)[:, : min(10, n_points)]
    mean = np.sqrt(np.take_along_axis(squared, nearest, axis=1)).mean(1)
    neighbours = Neighbours(points)
    assert neighbours.mean_distance(new) == pytest.approx(mean, abs=1e-4)
    far = float(np.sort(mean)[24:26].mean())
    assert neighbours.are_far(new, far).tolist() == (mean >= far).tolist()
    parts = np.square(points[nearest] - new[:, None, :].astype(float)).mean(1)
    assert neighbours.parts(new, np.array([0, 3])) == pytest.approx(np.add.reduceat(parts, [0, 3], axis=1), rel=1e-5)


def test_an_account_at_the_bar_is_decided_exactly():
    rng = np.random.default_rng(0)
    points, account = rng.normal(size=(500, 7)).astype(np.float32), rng.normal(size=(1, 7)).astype(np.float32)
    squared = np.sort(np.square(points.astype(float) - account).sum(1))[:10]
    exact = float(np.sqrt(squared).mean())
    assert Neighbours(points).are_far(account, exact)[0]
    assert not Neighbours(points).are_far(account, np.nextafter(exact, np.inf))[0]


def test_a_space_places_columns_by_name():
    space = Space.learn(accounts(100), KINDS)
    assert space.columns == tuple(KINDS)
    assert space.place(accounts(5)).coordinates.shape == (5, space.width)
    assert space.starts.tolist()[0] == 0
