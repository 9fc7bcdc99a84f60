"""What goes wrong around lookalikes and exported profiles: lists of seeds, odd prospects, outputs, stopped runs."""

from __future__ import annotations

import errno
import json
import os
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.simulate import simulate
from icp_ml.model.success_model import load_model, save_model
from icp_ml.workflow import lookalikes
from tests.faults.conftest import COUNTS, PERSON, Desk, Outcome, files_of

ENDINGS = ("", ".html", ".summary.json", ".rejected.csv")
LOOP = "loop.csv"
PIPE = "pipe.txt"


class ListDesk(Desk):
    """A desk with a table of prospects, lists of customers, and an earlier good list."""

    def lay(self) -> None:
        """Lay out what a search for lookalikes reads."""
        self.out = self.folder / "list.csv"
        self.reference = load_model(self.company.model).reference
        assert self.reference is not None
        self.ids = [str(one) for one in self.reference.ids]

    def command(self, content: bytes | pd.DataFrame | None = None, name: str = "prospects.csv") -> list[object]:
        """Write the prospects and return the command that lists some of them."""
        path = self.table(name, self.prospects if content is None else content)
        return ["lookalikes", path, "--model", self.company.model, "--out", self.out]

    def listed(self, content: bytes | pd.DataFrame | None = None, *options: object, name: str = "p.csv") -> Outcome:
        """List prospects; every row is accounted for, and no customer is listed."""
        outcome = self.run(*self.command(content, name), *options)
        assert outcome.exit_code == 0, outcome.told
        assert sum(outcome.document[part] for part in COUNTS) == outcome.document["rows_in"]
        rows = self.rows()
        assert len(rows) == outcome.document["listed"]
        assert len(self.rejected()) == outcome.document["rejected"]
        assert not {*rows["account_id"]} & {*self.customers["account_id"]}
        for written in self.folder.glob(f"{self.out.name}*"):
            assert PERSON not in written.read_text()
        return outcome

    def rows(self) -> pd.DataFrame:
        """Return the list as text, byte for byte."""
        return pd.read_csv(self.out, dtype=str, keep_default_na=False)

    def list_refused(self, exit_code: int, *options: object, content: bytes | pd.DataFrame | None = None) -> str:
        """Ask for a list that must be refused; every file stays as it is, and none is added."""
        command = self.command(content)
        before = files_of(self.folder)
        error = self.refused(exit_code, *command, *options)
        assert files_of(self.folder) == before
        return error

    def seeds(self, content: bytes | pd.DataFrame, name: str) -> list[object]:
        """Write a list of seeds and return the options that name it."""
        return ["--seeds", self.table(name, content)]


@pytest.fixture
def room(company, tmp_path, capsys) -> ListDesk:
    folder = tmp_path / "room"
    folder.mkdir()
    made = ListDesk(company, folder, capsys.readouterr)
    made.lay()
    return made


@pytest.mark.parametrize(
    ("options", "exit_code", "told"),
    [
        (["--top", "0"], 2, "1 or more"),
        (["--reach", "0"], 2, "above 0"),
        (["--diversity", "1"], 2, "below 1"),
        (["--as-of", "2026-02-30"], 2, "YYYY-MM-DD"),
        (["--out", "."], 2, "has no ending"),
        (["--out", "/"], 2, "has no ending"),
        (["--out=--"], 2, "is '--'"),
        (["--out", os.fsdecode(b"\xff.csv")], 2, r"'\xff.csv' is not UTF-8"),
        (["--seeds", os.fsdecode(b"\xff.txt")], 2, "is not UTF-8"),
        (["--by-seed", "{out}"], 2, "is also written otherwise"),
        (["--by-seed", "{out}.rejected.csv"], 2, "is also written otherwise"),
        (["--seeds", "{out}"], 2, "is both read and written"),
        (["--by-seed", "{folder}/prospects.csv"], 2, "is both read and written"),
        (["--segment", "nobody's"], 2, "there is no segment"),
        (["--p-close", "chance"], 4, "there is no column 'chance'"),
        (["--p-close", "owner_email"], 4, "is no chance of closing in 120 rows"),
        (["--encoding", "utf-16"], 4, "is not UTF-16"),
        (["--encoding", "punycode"], 4, "is not PUNYCODE"),
        (["--out", "{folder}/nowhere/list.csv"], 6, "does not exist"),
    ],
)
def test_options_that_cannot_be_meant_are_refused(room, options, exit_code, told):
    assert told in room.list_refused(exit_code, *(one.format(out=room.out, folder=room.folder) for one in options))


