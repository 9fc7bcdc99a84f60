"""What nothing looks like: shuffled columns stay near chance, and share the fate of their group."""

from pathlib import Path

import numpy as np
import pandas as pd

from icp_ml.accounts.audit.probes import N_PROBES, Probes, probe
from icp_ml.accounts.customers import load_customers
from icp_ml.accounts.outcome import label_outcome
from icp_ml.accounts.tables import table_of
from icp_ml.study import study_from_document


def probed(frame, seed=0, **keys):
    document = {"name": "t", "accounts": "none", "id": {"row_number": True}, "seed": seed, **keys}
    document |= {"outcome": {"column": "won", "success": [True], "failure": [False]}}
    names = [name for name in frame if name not in ("won", "parent")]
    study = study_from_document(document | {"fits": {"technical": names}}, Path("."))
    customers = load_customers(study, table_of(frame))
    labels = label_outcome(study.outcome, customers.outcome, customers.as_of, customers.observed_until)
    return probe(customers, labels)


def table(n, seed=0):
    rng = np.random.default_rng(seed)
    won = rng.random(n) < 0.6
    return pd.DataFrame({"won": won, "leak": won + 0.1 * rng.normal(size=n), "level": rng.choice(list("abc"), n)})


def test_shuffled_columns_are_near_chance_even_where_a_column_is_the_outcome():
    found = probed(table(1000))
    assert found.n == N_PROBES
    assert 0.5 < found.highest_auc < 0.58
    assert found.sentence.startswith("The best of 20 shuffled columns reaches an out-of-fold ROC AUC of 0.5")


def test_few_customers_make_nothing_look_better():
    assert probed(table(60)).highest_auc > probed(table(2000)).highest_auc


def test_the_seed_of_the_study_decides():
    assert probed(table(200)) == probed(table(200))
    assert probed(table(200)).highest_auc != probed(table(200), seed=1).highest_auc


def test_columns_alike_within_a_group_stay_so():
    rng = np.random.default_rng(3)
    parent = np.repeat(np.arange(30), 20)
    frame = pd.DataFrame({"won": rng.random(30)[parent] < 0.5, "x": rng.normal(size=30)[parent], "parent": parent})
    assert probed(frame, group="parent").highest_auc > probed(frame.drop(columns="parent")).highest_auc + 0.1


def test_too_few_accounts_are_said_to_be_so():
    found = probed(table(8))
    assert found.n == 0
    assert found.as_document()["highest_auc"] is None
    assert found.beaten_by(0.8)


def test_equal_is_not_better():
    assert not Probes(20, 0.6, "").beaten_by(0.6)
    assert Probes(20, 0.6, "").beaten_by(0.61)
