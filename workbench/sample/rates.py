"""The constants that turn intensities into realistic rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Rates:
    """Probability of an event = 1 - exp(-constant x intensity); `cut` is the score from which applications are approved."""

    sleep: float = 0.15
    wake: float = 0.10
    apply: float = 0.05
    respond: float = 0.03
    lift: float = 0.08
    shock: float = 0.02
    fail: float = 0.6
    sessions: float = 4.0
    payments: float = 2.0
    cut: float = 570.0


def chance(constant: float, intensity: np.ndarray) -> np.ndarray:
    """1 - exp(-constant x intensity)."""
    return -np.expm1(-constant * intensity)


def constant_for(target: float, intensity: np.ndarray) -> float:
    """The constant with which the mean chance is `target`, by bisection."""
    low, high = 1e-6, 1e4
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        if float(np.mean(chance(middle, intensity))) < target:
            low = middle
        else:
            high = middle
    return float(np.sqrt(low * high))
