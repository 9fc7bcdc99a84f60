"""The lookalike file: the laws it keeps, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from threadpoolctl import threadpool_limits

from icp_ml.accounts.tables import table_of
from icp_ml.errors import ConfigError, DataError, ModelError, UsageError
from icp_ml.model.likeness import Likeness
from icp_ml.prospects import admission
from icp_ml.prospects.lookalikes.find import find_file, find_frame
from icp_ml.prospects.lookalikes.options import LookalikeOptions
from icp_ml.prospects.score import score_frame

LIKE = ["like_1", "like_2", "like_3"]
CONTRACT = [
    *["account_id", "rank", "similarity", *LIKE, "unlike_1", "unlike_2", "unlike_3"],
    *["technical_match", "functional_match", "resource_match", "competence_match", "experience_match"],
    *["cultural_match", "probability", "in_domain", "seed_segment", "model", "run_id"],
]
TOP = LookalikeOptions(top=40)


@pytest.fixture(scope="module")
def prospects(draw):
    return draw(600)


@pytest.fixture(scope="module")
def found(trained, prospects):
    return find_frame(prospects, trained, TOP)


def brute_similarity(model, frame):
    reference = model.reference
    likeness, there = Likeness.of(model.classifier, reference.frame, reference.weight)
    here = likeness.place(model.classifier.attribute_contributions(frame).to_numpy())
    close = likeness.closeness(np.square(here[:, None, :] - there).sum(axis=2))
    a, b = (close[:, reference.outcome == side].mean(axis=1) + 1e-12 for side in (1, 0))
    placed = model.domain.space.place(frame)
    apart = np.sqrt(np.square(placed.coordinates[:, None, :] - model.domain.neighbours.points).sum(axis=2))
    nearest = np.sort(apart, axis=1)[:, :10].mean(axis=1)
    beyond = np.minimum(model.domain.far / nearest, model.domain.rare / placed.surprise.max(axis=1))
    return a / (a + b) * np.minimum(beyond, 1)


def test_columns_are_those_of_the_contract_then_what_is_passed_through(found, trained, prospects):
    assert list(found.columns) == [*CONTRACT, "company"]
    with_close = find_frame(prospects, trained, LookalikeOptions(top=5, p_close="intent"))
    assert list(with_close.columns) == [*CONTRACT, "p_close", "company"]


def test_similarity_is_the_share_of_likeness_to_the_seeds_times_applicability(found, trained, prospects):
    by_hand = brute_similarity(trained, admitted_frame(trained, prospects))
    order = np.argsort(-by_hand, kind="stable")[:40]
    assert found["account_id"].tolist() == prospects["account_id"].to_numpy()[order].tolist()
    assert found["similarity"].to_numpy() == pytest.approx(by_hand[order], abs=1e-6)


def admitted_frame(model, prospects):
    (block,) = admission.Admission(admission_table(prospects), model).blocks()
    return block.frame


def admission_table(prospects):
    return table_of(prospects)


def test_ranks_follow_similarity_and_equal_ones_their_place_in_the_input(trained, prospects):
    twice = pd.concat([prospects, prospects.assign(account_id="q" + prospects["account_id"])], ignore_index=True)
    found = find_frame(twice, trained, LookalikeOptions(top=60))
    assert found["rank"].tolist() == list(range(1, 61))
    assert (np.diff(found["similarity"]) <= 0).all()
    assert found["account_id"].tolist()[1::2] == ["q" + one for one in found["account_id"].tolist()[::2]]


def test_the_chance_of_success_is_that_of_scoring(found, trained, prospects):
    everyone = score_frame(prospects, trained)
    scored = everyone.set_index("account_id").loc[found["account_id"]]
    in_all = found.attrs["summary"]["dial"]["rows"][-1]["probability"]
    assert in_all == pytest.approx(everyone["probability"].mean(), abs=1e-6)
    assert found["probability"].to_numpy() == pytest.approx(scored["probability"].to_numpy(), abs=1e-9)
    assert (found["in_domain"].to_numpy() == scored["in_domain"].to_numpy()).all()


def test_the_order_of_the_prospects_changes_nothing_but_ties(found, trained, prospects):
    shuffled = find_frame(prospects.sample(frac=1, random_state=1), trained, TOP)
    pd.testing.assert_frame_equal(shuffled.drop(columns="run_id"), found.drop(columns="run_id"))


def test_the_order_of_the_customers_changes_nothing(found, changed, trained, prospects):
    reference = trained.reference
    order = np.random.default_rng(0).permutation(len(reference))
    mixed = type(reference)(
        reference.ids[order],
        reference.outcome[order],
        reference.weight[order],
        reference.frame.iloc[order].reset_index(drop=True),
        reference.n_known,
        reference.membership.rows(order),
    )
    again = find_frame(prospects, changed(reference=mixed), TOP)
    kept = [name for name in found.columns if name not in ("model", "run_id")]
    pd.testing.assert_frame_equal(again[kept], found[kept], atol=1e-11, rtol=0)


def test_the_size_of_blocks_changes_nothing(found, trained, prospects, monkeypatch):
    monkeypatch.setattr(admission, "BLOCK_ROWS", 97)
    pd.testing.assert_frame_equal(find_frame(prospects, trained, TOP), found, atol=1e-11, rtol=0)


def test_batches_and_threads_change_no_byte(trained, prospects, tmp_path):
    prospects.to_csv(tmp_path / "p.csv", index=False)
    written = []
    for at, (rows, threads) in enumerate([(65_536, 1), (11, 2)]):
        out = tmp_path / f"{at}.csv"
        with threadpool_limits(threads):
            find_file(tmp_path / "p.csv", trained, out, LookalikeOptions(top=40, diversity=0.3, batch_rows=rows))
        written.append([out.read_bytes(), (tmp_path / f"{at}.csv.summary.json").read_bytes()])
    assert written[0] == written[1]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_the_file_holds_what_the_frame_holds(trained, prospects, tmp_path, ending):
    prospects.to_parquet(tmp_path / "p.parquet")
    out = tmp_path / f"found{ending}"
    summary = find_file(tmp_path / "p.parquet", trained, out, TOP)
    frame = find_frame(tmp_path / "p.parquet", trained, TOP)
    read = pd.read_csv(out) if ending == ".csv" else pd.read_parquet(out)
    pd.testing.assert_frame_equal(read, frame, check_dtype=False)
    assert json.loads((tmp_path / f"{out.name}.summary.json").read_text())["run_id"] == summary.document["run_id"]
    assert frame.attrs["summary"] == summary.document
    if ending == ".parquet":
        assert pq.read_schema(out).metadata[b"kind"] == b"lookalikes"


def test_customers_and_excluded_accounts_are_never_listed_and_are_counted(changed, prospects, trained):
    table = pd.concat([prospects, prospects[:9].assign(account_id=trained.reference.ids[:9])], ignore_index=True)
    found = find_frame(table, changed(exclude=("industry == bank",)), LookalikeOptions(reach=1.0))
    summary = found.attrs["summary"]
    assert summary["already_customers"] == 9
    assert not set(found["account_id"]) & set(trained.reference.ids)
    assert len(found) == summary["scored"] == int((prospects["industry"] == "retail").sum())
    parts = ("scored", "rejected", "excluded", "already_customers")
    assert sum(summary[part] for part in parts) == summary["rows_in"] == 609


def test_rows_that_cannot_be_read_stand_in_a_file_of_their_own(trained, prospects, tmp_path):
    prospects.astype({"integrations": object}).assign(
        integrations=lambda table: table["integrations"].where(table.index != 4, "many"),
        company=lambda table: "=" + table["company"],
    ).to_csv(tmp_path / "p.csv", index=False)
    summary = find_file(tmp_path / "p.csv", trained, tmp_path / "found.csv", TOP)
    assert summary.document["rejected"] == 1
    assert (tmp_path / "found.csv.rejected.csv").read_text().splitlines()[1].startswith("5,p-00004,integrations")
    assert "\"'=Company" in (tmp_path / "found.csv").read_text()


def test_without_a_prospect_there_is_a_header_and_a_sentence(trained, prospects, tmp_path):
    only_customers = prospects[:3].assign(account_id=trained.reference.ids[:3])
    options = LookalikeOptions(diversity=0.5, by_seed=tmp_path / "s.csv")
    summary = find_file(only_customers, trained, tmp_path / "found.csv", options)
    header = ",".join(f'"{name}"' for name in [*CONTRACT, "company"])
    assert (tmp_path / "found.csv").read_text().replace('"', "") == header.replace('"', "") + "\n"
    assert summary.document["listed"] == 0
    assert summary.document["dial"]["rows"] == []
    assert "No prospect was left to list." in summary.to_text()


def test_a_list_may_be_longer_than_the_table(trained, prospects):
    found = find_frame(prospects[:10], trained, LookalikeOptions(top=500))
    assert len(found) == 10
    assert any("500 ranks were asked for; 10 prospects" in note for note in found.attrs["summary"]["notes"])


def test_the_length_is_the_capacity_else_a_tenth(trained, changed, prospects):
    assert len(find_frame(prospects, trained)) == 60
    assert len(find_frame(prospects, changed(capacity=13))) == 13
    assert len(find_frame(prospects, changed(capacity=13), LookalikeOptions(reach=0.07))) == 42


def test_accounts_unlike_every_customer_are_lowered_and_told(trained, prospects):
    odd = prospects.assign(integrations=300.0)
    found = find_frame(odd, trained, LookalikeOptions(top=5))
    assert not found["in_domain"].any()
    assert found["similarity"].max() < 0.5
    summary = found.attrs["summary"]
    assert summary["listed_out_of_domain"] == 5
    assert summary["out_of_domain"] == 600
    assert any("5 of the 5 listed are unlike every customer" in note for note in summary["notes"])


def test_a_withdrawn_chance_is_nowhere(changed, prospects):
    found = find_frame(prospects, changed(probability_withdrawn=True, ready=False), TOP)
    summary = found.attrs["summary"]
    assert found["probability"].isna().all()
    assert all(row["probability"] is None for row in [*summary["top"], *summary["dial"]["rows"]])
    assert found["model"].str.endswith("not ready").all()
    assert any("withdrawn" in note for note in summary["notes"])


def test_matches_are_the_closeness_of_each_fit_to_the_nearest_seeds(found, trained):
    measured = [f"{fit}_match" for fit in ("technical", "resource", "cultural")]
    assert ((found[measured] > 0) & (found[measured] <= 1)).all(axis=None)
    assert found[["functional_match", "competence_match", "experience_match"]].isna().all(axis=None)


def test_a_chance_of_closing_stands_beside_and_decides_nothing(found, trained, prospects):
    beside = find_frame(prospects, trained, LookalikeOptions(top=40, p_close="intent"))
    known = prospects.set_index("account_id")["intent"].loc[beside["account_id"]]
    assert beside["account_id"].tolist() == found["account_id"].tolist()
    assert beside["p_close"].to_numpy() == pytest.approx(known.to_numpy(), nan_ok=True)
    rows = beside.attrs["summary"]["dial"]["rows"]
    assert rows[-1]["p_close"] == pytest.approx(prospects["intent"].mean(), abs=1e-6)


@pytest.mark.parametrize("value", [1.5, -0.1, np.inf])
def test_what_is_no_chance_of_closing_is_refused_with_ids(trained, prospects, value):
    wrong = prospects.assign(intent=prospects["intent"].where(prospects.index != 8, value))
    with pytest.raises(DataError, match=r"column 'intent' is no chance of closing in 1 rows \('p-00008'\)"):
        find_frame(wrong, trained, LookalikeOptions(p_close="intent"))


def test_a_column_that_is_not_there_is_refused(trained, prospects):
    with pytest.raises(DataError, match="there is no column 'p'"):
        find_frame(prospects, trained, LookalikeOptions(p_close="p"))


def test_a_segment_alone_gives_the_seeds(trained, prospects):
    found = find_frame(prospects, trained, LookalikeOptions(top=20, segment="sell more"))
    wanted = dict(zip(trained.reference.ids, trained.reference.wanted, strict=True))
    assert {wanted[one] for one in found["like_1"]} == {"sell more"} == set(found["seed_segment"])
    document = found.attrs["summary"]["segments"]
    assert document["chosen"] == "sell more"
    assert {row["name"]: row["n_listed"] for row in document["rows"]} == {"sell more": 20, "save time": 0}


def test_a_list_of_seeds_is_what_is_resembled(trained, prospects, tmp_path):
    seeds = sorted(trained.reference.ids[trained.reference.outcome == 1])[:40]
    (tmp_path / "seeds.txt").write_text("\n".join(seeds))
    found = find_frame(prospects, trained, LookalikeOptions(top=30, seeds=tmp_path / "seeds.txt"))
    assert set(found[LIKE].to_numpy().ravel()) <= set(seeds)
    assert found.attrs["summary"]["seeds"]["n"] == 40


def test_like_and_unlike_are_the_nearest_of_their_side(found, trained, prospects):
    reference = trained.reference
    likeness, there = Likeness.of(trained.classifier, reference.frame, reference.weight)
    frame = admitted_frame(trained, prospects).set_axis(prospects["account_id"])
    here = likeness.place(trained.classifier.attribute_contributions(frame).loc[found["account_id"]].to_numpy())
    apart = np.square(here[:, None, :] - there).sum(axis=2)
    for columns, side in (("like", 1), ("unlike", 0)):
        places = np.argsort(np.where(reference.outcome == side, apart, np.inf), axis=1)[:, 0]
        told = [np.flatnonzero(reference.ids == one)[0] for one in found[f"{columns}_1"]]
        assert apart[np.arange(40), told] == pytest.approx(apart[np.arange(40), places], abs=1e-9)


def test_fewer_than_three_negative_seeds_leave_cells_empty(trained, prospects, tmp_path):
    churned = trained.reference.ids[trained.reference.outcome == 0]
    (tmp_path / "no.txt").write_text(f"{churned[0]}\n{churned[1]}\n")
    found = find_frame(prospects, trained, LookalikeOptions(top=5, negatives=tmp_path / "no.txt"))
    assert found["unlike_3"].isna().all()
    assert found["unlike_2"].notna().all()


def test_customers_whose_ids_are_of_persons_are_not_named(trained, changed, prospects):
    reference = trained.reference
    personal = np.array([f"{one}@example.org" for one in reference.ids], dtype=object)
    hidden = changed(reference=type(reference)(personal, *(getattr(reference, n) for n in
        ("outcome", "weight", "frame", "n_known", "membership"))))  # fmt: skip
    found = find_frame(prospects, hidden, LookalikeOptions(top=5))
    assert found["like_1"].str.match(r"customer [0-9a-f]{8}$").all()
    assert "example.org" not in json.dumps(found.attrs["summary"])


def test_without_ids_a_note_says_that_customers_cannot_be_recognised(changed, trained, prospects):
    contract = type(trained.contract)(None, True, trained.contract.attributes)
    found = find_frame(prospects.drop(columns="account_id"), changed(contract=contract, customer_keys=()), TOP)
    assert found.columns[0] == "row"
    assert any("cannot be recognised" in note for note in found.attrs["summary"]["notes"])


def test_the_nearest_prospects_of_every_seed_are_exact(trained, prospects, tmp_path):
    find_file(prospects, trained, tmp_path / "f.csv", LookalikeOptions(top=5, by_seed=tmp_path / "s.csv"))
    by_seed = pd.read_csv(tmp_path / "s.csv")
    assert list(by_seed.columns) == ["seed", "place", "account_id", "closeness", "model", "run_id"]
    likeness, there = Likeness.of(trained.classifier, trained.reference.frame, trained.reference.weight)
    frame = admitted_frame(trained, prospects)
    here = likeness.place(trained.classifier.attribute_contributions(frame).to_numpy())
    seed = there[trained.reference.ids == by_seed["seed"][0]][0]
    closeness = np.sort(likeness.closeness(np.square(here - seed).sum(axis=1)))[::-1][:10]
    assert by_seed["closeness"][:10].to_numpy() == pytest.approx(closeness, abs=1e-9)
    assert len(by_seed) == 10 * int(trained.reference.outcome.sum())


def test_evaluation_gets_a_sample_and_tells_the_reach(trained, prospects, monkeypatch):
    asked = {}

    class Told:
        reach_of = {0.1: 0.4, 1.0: 1.0}

        def as_document(self):
            return {"sentence": "judged"}

    def evaluate(model, sample, *, seed, shares):
        asked.update(sample=sample, seed=seed, shares=shares)
        return Told()

    monkeypatch.setattr("icp_ml.prospects.lookalikes.evaluation.evaluate.evaluate_lookalikes", evaluate)
    summary = find_frame(prospects, trained, LookalikeOptions(top=40, evaluate=True)).attrs["summary"]
    assert len(asked["sample"]) == 600
    assert asked["seed"] == 3
    assert 40 / 600 in asked["shares"]
    assert summary["evaluation"] == {"sentence": "judged"}
    assert {row["share"]: row["reach"] for row in summary["dial"]["rows"]}[0.1] == 0.4
    of_others = find_frame(prospects, trained, LookalikeOptions(segment="sell more", evaluate=True)).attrs["summary"]
    assert {row["reach"] for row in of_others["dial"]["rows"]} == {None}


def test_evidence_and_list_say_the_same(found):
    top = found.attrs["summary"]["top"]
    assert [one["id"] for one in top] == found["account_id"].tolist()[:25]
    assert [[like["id"] for like in one["like"]] for one in top] == found[LIKE][:25].to_numpy().tolist()
    assert all(one["matches"]["technical"] == match for one, match in zip(top, found["technical_match"], strict=False))
    json.dumps(found.attrs["summary"], allow_nan=False)


@pytest.mark.parametrize(("changes", "kind", "told"), [
    ({"reference": None}, ModelError, "holds no customers to be like"),
    ({"kind": "hypothesis", "classifier": None}, DataError, "an untested hypothesis"),
])  # fmt: skip
def test_a_model_with_nothing_to_compare_is_refused(changed, prospects, changes, kind, told):
    with pytest.raises(kind, match=told):
        find_frame(prospects, changed(**changes))


def test_an_id_column_like_one_of_ours_is_refused(changed, trained, prospects):
    contract = type(trained.contract)("similarity", False, trained.contract.attributes)
    with pytest.raises(ConfigError, match="'similarity', like a column of ours"):
        find_frame(prospects.rename(columns={"account_id": "similarity"}), changed(contract=contract))


def test_what_is_not_ours_is_never_replaced(trained, prospects, tmp_path):
    (tmp_path / "found.csv").write_text("a,b\n1,2\n")
    with pytest.raises(UsageError, match="was not written by icp-ml"):
        find_file(prospects, trained, tmp_path / "found.csv")
    assert (tmp_path / "found.csv").read_text() == "a,b\n1,2\n"


def test_our_own_file_is_replaced(trained, prospects, tmp_path):
    for top in (5, 7):
        find_file(prospects, trained, tmp_path / "found.csv", LookalikeOptions(top=top))
    assert len(pd.read_csv(tmp_path / "found.csv")) == 7


@pytest.mark.parametrize("name", ["p.csv", "p.csv.summary.json"])
def test_no_file_is_both_read_and_written(trained, prospects, tmp_path, name):
    prospects.to_csv(tmp_path / "p.csv", index=False)
    seeds = None if name == "p.csv" else tmp_path / name
    source = tmp_path / "p.csv" if seeds is None else prospects
    with pytest.raises(UsageError, match="both read and written"):
        find_file(source, trained, tmp_path / "p.csv", LookalikeOptions(seeds=seeds))


def test_a_refusal_leaves_nothing_behind(trained, prospects, tmp_path):
    with pytest.raises(DataError, match="no chance of closing"):
        find_file(prospects.assign(intent=2.0), trained, tmp_path / "f.csv", LookalikeOptions(p_close="intent"))
    assert list(tmp_path.iterdir()) == []


def test_a_column_passed_through_keeps_its_name_beside_ours(changed, prospects):
    model = changed(pass_through=("probability", "company", "not there"))
    found = find_frame(prospects.assign(probability=7.0), model, TOP)
    assert list(found.columns)[-3:] == ["input_probability", "company", "not there"]
    assert (found["input_probability"] == 7.0).all()
    assert found["not there"].isna().all()


def test_without_a_domain_every_account_counts_as_inside(changed, prospects):
    found = find_frame(prospects, changed(domain=None), TOP)
    assert found["in_domain"].all()


def test_the_run_id_tells_runs_apart(trained, changed, prospects, found):
    again = find_frame(prospects, trained, TOP)
    others = [find_frame(prospects, trained, LookalikeOptions(top=41)), find_frame(prospects[1:], trained, TOP)]
    ids = [table["run_id"][0] for table in (found, again, *others)]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


def test_a_model_that_knows_nothing_says_so(trained, prospects):
    class Blind(type(trained.classifier)):
        def attribute_contributions(self, X):
            return super().attribute_contributions(X) * 0.0

    blind = Blind.from_parts(trained.classifier.to_parts())
    found = find_frame(prospects, replace(trained, classifier=blind, domain=None), LookalikeOptions(top=5))
    assert found["similarity"].tolist() == [0.5] * 5
    assert found["account_id"].tolist() == prospects["account_id"].tolist()[:5]
    assert any("All prospects are equally similar" in note for note in found.attrs["summary"]["notes"])


def test_the_terminal_shows_the_first_of_the_list(trained, prospects, tmp_path):
    text = find_file(prospects, trained, tmp_path / "f.csv", LookalikeOptions(top=40, p_close="intent")).to_text()
    first = pd.read_csv(tmp_path / "f.csv").iloc[0]
    assert f"  1. {first['account_id']}: similarity {first['similarity']:.2f}, success" in text
    assert "40 of 600 prospects listed" in text