@pytest.mark.parametrize("option", ["--seeds", "--negatives", "--out", "--by-seed"])
def test_links_in_a_circle_are_refused(room, option):
    (room.folder / LOOP).symlink_to(room.folder / LOOP)
    command = room.command()
    assert "cannot be resolved" in room.refused(6, *command, option, room.folder / LOOP)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("s.txt", b"", "the list holds no ids"),
        ("s.txt", b"\n  \n\r\n", "the list holds no ids"),
        ("s.txt", b"A-000000\nA-00\xe9\n", "byte 14 is not UTF-8"),
        ("s.txt", "A-000000\nA-000001".encode("utf-16"), "byte 1 is not UTF-8"),
        ("s.txt", "A-000000\nA-000001".encode("utf-16-le"), "NUL bytes"),
        ("s.csv", b"", "the file is empty"),
        ("s.csv", b"account_id\n", "the list holds no ids"),
        ("s.csv", b"name,size\nAcme,1\n", "the id column 'account_id', or one column of ids"),
        ("s.csv", b"account_id\nP-1\nP-2\n", "no id of the list is a customer with a known outcome: 2 not a customer"),
        ("s.csv", b'account_id\n"A-000000\n', "a quote that is never closed"),
        ("s.csv", b"\xff\xfea\0", "UTF-16 byte order mark"),
        ("s.parquet", b"PAR1nothing", "a complete Parquet file"),
        ("s.parquet", pd.DataFrame(), "the table has no columns"),
        ("s.parquet", pd.DataFrame({"account_id": [["A-000000"]]}), "has the type list"),
        ("s.parquet", pd.DataFrame({"account_id": [b"A-000000"]}), "has the type binary"),
        ("s.parquet", pd.DataFrame({"account_id": [1.5]}), "not exact whole numbers"),
    ],
)
def test_a_list_of_seeds_that_names_nobody_is_refused(room, name, content, told):
    options = room.seeds(content, name)
    assert told in room.list_refused(4, *options)


@pytest.mark.parametrize("command", ["lookalikes", "score"])
def test_nothing_is_written_into_the_folder_that_is_read(room, command):
    (room.folder / "parts").mkdir()
    room.table("parts/a.parquet", room.prospects)
    before = files_of(room.folder)
    asked = [command, room.folder / "parts", "--model", room.company.model, "--out", room.folder / "parts" / "o.csv"]
    assert "is the folder that is read" in room.refused(2, *asked)
    assert files_of(room.folder) == before


def test_a_list_that_has_no_end_is_not_waited_for(room):
    os.mkfifo(room.folder / PIPE)
    command = room.command()
    assert "is a device or a pipe" in room.refused(2, *command, "--seeds", room.folder / PIPE)


def test_a_customer_on_both_lists_and_too_few_seeds_are_refused(room):
    options = room.seeds("\n".join(room.ids[:9]).encode(), "s.txt")
    assert "9 customers are seeds and negative seeds" in room.list_refused(4, *options, "--negatives", options[1])
    few = room.seeds("\n".join(room.ids[:2]).encode(), "few.txt")
    assert "2 seeds; expected 3 or more" in room.list_refused(4, *few)


def test_the_same_seeds_give_the_same_list_however_they_are_written(room):
    ids = room.ids[:40]
    forms: dict[str, bytes | pd.DataFrame] = {
        "s.txt": ("\ufeffaccount_id\r\n" + "\r\n".join(ids)).encode(),
        "s.csv": "\n".join(f'"{one}"' for one in [*ids, ids[0]]).encode(),
        "s.parquet": pd.DataFrame({"size": 1, "account_id": pd.Categorical(ids)}),
    }
    found = []
    for name, content in forms.items():
        room.listed(None, *room.seeds(content, name), "--top", 9)
        found.append(room.rows().drop(columns="run_id"))
    assert all(rows.equals(found[0]) for rows in found)


def test_what_a_list_of_seeds_says_of_persons_is_not_shown(room):
    strangers = [f"{PERSON}@secret.example", "<script>alert(1)</script>", "\u202eevil"]
    outcome = room.listed(None, *room.seeds("\n".join([*room.ids[:9], *strangers]).encode(), "s.txt"))
    assert "3 (a value not shown" in str(outcome.document["seeds"]["warnings"])
    assert "<script>alert" not in Path(f"{room.out}.html").read_text()


