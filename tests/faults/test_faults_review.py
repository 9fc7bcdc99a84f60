"""What goes wrong around a review: profiles, ledgers, tables beside the customers, odd customers, stopped runs."""

from __future__ import annotations

import errno
import json
import os
import signal

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.simulate import simulate
from icp_ml.cli import main
from icp_ml.icp.ledger import append
from icp_ml.icp.ledger.chain import _digest
from tests.faults.conftest import Desk, files_of

LEDGER = "simulated-midmarket.ledger.jsonl"
REVIEW = {
    "verdict": "keep", "written": ["team_size >= 10"], "criteria": {}, "goal": None, "suggestions": [],
}  # fmt: skip
STATED = {"stated_on": "2026-01-01", "profile": "simulated-midmarket", "version": 1, "run_id": "r"}
SUGGESTION = {"rule": "team_size >= 5", "action": "add", "replaces": None, "gain": 0.1, "low": 0.0, "high": 0.2}
ENTRIES = [
    {**STATED, "id": "review-r", "kind": "review", **REVIEW},
    {**STATED, "id": "abc", "kind": "suggestion", **SUGGESTION},
]


@pytest.fixture(scope="module")
def simulated():
    return simulate(400, 120, seed=5)


class ReviewDesk(Desk):
    """A desk with a profile and the tables that it and the study name."""

    def lay(self, simulated) -> None:
        """Lay out what a review reads."""
        self.profile = simulated.profile
        self.deals, self.progress = simulated.deals.copy(), simulated.progress.copy()

    def command(self) -> list[object]:
        """Write everything and return the command that reviews it."""
        for name, table in (("deals", self.deals), ("progress", self.progress)):
            table.to_csv(self.folder / f"{name}.csv", index=False, date_format="%Y-%m-%d")
        (self.folder / "profile.yaml").write_text(self.profile, encoding="utf-8")
        options = ["--study", self.study_of(), "--model", self.company.model, "--out", self.folder / "review"]
        return ["review", self.folder / "profile.yaml", *options]

    def reviewed(self, *options: object) -> dict[str, object]:
        """Review, and return review.json."""
        outcome = self.run(*self.command(), *options)
        assert outcome.exit_code == 0, outcome.told
        assert "Warning" not in outcome.told
        return json.loads((self.folder / "review" / "review.json").read_text())

    def review_refused(self, exit_code: int) -> str:
        """Run a review that must refuse; nothing is left of it."""
        command = self.command()
        before = files_of(self.folder)
        error = self.refused(exit_code, *command)
        assert files_of(self.folder) == before
        return error

    def decide(self, *options: object) -> list[object]:
        """Return the command that notes a decision: it reads the profile and the ledger only."""
        (self.folder / "profile.yaml").write_text(self.profile, encoding="utf-8")
        given = options or ("--by", "Ada")
        return ["profile", "decide", self.folder / "profile.yaml", "--suggestion", "abc", "--accept", *given]


@pytest.fixture
def room(company, simulated, tmp_path, capsys) -> ReviewDesk:
    folder = tmp_path / "room"
    folder.mkdir()
    made = ReviewDesk(company, folder, capsys.readouterr)
    made.lay(simulated)
    return made


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("ends: ", "9999-12-31", "at most 3,660 days after the start"),
        ("ends: ", "2026-05-01", "a day after the start"),
        ("target: ", "1e300", "at most 1e+15"),
        ("target: ", ".inf", "a finite number"),
        ("at_least: ", "1e300", "at most 1e+15"),
        ("per_period: ", "1e16", "at most 1e+15"),
        ("mode: ", "acquisition\n  baseline: {value: 1e308, on: 2026-05-01}", "at most 1e+15"),
        ("name: ", "'<script>alert(1)</script>'", "letters, digits"),
    ],
)
def test_a_profile_that_no_review_can_count_with_is_refused_at_once(room, key, value, told):
    before, _, after = room.profile.partition(key)
    rest = after[min(after.index(mark) for mark in "}\n" if mark in after) :]
    room.profile = f"{before}{key}{value}{rest}"
    assert told in room.review_refused(2)


def test_a_long_criterion_is_shown_around_its_fault_only(room):
    room.profile = room.profile.replace("team_size >= 10", "(" * 300 + "team_size >= 1" + ")" * 300)
    assert len(room.review_refused(2)) < 600


@pytest.mark.parametrize("table", ["deals", "progress"])
def test_amounts_that_cannot_be_added_up_are_refused(room, table):
    column = {"deals": "amount", "progress": "value"}[table]
    setattr(room, table, getattr(room, table).assign(**{column: 1e308}))
    assert "values above 1e15" in room.review_refused(4)


@pytest.mark.parametrize(
    ("number", "field", "value"),
    [
        (0, "written", ["((("]),
        (0, "written", None),
        (0, "chance", "high"),
        (0, "id", ["a"]),
        (0, "run_id", {"a": 1}),
        (0, "version", "one"),
        (1, "stated_on", "soon"),
        (1, "gain", "much"),
        (1, "low", True),
        (1, "high", 1e308),
        (1, "rule", "((("),
        (1, "replaces", "((("),
    ],
)
def test_a_ledger_line_with_other_fields_than_ours_is_refused_even_where_the_chain_holds(room, number, field, value):
    path = room.folder / LEDGER
    append(path, [ENTRIES[number]])
    entry = json.loads(path.read_text()) | {field: value}
    path.write_text(json.dumps(entry | {"digest": _digest(entry)}) + "\n")
    before = files_of(room.folder)
    assert "line 1" in room.refused(4, *room.decide())
    assert files_of(room.folder) == before | {"profile.yaml": room.profile.encode()}


