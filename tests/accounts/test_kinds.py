import numpy as np
import pyarrow as pa
import pytest

from icp_ml.accounts.kinds import infer_kind


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "NA", ""], "numeric"),
        (["", "NA"], "numeric"),
        (["true", "false"], "categorical"),
        (["0123", "4567"], "categorical"),
        (["0", "0.5", "10"], "numeric"),
        (["2026-01-01", "NA"], "date"),
        (["a", "b", "1"], "categorical"),
        (["1-10", "11-50"], "categorical"),
        (["v1.2.3", "v1.3.0"], "categorical"),
    ],
)
def test_kind_of_text(cells, kind):
    guess = infer_kind(pa.array(cells), is_text=True)
    assert (guess.kind, guess.trouble) == (kind, "")


@pytest.mark.parametrize(
    ("array", "kind"),
    [
        (pa.array([1, None]), "numeric"),
        (pa.array([True]), "categorical"),
        (pa.array([None]), "numeric"),
        (pa.array([0], pa.date32()), "date"),
        (pa.array(["1", "2"]), "categorical"),
        (pa.array(["a"]).dictionary_encode(), "categorical"),
        (pa.array(["2026-01-01"]), "date"),
    ],
)
def test_kind_of_typed_columns(array, kind):
    assert infer_kind(array, is_text=False).kind == kind


@pytest.mark.parametrize(("share", "trouble"), [(0.79, ""), (0.81, "values that are not numbers")])
def test_a_mixture_is_refused_from_four_fifths_on(share, trouble):
    cells = np.where(np.arange(100) < 100 * share, "7", "x")
    guess = infer_kind(pa.array(cells), is_text=True)
    assert guess.trouble == trouble
    assert guess.bad.sum() == (100 - 81 if trouble else 0)


@pytest.mark.parametrize("text", ["03/04/2026", "3.4.26", "2026/04/03", "3 April 2026", "03-Apr-2026"])
def test_dates_of_other_forms_are_refused(text):
    assert infer_kind(pa.array([text, ""]), is_text=False).trouble.startswith("dates that are not ISO")


def test_dates_mixed_with_words():
    cells = ["2026-01-01"] * 9 + ["soon"]
    assert infer_kind(pa.array(cells), is_text=True).trouble == "values that are not dates"


@pytest.mark.parametrize("cells", [["1,5", "2"], ["1.234,50"], ["1,234", "5"]])
def test_commas_in_numbers(cells):
    assert infer_kind(pa.array(cells), is_text=True).trouble == "numbers with a comma"
