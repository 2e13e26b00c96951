"""What reading a source noticed that a person should hear, each with a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Noticed:
    """One thing about a source's cells: its code, how grave it is, the column it is in (if one), and how many cells or rows."""

    code: str
    severity: Literal["stop", "quarantine", "warn"]
    column: str
    message: str
    hint: str = ""
    count: int = 0

    @property
    def sentence(self) -> str:
        """The message beginning with a capital, for a list of notes."""
        return self.message[:1].upper() + self.message[1:]
