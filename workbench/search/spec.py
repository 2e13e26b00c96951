"""What a search may spend."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.errors import UsageError


@dataclass(frozen=True)
class SearchSpec:
    """One search's limits: seconds of wall time, or a number of trials that repeats exactly.

    With `trials` set no decision looks at the clock: the same data, seed and trials give the same model, and
    `seconds` is ignored. `memory_mb` leaves out families whose training data would not fit. `threads` fits run side by
    side in this process, or with `workers` above 1 as many in processes of their own; with
    `study` (the address of a PostgreSQL database) also as many as helpers on other machines have room for.

    >>> SearchSpec(trials=5).repeatable
    True
    """

    seconds: float | None = 60.0
    trials: int | None = None
    seed: int = 0
    threads: int = 2
    memory_mb: int | None = None
    workers: int = 1
    study: str | None = field(default=None, repr=False)  # an address may hold a password

    def __post_init__(self) -> None:
        if self.trials is None and self.seconds is None:
            raise UsageError("WB-S01", "A search needs a budget: `seconds` or `trials`, but both are None.")
        if self.seconds is not None and not 0 < self.seconds < float("inf"):
            raise UsageError("WB-S01", f"`seconds` must be above 0 and finite, but got {self.seconds!r}.")
        if self.trials is not None and self.trials < 1:
            raise UsageError("WB-S01", f"`trials` must be at least 1, but got {self.trials!r}.")
        if self.workers < 1:
            raise UsageError("WB-S01", f"`workers` must be at least 1, but got {self.workers!r}.")
        if self.threads < 1:
            raise UsageError("WB-S01", f"`threads` must be at least 1, but got {self.threads!r}.")

    @property
    def side_by_side(self) -> int:
        """How many fits run at a time."""
        return self.workers if self.workers > 1 else self.threads

    @property
    def repeatable(self) -> bool:
        return self.trials is not None
