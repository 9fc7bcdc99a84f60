"""Every job as a plain function that returns a result; the command line and `training/` only call these."""

from __future__ import annotations

from icp_ml.workflow.explaining import explain
from icp_ml.workflow.preparing import audit, init
from icp_ml.workflow.prospecting import lookalikes
from icp_ml.workflow.reviewing import review
from icp_ml.workflow.scoring import check, score
from icp_ml.workflow.simulating import quickstart, simulate
from icp_ml.workflow.training import train

__all__ = ["audit", "check", "explain", "init", "lookalikes", "quickstart", "review", "score", "simulate", "train"]
