"""What reading a source noticed that a person should hear, each with a stable code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

# how a source was understood, where nothing was lost or left open
_FACTS = (
    "The text was read as ",
    "stand above the table's header and were skipped.",
    "Read sheet ",
    "Dates were read from text in ",
    "Eight-digit numbers were read as dates in ",
    "Numbers written with ",
    "The event is ",
)


def is_fact(note: str) -> bool:
    """Whether a note of reading only says how something was understood.

    >>> is_fact("The text was read as GB18030."), is_fact("3 infinite numbers were counted as missing, in 'a' (3).")
    (True, False)
    """
    return any(fact in note for fact in _FACTS)


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


def lost_digits(column: str, count: int, example: str) -> Noticed:
    """WB-T26: numbers that name things and of which Excel did not keep all digits."""
    return Noticed(
        "WB-T26",
        "warn",
        column,
        f"{count:,} values of '{column}' have lost their last digits in Excel, for example {example}; they were kept as text "
        f"and may name several things at once.",
        "Export the column again as text: Excel keeps 15 digits of a number.",
        count,
    )


def mixed_zones(column: str, zoned: int, unzoned: int) -> Noticed:
    """WB-T27: moments that name their time zone beside others that do not."""
    return Noticed(
        "WB-T27",
        "warn",
        column,
        f"'{column}' mixes {zoned:,} moments with a time zone, which were told in UTC, and {unzoned:,} without one, "
        f"which were taken as they are: they may be hours apart.",
        "State `time_zone:` (such as Asia/Shanghai) for the table: moments with another zone are converted to it.",
        unzoned,
    )
