import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from scipy.special import expit

from icp_ml.errors import ConfigError, DataError, FileSystemError, UsageError
from icp_ml.names import PLAYERS
from icp_ml.prospects import admission
from icp_ml.prospects.columns import LIST_COLUMNS, REASONS
from icp_ml.prospects.score import ScoreOptions, score_file, score_frame

HEAD = ["account_id", "probability", "probability_low", "probability_high", "grade", "rank", "in_domain"]
SCORE_COLUMNS = [*HEAD, *PLAYERS, "base_value", *REASONS, "unusual", "not_measured", "model", "run_id"]


@pytest.fixture
def run(tmp_path, make_model):
    """Score a frame written as `source`, read the score file back."""

    def score(frame, out="scores.csv", source="prospects.csv", model=None, **options):
        path = tmp_path / source
        frame.to_csv(path, index=False) if source.endswith("csv") else frame.to_parquet(path)
        summary = score_file(path, model or make_model(), tmp_path / out, ScoreOptions(**options))
        return read(tmp_path / out), summary.document

    return score


def read(path):
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    return pd.read_csv(path, dtype={"account_id": str}, keep_default_na=False, na_values={"budget": [""]})


def numbers(scored, columns=("probability", *PLAYERS, "base_value")):
    return scored[list(columns)].apply(pd.to_numeric, errors="coerce")


@pytest.mark.parametrize("out", ["scores.csv", "scores.parquet"])
def test_one_row_per_prospect_in_input_order_with_the_columns_of_the_contract(run, prospects, out):
    frame = prospects(50)
    scored, _ = run(frame, out)
    assert list(scored.columns) == SCORE_COLUMNS
    assert scored["account_id"].tolist() == frame["account_id"].tolist()


@pytest.mark.parametrize("out", ["scores.csv", "scores.parquet"])
def test_probability_is_the_sum_of_what_is_stored(run, prospects, out):
    stored = numbers(run(prospects(300), out)[0])
    margin = stored["base_value"] + stored[list(PLAYERS)].sum(axis=1)
    np.testing.assert_allclose(expit(margin), stored["probability"], atol=1e-12)


def test_a_fit_without_attributes_is_empty_and_an_unknown_one_is_named(run, prospects):
    frame = prospects(200)
    scored, _ = run(frame, "scores.parquet")
    assert scored[["functional", "competence", "experience", "cultural"]].isna().all(axis=None)
    named = scored["not_measured"].fillna("").str.split("; ")
    assert ["resource" in names for names in named] == frame["budget"].isna().tolist()
    assert ["technical" in names for names in named] == frame[["integrations", "crm"]].isna().all(axis=1).tolist()
    assert scored["resource"].notna().all()


def test_csv_and_parquet_hold_the_same_values(run, prospects):
    by_csv, _ = run(prospects(300), "scores.csv")
    by_parquet, _ = run(prospects(300), "scores.parquet")
    assert numbers(by_csv).equals(numbers(by_parquet))
    text = ["account_id", "grade", "rank", "unusual", "not_measured", "model", "run_id"]
    assert by_csv[text].equals(by_parquet[text].fillna("").astype(by_csv[text].dtypes))


def test_ranks_follow_margin_and_the_unlike_come_last_without_a_grade(run, prospects):
    scored, summary = run(prospects(500), "scores.parquet")
    ordered = scored.sort_values("rank")
    inside = ordered["in_domain"].to_numpy()
    assert ordered["rank"].tolist() == list(range(1, 501))
    assert not inside[inside.sum() :].any()
    assert ordered["probability"][inside].is_monotonic_decreasing
    assert (ordered["grade"][~inside] == "?").all()
    assert summary["out_of_domain"] == (~inside).sum() > 0
    assert scored["unusual"].notna().tolist() == (~scored["in_domain"]).tolist()
    assert ordered["probability"][~inside].notna().all()


