"""Tell a wrong profile from wrong tactics: what fell since the situation began, reach, conversion or success."""

from __future__ import annotations

from icp_ml.icp.tactics.compare import compare_tactics
from icp_ml.icp.tactics.result import Tactics

__all__ = ["Tactics", "compare_tactics"]
