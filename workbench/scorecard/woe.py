"""Weight of evidence and information value: one formula for table, selection and scoring.

    woe(bin) = ln((events + s r) / (non-events + s (1 - r))) - ln(r / (1 - r)),   r = events / rows in all
    iv       = sum over bins of (share of events - share of non-events) * woe

`s` rows at the population's rate are mixed into each bin: an empty bin has WOE 0 (it says nothing), a small one
is drawn towards 0, and no bin is infinite. With s = 0 this is the textbook's formula. Positive WOE means that
the event is likelier than on average.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[Any]  # float64; whole numbers are welcome


def woe(events: Floats, non_events: Floats, *, rate: float, smoothing: float) -> Floats:
    """WOE per bin; `rate` is the event rate of all rows together."""
    if not 0 < rate < 1:
        return np.zeros_like(np.asarray(events, dtype=float))
    shifted = (events + smoothing * rate) / (non_events + smoothing * (1 - rate))
    return np.log(shifted) - np.log(rate / (1 - rate))


def information(
    events: Floats, non_events: Floats, *, all_events: float, all_non_events: float, smoothing: float
) -> Floats:
    """Each bin's part of the information value."""
    if all_events <= 0 or all_non_events <= 0:
        return np.zeros_like(np.asarray(events, dtype=float))
    evidence = woe(events, non_events, rate=all_events / (all_events + all_non_events), smoothing=smoothing)
    return (events / all_events - non_events / all_non_events) * evidence
