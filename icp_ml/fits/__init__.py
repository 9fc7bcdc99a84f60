"""Why: exact Shapley values of the six fits, from a model's own trees (knows boosters and arrays, not studies)."""

from __future__ import annotations

from icp_ml.fits.attributes import AttributeExplainer
from icp_ml.fits.explainer import FitExplainer
from icp_ml.names import FIT_NAMES

__all__ = ["FIT_NAMES", "AttributeExplainer", "FitExplainer"]