def test_grades_follow_capacity(run, prospects, make_model):
    _, summary = run(prospects(400), model=make_model(capacity=30, domain=None))
    assert summary["grades"] == {"A": 30, "B": 30, "C": 60, "D": 280, "?": 0}


def test_the_first_ranks_have_reasons_by_attribute_and_the_others_by_fit(run, prospects):
    scored, _ = run(prospects(400), n_reasons=25)
    first = scored["rank"] <= 25
    assert first.sum() == 25
    assert scored.loc[first, "reason_1"].str.contains(r" = .* \(\+").all()
    others = scored.loc[~first, ["reason_1", "concern_1"]].to_numpy().ravel()
    assert all(text == "" or text.split(" ")[1] in ("fit", "(+0.15)", "(-0.05)") for text in others)


def test_the_same_table_gives_the_same_bytes_whatever_the_batches(tmp_path, prospects, make_model, monkeypatch):
    monkeypatch.setattr(admission, "BLOCK_ROWS", 1000)
    prospects(2500).to_parquet(tmp_path / "p.parquet", row_group_size=700)
    model, found = make_model(pass_through=("crm",)), set()
    for rows in (64, 999, 65_536):
        options = ScoreOptions(batch_rows=rows, n_reasons=100, list_path=tmp_path / "list.csv")
        score_file(tmp_path / "p.parquet", model, tmp_path / "s.csv", options)
        found.add(tuple((tmp_path / name).read_bytes() for name in ("s.csv", "list.csv", "s.csv.summary.json")))
    assert len(found) == 1


def test_parts_do_not_change_the_numbers(tmp_path, prospects, make_model, monkeypatch):
    prospects(2500).to_parquet(tmp_path / "p.parquet")
    whole = score_file(tmp_path / "p.parquet", make_model(), tmp_path / "a.parquet", ScoreOptions(n_reasons=100))
    monkeypatch.setattr(admission, "BLOCK_ROWS", 300)
    parts = score_file(tmp_path / "p.parquet", make_model(), tmp_path / "b.parquet", ScoreOptions(n_reasons=100))
    assert pq.read_table(whole.out).equals(pq.read_table(parts.out))


def test_row_order_does_not_change_an_account(run, prospects):
    frame = prospects(300)
    scored, _ = run(frame, "scores.parquet")
    shuffled, _ = run(frame.sample(frac=1, random_state=1), "scores.parquet")
    columns = ["account_id", "probability", "grade", "technical", "reason_1", "concern_1", "unusual"]
    merged = scored[columns].merge(shuffled[columns], on="account_id", suffixes=("", "_2"))
    for name in columns[1:]:
        assert merged[name].fillna("").equals(merged[f"{name}_2"].fillna("")), name


def test_column_order_and_extra_columns_do_not_matter(run, prospects):
    frame = prospects(100)
    scored, _ = run(frame)
    again, summary = run(frame[frame.columns[::-1]].assign(extra=1))
    assert numbers(scored).equals(numbers(again))
    assert summary["ignored_columns"] == ["extra"]


def test_every_row_is_accounted_for(tmp_path, run, prospects, make_model):
    frame = prospects(40).astype(object)
    frame.loc[0, "account_id"] = "customer-1"
    frame.loc[1, "account_id"] = None
    frame.loc[2, "account_id"] = "=evil"
    frame.loc[3, "budget"] = "twelve"
    frame.loc[[4, 5], "industry"] = "arms"
    frame.loc[6, "account_id"] = frame.loc[7, "account_id"]
    model = make_model(exclude=("industry == arms", "integrations > 10000"))
    scored, summary = run(frame, model=model, on_duplicate="first")
    assert {name: summary[name] for name in ("rows_in", "scored", "rejected", "excluded", "already_customers")} == {
        "rows_in": 40,
        "scored": 33,
        "rejected": 4,
        "excluded": 2,
        "already_customers": 1,
    }
    assert summary["excluded_by_rule"] == {"industry == arms": 2, "integrations > 10000": 0}
    assert len(scored) == 33
    rejected = pd.read_csv(tmp_path / "scores.csv.rejected.csv", keep_default_na=False)
    assert list(rejected.columns) == ["row", "id", "column", "reason"]
    assert rejected["row"].tolist() == [2, 3, 4, 8]
    assert rejected["id"].tolist() == ["", "'=evil", "p-000003", "p-000007"]
    assert rejected["column"].tolist() == ["account_id", "account_id", "budget", "account_id"]
    assert "row 7" in rejected["reason"][3]
    assert json.loads((tmp_path / "scores.csv.summary.json").read_text())["rows_in"] == 40


