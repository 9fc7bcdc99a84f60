import copy
import datetime as dt
import json
import re
from dataclasses import replace

import pandas as pd
import pytest
import yaml

from icp_ml.errors import ConfigError
from icp_ml.icp.profile import (
    Baseline,
    Capability,
    Goal,
    Milestone,
    ProfileFile,
    Situation,
    load_profile,
    profile_from_document,
    profile_json_schema,
)  # fmt: skip
from icp_ml.strict.yaml import parse_yaml

CONTRACT = """
name: mid-market-retail
version: 4
situation:
  starts: 2026-07-01
  ends: 2026-09-30
  mode: acquisition
  goal: {measure: revenue, target: 100000}
  baseline: {value: 12000, on: 2026-06-30}
  capabilities:
    - {name: sso, have: false, needs: "requires_sso == true"}
    - {name: eu_hosting, have_since: 2026-03-01, needs: "region == eu"}
    - {name: onboarding, per_period: 25}
  milestones: [{on: 2026-07-31, measure: goal, at_least: 20000}]
criteria: ["employees >= 50", "crm in [salesforce, hubspot]"]
progress: deals.csv
"""
DOCUMENT = yaml.load(CONTRACT, Loader=yaml.BaseLoader)
DOCUMENT["version"] = 4
DOCUMENT["situation"]["goal"]["target"] = 100000
DOCUMENT["situation"]["baseline"]["value"] = 12000
DOCUMENT["situation"]["capabilities"][0]["have"] = False
DOCUMENT["situation"]["capabilities"][2]["per_period"] = 25
DOCUMENT["situation"]["milestones"][0]["at_least"] = 20000


def changed(path, value):
    document = copy.deepcopy(DOCUMENT)
    *parents, last = path.split(".")
    inner = document
    for part in parents:
        inner = inner[int(part) if part.isdigit() else part]
    inner[int(last) if last.isdigit() else last] = value
    return document


def test_the_whole_contract_loads(tmp_path):
    path = tmp_path / "profile.yaml"
    path.write_text(CONTRACT)
    profile = load_profile(path)
    assert (profile.name, profile.version, profile.progress) == ("mid-market-retail", 4, tmp_path / "deals.csv")
    assert [rule.text for rule in profile.criteria] == ["employees >= 50", "crm in [salesforce, hubspot]"]
    assert profile.columns == {"employees", "crm", "requires_sso", "region"}
    assert [c.is_missing for c in profile.situation.capabilities] == [True, False, False]
    assert profile.baseline.value == 12000


def test_defaults():
    document = changed("situation.baseline", None)
    document["situation"]["mode"] = None
    profile = profile_from_document(document, ".")
    assert profile.situation.mode == "acquisition"
    assert (profile.baseline.value, profile.baseline.on) == (0.0, dt.date(2026, 7, 1))


def test_a_goal_may_be_a_column():
    profile = profile_from_document(changed("situation.goal.measure", {"column": "demos"}), ".")
    assert profile.situation.goal.measure.column == "demos"


def test_the_document_makes_the_same_profile_again():
    profile = profile_from_document(DOCUMENT, ".")
    assert profile_from_document(profile.as_document(), ".") == profile


@pytest.mark.parametrize(
    ("path", "value", "match"),
    [
        ("version", 0, "version: the number 0; expected 1 or more"),
        ("criteria", [], "criteria: an empty list; expected at least 1"),
        ("criteria.1", "crm = x", r"criteria\[1\]: '= ' at character 5"),
        ("criteria.1", "employees >= 50", r"criteria\[1\]: .* appears twice"),
        ("situation.ends", "2026-07-01", r"situation\.ends: 2026-07-01; expected a day after the start"),
        ("situation.goal.measure", "fame", r"situation\.goal\.measure: 'fame'; expected 'revenue'"),
        ("situation.goal.target", 0, "expected more than 0"),
        ("situation.mode", "sales", r"situation\.mode: 'sales'"),
        ("situation.milestones.0.on", "2026-12-31", r"milestones\[0\]\.on: 2026-12-31; expected a day inside"),
        ("situation.baseline.on", "2026-12-31", "baseline.on: 2026-12-31; expected a day up to the end"),
        ("situation.capabilities.1.name", "sso", "'sso' appears twice"),
        ("situation.capabilities.0.needs", "x =", r"capabilities\[0\]\.needs: "),
        ("situation.capabilities.0.needs", None, r"capabilities\[0\]: 'sso' is neither or both"),
        ("situation.capabilities.2.have", True, r"capabilities\[2\]: 'onboarding' is neither or both"),
        ("situation.capabilities.0.have_since", "2026-01-01", "have: false and have_since"),
        ("situation.capabilitys", [], r"situation\.capabilitys: unknown key; .*Did you mean 'capabilities'"),
    ],
)
def test_refused_with_its_path(path, value, match):
    with pytest.raises(ConfigError, match=match):
        profile_from_document(changed(path, value), ".", "profile.yaml")


def test_all_problems_at_once():
    document = changed("version", "four")
    document["criteria"] = ["a <"]
    with pytest.raises(ConfigError, match=r"2 problems\n  version: .*\n  criteria\[0\]"):
        profile_from_document(document, ".", "profile.yaml")


def test_the_schema_names_every_key():
    assert set(profile_json_schema()["properties"]) == {"name", "version", "situation", "criteria", "progress"}


def test_the_schema_for_editors_is_current(repository):
    assert json.loads((repository / "configs" / "profile.schema.json").read_text()) == profile_json_schema()


def test_the_profile_of_the_reference_page_is_a_valid_one(repository):
    page = (repository / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")
    (whole,) = [block for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL) if block.startswith("name:")]
    assert profile_from_document(parse_yaml(whole, "page"), ".", "page").version == 4


def test_every_key_is_described(repository):
    page = (repository / "docs" / "reference" / "profile.md").read_text(encoding="utf-8")
    models = (ProfileFile, Situation, Goal, Baseline, Capability, Milestone)
    assert not [key for model in models for key in model.model_fields if f"`{key}`" not in page]


def test_accounts_match_by_criteria_and_by_needs_that_are_met():
    frame = pd.DataFrame({
        "employees": [60, 60, 60, None, 60],
        "crm": ["hubspot", "hubspot", "sap", "hubspot", "hubspot"],
        "requires_sso": ["false", "true", "false", "false", None],
        "region": "eu",
    })  # fmt: skip
    assert profile_from_document(DOCUMENT, ".").matches(frame).tolist() == [True, False, False, False, True]


def test_a_profile_without_criteria_matches_everybody():
    profile = replace(profile_from_document(changed("situation.capabilities", []), "."), criteria=())
    assert profile.matches(pd.DataFrame({"a": [1.0, None]})).tolist() == [True, True]
