"""Tell whether the goal of a profile is behind its plan beyond what chance and the sales cycle explain."""

from icp_ml.icp.milestones.judge import Milestones, judge_milestones

__all__ = ["Milestones", "judge_milestones"]