def test_no_value_of_a_refused_row_is_shown(tmp_path, run, prospects):
    frame = prospects(3).astype(object)
    frame.loc[1, "budget"] = "someone@example.com"
    _, summary = run(frame)
    assert summary["rejected"] == 1
    assert not any("example.com" in path.read_text() for path in tmp_path.glob("scores*"))


def test_repeated_ids_are_refused_by_default(run, prospects):
    frame = prospects(10)
    frame.loc[[4, 9], "account_id"] = "p-000000"
    with pytest.raises(DataError, match=r"2 ids that came before \(rows 5, 10\)"):
        run(frame)


def test_ids_are_text_byte_for_byte(run, prospects):
    ids = ["007", "1E5", "123456789012345678901", " a", "NA", "null", 'é,"x"']
    frame = prospects(7).assign(account_id=ids)
    assert run(frame)[0]["account_id"].tolist() == ids
    assert run(frame, "scores.parquet", "p.parquet")[0]["account_id"].tolist() == ids


def test_a_header_without_rows_gives_a_header_without_rows(tmp_path, run, prospects):
    scored, summary = run(prospects(0))
    assert list(scored.columns) == SCORE_COLUMNS
    assert (len(scored), summary["rows_in"]) == (0, 0)
    assert len(run(prospects(0), "scores.parquet", list_path=tmp_path / "l.csv")[0]) == 0


def test_pass_through_is_copied_made_safe_and_never_collides(run, prospects, make_model):
    frame = prospects(3).assign(owner=["ann", "=1+1", None], rank=[7, 8, 9])
    scored, _ = run(frame, model=make_model(pass_through=("owner", "rank", "absent")))
    assert list(scored.columns[-3:]) == ["owner", "input_rank", "absent"]
    assert scored["owner"].tolist() == ["ann", "'=1+1", ""]
    assert scored["input_rank"].tolist() == [7, 8, 9]


def test_pass_through_keeps_types_in_parquet(run, prospects, make_model):
    frame = prospects(3).assign(value=[1, 2, 3], flag=[True, False, True], level=pd.Categorical(["a", None, "b"]))
    scored, _ = run(frame, "s.parquet", "p.parquet", model=make_model(pass_through=("value", "flag", "level")))
    assert [scored["value"].dtype.kind, scored["flag"].dtype.kind] == ["i", "b"]
    assert scored["level"].fillna("").tolist() == ["a", "", "b"]


def test_a_csv_has_the_delimiter_of_the_study_unless_told_otherwise(tmp_path, prospects, make_model):
    prospects(5).to_csv(tmp_path / "p.csv", index=False, sep=";")
    model = make_model(study={"read": {"delimiter": ";"}})
    assert score_file(tmp_path / "p.csv", model, tmp_path / "s.csv").document["scored"] == 5
    prospects(5).to_csv(tmp_path / "p.csv", index=False, sep="|")
    options = ScoreOptions(delimiter="|")
    assert score_file(tmp_path / "p.csv", model, tmp_path / "s.csv", options).document["scored"] == 5


def test_an_exclusion_whose_column_is_missing_is_refused(run, prospects, make_model):
    with pytest.raises(DataError, match="'country' of 'exclude' are missing"):
        run(prospects(3), model=make_model(exclude=("country in [XX]",)))


