"""Who over-delivers failures, and what they cost."""

import numpy as np
import pytest

from icp_ml.icp.suggested.antiprofile import anti_profile

NONE = ()


def failing(made, share, column="region", n=400, value="north"):
    """A share of every tenth account fails, all in the north; the others fail in one of five."""
    frame = made.customers(n)
    rng, inside = np.random.default_rng(1), np.arange(n) % 10 == 0
    failed = np.where(inside, np.arange(n) // 10 % 10 < 10 * share, rng.permutation(n) % 5 == 0)
    frame["ended"] = np.where(failed, np.datetime64("2024-06-01"), np.datetime64("NaT", "D")).astype("datetime64[s]")
    frame["region"] = "south"
    frame[column] = np.where(inside, value, "elsewhere")
    return frame


def found_in(made, frame, **base):
    known = made.base(frame, **base)
    return anti_profile(known, made.found(known))


def test_a_region_that_over_delivers_failures_is_named_with_its_excess(made):
    told = found_in(made, failing(made, 0.8)).rules
    assert [(one.rule, one.kind) for one in told] == [("region == north", "segment")]
    assert (told[0].n_failures, told[0].contrast.inside.n) == (32, 40)
    overall = (32 + 72) / 400
    assert told[0].excess_failures == pytest.approx(32 - 40 * overall, abs=0.5)


def test_a_region_that_fails_like_the_others_is_not(made):
    found = found_in(made, failing(made, 0.2))
    assert not found.rules
    assert "none goes together with more failures" in found.sentence


def test_few_accounts_are_not_tried(made):
    frame = failing(made, 0.2)
    frame.loc[frame.index[:9], ["region", "ended"]] = ["west", np.datetime64("2024-06-01")]
    assert all("west" not in one.rule for one in found_in(made, frame).rules)


@pytest.mark.parametrize(
    ("column", "kind"), [("lead_source", "channel"), ("utmMedium", "channel"), ("campaign", "campaign")]
)
def test_columns_named_like_channels_and_campaigns_are_tried(made, column, kind):
    study = {"context": ["region", column]}
    told = found_in(made, failing(made, 0.8, column), study=study).rules
    assert [(one.rule, one.kind) for one in told] == [(f"{column} == north", kind)]


def test_the_same_accounts_under_two_names_are_told_once(made):
    frame = failing(made, 0.8, "channel").assign(region=lambda table: table["channel"])
    found = found_in(made, frame, study={"context": ["region", "channel"]})
    assert len(found.rules) == 1


@pytest.mark.parametrize("column", ["owner_gender", "contact_name"])
def test_columns_of_persons_are_never_tried(made, column):
    frame = failing(made, 0.9, column)
    study = {"segments": [column], "context": ["region"]}
    assert found_in(made, frame, study=study).n_tried == 0


def test_the_channel_of_the_deal_is_tried_by_the_customers_won(made):
    frame = failing(made, 0.8)
    channel = np.where(frame["region"] == "north", "Partner", "Fair").astype(object)
    frame["region"] = "south"
    deals = made.deals(400, [20] * 400, channel=channel)
    told = found_in(made, frame, deals=deals).rules
    assert [(one.rule, one.kind) for one in told] == [("deal channel: Partner", "channel")]


def test_the_failing_side_of_a_found_rule_is_told(made):
    base = made.base(made.customers()[lambda table: (table["stack"] > 6) | (table.index < 80)])
    told = anti_profile(base, made.found(base, made.rule(base, q_value=0.03))).rules
    assert [(one.rule, one.kind, one.q_value) for one in told] == [("stack < 6", "rule", 0.03)]
    assert told[0].n_failures == 20


def test_the_larger_side_of_a_rule_is_no_anti_profile(made):
    base = made.base()
    assert not anti_profile(base, made.found(base, made.rule(base))).rules


def economics(**costs):
    return {"economics": {"currency": "EUR", "revenue": 100, **costs}}


def test_the_cost_is_that_of_the_failures(made):
    frame = failing(made, 0.8).assign(cac=1000.0)
    frame.loc[frame.index[:20], "cac"] = np.nan
    told = found_in(made, frame, study=economics(acquisition_cost="cac", onboarding_cost=500)).rules[0]
    assert told.cost.amount == pytest.approx(32 * 1500)
    assert told.cost.words.startswith("winning and onboarding these 32 cost EUR 48,000 (for 2 of them")


def test_without_costs_lost_customers_and_months_are_counted(made):
    told = found_in(made, failing(made, 0.8)).rules[0]
    days = 365 - (np.datetime64("2024-06-01") - np.datetime64("2024-01-01")).astype(int)
    assert told.as_document()["cost"] is None
    assert f"32 customers lost, {32 * days / 30.4375:,.0f} months in all before day" in told.cost.words


@pytest.mark.slow
def test_chance_alone_is_rarely_told(made):
    """At most one table in ten, and two standard errors, where nothing matters; small cohorts among them."""
    rng, told = np.random.default_rng(7), 0
    frame = made.customers(300)
    for _ in range(60):
        failed = rng.random(300) < 0.25
        frame["ended"] = np.where(failed, np.datetime64("2024-06-01"), np.datetime64("NaT", "D")).astype(
            "datetime64[s]"
        )
        frame["region"] = rng.choice(list("abcdefgh"), 300, p=[0.3, 0.2, 0.2, 0.1, 0.05, 0.05, 0.05, 0.05])
        told += bool(found_in(made, frame).rules)
    assert told <= 60 * (0.1 + 2 * (0.09 / 60) ** 0.5)


def test_a_segment_may_have_many_values_and_another_column_may_not(made):
    frame = failing(made, 0.8, n=1200)
    frame["lead_source"] = frame["region"] = np.where(
        frame["region"] == "north", "north", np.array([f"v{at % 60}" for at in range(1200)])
    )
    study = {"context": ["region", "lead_source"]}
    assert [one.rule for one in found_in(made, frame, study=study).rules] == ["region == north"]
    study = {"segments": [], "context": ["lead_source"], "unlisted": "ignore"}
    assert found_in(made, frame, study=study).n_tried == 0
