"""How fast a boosting library learns here, and what learning rate its time slot can afford."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.search.budget import Slot

MAX_RATE = 0.3
_NEEDED_AT_RATE_1 = (
    25.0  # rounds x learning rate after which early stopping usually ends a fit on customer tables
)
_PATIENCE_AT_RATE_1 = 2.0


@dataclass(frozen=True)
class Pace:
    """Learning rate, rounds at most, and rounds without gain before a fit stops."""

    rate: float
    rounds: int
    patience: int


def patience_of(rate: float) -> int:
    """Small steps need more rounds before "no gain" means anything: 100 at a rate of .02, 20 from .1 up."""
    return int(min(200, max(20, round(_PATIENCE_AT_RATE_1 / rate))))


def pace(rate: float, rounds: int, slot: Slot, seconds_per_round: float | None) -> Pace:
    """The configuration's own pace, or a faster one where the slot has no room for the rounds it would need."""
    if seconds_per_round is None or not slot.timed:
        return Pace(rate, rounds, patience_of(rate))
    affordable = max(10.0, 0.9 * slot.left() / max(seconds_per_round, 1e-6))
    needed = _NEEDED_AT_RATE_1 / rate
    faster = rate if affordable >= needed else min(MAX_RATE, rate * needed / affordable)
    faster = float(f"{max(rate, faster):.3g}")
    return Pace(faster, rounds, patience_of(faster))