def test_an_exclusion_sees_levels_that_training_never_saw(run, prospects, make_model):
    frame = prospects(3).assign(crm=["sanctioned", "hubspot", None])
    _, summary = run(frame, model=make_model(exclude=("crm == sanctioned",)))
    assert summary["excluded_by_rule"] == {"crm == sanctioned": 1}


def test_unseen_levels_and_values_outside_the_range_are_counted_and_scored(run, prospects):
    frame = prospects(4).assign(crm=["new", "new", "hubspot", None], budget=[1.0, 2.0, 9999.0, 3.0])
    scored, summary = run(frame)
    assert (summary["unseen_levels"], summary["outside_range"]["budget"]) == ({"crm": 2}, 1)
    assert len(scored) == 4
    assert any("'crm' has a level never seen" in note for note in summary["notes"])


def test_every_output_of_a_model_that_is_not_ready_says_so(tmp_path, run, prospects, make_model):
    model = make_model(ready=False, map_reviewed=None)
    scored, summary = run(prospects(5), model=model, list_path=tmp_path / "list.csv")
    assert scored["model"].unique().tolist() == ["acme/3 sha256:abababababab not ready"]
    assert pd.read_csv(tmp_path / "list.csv")["chance"].str.contains("model not ready").all()
    assert summary["ready"] is False
    assert any("not ready" in note for note in summary["notes"])
    assert any("Draft map" in note for note in summary["notes"])


def test_a_withdrawn_probability_is_empty_and_ranks_stay(tmp_path, run, prospects, make_model):
    options = {"out": "scores.parquet", "list_path": tmp_path / "list.csv"}
    scored, summary = run(prospects(50), model=make_model(probability_withdrawn=True), **options)
    usual, _ = run(prospects(50), **options)
    assert scored[["probability", "probability_low", "probability_high"]].isna().all(axis=None)
    assert scored[["rank", "grade", "technical"]].equals(usual[["rank", "grade", "technical"]])
    assert any("withdrawn" in note for note in summary["notes"])


def test_parquet_metadata_name_horizon_model_run_and_readiness(tmp_path, run, prospects):
    _, summary = run(prospects(5), "scores.parquet", as_of="2026-06-30")
    kept = pq.read_schema(tmp_path / "scores.parquet").metadata
    assert (kept[b"horizon_days"], kept[b"ready"], kept[b"as_of"]) == (b"365", b"true", b"2026-06-30")
    assert (kept[b"run_id"].decode(), kept[b"model"].decode()) == (summary["run_id"], summary["model"])


def test_the_run_id_names_what_changes_the_output_and_nothing_else(run, prospects, make_model):
    frame = prospects(30)
    usual = run(frame)[1]["run_id"]
    assert run(frame, "scores.parquet", batch_rows=7)[1]["run_id"] == usual
    changed = [
        run(frame, n_reasons=5),
        run(frame, as_of="2026-01-01"),
        run(frame, model=make_model(digest="cd" * 32)),
        run(frame.assign(budget=1.0)),
    ]
    assert len({usual, *(summary["run_id"] for _, summary in changed)}) == 5


def test_grades_are_held_with_the_previous_file(tmp_path, run, prospects, make_model):
    frame, model = prospects(300), make_model(capacity=50, domain=None)
    before, _ = run(frame, model=model)
    moved = frame.copy()
    at = before.index[before["rank"] == 52][0]
    previous = before.assign(grade=before["grade"].where(before.index != at, "A"))
    previous.to_csv(tmp_path / "previous.csv", index=False)
    held, _ = run(moved, model=model, previous=tmp_path / "previous.csv")
    assert held.loc[at, "grade"] == "A"
    assert held["grade"].drop(at).equals(before["grade"].drop(at))


