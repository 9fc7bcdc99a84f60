import copy
import datetime as dt
import json
from pathlib import Path

import pytest

from icp_ml.errors import ConfigError, FileSystemError
from icp_ml.study import FIT_NAMES, Outcome, load_study, study_from_document, study_json_schema

ROOT = Path(__file__).parents[2]
CONTRACT = """
name: acme-crm
accounts: customers.parquet
read: {delimiter: ";", encoding: utf-8}
prospects: prospects.parquet
id: account_id
as_of: signed_on
group: parent_id
outcome: {horizon_days: 365, ended: churned_on, observed_until: 2026-06-30, base_rate: 0.826}
fits:
  cultural: [decision_style, {column: sponsor_rating, entered_on: rated_on}]
  technical:
    - crm
    - {column: integrations, effect: increasing}
    - {column: naics, kind: categorical}
    - {column: api_skill, available: discovery}
    - {column: stack_age, point_in_time: false}
    - {column: hosting, proxy: true}
  resource: [team_size, {column: success_budget, changeable: true}]
  experience: [{column: onboarding_model, available: customer}]
context: [industry, region]
map_reviewed: {by: name, on: 2026-06-01}
readiness:
  ready: ["has_problem == true"]
  willing: [{rule: "event in [funding, merger]", date: event_on, half_life_days: 90}]
  able: ["budget >= 20000"]
economics: {currency: EUR, revenue: mrr, margin: 0.8, acquisition_cost: cac, onboarding_cost: onb, support_cost: sup,
            discount_rate: 0.1, cac_ratio: 3, expansion: {seats: s, cross_sell: c, up_sell: u}, advocacy: referrals,
            referred_by: referrer_id, strategic: is_strategic, buying_window: window}
deals: {table: deals.csv, account: deal_account, opened: opened_on, closed: closed_on, won: is_won,
        value: amount, channel: channel}
status: {column: lifecycle, customer: [active], churned: [lost], at_risk: [red],
         pipeline: [open], trial_lost: [expired]}
desired_outcome: wanted
leading_outcome: {column: onboarded_90, success: [yes], horizon_days: 90}
segments: [sales_channel, region]
sensitive: [owner_gender]
exclude: ["country in [XX]"]
rule: employees >= 50
capacity: 200
exploration: 0.05
floor: {successes: 30, failures: 30}
gates: {roc_auc_low: 0.5, calibration_slope: [0.8, 1.25]}
audit: {allow: [term], personal_data: [owner_email]}
labels: {integrations: number of integrations}
pass_through: [owner]
model: {learner: auto, stage: prospect}
ignore: [crm_owner]
seed: 0
"""
MINIMAL = {
    "name": "s",
    "accounts": "a.csv",
    "id": "id",
    "outcome": {"column": "status", "success": ["won"], "failure": ["lost"]},
    "fits": {"technical": ["crm"]},
}
LIFETIME = {"ended": "churned_on", "horizon_days": 365, "observed_until": "2026-06-30"}


