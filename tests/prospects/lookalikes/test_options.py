import pytest

from icp_ml.errors import UsageError
from icp_ml.prospects.lookalikes.options import LookalikeOptions, ranks_of


@pytest.mark.parametrize(("changes", "told"), [
    ({"top": 5, "reach": 0.1}, "--top: came with --reach"),
    ({"top": 0}, "--top: 0; expected 1 or more"),
    ({"reach": 0.0}, "--reach: 0.0"),
    ({"reach": 1.5}, "--reach: 1.5"),
    ({"reach": float("nan")}, "--reach: nan"),
    ({"diversity": 1.0}, "--diversity: 1.0"),
    ({"diversity": -0.1}, "--diversity: -0.1"),
])  # fmt: skip
def test_numbers_out_of_range_are_refused(changes, told):
    with pytest.raises(UsageError, match=told):
        LookalikeOptions(**changes)


def test_a_share_is_rounded_up_to_ranks_and_no_further():
    assert [ranks_of(0.07, 100), ranks_of(0.071, 100), ranks_of(0.01, 3), ranks_of(1.0, 7)] == [7, 8, 1, 7]


def test_a_diverse_list_may_not_be_too_long():
    with pytest.raises(UsageError, match="a list of 5,001 prospects; expected at most 5,000"):
        LookalikeOptions(top=5_001, diversity=0.1).listed(None, 6_000)
    assert LookalikeOptions(top=5_001, diversity=0.1).listed(None, 4_000) == 4_000