@pytest.mark.parametrize("n_reasons", [0, 10, 10_000])
def test_the_list_has_ten_columns_in_rank_order(tmp_path, run, prospects, make_model, n_reasons):
    model = make_model(capacity=20)
    run(prospects(300), model=model, list_path=tmp_path / "list.csv", n_reasons=n_reasons)
    listed = pd.read_csv(tmp_path / "list.csv", keep_default_na=False)
    assert list(listed.columns) == [name if name != "id" else "account_id" for name in LIST_COLUMNS]
    assert listed["rank"].tolist() == list(range(1, min(300, max(20, n_reasons)) + 1))
    assert listed["chance"].str.match(r"(about \d|more than 9|less than 1) in 10 within 365 days").all()
    assert (listed["disposition"] == "").all()
    assert set(listed["strongest_fit"]) | set(listed["weakest_fit"]) <= {"technical", "resource", ""}


def test_the_list_asks_for_what_is_unknown(tmp_path, run, prospects):
    frame = prospects(3).assign(crm=["hubspot", None, "other"], budget=[None, None, 1.0], integrations=3.0)
    run(frame, list_path=tmp_path / "list.csv")
    asked = pd.read_csv(tmp_path / "list.csv").set_index("account_id")["ask"]
    assert asked.tolist() != []
    assert asked[["p-000000", "p-000001", "p-000002"]].tolist() == [
        "Ask about budget.",
        "Ask about crm.",
        "Find out in discovery: api skill (not in this score).",
    ]


def test_score_frame_equals_score_file(run, prospects, make_model):
    frame, model = prospects(300), make_model(pass_through=("crm",))
    from_file, _ = run(frame, "s.parquet", "p.parquet", model=model, n_reasons=50)
    in_memory = score_frame(frame, model, ScoreOptions(n_reasons=50))
    pd.testing.assert_frame_equal(in_memory.drop(columns="run_id"), from_file.drop(columns="run_id"), check_dtype=False)
    assert in_memory.attrs["summary"]["scored"] == 300


def test_a_file_that_is_not_ours_is_never_replaced(tmp_path, run, prospects):
    (tmp_path / "scores.csv").write_text("my,notes\n1,2\n")
    with pytest.raises(UsageError, match="was not written by icp-ml"):
        run(prospects(3))
    assert (tmp_path / "scores.csv").read_text() == "my,notes\n1,2\n"


def test_an_earlier_score_file_is_replaced(run, prospects):
    run(prospects(3))
    assert len(run(prospects(5))[0]) == 5


@pytest.mark.parametrize("when", ["score", "reasons"])
def test_a_failure_leaves_the_earlier_output_and_nothing_else(tmp_path, run, prospects, make_model, when):
    run(prospects(3))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name.startswith("scores")}
    model = make_model()

    def fail(_):
        raise KeyboardInterrupt

    setattr(model.classifier, "contributions_array" if when == "score" else "attribute_contributions", fail)
    with pytest.raises(KeyboardInterrupt):
        run(prospects(9), model=model)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir() if p.name != "prospects.csv"} == before


SCRIPT = """
import os, resource, runpy, signal, sys
from icp_ml.prospects import admission
from icp_ml.prospects.score import score_file
conftest, folder, how = sys.argv[1:]
model = runpy.run_path(conftest)["model_of"]()
admission.BLOCK_ROWS = 500
usual, calls = model.classifier.contributions_array, []
def contributions(frame):
    calls.append(1)
    if how == "killed" and len(calls) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return usual(frame)
model.classifier.contributions_array = contributions
if how == "full":
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
score_file(folder + "/p.csv", model, folder + "/s.csv")
"""


def fail_in_another_process(folder, how):
    conftest = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-c", SCRIPT, str(conftest), str(folder), how]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@pytest.fixture
def scored_folder(tmp_path, prospects, make_model):
    prospects(2000).to_csv(tmp_path / "p.csv", index=False)
    score_file(tmp_path / "p.csv", make_model(), tmp_path / "s.csv")
    return tmp_path, {path.name: path.read_bytes() for path in tmp_path.iterdir()}


