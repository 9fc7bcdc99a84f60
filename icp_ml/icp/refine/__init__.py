"""Which one change of a profile does the evidence speak for? Candidates, the test of all of them, honest effects."""

from icp_ml.icp.refine.find import find_rules
from icp_ml.icp.refine.found import Action, Found, FoundRule

__all__ = ["Action", "Found", "FoundRule", "find_rules"]
