"""A fitted classifier as plain parts: a JSON document, the booster's text and arrays; nothing is ever pickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from icp_ml.errors import ModelError, message
from icp_ml.model.learners import LinearMap, LogisticModel, TreeModel
from icp_ml.model.served import ServedMargin

FORMAT = 1
"""Version of the parts; raise it, and keep a reader for the old one, when their meaning changes."""


@dataclass(frozen=True)
class ClassifierParts:
    """Everything a `SuccessClassifier` needs to come back with the same bits.

    Attributes
    ----------
    document
        JSON-able: settings, features, regression, calibration, comparison. Floats come back exactly.
    booster
        LightGBM's text, or None where no trees are served.
    arrays
        ``"background"`` (n_background, n_features) float64 with NaN, ``"oof_margin"`` (n,) float64.
    """

    document: dict[str, Any]
    booster: str | None
    arrays: dict[str, NDArray[np.float64]]


def margin_document(served: ServedMargin) -> dict[str, Any]:
    """Return the numbers of a served margin, ready for JSON, without booster and background."""
    return {
        "offset": served.offset,
        "linear_share": served.linear_share,
        "tree_share": served.tree_share,
        "linear": None if served.linear is None else _linear_document(served.linear),
        "fit_of_attribute": served.fit_of_attribute.tolist(),
        "attribute_of_feature": served.attribute_of_feature.tolist(),
        "n_fits": served.n_fits,
    }


def margin_from(document: Mapping[str, Any], booster: str | None, background: NDArray[np.float64]) -> ServedMargin:
    """Return the served margin that wrote a document."""
    return ServedMargin(
        offset=document["offset"],
        linear_share=document["linear_share"],
        tree_share=document["tree_share"],
        linear=None if document["linear"] is None else _linear_from(document["linear"]),
        trees=None if booster is None else _trees_from(booster),
        fit_of_attribute=np.array(document["fit_of_attribute"], dtype=np.int64),
        attribute_of_feature=np.array(document["attribute_of_feature"], dtype=np.int64),
        background=background,
        n_fits=document["n_fits"],
    )


def _trees_from(text: str) -> TreeModel:
    try:
        return TreeModel(lightgbm.Booster(model_str=text))
    except lightgbm.basic.LightGBMError:
        fix = "Train the model again"
        raise ModelError(message("trees", "LightGBM cannot read them", "a model text of LightGBM", fix)) from None


_COLUMN_FIELDS = ("feature", "is_indicator", "fill", "low", "high", "center", "scale")


def _linear_document(model: LogisticModel) -> dict[str, Any]:
    columns = {name: getattr(model.columns, name).tolist() for name in _COLUMN_FIELDS}
    return {"intercept": model.intercept, "weights": model.weights.tolist(), "columns": columns}


def _linear_from(document: Mapping[str, Any]) -> LogisticModel:
    columns = document["columns"]
    numbers = [np.array(columns[name], dtype=np.float64) for name in _COLUMN_FIELDS[2:]]
    feature = np.array(columns["feature"], dtype=np.int64)
    columns_map = LinearMap(feature, np.array(columns["is_indicator"], dtype=bool), *numbers)
    return LogisticModel(columns_map, np.array(document["weights"], dtype=np.float64), float(document["intercept"]))