def test_a_killed_run_is_swept_by_the_next_which_gives_the_same_bytes(scored_folder, make_model):
    folder, expected = scored_folder
    (folder / "s.csv").unlink()
    assert fail_in_another_process(folder, "killed").returncode == -signal.SIGKILL
    assert not (folder / "s.csv").exists()
    assert len(list(folder.iterdir())) > len(expected)
    score_file(folder / "p.csv", make_model(), folder / "s.csv")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected


def test_a_full_disk_is_the_systems_refusal_and_leaves_the_earlier_file(scored_folder):
    folder, expected = scored_folder
    assert "FileSystemError" in fail_in_another_process(folder, "full").stderr
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == expected


def test_input_and_output_must_differ(tmp_path, prospects, make_model):
    prospects(3).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(UsageError, match="both read and written"):
        score_file(tmp_path / "p.csv", make_model(), tmp_path / "p.csv")
    with pytest.raises(UsageError, match="also written as the score file"):
        score_file(tmp_path / "p.csv", make_model(), tmp_path / "s.csv", ScoreOptions(list_path=tmp_path / "s.csv"))


def test_a_missing_parent_folder_is_the_systems_refusal(tmp_path, prospects, make_model):
    prospects(3).to_csv(tmp_path / "p.csv", index=False)
    with pytest.raises(FileSystemError, match="does not exist"):
        score_file(tmp_path / "p.csv", make_model(), tmp_path / "no" / "s.csv")


def test_a_table_that_changes_while_it_is_read_is_refused(tmp_path, run, prospects, make_model):
    model = make_model()
    usual = model.classifier.contributions_array

    def touch(frame):
        (tmp_path / "prospects.csv").open("a").close()
        os.utime(tmp_path / "prospects.csv", (1, 1))
        return usual(frame)

    model.classifier.contributions_array = touch
    with pytest.raises(DataError, match="changed while it was read"):
        run(prospects(3), model=model)
    assert not (tmp_path / "scores.csv").exists()


def test_an_id_column_called_like_ours_is_refused(run, prospects, make_model):
    model = make_model()
    model.contract = replace(model.contract, id="rank")
    with pytest.raises(ConfigError, match="id column is called 'rank'"):
        run(prospects(3).rename(columns={"account_id": "rank"}), model=model)


def test_a_wrong_day_is_refused(run, prospects):
    with pytest.raises(UsageError, match=r"--as-of: '30\.06\.2026' is no date"):
        run(prospects(3), as_of="30.06.2026")


def test_the_summary_is_told_in_words(tmp_path, prospects, make_model):
    prospects(30).to_csv(tmp_path / "p.csv", index=False)
    summary = score_file(tmp_path / "p.csv", make_model(exclude=("crm == x",)), tmp_path / "s.csv")
    assert "30 rows in = 30 scored + 0 rejected + 0 excluded by crm == x + 0 already customers" in summary.to_text()
    assert summary.to_document()["out"] == str(tmp_path / "s.csv")
    assert summary.exit_code == 0


def test_a_model_judged_without_a_split_by_time_says_so(tmp_path, prospects, make_model):
    prospects(30).to_csv(tmp_path / "p.csv", index=False)
    told = [
        score_file(tmp_path / "p.csv", make_model(evaluation_classifier=judged), tmp_path / "s.csv").to_text()
        for judged in (object(), None)
    ]
    assert ["without a split by time" in text for text in told] == [False, True]


def test_rejected_rows_are_pointed_to(tmp_path, prospects, make_model):
    prospects(30).assign(budget="?").to_csv(tmp_path / "p.csv", index=False)
    text = score_file(tmp_path / "p.csv", make_model(), tmp_path / "s.csv").to_text()
    assert f"rejected rows and why: {tmp_path / 's.csv'}.rejected.csv" in text
