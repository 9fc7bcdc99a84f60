import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.tables import table_of
from icp_ml.errors import DataError
from icp_ml.prospects.grades import (
    ABSTAIN,
    GRADES,
    PreviousGrades,
    default_capacity,
    grade_accounts,
    rank_accounts,
)

INSIDE = np.ones(100, dtype=bool)
RANKS = np.arange(1, 101)


def letters(codes):
    return "".join(GRADES[code] for code in codes)


@pytest.mark.parametrize("seed", range(10))
def test_ranks_are_a_permutation_that_respects_domain_then_margin_then_input_order(seed):
    draw = np.random.default_rng(seed)
    margin = draw.integers(-3, 3, 200).astype(float)
    in_domain = draw.random(200) > 0.2
    order = np.argsort(rank_accounts(margin, in_domain))
    keys = [(not in_domain[at], -margin[at], at) for at in order]
    assert keys == sorted(keys)
    assert sorted(rank_accounts(margin, in_domain)) == list(range(1, 201))


def test_tiers_hold_capacity_once_once_twice_and_the_rest():
    assert letters(grade_accounts(RANKS, INSIDE, 10)) == "A" * 10 + "B" * 10 + "C" * 20 + "D" * 60


def test_an_account_outside_the_domain_has_no_grade():
    codes = grade_accounts(RANKS, RANKS != 3, 10)
    assert codes[2] == ABSTAIN
    assert (codes == ABSTAIN).sum() == 1


def test_default_capacity_is_a_tenth_rounded_up_and_never_zero():
    assert [default_capacity(n) for n in (0, 1, 10, 11, 1000)] == [1, 1, 1, 2, 100]


def test_a_grade_is_held_within_a_tenth_of_capacity_and_not_beyond():
    previous = np.full(100, GRADES.index("A"), dtype=np.int8)
    assert letters(grade_accounts(RANKS, INSIDE, 20, previous))[20:23] == "AAB"


def test_a_lower_grade_is_held_too():
    previous = np.full(100, GRADES.index("B"), dtype=np.int8)
    graded = letters(grade_accounts(RANKS, INSIDE, 20, previous))
    assert graded[16:20] == "AABB"
    assert graded[40:43] == "BBC"


def test_grades_do_not_change_on_unchanged_ranks():
    once = grade_accounts(RANKS, INSIDE, 7)
    assert (grade_accounts(RANKS, INSIDE, 7, once) == once).all()


@pytest.mark.parametrize("previous", [-1, ABSTAIN])
def test_no_former_grade_holds_nothing(previous):
    held = grade_accounts(RANKS, INSIDE, 20, np.full(100, previous, dtype=np.int8))
    assert (held == grade_accounts(RANKS, INSIDE, 20)).all()


def test_previous_grades_are_found_by_id():
    earlier = PreviousGrades.read(table_of(pd.DataFrame({"id": ["x", "007"], "grade": ["C", "?"]})), "id")
    assert earlier.lookup(np.array(["007", "7", "x"], dtype=object)).tolist() == [ABSTAIN, -1, GRADES.index("C")]


def test_an_empty_previous_file_holds_nothing():
    empty = pd.DataFrame({"id": pd.Series([], dtype=str), "grade": pd.Series([], dtype=str)})
    assert PreviousGrades.read(table_of(empty), "id").lookup(np.array(["x"], dtype=object)).tolist() == [-1]


@pytest.mark.parametrize(
    ("frame", "match"), [({"id": ["x"]}, "no column 'grade'"), ({"id": ["x"], "grade": ["Z"]}, "1 unknown value")]
)
def test_a_previous_file_that_is_not_ours_is_refused(frame, match):
    with pytest.raises(DataError, match=match):
        PreviousGrades.read(table_of(pd.DataFrame(frame)), "id")