@pytest.mark.parametrize("rows", ["none", "one", "customers", "blank"])
def test_nobody_or_one_prospect_gives_a_whole_list(room, rows):
    tables = {
        "none": room.prospects.head(0),
        "one": room.prospects.head(1),
        "customers": room.customers,
        "blank": room.prospects.assign(account_id=""),
    }
    found = room.listed(tables[rows], "--by-seed", room.folder / "b.csv", "--diversity", 0.4, "--top", 7).document
    assert found["listed"] == (rows == "one")
    assert found["already_customers"] == (400 if rows == "customers" else 0)
    assert found["rejected"] == (120 if rows == "blank" else 0)


def test_odd_cells_are_rejected_counted_or_lowered_and_never_run(room):
    table = room.prospects.astype({"account_id": object, "integrations": object, "team_size": object})
    table.loc[:4, "integrations"] = ["inf", "1e400", "12,5", "0x10", "1e308"]
    table.loc[5:8, "account_id"] = ["=1+1", " ", "<script>alert(1)</script>", "\x1b[31mred"]
    found = room.listed(table.assign(company="=cmd|' /C calc'!A0", crm="Zorp")).document
    assert found["rejected"] == 6
    assert found["unseen_levels"]["crm"] == 120
    assert room.rows()["company"].str.startswith("'=").all()
    assert "<script>alert" not in Path(f"{room.out}.html").read_text()


def test_customers_are_known_whatever_the_type_of_their_ids(room):
    both = pd.concat([room.prospects, room.customers[list(room.prospects)]])
    table = both.assign(account_id=pd.Categorical(both["account_id"]))
    assert room.listed(table, name="p.parquet").document["already_customers"] == 400


@pytest.mark.parametrize("column", ["company", "account_id", "chance"])
def test_lists_in_cells_are_refused(room, column):
    table = room.prospects.assign(**{column: [[1.0]] * len(room.prospects)})
    command = room.command(table, "p.parquet")
    options = ["--p-close", "chance"] if column == "chance" else []
    assert f"column '{column}' has the type list" in room.refused(4, *command, *options)
    assert not room.out.exists()


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_not_ours_stays_whatever_it_is(room, ending):
    place = Path(f"{room.out}{ending}")
    place.write_text("mine\n")
    assert "was not written by icp-ml" in room.list_refused(2)
    place.unlink()
    place.mkdir()
    assert "is a folder" in room.list_refused(2)


