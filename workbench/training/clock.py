"""How a budget is shared out: what follows the search is paid for before the search begins."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

LEAST_SEARCH_SHARE = 0.1
LOGGING_SECONDS = 9.0
"""MLflow's import, one parent run with its trials, pictures and the registered version, on a busy two-core machine."""


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

    def crowding(self) -> float:
        """How many times longer than on a free machine things take, 1 to 3: wall time over processor time so far.

        What follows the search takes as much longer as what came before it.
        """
        worked = time.process_time() - self._worked
        waited = time.monotonic() - self._made
        return min(3.0, max(1.0, waited / worked)) if worked > 0.5 else 1.0

    def search_seconds(self, n_rows: int, n_features: int) -> float | None:
        """Seconds that the search may still use: what is left, less what evaluation, card, explanation and logging need.

        Never less than a quarter of what is left, nor than a tenth of the budget: where reading took nearly all of
        it (a short budget, a busy machine), a run that is somewhat late beats a model that is no good.
        """
        if self.budget_seconds is None:
            return None
        left = max(1.0, self.budget_seconds - self.elapsed)
        cells = n_rows * n_features
        after = LOGGING_SECONDS + 2.0 + cells / 400_000  # card and evaluation grow with the table
        after *= self.crowding()
        return max(left - after, 0.25 * left, LEAST_SEARCH_SHARE * self.budget_seconds)
