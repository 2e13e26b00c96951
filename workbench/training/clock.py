"""How a budget is shared out: what follows the search is paid for before the search begins."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from workbench.errors import UsageError

LEAST_SEARCH_SHARE = 0.1
AFTER_SHARE = 0.6
"""Of what is left of the budget, that what follows the search may take: with more training rows a sample of them teaches."""
LEAST_TRAINING_ROWS = 20_000
_ROUNDS_WORTH_WHILE = 700
"""A search that has no time for so many boosting rounds over its rows gains more from fewer rows than from all of them."""
LOGGING_SECONDS = 11.0
"""MLflow's import, one parent run with its trials, pictures, what forty models contribute, and the registered version, on two cores."""
_TAUGHT_CELLS_PER_SECOND = 1_000_000.0  # card, grades and references: rows x features
_JUDGED_CELLS_PER_SECOND = 2_500_000.0  # scores, intervals and tables of the hold-out


@dataclass
class Clock:
    """Seconds since the person pressed start, and the share of them that the search may use."""

    budget_seconds: float | None
    started_at: float | None = None  # Unix time
    _zero: float = field(init=False)
    _made: float = field(init=False)
    _worked: float = field(init=False)

    def __post_init__(self) -> None:
        late = max(0.0, time.time() - self.started_at) if self.started_at else 0.0
        self._made, self._worked = time.monotonic(), time.process_time()
        self._zero = self._made - late

    @property
    def elapsed(self) -> float:
        return time.monotonic() - self._zero

    def fraction(self) -> float:
        """Share of the budget that is used, 0..1; 0 where the budget is counted in trials."""
        return min(1.0, self.elapsed / self.budget_seconds) if self.budget_seconds else 0.0

    def latest_end(self) -> datetime | None:
        """When the budget is used up, in local time; None where it is counted in trials."""
        if self.budget_seconds is None:
            return None
        return datetime.now().astimezone() + timedelta(seconds=self.budget_seconds - self.elapsed)

    def crowding(self) -> float:
        """How many times longer than on a free machine things take, 1 to 3: wall time over processor time so far.

        What follows the search takes as much longer as what came before it.
        """
        worked = time.process_time() - self._worked
        waited = time.monotonic() - self._made
        return min(3.0, max(1.0, waited / worked)) if worked > 0.5 else 1.0

    def after_seconds(self, n_rows: int, n_features: int, held_rows: int) -> float:
        """Seconds that evaluation, card, explanation and logging need for so many training and hold-out rows."""
        taught, judged = n_rows * n_features, held_rows * n_features
        after = LOGGING_SECONDS + 2.0 + taught / _TAUGHT_CELLS_PER_SECOND + judged / _JUDGED_CELLS_PER_SECOND
        return after * self.crowding()

    def search_seconds(self, n_rows: int, n_features: int, held_rows: int) -> float | None:
        """Seconds that the search may still use: what is left, less what evaluation, card, explanation and logging need.

        Never less than a quarter of what is left, nor than a tenth of the budget: where reading took nearly all of
        it (a short budget, a busy machine), a run that is somewhat late beats a model that is no good.
        """
        if self.budget_seconds is None:
            return None
        left = max(1.0, self.budget_seconds - self.elapsed)
        after = self.after_seconds(n_rows, n_features, held_rows)
        return max(left - after, 0.25 * left, LEAST_SEARCH_SHARE * self.budget_seconds)

    def most_training_rows(self, n_features: int, held_rows: int, pace: float) -> int | None:
        """With more training rows than this, a sample of so many teaches; None without a budget in seconds.

        `pace` is measured: cells times boosting rounds that the machine's cores together do in a second. Raises UsageError WB-U36 with the smallest budget that fits, where reading and judging alone take what there is.
        """
        if self.budget_seconds is None:
            return None
        before, fixed = self.elapsed, self.after_seconds(0, n_features, held_rows)
        judging = fixed - self.after_seconds(0, n_features, 0)
        if before + judging > self.budget_seconds:
            least = self.after_seconds(LEAST_TRAINING_ROWS, n_features, held_rows)
            raise UsageError(
                "WB-U36",
                f"A budget of {self.budget_seconds:g} s is too short for this table: reading took {before:.0f} s, and "
                f"judging {held_rows:,} rows of {n_features:,} features takes about {judging:.0f} s.",
                f"The smallest budget that fits is about {_rounded_up(before + least / AFTER_SHARE)} s.",
            )
        room = AFTER_SHARE * (self.budget_seconds - before) - fixed
        taught = room / self.crowding() * _TAUGHT_CELLS_PER_SECOND
        learned = pace * (self.search_seconds(0, n_features, held_rows) or 0.0) / _ROUNDS_WORTH_WHILE
        return max(LEAST_TRAINING_ROWS, int(min(taught, learned) / max(1, n_features)))


def _rounded_up(seconds: float) -> int:
    return int(-(-seconds // 10) * 10)
