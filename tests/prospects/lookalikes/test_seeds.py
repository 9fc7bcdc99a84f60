"""Seeds are all successes, a list or a segment; what is odd about a list is told, what cannot work is refused."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from icp_ml.errors import DataError, FileSystemError, ModelError, TooFewError, UsageError
from icp_ml.model.likeness import Likeness
from icp_ml.model.reference import Membership, Reference
from icp_ml.prospects.admission import customer_key
from icp_ml.prospects.lookalikes.seeds import choose_seeds, reference_of

N = 120
"""Reference customers c000, c001, ...; the first 70 succeeded, the first 35 of these want growth."""
SUCCEEDED = np.arange(N) < 70


def company(**changes):
    draw = np.random.default_rng(0)
    frame = pd.DataFrame({"size": draw.normal(size=N) + SUCCEEDED, "tools": draw.normal(size=N)})
    ids = np.array([f"c{at:03d}" for at in range(N)], dtype=object)
    wanted = np.where(np.arange(N) % 70 < 35, "growth", "order").astype(object)
    membership = Membership(np.arange(N), np.zeros(N, dtype=np.int8), wanted)
    reference = Reference.learn(ids, frame, SUCCEEDED * 1.0, weight=np.ones(N), seed=0, membership=membership)
    known = {
        "name": "acme",
        "classifier": "some",
        "reference": reference,
        "contract": SimpleNamespace(
            id="account_id", attributes=[SimpleNamespace(column=one, kind="numeric") for one in frame]
        ),
        "labels": {"wanted": "goal"},
        "study": {"seed": 0, "desired_outcome": "wanted"},
        "customer_keys": tuple(customer_key(one) for one in [*ids, "young-1", "young-2"]),
    }
    return SimpleNamespace(**(known | changes))


def chosen(model=None, **how):
    model = model or company()
    likeness = Likeness.learn(model.reference.frame, np.ones(N), {"size": "resource", "tools": "technical"})
    return choose_seeds(model, likeness, likeness.place(model.reference.frame.to_numpy()), **how)


@pytest.fixture
def listed(tmp_path):
    """Return a maker of files that list ids, one per line."""

    def write(*lines, name="seeds.txt", end="\n"):
        (tmp_path / name).write_bytes("".join(f"{line}{end}" for line in lines).encode())
        return tmp_path / name

    return write


def named(first, last):
    return [f"c{at:03d}" for at in range(first, last)]


def test_by_default_all_successes_are_seeds_and_all_churned_negative_ones():
    seeds = chosen()
    assert (seeds.positive == SUCCEEDED).all()
    assert (seeds.negative == ~SUCCEEDED).all()
    assert seeds.warnings == ()
    document = seeds.as_document()
    assert (document["n"], document["n_negative"], document["n_reference"]) == (70, 50, 120)
    assert document["n_success_among"] == 70


def test_a_segment_takes_its_successes_only():
    seeds = chosen(segment="growth")
    assert np.flatnonzero(seeds.positive).tolist() == list(range(35))
    assert set(seeds.segment[seeds.positive]) == {"growth"}
    assert seeds.name == "successful customers of segment 'growth'"
    document = seeds.segments_document()
    assert document["chosen"] == "growth"
    assert {row["name"]: row["n"] for row in document["rows"]} == {"growth": 35, "order": 0}


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("first", [[], ["account_id"], ["Account"]])
def test_a_text_file_lists_one_id_per_line_with_or_without_header(listed, first, ending):
    seeds = chosen(seeds=listed(*first, *named(0, 40), end=ending))
    assert np.flatnonzero(seeds.positive).tolist() == list(range(40))
    assert seeds.name == "customers listed in seeds.txt"


def test_a_byte_order_mark_is_no_part_of_the_first_id(listed):
    assert chosen(seeds=listed("\ufeffc000", *named(1, 40))).positive.sum() == 40


def test_tables_and_lists_of_the_same_ids_give_the_same_seeds(listed, tmp_path):
    frame = pd.DataFrame({"name": "x", "account_id": named(0, 40)})
    frame.to_csv(tmp_path / "a.csv", index=False)
    frame.to_parquet(tmp_path / "a.parquet")
    paths = [tmp_path / "a.csv", tmp_path / "a.parquet", listed(*named(0, 40), name="b.csv"), listed(*named(0, 40))]
    found = [np.flatnonzero(chosen(seeds=path).positive).tolist() for path in paths]
    assert found == [list(range(40))] * 4


def test_ids_are_compared_byte_for_byte(listed):
    seeds = chosen(seeds=listed(*named(0, 40), "C041", "c042 "))
    assert seeds.positive.sum() == 40
    assert seeds.warnings == ("Ids of the seeds that are no customers of the model: 2 ('C041', 'c042 ').",)


def test_customers_without_a_known_outcome_are_no_strangers(listed):
    seeds = chosen(seeds=listed(*named(0, 40), "young-1", "young-2", "nobody"))
    assert "Ids of the seeds that are no customers of the model: 1 ('nobody')" in seeds.warnings[0]
    assert "Left out of the seeds: 2 customers whose outcome is not known yet" in seeds.warnings[1]


def test_an_id_listed_twice_counts_once_and_is_told(listed):
    seeds = chosen(seeds=listed(*named(0, 40), "c000", "c001"))
    assert seeds.positive.sum() == 40
    assert seeds.warnings == ("Every customer counts once: 2 further lines of the seeds repeat an id.",)


def test_few_and_churned_seeds_are_warned_of(listed):
    seeds = chosen(seeds=listed(*named(66, 76)))
    assert seeds.n_success == 4
    assert "Only 10 seeds: below 30" in seeds.warnings[0]
    assert "6 of the 10 seeds churned" in seeds.warnings[1]
    assert seeds.negative.sum() == 44


def test_a_list_of_negative_seeds_takes_the_place_of_the_churned(listed):
    seeds = chosen(seeds=listed(*named(0, 40)), negatives=listed(*named(60, 75), name="bad.txt"))
    assert np.flatnonzero(seeds.negative).tolist() == list(range(60, 75))
    assert "10 of the 15 negative seeds succeeded" in seeds.warnings[0]


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["zero", "one"], r"2 not a customer of the model \('zero', 'one'\)"),
        (["young-1"], "1 of customers whose outcome is not known yet"),
        (["", "  "], "the list holds no ids"),
    ],
)
def test_a_list_without_any_known_customer_is_refused(listed, lines, told):
    with pytest.raises(DataError, match=told):
        chosen(seeds=listed(*lines))


def test_a_table_without_the_id_column_is_refused(listed):
    with pytest.raises(DataError, match=r"expected the id column 'account_id', or one column of ids"):
        chosen(seeds=listed("id,name", "c000,x", name="a.csv"))


def test_an_id_on_both_lists_is_refused(listed):
    with pytest.raises(DataError, match=r"2 customers are seeds and negative seeds \('c038', 'c039'\)"):
        chosen(seeds=listed(*named(0, 40)), negatives=listed(*named(38, 80), name="bad.txt"))


def test_fewer_than_three_seeds_are_refused(listed):
    with pytest.raises(TooFewError, match="2 seeds; expected 3 or more"):
        chosen(seeds=listed("c000", "c001"))


def test_no_negative_seed_is_refused(listed):
    with pytest.raises(TooFewError, match="no churned customer is left"):
        chosen(seeds=listed(*named(0, N)))


def test_an_unknown_segment_names_those_there_are():
    with pytest.raises(UsageError, match=r"no segment 'grow'; expected .*'growth'; 'order'"):
        chosen(segment="grow")


def test_a_list_and_a_segment_are_not_asked_for_together(listed):
    with pytest.raises(UsageError, match="--segment: given with --seeds"):
        chosen(seeds=listed("c000"), segment="growth")


def test_bytes_that_are_no_text_and_files_that_are_missing_are_refused(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"c000\n\xff\n")
    with pytest.raises(DataError, match="byte 6 is not UTF-8 text"):
        chosen(seeds=tmp_path / "a.txt")
    with pytest.raises(FileSystemError, match="cannot be read"):
        chosen(seeds=tmp_path / "none.txt")


def test_models_without_outcomes_or_customers_are_refused():
    with pytest.raises(DataError, match="untested hypothesis"):
        reference_of(company(classifier=None))
    with pytest.raises(ModelError, match="holds no customers to be like"):
        reference_of(company(reference=None))


def test_ids_that_seem_to_be_of_persons_are_not_shown(listed):
    seeds = chosen(seeds=listed(*named(0, 40), "ann@acme.org"))
    assert "a value not shown" in seeds.warnings[0]
    assert "ann" not in str(seeds.as_document())


def test_the_order_of_the_list_and_of_the_customers_changes_nothing(listed):
    first, turned = chosen(seeds=listed(*named(10, 50))), chosen(seeds=listed(*named(10, 50)[::-1]))
    assert (first.positive == turned.positive).all()
    assert first.as_document() == turned.as_document()
