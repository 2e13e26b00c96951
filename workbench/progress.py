"""How a long task says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float, str], None]
"""Called with the stage's name, the fraction of the whole that is done (0..1) and one sentence."""


def silent(stage: str, fraction: float, sentence: str) -> None:
    """Progress for a caller who does not listen."""