def test_a_stopped_or_failed_list_leaves_the_earlier_one(room, monkeypatch):
    room.listed(None, "--top", 3)
    command = room.command()
    before = files_of(room.folder)
    page = "icp_ml.workflow.prospecting.lookalike_page"

    def full(*_arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(page, lambda _: signal.raise_signal(signal.SIGTERM))
        assert room.run(*command).exit_code == 130
    with monkeypatch.context() as patch:
        patch.setattr(page, full)
        assert "No space left" in room.refused(6, *command)
    monkeypatch.setattr("icp_ml.outputs._sync", full)
    assert "No space left" in room.refused(6, *command)
    assert files_of(room.folder) == before


def test_ids_of_persons_stand_in_the_list_and_nowhere_else(room):
    model = load_model(room.company.model)
    named = np.array([f"{PERSON}{place}@secret.example" for place in range(len(model.reference))], dtype=object)
    of_persons = replace(model, reference=replace(model.reference, ids=named))
    table = room.prospects.assign(account_id=[f"{PERSON}.{row}@secret.example" for row in range(120)])
    found = lookalikes(table, of_persons, room.out, top=9)
    assert PERSON not in found.to_text() + json.dumps(found.document)
    assert PERSON not in Path(f"{room.out}.html").read_text()
    assert room.rows()["account_id"].str.startswith(PERSON).all()


@pytest.mark.parametrize(
    "changes",
    [{"capacity": 0}, {"capacity": "many"}, {"study": {"seed": -1}}, {"study": {"seed": 1e9}}, {"study": {"read": []}}],
)
def test_a_bundle_with_settings_that_no_study_has_is_refused(room, changes):
    model = load_model(room.company.model)
    if "study" in changes:
        changes = {"study": {**model.study, **changes["study"]}}
    save_model(replace(model, **changes), room.folder / "model")
    assert "cannot be put together" in room.list_refused(5, "--model", room.folder / "model")


def test_a_list_is_what_a_plain_computation_gives(room):
    model = load_model(room.company.model)
    reference, classifier = model.reference, model.classifier
    room.listed(None, "--top", 20)
    rows = pd.read_csv(room.out).set_index("account_id")
    there = classifier.attribute_contributions(reference.frame).to_numpy()
    frame = model.contract.convert(_batch(room.prospects), 1, is_text=False).frame
    here = classifier.attribute_contributions(frame[list(reference.frame)]).to_numpy()
    weight = reference.weight / reference.weight.sum()
    spread = np.sqrt(weight @ np.square(there - weight @ there))
    kept = spread > 0
    there, here = (part[:, kept] / np.sqrt(spread[kept]) for part in (there, here))
    apart = np.sqrt(np.square(there[:, None] - there).sum(axis=2)) + np.diag(np.full(len(there), np.inf))
    bandwidth = np.median(np.sort(apart, axis=1)[:, 9])
    kernel = np.exp(-np.square(here[:, None] - there).sum(axis=2) / (2 * bandwidth**2)) * weight
    success = reference.outcome == 1
    sides = [kernel[:, side].sum(axis=1) / weight[side].sum() for side in (success, ~success)]
    like = pd.Series(sides[0] / (sides[0] + sides[1]), index=room.prospects["account_id"])
    inside = rows[rows["in_domain"]]
    assert np.allclose(inside["similarity"], like[inside.index], atol=1e-5)
    left_out = like.drop(rows.index)[_in_domain(model, frame, room.prospects).drop(rows.index)]
    assert left_out.max() <= rows["similarity"].min() + 1e-5


def _batch(table: pd.DataFrame):
    import pyarrow as pa

    return pa.Table.from_pandas(table, preserve_index=False).combine_chunks().to_batches()[0]


def _in_domain(model, frame, prospects) -> pd.Series:
    return pd.Series(model.domain.assess(frame)[0], index=prospects["account_id"])


class ExportDesk(Desk):
    """A desk with a profile to export."""

    def command(self, *options: object, criteria: tuple[str, ...] = ("team_size >= 10",)) -> list[object]:
        """Write study and profile and return the command that exports it."""
        simulated = simulate(2, 2, seed=5)
        head = simulated.profile.partition("criteria:")[0]
        lines = "".join(f"  - {json.dumps(rule)}\n" for rule in criteria)
        profile = self.folder / "profile.yaml"
        profile.write_text(f"{head}criteria:\n{lines}", encoding="utf-8")
        simulated.deals.to_csv(self.folder / "deals.csv", index=False, date_format="%Y-%m-%d")
        return ["profile", "export", profile, "--study", self.study_of(), *options]


@pytest.fixture
def exported(company, tmp_path, capsys) -> ExportDesk:
    folder = tmp_path / "room"
    folder.mkdir()
    return ExportDesk(company, folder, capsys.readouterr)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--table", "a..b"], "is no name of a table"),
        (["--table", "a\nb"], "is no name of a table"),
        (["--table=--"], "is '--'"),
        (["--columns", "team_size,,nobody"], "2 of 3 columns are known from nowhere"),
        (["--columns", "owner_email"], "none of its 1 criteria can be asked"),
        (["--out", os.fsdecode(b"\xff.sql")], "is not UTF-8"),
        (["--prospects", ""], "is empty"),
    ],
)
def test_an_export_that_cannot_be_meant_is_refused(exported, options, told):
    command = exported.command("--as", "sql", *options)
    before = files_of(exported.folder)
    assert told in exported.refused(2, *command)
    assert files_of(exported.folder) == before


@pytest.mark.parametrize("name", ["query.sql", "query.csv"])
def test_an_export_replaces_our_own_in_any_form_and_nothing_else(exported, name):
    out, profile = exported.folder / name, exported.command()[2]
    command = ["profile", "export", profile, "--model", exported.company.model, "--out", out, "--as"]
    for form in ("sql", "csv", "filters", "sql"):
        assert exported.run(*command, form).exit_code == 0
    for text in ("SELECT 1;\n", '{"a": 1}', "group,column\n", ""):
        out.write_text(text)
        assert "was not written by icp-ml" in exported.refused(2, *command, "sql")
        assert out.read_text() == text


@pytest.mark.parametrize("text", ['"; DROP TABLE companies; --', "O'Brien", "=1+1", "/*", "%", "\u202e日本", "null"])
def test_a_query_asks_for_a_text_whatever_it_holds(exported, text):
    exported.customers = exported.customers.assign(crm=np.resize([text, "other"], len(exported.customers)))
    quoted = f'"{text}"' if "'" in text else f"'{text}'"
    command = exported.command("--as", "sql", criteria=(f"crm == {quoted}",))
    query = str(exported.run(*command).document["content"])
    with sqlite3.connect(":memory:") as database:
        database.execute("CREATE TABLE companies (crm TEXT, support_tier_needed TEXT)")
        database.executemany("INSERT INTO companies VALUES (?, NULL)", [(text,), ("other",), (None,)])
        assert database.execute(query).fetchall() == [(text, None)]
