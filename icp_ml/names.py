"""The fixed names of the framework: the six fits, and context beside them."""

from __future__ import annotations

FIT_NAMES: tuple[str, ...] = ("technical", "functional", "resource", "competence", "experience", "cultural")
"""The six success-potential fit inputs, in the order every table and picture uses."""

CONTEXT = "context"
"""Attributes that answer none of the six questions; the seventh player of the game."""

PLAYERS: tuple[str, ...] = (*FIT_NAMES, CONTEXT)
"""The players whose Shapley values add up to an account's score."""
