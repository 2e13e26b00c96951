"""Windows that suit how often something happens in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_LADDER = (7, 14, 30, 60, 90, 180, 365, 730, 1095)


@dataclass(frozen=True)
class Rhythm:
    """The windows that suit a table: a few of an entity's active days, three times as long, and the long view."""

    short: int
    middle: int
    long: int

    @classmethod
    def of(cls, gap_days: float | None, history_days: float, label_days: float | None) -> Rhythm:
        """Rungs of a ladder from a week to three years, none longer than the history; one near the label's own window.

        >>> Rhythm.of(3.0, 365, None), Rhythm.of(40.0, 730, 90)
        (Rhythm(short=7, middle=30, long=90), Rhythm(short=60, middle=90, long=365))
        """
        rungs = [d for d in _LADDER if d <= max(history_days, _LADDER[0])]
        at_least = gap_days if gap_days is not None else 30.0
        short = _rung(rungs, at_least)
        if label_days is not None and label_days > short:
            middle = _rung(rungs, label_days)
        else:
            middle = _rung(rungs, 3 * short)
        return cls(short, middle, max(_rung(rungs, 3 * middle), middle))

    @property
    def windows(self) -> list[str]:
        """All of them, and the whole history."""
        return [*dict.fromkeys(f"{d}d" for d in (self.short, self.middle, self.long)), "all"]

    @property
    def before(self) -> str | None:
        """What lies before the short window, up to the middle one; None where they are the same."""
        return f"{self.short}d..{self.middle}d" if self.middle > self.short else None


def _rung(rungs: Sequence[int], at_least: float) -> int:
    return next((d for d in rungs if d >= at_least), rungs[-1])
