"""Where accounts stand: by the values that a study names, and nowhere else."""

import numpy as np
import pandas as pd
import pytest

from icp_ml.accounts.status import STATES, statuses
from icp_ml.errors import ConfigError
from icp_ml.study.schema import Status

KEY = Status(column="lifecycle", customer=("active",), churned=("lost", 0), at_risk=("red",), pipeline=("open",))


def test_every_value_goes_to_the_population_that_names_it():
    found = statuses(KEY, np.array(["active", "lost", "0.0", "red", "open", " open "], dtype=object))
    assert found.state.tolist() == ["customer", "churned", "churned", "at_risk", "pipeline", "pipeline"]
    assert found.sentence == ""


def test_other_values_and_empty_cells_stand_nowhere_and_are_counted():
    found = statuses(KEY, np.array(["Active", "new", "new", None, "", np.nan], dtype=object))
    assert found.state.tolist() == [None] * 6
    assert found.unnamed == {"new": 2, "Active": 1}
    assert found.n_empty == 3
    assert found.sentence.startswith("6 of 6 accounts have no status that the study names (3 empty, 3 with one of 2")


def test_a_series_of_text_reads_like_an_array():
    cells = pd.Series(["red", None, "active"], dtype="str")
    assert statuses(KEY, cells).state.tolist() == ["at_risk", None, "customer"]
    assert len(statuses(KEY, cells[:0]).state) == 0


def test_a_value_of_two_populations_is_refused():
    both = KEY.model_copy(update={"trial_lost": ("lost",)})
    with pytest.raises(ConfigError, match=r"status.trial_lost: 'lost' is named under churned and trial_lost"):
        statuses(both, np.array(["lost"], dtype=object))


def test_the_states_are_the_keys_of_the_study():
    assert [*STATES] == [name for name in Status.model_fields if name != "column"]
