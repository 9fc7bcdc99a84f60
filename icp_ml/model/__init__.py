"""Who succeeds? Features, learners, calibration, evaluation and the bundle."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "SuccessClassifier": "icp_ml.model.classifier",
    "load_model": "icp_ml.model.success_model",
    "save_model": "icp_ml.model.success_model",
}

__all__ = ["SuccessClassifier", "load_model", "save_model"]


def __getattr__(name: str) -> Any:
    """Import a public name on first use, so that importing the room stays light."""
    if name not in _HOMES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_HOMES[name]), name)
