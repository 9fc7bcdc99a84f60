"""Gather what a training found into one value, the facts, from which every report format is drawn.

The facts are JSON: documents of the audit, the evaluation and the explanation as they were made, with the sentences a
reader starts from. A chapter that was not made is None (or empty), and `absent` says why in a sentence.
"""

from icp_ml.report.facts.hypothesis import hypothesis_facts
from icp_ml.report.facts.training import Training, training_facts

__all__ = ["Training", "hypothesis_facts", "training_facts"]
