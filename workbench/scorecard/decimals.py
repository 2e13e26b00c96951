"""Cut points that a person can read."""

from __future__ import annotations

import math


def shortest_between(low: float, high: float) -> float:
    """The number with the fewest decimals in [low, high): a cut that separates the two and is easy to read.

    >>> shortest_between(0.3141, 0.3178)
    0.315
    >>> shortest_between(2, 3)
    2.0
    """
    if not low < high:
        return low
    gap = high - low
    if gap < 1e-280:  # no decimal that a float can scale by lies between them
        return low
    start = -math.floor(math.log10(gap)) - 2 if math.isfinite(gap) and gap > 0 else 0
    for digits in range(start, start + 20):
        scaled = low * 10.0**digits
        if not math.isfinite(scaled) or digits > 300:
            break
        candidate = round(math.ceil(scaled) / 10.0**digits, digits)
        if low <= candidate < high:
            return candidate
    return low