def test_a_ledger_line_with_a_number_that_is_no_json_is_refused(room):
    append(room.folder / LEDGER, ENTRIES)
    text = (room.folder / LEDGER).read_text()
    (room.folder / LEDGER).write_text(text.replace('"gain": 0.1', '"gain": NaN'))
    assert "line 2" in room.refused(4, *room.decide())


def test_a_ledger_cut_after_the_line_of_a_review_is_read_without_its_suggestions(room):
    append(room.folder / LEDGER, [ENTRIES[0] | {"suggestions": ["abc"]}])
    assert room.reviewed()["ledger"]["last"]["verdict"] == "keep"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_ledger_that_is_a_pipe_is_refused_and_not_waited_for(room):
    os.mkfifo(room.folder / LEDGER)
    assert "not a regular file" in room.refused(6, *room.decide())


def test_a_ledger_that_cannot_be_made_is_refused_before_any_work(room, monkeypatch):
    monkeypatch.setattr("icp_ml.icp.ledger.chain.os.access", lambda *_: False)
    monkeypatch.setattr("icp_ml.workflow.reviewing.read_base", None)
    assert "Permission denied" in room.review_refused(6)


def test_a_review_that_cannot_be_noted_leaves_no_report(room):
    (room.folder / LEDGER).symlink_to(room.folder / "no" / "such" / "ledger")
    assert "Check the rights" in room.review_refused(6)


@pytest.mark.parametrize("text", ["\udcff", "\x1b[2J", "a\x00b"])
def test_a_decision_holds_text_that_can_be_printed(room, text):
    append(room.folder / LEDGER, ENTRIES)
    assert "cannot be printed" in room.refused(2, *room.decide("--by", text))
    assert "cannot be printed" in room.refused(2, *room.decide("--by", "Ada", "--why", text))


def test_a_stopped_review_leaves_nothing(room, monkeypatch):
    command = room.command()
    before = files_of(room.folder)
    monkeypatch.setattr("icp_ml.workflow.reviewing.review_files", lambda _: signal.raise_signal(signal.SIGTERM))
    assert room.run(*command).exit_code == 130
    assert files_of(room.folder) == before


def test_a_full_disk_leaves_the_earlier_review(room, monkeypatch):
    room.reviewed()
    before = files_of(room.folder / "review")

    def full(*_arguments, **_options):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("icp_ml.outputs._sync", full)
    assert "No space left" in room.refused(6, *room.command())
    assert files_of(room.folder / "review") == before
    assert not [path for path in room.folder.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("n", [1, 60])
def test_few_customers_are_described_and_not_judged(room, n):
    room.customers = room.customers.head(n)
    document = room.reviewed()
    assert document["verdict"] == "cannot_tell"
    assert document["actions"]


def test_a_profile_that_nobody_meets_has_a_verdict_when_the_goal_is_behind(room):
    room.profile = room.profile.replace("team_size >= 10", "team_size >= 1000000")
    room.progress = room.progress.head(1)
    assert room.reviewed()["verdict_sentence"]


def test_customers_that_are_all_alike_give_no_rule(room):
    told = ["account_id", "signed_on", "churned_on", "lifecycle", "owner_email"]
    alike = pd.concat([room.customers.head(1)] * len(room.customers), ignore_index=True)
    room.customers = alike.assign(**{name: room.customers[name] for name in told})
    assert not room.reviewed()["suggestions"]


def test_levels_of_code_and_of_another_script_are_text_in_every_report(room):
    odd = np.where(np.arange(len(room.customers)) % 2, "<script>alert(1)</script>", "=cmd|' \"x' {{7*7}} \u202e日本")
    room.customers = room.customers.assign(region=odd, channel=odd[::-1])
    room.reviewed()
    page = (room.folder / "review" / "review.html").read_text()
    assert "<script>alert" not in page
    assert "Content-Security-Policy" in page
    assert "<script>alert" not in (room.folder / "review" / "review.md").read_text()


def test_numbers_beyond_single_precision_are_audited_like_others(room):
    huge = np.where(np.arange(len(room.customers)) % 2, 1e300, 1.0)
    room.customers = room.customers.assign(team_size=huge)
    assert room.audited(room.customers).document["findings"] is not None


def test_a_repeated_prospect_is_refused_with_a_step_that_a_review_has(room):
    twice = pd.concat([room.prospects, room.prospects.head(1)])
    path = room.table("prospects.csv", twice)
    assert "Remove the repetitions" in room.refused(4, *room.command(), "--prospects", path)


def propose(room, *options: object) -> list[object]:
    return ["profile", "propose", room.study_of(), "--out", room.folder / "proposed.yaml", *options]


def test_a_proposal_with_the_model_of_another_study_is_refused(room):
    room.study = room.study.replace("    - languages\n", "").replace("ignore: [", "ignore: [languages, ")
    error = room.refused(2, *propose(room, "--model", room.company.model))
    assert "attributes that the study does not: 'languages'" in error


def test_a_proposal_from_one_customer_is_refused(room):
    room.customers = room.customers.head(1)
    assert "1 customer" in room.refused(4, *propose(room))


def test_a_situation_after_the_last_quarter_of_the_calendar_is_refused(room):
    assert "--starts" in room.refused(2, *propose(room, "--starts", "9999-12-01"))


def test_what_a_rule_could_tell_a_terminal_to_do_is_not_printed(room, capsys):
    room.profile = room.profile.replace('  - "team_size >= 10"', "  - \"region == '\\e[31mred'\"")
    assert main([str(part) for part in room.command()]) == 0
    printed = capsys.readouterr().out
    assert "?[31mred" in printed
    assert "\x1b" not in printed
