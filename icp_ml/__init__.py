"""Learn which kinds of company become successful customers, say why in six fits, and put prospects in order.

Examples
--------
>>> import icp_ml
>>> result = icp_ml.train("study.yaml", out="model")  # doctest: +SKIP
>>> scores = icp_ml.score("prospects.csv", "model").frame  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from icp_ml.workflow import audit, explain, lookalikes, review, score, train

__version__ = "0.1.0"
__all__ = ["__version__", "audit", "explain", "lookalikes", "review", "score", "train"]


def __getattr__(name: str) -> Any:
    """Import a job on first use, so that importing the package stays light."""
    if name in {"audit", "explain", "lookalikes", "review", "score", "train"}:
        from icp_ml import workflow

        return getattr(workflow, name)
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
