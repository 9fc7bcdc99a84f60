"""Every format is drawn from the same facts, and text from a customer's table stays text."""

from __future__ import annotations

import copy
import json
import re

from icp_ml.report.render import markdown_text, training_files

LIMIT_BYTES = 2_000_000


def test_every_format_names_the_same_verdict_and_numbers(facts):
    files = training_files(facts)
    auc = facts["numbers"][0]["shown"]
    for name in ("report.html", "report.md", "model_card.md"):
        assert facts["verdict"]["badge"] in files[name].decode(), name
        assert auc in files[name].decode(), name
    assert json.loads(files["report.json"]) == json.loads(json.dumps(facts))


def test_the_page_is_one_small_file_that_asks_for_nothing(facts):
    page = training_files(facts)["report.html"].decode()
    assert len(page.encode()) < LIMIT_BYTES
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<link|<img|@import|url\(|https?://", page)


def test_a_column_called_script_is_shown_not_run(facts):
    evil = copy.deepcopy(facts)
    evil["beeswarm"][0]["label"] = evil["attributes"][0]["label"] = "<script>alert(1)</script>"
    evil["findings"] = [
        {"severity": "note", "check": "x", "column": "a|b", "evidence": "<b>", "next_step": "-", "count": 1}
    ]
    files = training_files(evil)
    assert "<script" not in files["report.html"].decode()
    assert "&lt;script&gt;" in files["report.html"].decode()
    assert r"a\|b | &lt;b>" in files["report.md"].decode()


def test_every_chapter_is_told_in_html_and_markdown(full_facts):
    files = training_files(full_facts)
    told = [full_facts[name]["sentence"] for name in ("chance", "gap", "origins", "surprises", "bottom", "stability")]
    told += [full_facts["audit"][name]["sentence"] for name in ("maturity", "power", "parity", "grades", "probes")]
    for name in ("report.html", "report.md"):
        text = files[name].decode()
        assert [sentence for sentence in told if sentence not in text] == [], name


def test_a_missing_chapter_says_why(facts):
    page = training_files(facts | {"origins": None, "absent": facts["absent"] | {"origins": "Never measured."}})
    assert "Never measured." in page["report.html"].decode()
    assert "Never measured." in page["report.md"].decode()


def test_the_model_card_names_slices_and_overrides(full_facts):
    study = full_facts["study"] | {"overridden": ["term"]}
    card = training_files(full_facts | {"study": study})["model_card.md"].decode()
    for heading in ("Intended use", "Data", "How it was measured", "Slices and sensitive slices", "Limits", "Lineage"):
        assert f"## {heading}\n" in card
    assert "* `term`" in card
    assert "None of 4 slices by channel stands out." in card


def test_a_model_that_is_not_ready_shows_what_its_list_gave_not_its_fits(full_facts):
    verdict = full_facts["verdict"] | {"ready": False}
    first = training_files(full_facts | {"verdict": verdict})["report.html"].decode().split('id="good"')[0]
    assert "What each part of its list gave" in first
    assert "What each fit is worth" not in first


def test_the_same_facts_give_the_same_bytes(facts):
    assert training_files(facts) == training_files(copy.deepcopy(facts))


def test_facts_hold_no_path_of_a_machine(facts, tmp_path_factory):
    assert str(tmp_path_factory.getbasetemp()) not in json.dumps(facts)


def test_an_empty_fit_says_not_measured(facts):
    changed = copy.deepcopy(facts)
    changed["fits"][2] |= {"measured": False, "attributes": []}
    assert "not measured" in training_files(changed)["report.html"].decode()


def test_every_table_of_the_markdown_is_one_block(full_facts):
    lines = training_files(full_facts)["report.md"].decode().split("\n")
    rules = [number for number, line in enumerate(lines) if line.startswith("|---")]
    assert len(rules) >= 3
    for number in rules:
        columns = lines[number].count("|")
        assert lines[number - 1].count("|") == columns
        assert lines[number + 1].count("|") >= columns


def test_markdown_text_keeps_one_line():
    assert markdown_text("a\nb[c]") == "a b\\[c]"
