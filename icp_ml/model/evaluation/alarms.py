"""Say when a result is too good to be true."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from icp_ml.accounts.audit.single import attribute_alone, folds_of
from icp_ml.accounts.kinds import Kind
from icp_ml.model.evaluation.metrics import Estimate, Floats, Integers

TOO_GOOD = 0.90
"""A ROC AUC whose interval lies above this is rare for what is known on the day of signing."""
_WORTH_ASKING, _NEARLY = 0.75, 0.02


def alarms(metrics: Mapping[str, Estimate], alone: Mapping[str, float]) -> tuple[str, ...]:
    """Return what should be looked into before the model is believed, as sentences.

    Parameters
    ----------
    metrics : mapping of str to Estimate
        Of the model on the accounts that judged.
    alone : mapping of str to float
        ROC AUC of single attributes on the same accounts, from `attributes_alone`.
    """
    auc, found = metrics["roc_auc"], []
    if auc.low >= TOO_GOOD:
        found.append(
            f"Too good to be true: ROC AUC {auc.value:.3f} (90 % interval {auc.low:.3f} to {auc.high:.3f}). What is "
            "known on the day of signing rarely tells so much; look for attributes written down after the outcome "
            "(`icp-ml audit`)."
        )
    best = max(alone, key=lambda column: alone[column], default=None)
    if best is not None and alone[best] >= max(_WORTH_ASKING, auc.value - _NEARLY):
        found.append(
            f"'{best}' alone orders these accounts nearly as well as the whole model (ROC AUC {alone[best]:.3f} and "
            f"{auc.value:.3f}): make sure that it was known on the as_of day (`icp-ml audit`)."
        )
    return tuple(found)


def attributes_alone(frame: pd.DataFrame, label: Floats, groups: Integers | None) -> dict[str, float]:
    """Return the out-of-fold ROC AUC of each attribute by itself; .5 is no better than chance.

    Parameters
    ----------
    frame : DataFrame of shape (n, n_attributes)
        Attributes of the accounts that judged.
    label : array of shape (n,)
        1 success, 0 churned.
    groups : array of int, shape (n,), or None
        Related accounts share a number.
    """
    folds = folds_of(label, groups)
    found = {}
    for column in frame.columns:
        kind: Kind = "numeric" if pd.api.types.is_numeric_dtype(frame[column]) else "categorical"
        single = attribute_alone(frame[column], kind, label, folds)
        if single is not None:
            found[str(column)] = single.auc
    return found


def is_worth_asking(auc: Estimate) -> bool:
    """Return whether the model is so good that one attribute alone could be the reason."""
    return auc.value >= _WORTH_ASKING
