"""What every crew promises: jobs go in, fits or failures come out, and a fit that dies takes nothing with it."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Protocol

from workbench.search.fitting import Job, Made


@dataclass(frozen=True)
class Failure:
    """Why a fit came to nothing: one sentence, and where in the code if it was an error."""

    reason: str
    trace: str = ""
    out_of_time: bool = False  # nothing is wrong with the candidate
    begun: bool = True  # False: it was never tried

    @property
    def fate(self) -> str:
        return f"{'failed' if self.begun else 'left out'}: {self.reason}"

    @classmethod
    def of(cls, error: BaseException) -> Failure:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        return cls(reason[:300], "".join(traceback.format_exception(error)))


LOOK_EVERY_SECONDS = 0.2

Finished = tuple[Job, Made | Failure]


class Crew(Protocol):
    @property
    def size(self) -> int:
        """How many fits may be under way at a time."""
        ...

    def start(self, job: Job) -> None:
        """Begins a fit; at most `size` at a time."""
        ...

    def finished(self) -> list[Finished]:
        """Waits until at least one of the fits under way has ended, well or badly, and gives those that have."""
        ...

    def close(self) -> None:
        """Fits still under way are given up."""
        ...


class LocalCrew(Crew, Protocol):
    """A crew of this machine, which can be asked without waiting."""

    @property
    def under_way(self) -> int: ...

    def look(self) -> list[Finished]:
        """The fits that have ended, after at most a fifth of a second; may be none."""
        ...
