"""Check and convert what a caller hands to `SuccessClassifier`, in scikit-learn's manners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import validate_data

from icp_ml.errors import first_rows
from icp_ml.model.features import NUMERIC, FeatureMap
from icp_ml.names import CONTEXT, PLAYERS

Floats = NDArray[np.float64]

EFFECTS = {"increasing": 1, "decreasing": -1}


def as_frame(estimator: Any, X: Any, *, reset: bool) -> pd.DataFrame:
    """Return X as a frame with text column names, ``x0, x1, ...`` for an array.

    Raises
    ------
    ValueError
        Wrong shape, infinite numbers, repeated or unexpected column names.
    """
    if isinstance(X, pd.DataFrame):
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        frame = X.set_axis([str(name) for name in X.columns], axis=1)
    else:
        array = validate_data(estimator, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
        frame = pd.DataFrame(array, columns=[f"x{i}" for i in range(array.shape[1])])
        frame = frame.infer_objects() if array.dtype == object else frame
    if reset and not (len(frame) and frame.shape[1]):
        msg = f"X: {len(frame)} rows and {frame.shape[1]} columns; expected at least one of each. Pass known customers."
        raise ValueError(msg)
    _refuse_infinity(frame)
    return frame


def _refuse_infinity(frame: pd.DataFrame) -> None:
    for name in frame.select_dtypes("number").columns:
        values = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        infinite = np.isinf(values)
        if infinite.any():
            rows = first_rows(np.flatnonzero(infinite) + 1)
            msg = (
                f"X: column {name!r} has {infinite.sum()} infinity values ({rows}); expected numbers. Set them missing."
            )
            raise ValueError(msg)


def as_outcome(estimator: Any, y: Any, n_rows: int) -> tuple[NDArray[Any], Floats]:
    """Return the two labels in order, and 1.0 for each account with the second (success), else 0.0.

    Raises
    ------
    ValueError
        No labels, missing ones, the wrong number of them, or not exactly two classes.
    """
    if y is None:
        msg = f"{type(estimator).__name__} requires y to be passed, but the target y is None"
        raise ValueError(msg)
    labels = column_or_1d(y, warn=True)
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    if len(labels) != n_rows:
        msg = f"y: {len(labels)} labels for {n_rows} rows of X; expected inconsistent numbers of samples to be equal."
        raise ValueError(msg)
    classes, codes = np.unique(labels, return_inverse=True)
    if len(classes) > 2:
        msg = f"Only binary classification is supported. The type of the target is {type_of_target(labels)}."
        raise ValueError(msg)
    if len(classes) < 2:
        msg = f"y: only one class in {n_rows} rows; expected two classes. Add accounts with the other outcome."
        raise ValueError(msg)
    return classes, codes.astype(np.float64)


def as_weight(sample_weight: ArrayLike | None, n_rows: int) -> Floats:
    """Return one non-negative finite weight per row; ones when none were given.

    Raises
    ------
    ValueError
        Wrong shape, negative or missing weights.
    """
    if sample_weight is None:
        return np.ones(n_rows)
    weight = np.asarray(sample_weight, dtype=np.float64)
    if weight.shape != (n_rows,):
        msg = f"sample_weight: shape {weight.shape}; expected ({n_rows},), one weight per row of X. Correct it."
        raise ValueError(msg)
    bad = ~(np.isfinite(weight) & (weight >= 0))
    if bad.any():
        msg = (
            f"sample_weight: {bad.sum()} weights ({first_rows(np.flatnonzero(bad) + 1)}) are negative or not numbers; "
        )
        raise ValueError(msg + "expected 0 or more. Correct them.")
    if not weight.any():
        msg = "sample_weight: every weight is zero; expected accounts with weight. Pass the weights of known outcomes."
        raise ValueError(msg)
    return weight


def as_clusters(groups: ArrayLike | None, n_rows: int) -> NDArray[np.int64]:
    """Return a whole number per row, equal for rows of one group; all different when no groups were given.

    Raises
    ------
    ValueError
        Wrong length.
    """
    if groups is None:
        return np.arange(n_rows, dtype=np.int64)
    codes, _ = pd.factorize(np.asarray(groups))
    if len(codes) != n_rows:
        msg = f"groups: {len(codes)} values for {n_rows} rows of X; expected one per row. Correct it."
        raise ValueError(msg)
    lone = np.flatnonzero(codes < 0)
    result = codes.astype(np.int64)
    result[lone] = codes.max(initial=-1) + 1 + np.arange(len(lone))
    return result


def fits_of(fits: Mapping[str, str] | None, features: FeatureMap) -> NDArray[np.int64]:
    """Return for each attribute the position of its fit in ``names.PLAYERS``.

    Raises
    ------
    ValueError
        A column without a fit, an unknown fit, or a fit for a column that does not exist.
    """
    if fits is None:
        return np.full(len(features.attributes), PLAYERS.index(CONTEXT), dtype=np.int64)
    homeless = [name for name in features.attributes if name not in fits]
    absent = [name for name in fits if name not in features.attributes]
    unknown = sorted({fit for fit in fits.values() if fit not in PLAYERS})
    if homeless or absent or unknown:
        msg = (
            f"fits: columns without a fit {homeless[:5]}, names that are no column {absent[:5]}, "
            f"unknown fits {unknown[:5]}; "
            f"expected every column of X under one of {PLAYERS}. Correct the map."
        )
        raise ValueError(msg)
    return np.array([PLAYERS.index(fits[name]) for name in features.attributes], dtype=np.int64)


def signs_of(effects: Mapping[str, str] | None, features: FeatureMap) -> NDArray[np.int64]:
    """Return for each feature 1 (increasing), -1 (decreasing) or 0, from what was declared of its attribute.

    Raises
    ------
    ValueError
        An unknown effect, or an effect of an attribute that is not a number of X.
    """
    declared = effects or {}
    numbers = {encoding.attribute for encoding in features.encodings if encoding.kind == NUMERIC}
    wrong = [f"{name}: {effect}" for name, effect in declared.items() if name not in numbers or effect not in EFFECTS]
    if wrong:
        msg = f"effects: {wrong[:5]}; expected a numeric column of X and one of {tuple(EFFECTS)}. Correct them."
        raise ValueError(msg)
    signs = [EFFECTS.get(declared.get(name, ""), 0) for name in features.attributes]
    return np.array(signs, dtype=np.int64)[features.attribute_of_feature]
