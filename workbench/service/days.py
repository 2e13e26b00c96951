"""Dates as people give them to a shell."""

from __future__ import annotations

from datetime import date

from workbench.errors import UsageError


def day_of(text: str | None) -> date:
    """A date from YYYY-MM-DD; today where none is given (this is a shell's clock, not the data's)."""
    if text is None:
        return date.today()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError("WB-U11", f"'{text}' is not a date.", hint="Write it as YYYY-MM-DD.") from None
