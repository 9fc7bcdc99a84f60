"""The ledger of a profile: what was predicted, what was decided, and how it turned out; lines are only ever added."""

from __future__ import annotations

from icp_ml.icp.ledger.chain import Ledger, append, ensure_can_append, ledger_path
from icp_ml.icp.ledger.entries import change_words, decision_entry, review_entries
from icp_ml.icp.ledger.scored import Scored
from icp_ml.icp.ledger.scores import LedgerScores, score_ledger

__all__ = [
    "Ledger", "LedgerScores", "Scored", "append", "change_words", "decision_entry", "ensure_can_append", "ledger_path",
    "review_entries", "score_ledger",
]  # fmt: skip
