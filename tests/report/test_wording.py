from types import SimpleNamespace

from icp_ml.model.evaluation.metrics import Estimate
from icp_ml.report.facts.evaluation import bands_note
from icp_ml.report.wording import headline, verdict_evidence, verdict_reasons


def judged(lift_low, *, ready=True):
    metrics = {"roc_auc": Estimate(0.64, 0.56, 0.72), "lift_at_10": Estimate(1.28, lift_low, 1.6)}
    return SimpleNamespace(metrics=metrics, ready=ready)


def test_a_list_is_put_to_work_only_when_its_top_is_better():
    assert headline(judged(1.05), by_time=True).startswith("Put it to work: ")
    assert "is not shown" in headline(judged(0.79), by_time=True)
    assert "not every gate" in headline(judged(0.79, ready=False), by_time=True)


def test_without_later_accounts_nothing_is_put_to_work_unasked():
    assert headline(judged(1.05), by_time=False).endswith("Whether that holds on later accounts is unknown.")


def test_the_last_fallback_and_its_reason_are_told():
    evaluation = SimpleNamespace(gates=[])
    assert verdict_reasons(evaluation, []) == []
    assert verdict_reasons(evaluation, ["a.", "b.", "c."]) == [
        "How it was judged: b. c. All that was tried is among the notes."
    ]


def with_bands(first, measured):
    metrics = {"precision_at_capacity": Estimate(measured, measured - 0.05, measured + 0.05)}
    bands = [{"grade": "A", "n": 40.0, "observed": first, "low": first, "high": first, "predicted": first}]
    return SimpleNamespace(metrics=metrics, bands=bands)


def test_two_shares_of_the_first_grade_that_differ_are_explained():
    assert "Grade A (76 %)" in bands_note(with_bands(0.762, 0.821))
    assert "at capacity (82 %)" in bands_note(with_bands(0.762, 0.821))
    assert bands_note(with_bands(0.762, 0.763)) == ""
    assert bands_note(with_bands(0.762, float("nan"))) == ""


def test_cross_validation_is_not_read_as_judging_what_was_trained_on():
    evaluation = SimpleNamespace(n_test=448, n_train=448, base_rate=0.51)
    assert verdict_evidence(evaluation, None, by_time=False).endswith(
        "(51 % succeeded), each by fits that did not see it."
    )
    assert verdict_evidence(evaluation, 90, by_time=True).endswith("succeeded within 90 days); trained on 448 others.")
