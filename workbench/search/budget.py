"""Time as a budget: when the search must stop, and how long one fit may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from workbench.errors import UsageError

_LOOK_EVERY_SECONDS = 0.2  # a fit asks after each boosting round: the file system need not be asked so often
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}


class Deadline:
    """The moment at which a search must stop, and the flag with which a person asks it to finish now.

    `Deadline.after(60, folder)` ends 60 seconds from now, or as soon as a file named `finish` lies in `folder`.
    `Deadline.after(None)` has no end of its own.
    """

    def __init__(
        self, end: float | None, *, folder: Path | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._end = end
        self._flag = None if folder is None else folder / "finish"
        self._clock = clock
        self._looked_at = float("-inf")
        self._asked = False

    @classmethod
    def after(
        cls, seconds: float | None, folder: Path | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> Deadline:
        return cls(None if seconds is None else clock() + seconds, folder=folder, clock=clock)

    @property
    def limited(self) -> bool:
        return self._end is not None

    def now(self) -> float:
        return self._clock()

    def remaining(self) -> float:
        """Seconds left, never below 0; infinite where there is no end."""
        return float("inf") if self._end is None else max(0.0, self._end - self._clock())

    def overdue(self) -> float:
        """Seconds since the end; 0 before it."""
        return 0.0 if self._end is None else max(0.0, self._clock() - self._end)

    def finish_requested(self) -> bool:
        """Whether someone asked for the best so far; once asked, it stays asked."""
        if self._flag is None or self._asked:
            return self._asked
        now = self._clock()
        if now - self._looked_at >= _LOOK_EVERY_SECONDS:
            self._looked_at = now
            self._asked = self._flag.exists()
        return self._asked

    def over(self) -> bool:
        return self.remaining() <= 0 or self.finish_requested()


class Slot:
    """One fit's share of the time. `seconds` None: the fit takes the rounds its configuration asks for.

    A learner asks `over()` after each round and stops there.
    """

    def __init__(self, deadline: Deadline, seconds: float | None) -> None:
        self.deadline = deadline
        self.seconds = seconds
        self._start = deadline.now()

    @property
    def timed(self) -> bool:
        """Whether the clock may shape the fit (learning rate, number of rounds)."""
        return self.seconds is not None

    def elapsed(self) -> float:
        return self.deadline.now() - self._start

    def left(self) -> float:
        own = float("inf") if self.seconds is None else self.seconds - self.elapsed()
        return max(0.0, min(own, self.deadline.remaining()))

    def over(self) -> bool:
        return self.left() <= 0 or self.deadline.finish_requested()

    def cut_short(self) -> bool:
        """Whether the deadline itself or a person, not the slot, ends the fit."""
        return self.deadline.over()


def seconds_of(budget: str | float) -> float:
    """Seconds of a budget as people write it.

    >>> seconds_of("60s"), seconds_of("2m"), seconds_of("1.5h"), seconds_of(90)
    (60.0, 120.0, 5400.0, 90.0)
    """
    if isinstance(budget, int | float) and not isinstance(budget, bool):
        value = float(budget)
    else:
        text = str(budget).strip().lower()
        number = text.rstrip("abcdefghijklmnopqrstuvwxyz ")
        unit = text[len(number) :].strip() or "s"
        try:
            value = float(number) * _UNITS[unit]
        except (ValueError, KeyError):
            raise UsageError(
                "WB-S01",
                f"A budget is a number with a unit ({', '.join(_UNITS)}), but got {budget!r}.",
                "Write for example 60s, 10m or 1h.",
            ) from None
    if not 0 < value < float("inf"):
        raise UsageError("WB-S01", f"A budget must be above 0 and finite, but got {budget!r}.")
    return value
