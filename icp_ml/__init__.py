"""Learn which kinds of company become successful customers, say why in six fits, and put prospects in order."""

from __future__ import annotations

__version__ = "0.1.0"
