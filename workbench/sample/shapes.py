"""The building blocks of the truth: periodic, saturating and threshold terms, of which worlds take products."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def wave(value: Array, cycles: float, phase: float | Array = 0.0) -> Array:
    """Between 0 and 1, periodic: `cycles` times over the range 0..1."""
    return 0.5 + 0.5 * np.sin(2 * np.pi * (cycles * value + phase))


def triangle(value: Array, cycles: float, phase: float | Array = 0.0) -> Array:
    """Between 0 and 1, periodic with straight flanks and a corner at each end."""
    return np.abs(2 * np.mod(cycles * value + phase, 1.0) - 1)


def saturating(value: Array, half: float) -> Array:
    """Michaelis-Menten: 0 at 0, one half at `half`, towards 1."""
    positive = np.maximum(value, 0.0)
    return positive / (positive + half)


def hill(value: Array, half: float, order: float) -> Array:
    """Like `saturating`, but S-shaped: slow, then all at once."""
    powered = np.maximum(value, 0.0) ** order
    return powered / (powered + half**order)


def over(value: Array, threshold: float) -> Array:
    """1 above the threshold, else 0."""
    return (value > threshold).astype("float64")


def bump(value: Array, centre: float | Array, width: float) -> Array:
    """1 at the centre, falling off on both sides."""
    return np.exp(-(((value - centre) / width) ** 2))
