"""Simulated data whose truth is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from workbench.progress import Progress, silent


@dataclass(frozen=True)
class Samples:
    """What can be simulated. A world belongs to no home: it is written where it is asked for."""

    def bank(
        self,
        *,
        customers: int,
        out: Path,
        seed: int = 0,
        months: int = 24,
        events_per_customer: float = 100.0,
        truth: Path | None = None,
        progress: Progress = silent,
    ) -> Any:
        """Writes a bank to `out` and the truth about it to `truth` (default: `<out>_truth`); see docs/sample-bank.md."""
        from workbench.sample.bank import write_bank
        from workbench.sample.plan import BankPlan

        plan = BankPlan(
            customers=customers, seed=seed, months=months, events_per_customer=events_per_customer
        )
        return write_bank(plan, out, truth, progress=progress)
