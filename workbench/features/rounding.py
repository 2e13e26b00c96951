"""Computed numbers to twelve significant digits: what the order of additions leaves behind them is not the customer's.

Engines add up in parallel, so the last digits of a sum change from run to run and from engine to engine. Cut to twelve
digits, amounts of money are equal wherever and how often they are computed, to the cent up to ten billion.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DIGITS = 12
_WHOLE = 2.0**52  # from here on a double has no fractions
_TINY = 1e-280
# for every binary exponent of a double the power of ten that leaves at least DIGITS digits before the point
_EXPONENTS = np.arange(-1100, 1101)
_PLACES = DIGITS - 1 - np.floor((_EXPONENTS - 1) * np.log10(2.0))
_SCALES = 10.0 ** np.clip(_PLACES, 0, 300)


def settled(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The numbers, rounded to twelve or thirteen significant digits; whole, missing and infinite ones as they are.

    >>> settled(np.array([0.1 + 0.2, 1234567.891, 2.0**60, np.nan])).tolist()
    [0.3, 1234567.891, 1.152921504606847e+18, nan]
    """
    _, exponent = np.frexp(values)
    scale = _SCALES[np.clip(exponent, -1100, 1100) + 1100]
    with np.errstate(over="ignore", invalid="ignore"):
        rounded = np.rint(values * scale) / scale
    size = np.abs(values)
    return np.where((size > _TINY) & (size < _WHOLE), rounded, values)