@pytest.fixture
def contract(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(CONTRACT)
    return path


def changed(**keys):
    return {**copy.deepcopy(MINIMAL), **keys}


def check(document):
    return study_from_document(document, "folder", "study.yaml")


def test_the_whole_contract_loads(contract, tmp_path):
    study = load_study(contract)
    assert study.path == contract
    assert study.accounts == tmp_path / "customers.parquet"
    assert study.prospects == tmp_path / "prospects.parquet"
    assert study.outcome.is_lifetime
    assert study.outcome.observed_until == dt.date(2026, 6, 30)
    assert study.leading_outcome.success == ("yes",)
    assert study.gates == {"roc_auc_low": 0.5, "calibration_slope": (0.8, 1.25)}
    assert study.label_of("integrations") == "number of integrations"
    assert study.label_of("crm") == "crm"
    assert set(study.not_used) == {
        "readiness",
        "economics",
        "exploration",
    }


def test_attributes_stand_in_the_order_of_the_fits(contract):
    study = load_study(contract)
    fits = [attribute.fit for attribute in study.attributes]
    assert fits == sorted(fits, key=[*FIT_NAMES, "context"].index)
    assert [a.column for a in study.attributes][:3] == ["crm", "integrations", "naics"]
    assert study.attributes[1].effect == "increasing"
    assert not study.attributes[4].point_in_time
    assert study.attributes[5].proxy
    assert study.attributes[7].changeable


def test_each_stage_knows_what_the_earlier_ones_do(contract):
    study = load_study(contract)
    later = {stage: {a.column for a in study.attributes_at(stage)} for stage in ("prospect", "discovery", "customer")}
    assert later["discovery"] - later["prospect"] == {"api_skill"}
    assert later["customer"] - later["discovery"] == {"onboarding_model"}
    assert {a.column for a in study.attributes_at()} == later["prospect"]


def test_columns_under_any_key_are_listed(contract):
    listed = load_study(contract).listed_columns
    assert listed >= {
        "account_id",
        "signed_on",
        "parent_id",
        "churned_on",
        "crm",
        "rated_on",
        "industry",
        "has_problem",
        "event",
        "event_on",
        "budget",
        "mrr",
        "cac",
        "s",
        "c",
        "u",
        "referrals",
        "referrer_id",
        "lifecycle",
        "wanted",
        "window",
        "onboarded_90",
        "sales_channel",
        "owner_gender",
        "country",
        "employees",
        "term",
        "owner_email",
        "owner",
        "crm_owner",
    }
    assert not listed & {"deal_account", "opened_on", "amount", "EUR"}


def test_the_document_makes_the_same_study_again(contract):
    study = load_study(contract)
    document = json.loads(json.dumps(study.as_document()))
    again = study_from_document(document, contract.parent, str(contract))
    assert again == study
    assert again.digest == study.digest


def test_the_document_does_not_change_the_study(contract):
    study = load_study(contract)
    study.as_document()["fits"]["technical"].clear()
    assert study.as_document()["fits"]["technical"]


def test_the_digest_is_that_of_the_content():
    spelled_out = changed(id={"column": "id"}, fits={"technical": [{"column": "crm", "proxy": False}]}, seed=0)
    assert check(MINIMAL).digest == check(spelled_out).digest
    assert check(MINIMAL).digest != check(changed(seed=1)).digest


def test_the_document_uses_the_short_forms():
    spelled_out = changed(id={"column": "id"}, fits={"technical": [{"column": "crm"}]})
    assert check(spelled_out).as_document() == MINIMAL


def test_no_absolute_path_in_the_document():
    document = check(changed(accounts="/data/secret/a.csv")).as_document()
    assert document["accounts"] == "a.csv"
    assert check(changed(accounts="/data/secret/a.csv")).accounts == Path("/data/secret/a.csv")


def test_booleans_stay_booleans():
    outcome = {"column": "status", "success": [True, 1], "failure": ["false", 0.5]}
    assert check(changed(outcome=outcome)).outcome.success == (True, 1)
    assert [type(v) for v in check(changed(outcome=outcome)).outcome.success] == [bool, int]


def test_a_study_cannot_be_changed():
    study = check(MINIMAL)
    with pytest.raises(AttributeError, match="cannot assign"):
        study.seed = 1
    with pytest.raises(ValueError, match="frozen"):
        study.outcome.column = "other"


def test_outcomes_can_be_made_in_python():
    outcome = Outcome(ended="e", horizon_days=30, observed_until=dt.date(2026, 1, 1))
    assert outcome.is_lifetime


def test_a_key_without_a_value_is_left_out():
    assert check(changed(capacity=None, ignore=None)) == check(MINIMAL)


@pytest.mark.parametrize(
    ("key", "value", "match"),
    [
        ("acounts", "x", "acounts: unknown key; .*Did you mean 'accounts'"),
        ("name", "a/b", "name: 'a/b'; expected letters, digits"),
        ("name", None, "name: missing"),
        ("id", None, "id: missing"),
        ("id", 7, "id: the number 7; expected a mapping, or its short form"),
        ("id", {"row_number": False}, "id: neither a column nor row_number"),
        ("id", {"row_number": True, "column": "a"}, "id: a column and row_number"),
        ("id", "rank", "id: 'rank'; expected a name that is not a column of the score file"),
        ("group", {}, "group: neither"),
        ("as_of", {"plus_days": 3}, r"as_of\.column: missing"),
        ("as_of", {"column": "a", "plus_days": -1}, r"as_of\.plus_days: the number -1; expected 0 or more"),
        ("outcome", {"column": "s", "ended": "e"}, "outcome: both 'column' and 'ended'"),
        ("outcome", {}, "outcome: neither 'column' nor 'ended'"),
        ("outcome", {"column": "s"}, r"outcome\.success: missing"),
        ("outcome", {"column": "s", "success": "won"}, r"outcome\.success: 'won'; expected a list"),
        ("outcome", {"column": "s", "success": ["x"], "failure": ["x "]}, r"outcome\.failure: 'x' under success"),
        ("outcome", {"ended": "e"}, r"outcome\.horizon_days: missing; expected a value: a lifetime needs it"),
        ("outcome", {**LIFETIME, "observed_until": None}, r"outcome\.observed_until: missing"),
        ("outcome", {**LIFETIME, "observed_until": "30.06.2026"}, "'30.06.2026'; expected a day such as"),
        ("outcome", {**LIFETIME, "observed_until": "2026-02-30"}, "expected a day of the calendar"),
        ("outcome", {**LIFETIME, "observed_until": 20260630}, "expected a day such as"),
        ("outcome", {**LIFETIME, "success": ["x"]}, r"outcome\.success: given with a lifetime"),
        ("outcome", {**LIFETIME, "base_rate": 1}, r"base_rate: the number 1; expected less than 1"),
        ("outcome", LIFETIME, "as_of: missing; expected the date column a lifetime starts on"),
        ("fits", {}, "fits: no attribute"),
        ("fits", {"tecnical": ["a"]}, r"fits\.tecnical: unknown key; .*Did you mean 'technical'"),
        ("fits", {"technical": ["a", {"column": "b", "effect": "up"}]}, r"fits\.technical\[1\]\.effect: 'up'"),
        ("fits", {"technical": ["a", "a"]}, r"technical\[1\]: column 'a' stands under fits\.technical\[0\] too"),
        ("fits", {"technical": ["a"], "cultural": ["a"]}, r"cultural\[0\]: column 'a' stands under fits\.technical"),
        ("fits", {"technical": ["id"]}, "column 'id' stands under id too"),
        ("fits", {"technical": ["status"]}, r"column 'status' stands under outcome\.column too"),
        (
            "fits",
            {"technical": [{"column": "a", "kind": "date", "effect": "increasing"}]},
            "effect: 'increasing' of a date",
        ),
        ("fits", {"technical": [{"column": "a", "entered_on": "d"}]}, r"entered_on: .*no as_of"),
        (
            "fits",
            {"technical": [{"column": "a", "available": "customer"}]},
            "model.stage: 'prospect', when no attribute",
        ),
        ("fits", {"technical": [True]}, r"fits\.technical\[0\]: true; expected a mapping"),
        ("context", ["crm"], r"context\[0\]: column 'crm' stands under fits\.technical\[0\]"),
        ("sensitive", ["crm"], r"column 'crm' stands under sensitive\[0\]"),
        ("ignore", ["crm"], r"column 'crm' stands under ignore\[0\]"),
        ("ignore", [2020], r"ignore\[0\]: the number 2020; expected text\. Put it in quotes"),
        ("pass_through", ["rank"], r"pass_through\[0\]: 'rank'"),
        ("rule", "employees = 50", "rule: '= ' at character 11"),
        ("exclude", ["a == 1", "b <"], r"exclude\[1\]: the end at character 4"),
        ("readiness", {"ready": ["a =="]}, r"readiness\.ready\[0\]: the end"),
        ("readiness", {"able": [{"date": "d"}]}, r"readiness\.able\[0\]\.rule: missing"),
        ("economics", {"currency": "EUR"}, r"economics\.revenue: missing"),
        (
            "economics",
            {"currency": "E", "revenue": "r", "cac_ratio": "x"},
            "cac_ratio: 'x'; expected a number or 'lifetime",
        ),
        ("gates", {"roc_auk": 0.5}, r"gates\.roc_auk: unknown gate"),
        ("gates", {"calibration_slope": [1.2, 0.8]}, "expected the lower bound first"),
        ("gates", {"beats_chance": 2}, r"gates\.beats_chance: 2; expected a bar from 0 to 1"),
        ("gates", {"roc_auc_low": -0.5}, r"gates\.roc_auc_low: -0\.5; expected a bar from 0 to 1"),
        ("gates", {"brier": [0.1, 1.5]}, r"gates\.brier: \[0\.1, 1\.5\]; expected a bar from 0 to 1"),
        ("floor", {"successes": 0}, r"floor\.successes: the number 0; expected 1 or more"),
        (
            "model",
            {"learner": "xgboost"},
            r"model\.learner: 'xgboost'; expected 'auto', 'logistic', 'lightgbm' or 'blend'",
        ),
        ("capacity", 1.5, "capacity: the number 1.5; expected a whole number"),
        ("seed", "abc", "seed: 'abc'; expected a whole number"),
        ("seed", True, "seed: true; expected a whole number"),
        ("exploration", float("nan"), "exploration: the number nan; expected a finite number"),
        ("unlisted", "drop", "unlisted: 'drop'; expected 'ignore'"),
        ("read", {"delimiter": ";;"}, r"read\.delimiter: ';;'; expected at most 1 character"),
    ],
)
def test_refused_with_its_path(key, value, match):
    with pytest.raises(ConfigError, match=match) as caught:
        check(changed(**{key: value}))
    assert str(caught.value).startswith("study.yaml: ")


def test_all_problems_at_once():
    document = changed(
        seed=-1, capacity="many", fits={"technical": ["crm", "crm"]}, rule="a <", outcome={}, colour="red"
    )
    with pytest.raises(ConfigError, match="6 problems") as caught:
        check(document)
    for path in ("seed:", "capacity:", "fits.technical[1]:", "rule:", "outcome:", "colour:"):
        assert f"\n  {path}" in str(caught.value)


def test_overrides(contract):
    study = load_study(
        contract, ["seed=3", "floor.successes=10", "group=", "rule=country == NO", "model.learner=blend"]
    )
    assert (study.seed, study.floor.successes, study.floor.failures) == (3, 10, 30)
    assert (study.group, study.rule, study.model.learner) == (None, "country == NO", "blend")


def test_an_override_may_name_a_key_the_file_leaves_out(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(json.dumps(MINIMAL))
    assert load_study(path, ["floor.failures=5", "ignore=[a, b]"]).ignore == ("a", "b")


@pytest.mark.parametrize(
    ("override", "match"),
    [
        ("seed", "--set seed: no key and value"),
        ("=3", "no key and value"),
        ("a..b=3", "no key and value"),
        ("seed=abc", "seed: 'abc'; expected a whole number"),
        ("sede=1", "sede: unknown key; .*Did you mean 'seed'"),
        ("name.first=x", "'name' holds no mapping"),
        ("seed=!!int 3", "--set seed=!!int 3:1: tag"),
        ("ignore=[a", "not valid YAML"),
    ],
)
def test_overrides_refused(contract, override, match):
    with pytest.raises(ConfigError, match=match):
        load_study(contract, [override])


def test_a_missing_study(tmp_path):
    with pytest.raises(FileSystemError, match="No such file"):
        load_study(tmp_path / "none.yaml")


def test_the_schema_for_editors_is_current():
    stored = json.loads((ROOT / "configs" / "study.schema.json").read_text())
    assert stored == study_json_schema()


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_config_is_a_study(path):
    study = load_study(path)
    assert study.attributes_at()
    assert study_from_document(study.as_document(), path.parent, str(path)).digest == study.digest
